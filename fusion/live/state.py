"""What a daemon has learned, kept over its restarts: a baseline in `learned`, its predecessor in `learned.before`.

Why two: whoever is killed between two renames leaves one of them whole. One that cannot be used is set aside by its
name, for people to look at, and told; the watch begins without it.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from threading import Thread

from fusion.assemble import Watch
from fusion.baseline.folder import VERSION, Baseline, Detectors, LearnedFrom, Manifest, load_baseline, write_baseline
from fusion.engine import EngineSettings, Memory
from fusion.live.moment import Moment, write_moment
from sensors.errors import BadInputError
from sensors.types import NS

LEARNED, BEFORE, NEW = "learned", "learned.before", "learned.new"
MOMENT = "moment.bin"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class State:
    """What was learned at one moment, and where the watch stood then if it was told to end."""

    manifest: Manifest
    memory: Memory
    detectors: Detectors
    moment: Moment | None = None


def take_state(
    watch: Watch, memory: Memory, settings: EngineSettings, name: str, span_ns: tuple[int, int],
    moment: Moment | None = None,
) -> State:  # fmt: skip
    """What a watch has learned; copied, so that it can be written while the watch goes on.

    Parameters
    ----------
    watch, memory, settings
        The watch, its engine's snapshot, and the settings of the engine.
    name : str
        Of the place.
    span_ns : tuple of int
        From when to when it was watched, nanoseconds UTC.
    moment : Moment, optional
        Where the watch stood when it ended.
    """
    detectors = {stream: dict(patient.detector.state()) for stream, patient in watch.detectors.items()}
    manifest = Manifest(
        version=VERSION,
        kizashi=version("kizashi"),
        tick_s=settings.tick_ns / NS,
        block_s=settings.block_ns / NS,
        learned_from=(LearnedFrom(name, span_ns[0], (span_ns[1] - span_ns[0]) / NS),),
        sensors={stream: str(sense) for stream, sense in sorted(watch.streams.items())},
        scores={channel: len(values) for channel, values in memory.channels.items()},
        blocks={senses: len(values) for senses, values in memory.blocks.items()},
        files={},
    )
    return State(manifest, memory, detectors, moment)


def save_state(folder: Path, state: State) -> None:
    """Write it so that at every moment a whole one is there.

    Raises
    ------
    OSError
        If there is no room, or no permission; what was there before is still there.
    """
    new, now, before = (folder / name for name in (NEW, LEARNED, BEFORE))
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    try:
        write_baseline(new, state.manifest, state.memory, state.detectors)
        if state.moment:
            write_moment(new / MOMENT, state.moment)
        for path in (*new.iterdir(), new):
            _sync(path)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    if now.exists():
        shutil.rmtree(before, ignore_errors=True)
        now.rename(before)
    new.rename(now)
    _sync(folder)


def load_state(folder: Path, tick_s: float | None, block_s: float | None = None) -> Baseline | None:
    """The newest that can be used; None where there is none.

    Parameters
    ----------
    folder : Path
        Where the daemon keeps what it must not forget.
    tick_s, block_s : float, optional
        Timing that it must have been learned with.
    """
    for name in (LEARNED, BEFORE):
        path = folder / name
        if not path.exists():
            continue
        try:
            baseline = load_baseline(path)
        except BadInputError as error:
            _set_aside(path, str(error))
            continue
        if tick_s in (None, baseline.manifest.tick_s) and block_s in (None, baseline.manifest.block_s):
            return baseline
        _log.warning("what was learned before was learned with other timing: %s is not used", path)
    return None


@contextmanager
def alone(folder: str) -> Iterator[None]:
    """Be the only daemon with this folder.

    Raises
    ------
    BadInputError
        If another is, or nothing can be kept there.
    """
    if not folder:
        yield
        return
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        what = f"nothing can be kept there ({error.strerror})"
        raise BadInputError(what, where=f"[store] folder {path}", mend="name another folder") from error
    try:
        _lock(descriptor, path)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        what = "another daemon keeps its memory there"
        raise BadInputError(what, where=f"[store] folder {path}", mend="end it, or name another folder") from error


class Saver:
    """Saves in a thread of its own, one at a time.

    Attributes
    ----------
    failed : str
        Why the last saving failed; empty where it did not.
    """

    def __init__(self, folder: Path) -> None:
        self.failed = ""
        self._folder = folder
        self._thread: Thread | None = None

    @property
    def busy(self) -> bool:
        """Whether it is still at the last one."""
        return self._thread is not None and self._thread.is_alive()

    def save(self, state: State) -> None:
        """Begin to save; nothing where the last one is not done."""
        if not self.busy:
            self._thread = Thread(target=self._run, args=(state,), name="save", daemon=True)
            self._thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait for the last one."""
        if self._thread:
            self._thread.join(timeout_s)

    def _run(self, state: State) -> None:
        try:
            save_state(self._folder, state)
            self.failed = ""
        except OSError as error:
            self.failed = error.strerror or str(error)
            _log.error("what was learned cannot be saved: %s", self.failed)


def _set_aside(path: Path, why: str) -> None:
    aside = next(
        place for number in range(1, 1000) if not (place := path.with_name(f"{path.name}.broken-{number}")).exists()
    )
    _log.error("what was learned cannot be used (%s): set aside as %s", why, aside.name)
    path.rename(aside)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
