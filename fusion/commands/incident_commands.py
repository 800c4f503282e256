"""`kizashi incidents`: read what was found, say what it was worth."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from fusion.language.texts import Texts

Folder = Annotated[Path, typer.Argument(help="What `kizashi replay --out` wrote, or a daemon's [store] folder.")]
Which = Annotated[str, typer.Argument(help="Its name, or its number in the list.")]
Site = Annotated[Path | None, typer.Option(help="Folder of the labels, where not the same.")]
Language = Annotated[str | None, typer.Option(help="What people read: en or ja.")]
As = Annotated[str | None, typer.Option("--as", help="Who says so; needed in a daemon's folder that has users.")]
PasswordFile = Annotated[Path | None, typer.Option(help="Passphrase: its first line; - for stdin; else you are asked.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line to stdout.")]

incidents = typer.Typer(help="What was found: read it, and say what it was worth.", no_args_is_help=True)


def add_incident_commands(app: typer.Typer) -> None:
    """Give the command line `kizashi incidents`."""
    app.add_typer(incidents, name="incidents")


@incidents.command("list")
def list_incidents(folder: Folder, site: Site = None, language: Language = None, as_json: Json = False) -> None:
    """Incidents, gravest first, with what was said of them."""
    from fusion.commands.incidents import list_incidents

    list_incidents(folder, site, _texts(language), as_json)


@incidents.command("show")
def show_incident(
    folder: Folder,
    incident: Which,
    site: Site = None,
    language: Language = None,
    as_json: Json = False,
    cap: Annotated[bool, typer.Option("--cap", help="As a CAP 1.2 warning, in all languages.")] = False,
    config: Annotated[Path | None, typer.Option(help="Settings with [cap]: who warns, and how.")] = None,
) -> None:
    """One incident: why, whose share it is, what it had been without a sense, and why it is so severe."""
    from fusion.commands.incidents import show_incident, warn_of_incident

    if cap:
        from fusion.config import load_settings

        warn_of_incident(folder, incident, load_settings(config, os.environ))
        return
    show_incident(folder, incident, site, _texts(language), as_json)


@incidents.command("label")
def label_incident(
    folder: Folder,
    incident: Which,
    grade: Annotated[str, typer.Argument(help="false, low, medium, high or critical.")],
    note: Annotated[str, typer.Option(help="Anything worth keeping.")] = "",
    site: Site = None,
    language: Language = None,
    acting: As = None,
    password_file: PasswordFile = None,
) -> None:
    """Say what an incident was worth: severity is learned from it, by the daemon and by `kizashi replay --site`."""
    from fusion.commands.incidents import label_incident

    label_incident(folder, incident, grade, note, site, _texts(language), (acting, password_file))


@incidents.command("export")
def export_incident(
    incident: Which,
    config: Annotated[Path, typer.Option(help="Settings file (TOML) of the daemon.")],
    out: Annotated[Path, typer.Option(help="New or empty folder; within [store] folder it surely goes in time.")],
    acting: Annotated[str, typer.Option("--as", help="Who wants it: a user of role auditor or admin.")],
    password_file: PasswordFile = None,
    language: Language = None,
) -> None:
    """Unlock what was kept of an incident: sound, film, and what was said of it. It is noted who did, or tried to."""
    from fusion.commands.exporting import export_incident

    export_incident(config, incident, out, (acting, password_file), _texts(language))


def _texts(language: str | None) -> Texts:
    from fusion.config import Settings, override
    from fusion.language.choice import texts_of

    return texts_of(override(Settings(), None, None, language).language)
