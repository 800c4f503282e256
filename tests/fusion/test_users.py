"""Users: what each role may, what is kept of a passphrase, and that whoever is refused is noted."""

from __future__ import annotations

from pathlib import Path

import pytest

from fusion.vault.access import REFUSED, Claim, Gate
from fusion.vault.users import MAY, Act, Role, Users
from sensors.clock import ManualClock
from sensors.errors import BadInputError

QUICK_KIB = 64
WORDS = "four words are better"


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path / "store", ManualClock(7), QUICK_KIB)


def claim(name: str, passphrase: str = WORDS) -> Claim:
    return Claim(name, lambda: passphrase)


@pytest.fixture
def staffed(gate: Gate) -> Gate:
    for role in Role:
        gate.users.add(role, role, WORDS)
    return gate


def test_each_role_may_what_it_may_and_nothing_else(staffed: Gate) -> None:
    for role in Role:
        for act in Act:
            if act in MAY[role]:
                assert staffed.admit(act, "it", claim(role)) == role
            else:
                with pytest.raises(BadInputError, match=f"a user of role {role} may not {act}"):
                    staffed.admit(act, "it", claim(role))
    refused = [(entry.who, entry.what) for entry in staffed.audit.entries() if entry.outcome == REFUSED]
    assert refused == [(role, act) for role in Role for act in Act if act not in MAY[role]]


def test_only_the_right_passphrase_opens_and_whoever_guessed_is_noted(staffed: Gate) -> None:
    for name, passphrase in (("admin", "four words are bettes"), ("nobody", WORDS), ("admin", "")):
        with pytest.raises(BadInputError, match="no such user, or another passphrase"):
            staffed.admit(Act.EXPORT, "incident 1", claim(name, passphrase))
    assert [(entry.who, entry.of, entry.at_ns) for entry in staffed.audit.entries()] == [
        ("admin", "incident 1", 7), ("nobody", "incident 1", 7), ("admin", "incident 1", 7)
    ]  # fmt: skip


def test_of_a_passphrase_only_a_salted_hash_is_kept_where_nobody_else_reads(gate: Gate) -> None:
    gate.users.add("anna", Role.ADMIN, WORDS)
    gate.users.add("bert", Role.ADMIN, WORDS)
    content = gate.users.path.read_bytes()
    assert WORDS.encode() not in content
    anna, bert = gate.users.all().values()
    assert anna.secret != bert.secret
    assert anna.secret.startswith("$argon2id$v=19$")
    assert gate.users.path.stat().st_mode & 0o777 == 0o600


def test_a_list_that_others_may_read_is_not_used(gate: Gate) -> None:
    gate.users.add("anna", Role.ADMIN, WORDS)
    gate.users.path.chmod(0o644)
    with pytest.raises(BadInputError, match="others may read it; chmod 600"):
        gate.users.all()


def test_without_users_anybody_does_what_needs_no_name(gate: Gate) -> None:
    assert gate.admit(Act.LABEL, "it", None)
    with pytest.raises(BadInputError, match="name a user with --as"):
        gate.admit(Act.EXPORT, "it", None, named=True)
    gate.users.add("anna", Role.VIEWER, WORDS)
    with pytest.raises(BadInputError, match="name a user with --as"):
        gate.admit(Act.LABEL, "it", None)


def test_the_last_who_can_manage_stays(staffed: Gate) -> None:
    with pytest.raises(BadInputError, match="nobody would be left"):
        staffed.users.remove("admin")
    for name in ("viewer", "operator", "auditor", "admin"):
        staffed.users.remove(name)
    assert not staffed.users.all()


@pytest.mark.parametrize("name", ["", "Anna", "an na", "../x", "a" * 41])
def test_names_are_plain(gate: Gate, name: str) -> None:
    with pytest.raises(BadInputError, match="no name for a user"):
        gate.users.add(name, Role.VIEWER, WORDS)


def test_nobody_is_added_twice_or_with_a_short_passphrase(gate: Gate) -> None:
    with pytest.raises(BadInputError, match="10 to 1000 characters"):
        gate.users.add("anna", Role.VIEWER, "short")
    gate.users.add("anna", Role.VIEWER, WORDS)
    with pytest.raises(BadInputError, match="there is one already"):
        gate.users.add("anna", Role.ADMIN, WORDS)
    assert gate.users.all()["anna"].role is Role.VIEWER


def test_a_broken_list_lets_nobody_in(gate: Gate) -> None:
    gate.users.add("anna", Role.ADMIN, WORDS)
    gate.users.path.write_bytes(b"[{]")
    with pytest.raises(BadInputError, match="no list of users"):
        Users(gate.users.path.parent).known("anna", WORDS)
