"""Whether somebody may do something: name, passphrase and role are checked, and whoever is refused is noted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from fusion.vault.audit import Audit
from fusion.vault.users import MAY, MEMORY_KIB, Act, Users
from sensors.clock import Clock
from sensors.errors import BadInputError

NOBODY = "nobody in particular"
"""Who acts where no user was ever added."""

DONE, FAILED, REFUSED, BEGUN = "done", "failed", "refused", "begun"


@dataclass(frozen=True)
class Claim:
    """Who somebody says to be, and how to ask for the passphrase."""

    name: str
    passphrase: Callable[[], str]


class Gate:
    """Lets in who may.

    Parameters
    ----------
    folder : Path
        Where users and log lie.
    clock : Clock
        The machine's, for the log.
    memory_kib : int
        As in `Users`.
    """

    def __init__(self, folder: Path, clock: Clock, memory_kib: int = MEMORY_KIB) -> None:
        self.users, self.audit, self._clock = Users(folder, memory_kib), Audit(folder), clock

    def admit(self, act: Act, of: str, claim: Claim | None, *, named: bool = False) -> str:
        """The name of who may do it.

        Parameters
        ----------
        act : Act
            What somebody wants to do.
        of : str
            To what.
        claim : Claim or None
            Who it is; enough only as long as there are no users, unless it must be somebody `named`.

        Raises
        ------
        BadInputError
            If nobody is named, the passphrase is wrong, or the role does not allow it.
        """
        if claim is None:
            if named or self.users.all():
                raise BadInputError("somebody has to answer for this", where=act, mend="name a user with --as")
            return NOBODY
        user = self.users.known(claim.name, claim.passphrase())
        if user is None:
            self._refuse(claim.name, act, of, "no such user, or another passphrase", "see kizashi user list")
        elif act not in MAY[user.role]:
            able = ", ".join(role for role, acts in MAY.items() if act in acts)
            self._refuse(claim.name, act, of, f"a user of role {user.role} may not {act}", f"ask one of role {able}")
        return claim.name

    def note(self, who: str, act: str, of: str, outcome: str, note: str = "") -> None:
        """Note what was done."""
        self.audit.note(self._clock.now_ns(), who, act, of, outcome, note)

    @contextmanager
    def noted(self, who: str, act: str, of: str, *, announced: bool = False) -> Iterator[None]:
        """Note how what is done meanwhile went; that it is about to be done, too, where it must not go unseen."""
        if announced:
            self.note(who, act, of, BEGUN)
        try:
            yield
        except BaseException as error:
            self.note(who, act, of, FAILED, getattr(error, "what", "") or type(error).__name__)
            raise
        self.note(who, act, of, DONE)

    def _refuse(self, name: str, act: Act, of: str, what: str, mend: str) -> NoReturn:
        self.note(name, act, of, REFUSED, what)
        raise BadInputError(what, where=name, mend=mend)
