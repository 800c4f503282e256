"""`kizashi user` and `kizashi audit`: who may what, and who did what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from fusion.vault.access import Gate

Config = Annotated[Path | None, typer.Option(help="Settings file (TOML) with [store] folder.")]
Store = Annotated[Path | None, typer.Option(help="The folder itself, instead of --config.")]
Name = Annotated[str, typer.Argument(help="Of the user: a-z, 0-9, dot, hyphen, underscore.")]
As = Annotated[str | None, typer.Option("--as", help="Who does it; needed once there are users.")]
File = Annotated[Path | None, typer.Option("--password-file", help="Its first line; - for stdin; else you are asked.")]
AsFile = Annotated[Path | None, typer.Option("--as-password-file", help="The same for --as.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line to stdout.")]

users = typer.Typer(help="Who may label, export, verify and manage.", no_args_is_help=True)
audit = typer.Typer(help="Who did what: a log that shows whether it was touched.", no_args_is_help=True)


def add_user_commands(app: typer.Typer) -> None:
    """Give the command line `kizashi user` and `kizashi audit`."""
    app.add_typer(users, name="user")
    app.add_typer(audit, name="audit")


@users.command("add")
def add_user(
    name: Name,
    role: Annotated[str, typer.Option(help="viewer, operator, auditor or admin.")],
    config: Config = None,
    store: Store = None,
    password_file: File = None,
    acting: As = None,
    as_password_file: AsFile = None,
) -> None:
    """Add a user: a viewer sees, an operator labels too, an auditor exports and verifies, an admin does all."""
    from fusion.commands.asking import claim_of, passphrase_of
    from fusion.vault.users import Act, Role
    from sensors.errors import BadInputError, WrongUseError

    if role not in set(Role):
        raise WrongUseError(f"'{role}' is no role", where="--role", mend=f"choose from {', '.join(Role)}")
    gate = _gate(config, store)
    if not gate.users.all() and role != Role.ADMIN:
        raise BadInputError("the first user has to manage the others", where=name, mend="add one with --role admin")
    who = gate.admit(Act.MANAGE, f"user {name}", claim_of(acting, as_password_file))
    with gate.noted(who, "add user", f"{name}, {role}"):
        gate.users.add(name, Role(role), passphrase_of(name, password_file, new=True))


@users.command("remove")
def remove_user(
    name: Name, config: Config = None, store: Store = None, acting: As = None, as_password_file: AsFile = None
) -> None:
    """Remove a user."""
    from fusion.commands.asking import claim_of
    from fusion.vault.users import Act

    gate = _gate(config, store)
    who = gate.admit(Act.MANAGE, f"user {name}", claim_of(acting, as_password_file))
    with gate.noted(who, "remove user", name):
        gate.users.remove(name)


@users.command("list")
def list_users(config: Config = None, store: Store = None, as_json: Json = False) -> None:
    """Users and their roles."""
    import msgspec

    for user in _gate(config, store).users.all().values():
        facts = {"name": user.name, "role": user.role}
        print(msgspec.json.encode(facts).decode() if as_json else f"{user.role:<9} {user.name}")


@audit.command("verify")
def verify(config: Config = None, store: Store = None, acting: As = None, password_file: File = None) -> None:
    """Whether the log is as it was written: exit code 1, and the first line that is not."""
    from fusion.commands.asking import claim_of
    from fusion.vault.users import Act

    gate = _gate(config, store)
    gate.admit(Act.VERIFY, "audit log", claim_of(acting, password_file))
    found = gate.audit.verify()
    lines = "1 line" if found.lines == 1 else f"{found.lines} lines"
    if found.fault:
        print(f"BROKEN: {found.fault}; {lines} before it whole")
        raise typer.Exit(1)
    print(f"whole: {lines}{f', the last with hash {found.head.digest}' if found.head else ''}")


@audit.command("list")
def list_audit(
    config: Config = None, store: Store = None, acting: As = None, password_file: File = None, as_json: Json = False
) -> None:
    """Who did what, oldest first."""
    from datetime import UTC, datetime

    import msgspec

    from fusion.commands.asking import claim_of
    from fusion.vault.users import Act

    gate = _gate(config, store)
    gate.admit(Act.VERIFY, "audit log", claim_of(acting, password_file))
    for entry in gate.audit.entries():
        at = f"{datetime.fromtimestamp(entry.at_ns // 10**9, UTC):%Y-%m-%d %H:%M:%S}Z"
        told = f"{entry.number:>5}  {at}  {entry.who:<12} {entry.what:<12} {entry.outcome:<8} {entry.of}"
        note = f"  ({entry.note})" if entry.note else ""
        print(msgspec.json.encode(entry).decode() if as_json else f"{told}{note}")


def _gate(config: Path | None, store: Path | None) -> Gate:
    from fusion.commands.asking import store_settings
    from fusion.vault.access import Gate
    from sensors.clock import SystemClock

    return Gate(Path(store_settings(config, store).store.folder), SystemClock())
