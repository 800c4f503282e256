"""What people type to watch live; heavy things are imported by the command that needs them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from fusion.config import Settings

Site = Annotated[Path, typer.Option("--config", help="Settings file (TOML) with [[sensors]].")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line to stdout.")]
Seconds = Annotated[float | None, typer.Option(help="End after so long; without it, when told to.", min=0.1)]


def add_live_commands(app: typer.Typer) -> None:
    """Teach a command line to watch live."""
    app.command("init")(begin)
    app.command()(run)
    app.command()(record)
    app.command()(bench)
    app.command()(schema)
    app.command()(status)


def begin(
    out: Annotated[Path, typer.Option(help="Settings file to write.")] = Path("site.toml"),
    name: Annotated[str, typer.Option(help="Of the place.")] = "My place",
    host: Annotated[
        list[str] | None, typer.Option(help="Where a broker or a network microphone may be, HOST or HOST:PORT.")
    ] = None,
    seconds: Annotated[float, typer.Option(help="How long cameras may take to answer.", min=0.1, max=60)] = 3.0,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> None:
    """Look for microphones, cameras and a broker, and write a settings file to begin with."""
    from fusion.commands.beginning import begin_site

    begin_site(out, name, tuple(host or ()), seconds, force)


def run(config: Site, seconds: Seconds = None) -> None:
    """Watch live: the edge daemon. SIGTERM or Ctrl-C ends it in good order."""
    _watch(config, None, seconds)


def record(
    config: Site,
    out: Annotated[Path, typer.Option(help="New folder for the recording, which `kizashi replay` reads.")],
    seconds: Seconds = None,
) -> None:
    """Watch live and keep all that is seen and heard: its replay gives the same verdicts."""
    _watch(config, out, seconds)


def bench(
    seconds: Annotated[float, typer.Option(min=1, help="How long each number of sets is watched.")] = 10.0,
    most: Annotated[int, typer.Option(min=1, help="Most sets to try.")] = 64,
    overload: Annotated[float, typer.Option(min=1, help="Then so many times what was carried.")] = 1.0,
    as_json: Json = False,
) -> None:
    """How many sets of sensors this box carries within the bound, and what gives way beyond that."""
    from fusion.commands.benching import bench_all

    raise typer.Exit(0 if bench_all(seconds, most, overload, as_json) else 1)


def schema() -> None:
    """Print the JSON Schema of the settings, for editors that know how to use one."""
    from fusion.config import settings_schema

    print(settings_schema().decode(), end="")


def status(config: Site, as_json: Json = False) -> None:
    """Whether the daemon runs, how its sensors are, what happened lately; exit code 1 where it does not run."""
    from fusion.commands.status import tell_status
    from fusion.config import load_settings

    raise typer.Exit(0 if tell_status(load_settings(config, os.environ), as_json) else 1)


def _watch(config: Path, out: Path | None, seconds: float | None) -> None:
    from fusion.config import load_settings
    from fusion.daemon import run_daemon
    from fusion.live.logs import begin_logging

    def load() -> Settings:
        return load_settings(config, os.environ)

    settings = load()
    begin_logging()
    raise typer.Exit(0 if run_daemon(settings, config, out, seconds, load) else 1)
