"""What people type to watch live; heavy things are imported by the command that needs them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Site = Annotated[Path, typer.Option("--config", help="Settings file (TOML) with [[sensors]].")]
Seconds = Annotated[float | None, typer.Option(help="End after so long; without it, when told to.", min=0.1)]


def add_live_commands(app: typer.Typer) -> None:
    """Teach a command line to watch live."""
    app.command()(run)
    app.command()(record)


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


def _watch(config: Path, out: Path | None, seconds: float | None) -> None:
    from fusion.config import load_settings
    from fusion.daemon import run_daemon
    from fusion.logs import begin_logging

    settings = load_settings(config)
    begin_logging()
    raise typer.Exit(0 if run_daemon(settings, config, out, seconds) else 1)
