"""`kizashi run` and `kizashi record`: watch live until told to end.

1. Settings, the clock, and what was learned before make a `Site`; sinks are opened.
2. A thread for each sensor, one for each sink; the loop that judges stays alone in the main thread.
3. Now and then, beside the loop: what was learned is saved, the service manager told that verdicts go on.
4. SIGTERM or SIGINT: sensors are ended, what is open closed, sinks emptied, what was learned saved; within 5 s.
"""

from __future__ import annotations

import fcntl
import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from types import FrameType

import msgspec

from fusion.assemble import build_live_sensors, build_watch, choose_tick_s, engine_settings
from fusion.baseline.folder import Baseline, load_baseline
from fusion.config import Settings, Storage
from fusion.engine import EngineSettings
from fusion.inbox import Inbox
from fusion.intake import Intake
from fusion.listener import Listener
from fusion.notify import Notifier
from fusion.outlets import build_outlets, sink_samples
from fusion.recorder import Recorder
from fusion.runner import watch_live
from fusion.shedding import STEPS, Shedder
from fusion.sinks.metrics import Sample
from fusion.sinks.post import Post
from fusion.state import Saver, load_state, take_state
from fusion.state import State as Learned
from fusion.telling import Teller
from fusion.vigil import Vigil
from sensors.base import Sensor
from sensors.clock import SteadyClock
from sensors.errors import BadInputError
from sensors.types import NS, Modality

SWITCH_S = 0.0005
"""How long a thread may keep the others waiting, seconds; the usual 5 ms would add up to lateness."""

SETTLED_NS = 10 * NS
"""After so long all that stays is there, and the collector need not look at it again."""

END_S = 3.0
"""How long sensors and then sinks together have to end, seconds."""

_ORDER = (Modality.ENVIRONMENT, Modality.AUDIO, Modality.VIDEO)
"""Who is heard first where much waits: what is cheap and what is brief before pictures."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Site:
    """What is watched, and how.

    Attributes
    ----------
    settings, engine : Settings, EngineSettings
        As told, and in the engine's units.
    clock : SteadyClock
        Event time.
    sensors : sequence of Sensor
        Live ones.
    start_ns : int
        Event time of the first tick.
    baseline : Baseline or None
        What is known at the beginning.
    """

    settings: Settings
    engine: EngineSettings
    clock: SteadyClock
    sensors: Sequence[Sensor]
    start_ns: int
    baseline: Baseline | None

    @property
    def streams(self) -> dict[str, Modality]:
        """The senses of the sensors."""
        return {sensor.stream: sensor.modality for sensor in self.sensors}

    @property
    def folder(self) -> Path | None:
        """Where lies what must not be forgotten."""
        return Path(self.settings.store.folder) if self.settings.store.folder else None


def build_site(settings: Settings, where: object, *, fresh: bool = False) -> Site:
    """All that a live watch needs, nothing of it running.

    Parameters
    ----------
    settings : Settings
        With sensors.
    where : object
        What errors name as the place of the settings.
    fresh : bool
        Begin with the baseline of the settings only, whatever an earlier run learned.

    Raises
    ------
    BadInputError
        If a sensor or the baseline cannot be used.
    """
    clock = SteadyClock()
    sensors = build_live_sensors(settings, clock, where)
    known = load_baseline(Path(settings.baseline)) if settings.baseline else None
    tick_s = known.manifest.tick_s if known else choose_tick_s(settings, sensors)
    engine = engine_settings(settings, tick_s)
    if settings.store.folder and not fresh:
        known = load_state(Path(settings.store.folder), tick_s, engine.block_ns / NS) or known
    start_ns = (clock.now_ns() // engine.tick_ns + 1) * engine.tick_ns
    return Site(settings, engine, clock, sensors, start_ns, known)


class Daemon:
    """A live watch with all around it.

    Parameters
    ----------
    site : Site
        What is watched.
    posts : sequence of Post
        Who is told.
    recorder : Recorder or None
        Who keeps what is heard.
    seconds : float or None
        How long to watch; until `stop` without it.
    """

    def __init__(
        self, site: Site, posts: Sequence[Post], recorder: Recorder | None = None, seconds: float | None = None
    ) -> None:
        self._site, self._posts, self._recorder = site, posts, recorder
        self.clock = site.clock
        watch = build_watch("live", site.sensors, site.engine, site.start_ns, site.baseline)
        self.intake = Intake(watch, site.engine)
        ranked = sorted(site.sensors, key=lambda sensor: (_ORDER.index(sensor.modality), sensor.stream))
        self.inbox = Inbox(sensor.stream for sensor in ranked)
        teller = Teller(posts, self.intake, site.clock)
        note, tap = (recorder.note, recorder.keep) if recorder else (None, lambda chunk: None)
        self.vigil = Vigil(self.intake, site.engine, site.start_ns, teller.step, teller.changes, note)
        self.listeners = [Listener(sensor, self.inbox, site.clock, tap) for sensor in site.sensors]
        self.shedder = Shedder()
        self.saver = Saver(site.folder) if site.folder else None
        self._notifier = Notifier()
        self._end_ns = None if seconds is None else site.start_ns + round(seconds * NS)
        self._saved_ns, self._over, self._frozen = site.start_ns, False, False

    def stop(self) -> None:
        """End soon; from any thread, or a signal."""
        self._over = True

    def run(self) -> None:
        """Watch until it is over, and end in good order."""
        for listener in self.listeners:
            listener.start()
        self._notifier.ready()
        _log.info("watching with %s", ", ".join(listener.stream for listener in self.listeners))
        try:
            watch_live(self.inbox, self.vigil, self._site.clock, lambda: self._over, self._beside)
        finally:
            self._end()

    def _beside(self, now_ns: int) -> None:
        account = self.vigil.account
        dropped = sum(self.inbox.dropped.values()) + sum(listener.dropped for listener in self.listeners)
        if self.shedder.observe(now_ns, account.hurried, dropped):
            self._shed()
        self._notifier.alive(account.verdicts, now_ns)
        if self._end_ns is not None and account.last_ns >= self._end_ns:
            self._over = True
        if not self._frozen and now_ns - self._site.start_ns > SETTLED_NS:
            self._frozen = True
            gc.freeze()
        due_ns = self._saved_ns + self._site.settings.store.save_every_s * NS
        if self.saver and now_ns > due_ns and not self.saver.busy:
            self._saved_ns = now_ns
            self.saver.save(self._learned(now_ns))

    def _shed(self) -> None:
        """Have everybody leave out as much as is decided, and say so."""
        level, words = self.shedder.level, STEPS[self.shedder.level]
        affected = [listener.stream for listener in self.listeners if listener.shed(level)]
        self.vigil.shed(dict.fromkeys(affected, words) if level else {})
        _log.warning("shedding, level %d: %s", level, words or "nothing any more")

    def _learned(self, now_ns: int) -> Learned:
        span_ns = self._site.start_ns, max(now_ns, self._site.start_ns)
        memory = self.intake.engine.snapshot()
        return take_state(self.intake.watch, memory, self._site.engine, self._site.settings.name, span_ns)

    def _end(self) -> None:
        self._notifier.stopping()
        _log.info("ending")
        deadline_s = time.monotonic() + END_S
        for listener in self.listeners:
            listener.stop()
        lingering = [one.stream for one in self.listeners if not one.join(max(0.1, deadline_s - time.monotonic()))]
        if lingering:
            _log.warning("still at it, and left alone: %s", ", ".join(lingering))
        self.vigil.finish()
        for post in self._posts:
            if not post.close(max(0.2, deadline_s - time.monotonic())):
                _log.warning("sink %s did not take all that there was to tell", post.name)
        if self._recorder:
            self._recorder.close(max(0.5, deadline_s - time.monotonic()))
        if self.saver and self._site.folder:
            self.saver.join(1.0)
            self.saver.save(self._learned(self._site.clock.now_ns()))
            self.saver.join(2.0)


def run_daemon(settings: Settings, where: object, record: Path | None = None, seconds: float | None = None) -> bool:
    """Watch live until SIGTERM, SIGINT, or so many seconds have passed; record what is heard where a folder is given.

    Raises
    ------
    BadInputError
        If something in the settings cannot be used, or another daemon keeps its memory in the same folder.
    """
    sys.setswitchinterval(SWITCH_S)
    if record is not None:
        settings = msgspec.structs.replace(settings, store=Storage())
    with _alone(settings.store.folder), ExitStack() as stack:
        site = build_site(settings, where, fresh=record is not None)
        outlets = build_outlets(settings, site.streams, site.clock, site.engine.budget_ns, stack)
        recorder = _recorder(record, site) if record else None
        if record:
            outlets.add_lines("recording", record, 0, stack)
        daemon = Daemon(site, outlets.posts, recorder, seconds)
        outlets.figures.more = lambda: chain(daemon_samples(daemon), sink_samples(outlets))
        with _signals(daemon):
            daemon.run()
    return not (recorder and recorder.failed)


def daemon_samples(daemon: Daemon) -> Iterator[Sample]:
    """What the watch itself has to tell."""
    account, intake, inbox = daemon.vigil.account, daemon.intake, daemon.inbox
    yield "kizashi_verdicts_total", "counter", "Verdicts given.", {}, account.verdicts
    yield "kizashi_scores_late_total", "counter", "Scores that came after their tick.", {}, intake.late
    yield "kizashi_clock_leaps_total", "counter", "Times left out since the clock was set.", {}, account.leaps
    yield "kizashi_verdicts_hurried_total", "counter", "Verdicts that did not wait for all.", {}, account.hurried
    yield "kizashi_shed_level", "gauge", "How much is left out: 0 nothing, 4 all pictures.", {}, daemon.shedder.level
    ahead_s = daemon.clock.ahead_ns / NS
    yield "kizashi_clock_ahead_seconds", "gauge", "Event time less the system's clock.", {}, ahead_s
    for stream, count in inbox.dropped.items():
        what = "Features that were dropped since they were not judged in time."
        yield "kizashi_features_dropped_total", "counter", what, {"sensor": stream}, count
    for listener in daemon.listeners:
        what = "Samples, pictures or readings that were dropped before anything was made of them."
        yield "kizashi_input_dropped_total", "counter", what, {"sensor": listener.stream}, listener.dropped


def _recorder(folder: Path, site: Site) -> Recorder:
    return Recorder(folder, site.settings.name, site.start_ns, site.engine.tick_ns / NS, site.streams)


@contextmanager
def _signals(daemon: Daemon) -> Iterator[None]:
    """Both ways to be told to end, while this lasts."""

    def end(number: int, frame: FrameType | None) -> None:
        daemon.stop()

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, told in before.items():
            signal.signal(number, told)


@contextmanager
def _alone(folder: str) -> Iterator[None]:
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
