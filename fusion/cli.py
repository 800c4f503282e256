"""What people type. Heavy things are imported by the command that needs them, so that `--help` answers at once."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from fusion.commands.incident_commands import add_incident_commands
from fusion.commands.live_commands import add_live_commands
from fusion.commands.user_commands import add_user_commands
from fusion.sinks.folder import FULL
from sensors.errors import KizashiError, WrongUseError

if TYPE_CHECKING:
    from fusion.config import Settings
    from fusion.recording import Recording

app = typer.Typer(
    help="Watches a place with whatever senses it has; says early, rarely and with reasons that something is wrong.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Recordings = Annotated[list[Path], typer.Argument(help="Folders with scenario.toml, or single media or data files.")]
Config = Annotated[Path | None, typer.Option(help="Settings file (TOML).")]
BaselineDir = Annotated[Path | None, typer.Option("--baseline", help="What `kizashi learn` wrote.")]
Senses = Annotated[str | None, typer.Option(help="Only these, comma-separated: audio,video,environment.")]
Rate = Annotated[float | None, typer.Option("--false-alarms-per-day", help="The one number; overrides the settings.")]
Start = Annotated[str | None, typer.Option(help="Start of recordings that tell none: 2024-11-05T02:10:00+09:00.")]
Language = Annotated[str | None, typer.Option(help="What people read: en or ja.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line to stdout.")]


def main() -> None:
    """Run the command line; errors that a user can mend become one line."""
    # Before numpy: many threads make its small products ten times slower.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for name in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(name) is not signal.SIG_IGN:
            signal.signal(name, _leave)
    try:
        app()
    except KizashiError as error:
        print(f"kizashi: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        mend = MENDS.get(error.errno or 0, "check the path and its permissions")
        print(f"kizashi: {where}{error.strerror or error}; {mend}", file=sys.stderr)
        sys.exit(1)


MENDS = {
    **dict.fromkeys(FULL, "free some space, or choose another --out"),
    errno.EIO: "check the disk",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
}


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"kizashi {version('kizashi')}")
        raise typer.Exit


@app.callback()
def _common(
    asked: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """Options before any command."""


def _leave(number: int, frame: FrameType | None) -> None:
    """End as Ctrl-C does, so that nothing half-written is left; a second signal does not disturb the clearing away."""
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(128 + number)


@app.command()
def replay(
    recordings: Recordings,
    config: Config = None,
    baseline: BaselineDir = None,
    out: Annotated[Path | None, typer.Option(help="Write verdicts, incidents, timeline.png, report.html.")] = None,
    senses: Senses = None,
    false_alarms_per_day: Rate = None,
    start: Start = None,
    language: Language = None,
    site: Annotated[Path | None, typer.Option(help="Folder with labels, to judge severity by.")] = None,
    as_json: Json = False,
) -> None:
    """What would have been flagged in these recordings, and why."""
    from fusion.commands.recordings import replay_all

    chosen = _settings(config, senses, false_alarms_per_day, language)
    replay_all(_recordings(recordings, start, chosen), chosen, baseline, out, as_json, site)


@app.command()
def learn(
    recordings: Recordings,
    out: Annotated[Path, typer.Option(help="Folder of the baseline.")],
    config: Config = None,
    senses: Senses = None,
    false_alarms_per_day: Rate = None,
    start: Start = None,
    language: Language = None,
    as_json: Json = False,
) -> None:
    """Learn from quiet recordings what is normal here, and tell it."""
    from fusion.commands.recordings import learn_all

    chosen = _settings(config, senses, false_alarms_per_day, language)
    learn_all(_recordings(recordings, start, chosen), chosen, out, as_json)


@app.command()
def evaluate(
    recordings: Recordings,
    config: Config = None,
    baseline: BaselineDir = None,
    senses: Senses = None,
    false_alarms_per_day: Rate = None,
    start: Start = None,
    plot: Annotated[Path | None, typer.Option(help="Draw recall against false alarms, as PNG.")] = None,
    as_json: Json = False,
) -> None:
    """Recall, false alarms and delay against labels: all senses together beside each alone."""
    from fusion.commands.recordings import evaluate_all

    chosen = _settings(config, senses, false_alarms_per_day)
    evaluate_all(_recordings(recordings, start, chosen), chosen, baseline, as_json, plot)


@app.command()
def check(
    recordings: Annotated[list[Path] | None, typer.Argument(help="Recordings whose sensors to try.")] = None,
    config: Config = None,
    baseline: BaselineDir = None,
    senses: Senses = None,
    false_alarms_per_day: Rate = None,
    start: Start = None,
    thorough: Annotated[bool, typer.Option("--thorough", help="Read every file to its end: finds damage.")] = False,
    as_json: Json = False,
) -> None:
    """Whether settings are valid, every sensor can be read, and the setting can be honoured."""
    from fusion.commands.checking import check_all

    chosen = _settings(config, senses, false_alarms_per_day)
    ready = check_all(_recordings(recordings or [], start, chosen), chosen, baseline, as_json, thorough)
    raise typer.Exit(0 if ready else 1)


@app.command()
def audio(
    files: Annotated[list[Path], typer.Argument(help="Sound or video files, or folders of them.", metavar="FILE...")],
    model: Annotated[str, typer.Option(help="Which classifier: see `kizashi models list`.")] = "builtin",
    windows: Annotated[bool, typer.Option("--windows", help="Also the scores of every quarter of a second.")] = False,
    as_json: Json = False,
) -> None:
    """What is heard in these files: breaking glass, screams, shots, alarms, and when."""
    from fusion.commands.listening import listen_all

    if not listen_all(files, model, as_json, windows):
        raise typer.Exit(3)


@app.command()
def env(
    files: Annotated[list[Path], typer.Argument(help="Tables of readings, or folders of them.", metavar="FILE...")],
    value: Annotated[str | None, typer.Option(help="Only this column of readings.", metavar="COLUMN")] = None,
    time: Annotated[str | None, typer.Option(help="The column that tells the time.", metavar="COLUMN")] = None,
    learn: Annotated[
        Path | None, typer.Option(help="A table of when all was well, learned first.", metavar="FILE")
    ] = None,
    learn_rows: Annotated[int, typer.Option(help="So many first rows of each table are known to be well.", min=0)] = 0,
    as_json: Json = False,
) -> None:
    """How strange each row of these readings is, beside all that came before it.

    A line a row and channel: `overall` is the answer for the row as a whole, larger is stranger; `onset` is the same
    where it rises above all of the last 200 rows, else 0; the others say which quantity, and what about it.
    """
    from fusion.commands.readings import Wish, judge_all

    if not judge_all(files, as_json, Wish(value, time, learn, learn_rows)):
        raise typer.Exit(3)


@app.command()
def video(
    files: Annotated[list[Path], typer.Argument(help="Videos, or folders of them.", metavar="FILE...")],
    learn_seconds: Annotated[
        float | None, typer.Option(min=0.1, help="The first so many seconds are normal; nothing is learned after them.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for a film with what was judged, nobody recognisable, and a map.")
    ] = None,
    as_json: Json = False,
) -> None:
    """How strange each frame of these videos is for its place: what moves, how, and whether the camera sees."""
    from fusion.commands.watching import watch_all

    if not watch_all(files, as_json, learn_seconds, out):
        raise typer.Exit(3)


models = typer.Typer(help="Classifiers for `kizashi audio` and the settings.", no_args_is_help=True)
app.add_typer(models, name="models")


@models.command("list")
def list_models(as_json: Json = False) -> None:
    """Which classifiers there are, and whether they are whole."""
    from fusion.commands.models import list_models

    if not list_models(as_json):
        raise typer.Exit(3)


@models.command("add")
def add_model(
    file: Annotated[Path, typer.Argument(help="YAMNet (TFLite or ONNX), or your own classifier (ONNX).")],
    name: Annotated[str | None, typer.Option(help="What to call it.")] = None,
    labels: Annotated[
        Path | None, typer.Option(help="Text file, one line an output: name[,class it counts as[,alert]].")
    ] = None,
    sha256: Annotated[str | None, typer.Option(help="Refuse the file unless this is its SHA-256.")] = None,
) -> None:
    """Take in a classifier of yours, after it has heard a second of silence."""
    from fusion.commands.models import add_model

    add_model(file, name, labels, sha256)


add_live_commands(app)
add_incident_commands(app)
add_user_commands(app)

training = typer.Typer(help="Make classifiers (needs the extra `train`).", no_args_is_help=True)
app.add_typer(training, name="train")


@training.command("audio")
def train_audio(
    data: Annotated[
        list[Path], typer.Option(help="Folder of clips with manifest.csv: path,label,fold,source,licence; or several.")
    ],
    out: Annotated[Path, typer.Option(help="For checkpoints, then the pack; a stopped run goes on from here.")],
    rounds: Annotated[int, typer.Option(min=1, help="How long: a round is 256 new scenes of 4 s.")] = 400,
    seed: Annotated[int, typer.Option(help="Of all that is random.")] = 1,
    licences: Annotated[str, typer.Option(help="all, free, or beginnings of licences, comma-separated.")] = "all",
    hold_out: Annotated[list[str] | None, typer.Option(help="Sources to examine on instead of training.")] = None,
    examined: Annotated[
        Path | None, typer.Option(help="examination.json of a run that held sources out, for the model card.")
    ] = None,
    yamnet: Annotated[Path | None, typer.Option(help="Teacher: yamnet.tflite (needs ai-edge-litert).")] = None,
    effects: Annotated[Path | None, typer.Option(help="Teacher: checkpoint.pth of aiSFX 0.1.2.")] = None,
    start: Annotated[Path | None, typer.Option(help="Folder of an earlier training, or pack, to begin with.")] = None,
    ordinary: Annotated[
        Path | None, typer.Option(help="Clips not trained on, whose ordinary sounds must not raise false alarms.")
    ] = None,
    unseen: Annotated[
        Path | None, typer.Option(help="Clips not trained on, to examine on, for the model card.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="Cores for the network; one more makes scenes.")] = 1,
) -> None:
    """Train the sound classifier and write it as a pack with its model card."""
    with _training_installed():
        from sensors.audio.training.command import train
        from sensors.audio.training.shards import Task

        task = Task(tuple(map(str, data)), licences, tuple(hold_out or ()), str(yamnet or ""), seed)
        print(train(task, out, rounds, effects, examined, start, ordinary, unseen, threads=threads))


@training.command("heads")
def train_heads(
    data: Annotated[Path, typer.Option(help="Folder of clips with manifest.csv.")],
    yamnet: Annotated[Path, typer.Option(help="yamnet.tflite (needs ai-edge-litert).")],
    out: Annotated[Path, typer.Option(help="The file of arrays to write, .npz.")],
) -> None:
    """Fit our classes on YAMNet's embedding, for `kizashi models add yamnet.tflite`."""
    with _training_installed():
        from sensors.audio.training.heads import train_heads

        print(train_heads(data, yamnet, out))


@contextmanager
def _training_installed() -> Iterator[None]:
    """Turn a missing library into an error that says how to get it."""
    try:
        yield
    except ModuleNotFoundError as error:
        what = f"{error.name} is not installed"
        raise WrongUseError(what, where="kizashi train", mend="pip install 'kizashi[train]'") from error


def _settings(
    config: Path | None, senses: str | None, false_alarms_per_day: float | None, language: str | None = None
) -> Settings:
    from fusion.config import load_settings, override

    return override(load_settings(config), senses, false_alarms_per_day, language)


def _recordings(paths: list[Path], start: str | None, chosen: Settings) -> list[Recording]:
    from fusion.assemble import load_senses

    start_ns = None
    if start is not None:
        try:
            moment = datetime.fromisoformat(start)
        except ValueError as error:
            raise WrongUseError(f"'{start}' is no date and time", where="--start", mend=START_EXAMPLE) from error
        if moment.tzinfo is None:
            raise WrongUseError("the start has no offset from UTC", where="--start", mend=START_EXAMPLE)
        start_ns = (moment - EPOCH) // timedelta(microseconds=1) * 1000
    return [load_senses(path, start_ns, chosen.senses) for path in paths]


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
START_EXAMPLE = "write it like 2024-11-05T02:10:00+09:00"
