"""Who may what: names, roles and passphrases (argon2id, RFC 9106), in a file that only its owner may read."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

import msgspec

from fusion.vault.private import alone, made_folder, read_private, write_private
from sensors.errors import BadInputError

USERS = "users.json"
LEAST, MOST = 10, 1000
"""Shortest and longest passphrase, characters."""

MEMORY_KIB = 65536
"""What a guess costs in memory (RFC 9106, section 4, second choice)."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")


class Role(StrEnum):
    """What somebody is."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    AUDITOR = "auditor"
    ADMIN = "admin"


class Act(StrEnum):
    """What may be done, or not."""

    VIEW = "view"
    LABEL = "label"
    EXPORT = "export"
    VERIFY = "verify"
    MANAGE = "manage"


MAY = {
    Role.VIEWER: frozenset({Act.VIEW}),
    Role.OPERATOR: frozenset({Act.VIEW, Act.LABEL}),
    Role.AUDITOR: frozenset({Act.VIEW, Act.EXPORT, Act.VERIFY}),
    Role.ADMIN: frozenset(Act),
}
"""Why an operator cannot export: who judges what happened hands nothing out, and who hands out changes no judgement."""


class User(msgspec.Struct, frozen=True):
    """One of them; `secret` is the hash of the passphrase with all that belongs to it."""

    name: str
    role: Role
    secret: str


class Users:
    """The users of one folder.

    Parameters
    ----------
    folder : Path
        Where their file lies.
    memory_kib : int
        What a guess of a passphrase costs, 2^10 bytes.
    """

    def __init__(self, folder: Path, memory_kib: int = MEMORY_KIB) -> None:
        self.path, self._memory_kib = folder / USERS, memory_kib

    def all(self) -> dict[str, User]:
        """By name, in the order of names.

        Raises
        ------
        BadInputError
            If the file cannot be read, or others may read it.
        """
        mend = "restore it, or remove it and add users again"
        users = read_private(self.path, list[User], "it", "this is no list of users", mend) or []
        return {user.name: user for user in sorted(users, key=lambda user: user.name)}

    def add(self, name: str, role: Role, passphrase: str) -> None:
        """Add one.

        Raises
        ------
        BadInputError
            If there is one of that name, or name or passphrase cannot be used.
        """
        from argon2 import PasswordHasher

        if not _NAME.fullmatch(name):
            mend = "use up to 40 of a-z, 0-9, dot, hyphen and underscore"
            raise BadInputError("this is no name for a user", where=name, mend=mend)
        if not LEAST <= len(passphrase) <= MOST:
            what = f"a passphrase has {LEAST} to {MOST} characters"
            raise BadInputError(what, where=name, mend="choose a longer one, of several words")
        user = User(name, role, PasswordHasher(memory_cost=self._memory_kib).hash(passphrase))
        with alone(made_folder(self.path.parent)):
            users = self.all()
            if name in users:
                raise BadInputError("there is one already", where=name, mend="remove it first, or choose another name")
            self._write({**users, name: user})

    def remove(self, name: str) -> None:
        """Remove one.

        Raises
        ------
        BadInputError
            If there is none of that name, or nobody would be left to manage the others.
        """
        with alone(self.path.parent):
            users = self.all()
            if name not in users:
                raise BadInputError("there is no such user", where=name, mend="see kizashi user list")
            left = {key: user for key, user in users.items() if key != name}
            if left and not any(Act.MANAGE in MAY[user.role] for user in left.values()):
                raise BadInputError("nobody would be left to manage the others", where=name, mend="add an admin first")
            self._write(left)

    def known(self, name: str, passphrase: str) -> User | None:
        """The user of that name and passphrase; None where there is none, after the same time."""
        from argon2 import PasswordHasher
        from argon2.exceptions import Argon2Error, InvalidHashError

        hasher = PasswordHasher(memory_cost=self._memory_kib)
        user = self.all().get(name)
        if user is None:
            hasher.hash(passphrase)
            return None
        try:
            hasher.verify(user.secret, passphrase)
        except (Argon2Error, InvalidHashError):
            return None
        return user

    def _write(self, users: dict[str, User]) -> None:
        try:
            write_private(self.path, msgspec.json.encode(list(users.values())) + b"\n")
        except OSError as error:
            what = f"it cannot be written ({error.strerror})"
            raise BadInputError(what, where=self.path, mend="free some space, check permissions") from error
