"""`kizashi run` and `kizashi record`: watch live until told to end.

1. Settings, the clock, and what was learned before make a `Site`; sinks are opened.
2. A thread for each sensor, one for each sink; the loop that judges stays alone in the main thread.
3. Now and then, beside the loop: what was learned is saved, the service manager told that verdicts go on.
4. SIGTERM or SIGINT: sensors are ended, what is open closed, sinks emptied, what was learned saved; within 5 s.
"""

from __future__ import annotations

import gc
import logging
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import FrameType

import msgspec

from fusion.assemble import build_live_sensors
from fusion.config import EvidenceRules, Settings, Storage
from fusion.live.allocator import keep_little
from fusion.live.inbox import Inbox
from fusion.live.intake import Intake
from fusion.live.listener import Listener, Tap
from fusion.live.moment import take_moment
from fusion.live.notify import Notifier
from fusion.live.outlets import Outlets, build_outlets, sink_samples
from fusion.live.recorder import Recorder
from fusion.live.shedding import STEPS, Shedder
from fusion.live.site import Site, build_site, live_watch
from fusion.live.state import Saver, alone, take_state
from fusion.live.state import State as Learned
from fusion.live.telling import Teller
from fusion.live.vigil import Vigil
from fusion.runner import watch_live
from fusion.sinks.metrics import Sample
from fusion.sinks.post import Post
from sensors.errors import BadInputError
from sensors.types import NS, Modality

SWITCH_S = 0.0005
"""How long a thread may keep the others waiting, seconds; the usual 5 ms would add up to lateness."""

BEGUN_NS = 5 * NS
"""While libraries are loaded there is always too much to do: nothing is shed for that."""

SETTLED_NS = 10 * NS
"""After so long all that stays is there, and the collector need not look at it again."""

END_S = 3.0
"""How long sensors and then sinks together have to end, seconds."""

_ORDER = (Modality.ENVIRONMENT, Modality.AUDIO, Modality.VIDEO)
"""Who is heard first where much waits: what is cheap and what is brief before pictures."""

_log = logging.getLogger(__name__)


@dataclass
class Wishes:
    """What a daemon is asked, by signals or another thread, at any moment.

    Attributes
    ----------
    end : bool
        To end.
    anew : bool
        To look at the settings again.
    """

    end: bool = False
    anew: bool = False


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
        How long to watch; until it is asked to end without it.
    keep : callable (Chunk) -> None
        Given all that is heard and seen, for clips.
    """

    def __init__(
        self, site: Site, posts: Sequence[Post], recorder: Recorder | None = None, seconds: float | None = None,
        keep: Tap = lambda chunk: None,
    ) -> None:  # fmt: skip
        self.intake = Intake(live_watch(site), site.engine)
        # What was learned before is in the watch now, and would stay here a second time.
        self._site = site = replace(site, given=None, kept=None, moment=None)
        self._posts, self.recorder, self.clock = posts, recorder, site.clock
        ranked = sorted(site.sensors, key=lambda sensor: (_ORDER.index(sensor.modality), sensor.stream))
        self.inbox = Inbox(sensor.stream for sensor in ranked)
        teller = Teller(posts, self.intake, site.clock)
        note, tap = (recorder.note, recorder.keep) if recorder else (None, lambda chunk: None)
        self.vigil = Vigil(self.intake, site.engine, site.start_ns, teller.step, teller.changes, note)
        self.listeners = [Listener(sensor, self.inbox, site.clock, tap, keep) for sensor in site.sensors]
        self.shedder = Shedder()
        self.saver = Saver(site.folder) if site.folder else None
        self._notifier = Notifier()
        self._end_ns = None if seconds is None else site.start_ns + round(seconds * NS)
        self._saved_ns, self._over, self._frozen = site.start_ns, False, False
        self.wishes, self._lingering = Wishes(), list[str]()
        self.reload: Callable[[], Settings] | None = None
        self.next_settings: Settings | None = None

    def run(self) -> None:
        """Watch until it is over, and end in good order."""
        for listener in self.listeners:
            listener.start()
        self._notifier.ready()
        _log.info("watching with %s", ", ".join(listener.stream for listener in self.listeners))
        try:
            watch_live(self.inbox, self.vigil, self._site.clock, lambda: self._over or self.wishes.end, self._beside)
        finally:
            self._end()

    def _beside(self, now_ns: int) -> None:
        account = self.vigil.account
        dropped = sum(self.inbox.dropped.values()) + sum(listener.dropped for listener in self.listeners)
        begun = now_ns - self._site.start_ns > BEGUN_NS
        if begun and self.shedder.observe(now_ns, account.hurried, dropped):
            self._shed()
        if self.wishes.anew:
            self.wishes.anew = False
            self._reload()
        self._notifier.alive(account.verdicts, now_ns)
        if self._end_ns is not None and account.last_ns >= self._end_ns:
            self._over = True
        if not self._frozen and now_ns - self._site.start_ns > SETTLED_NS:
            self._frozen = True
            gc.freeze()
        due_ns = self._saved_ns + self._site.settings.store.save_every_s * NS
        if self.saver and now_ns > due_ns and not self.saver.busy:
            self._saved_ns = now_ns
            self.saver.save(self.learned(now_ns))

    def _shed(self) -> None:
        """Have everybody leave out as much as is decided, and say so."""
        level, words = self.shedder.level, STEPS[self.shedder.level]
        affected = [listener.stream for listener in self.listeners if listener.shed(level)]
        self.vigil.shed(dict.fromkeys(affected, words) if level else {})
        _log.warning("shedding, level %d: %s", level, words or "nothing any more")

    def _reload(self) -> None:
        """End for the sake of new settings; where they are none the old ones stay."""
        if self.reload is None:
            return
        try:
            settings = self.reload()
            build_live_sensors(settings, self.clock, "the new settings")
        except BadInputError as error:
            _log.error("the new settings cannot be used, the old ones stay: %s", error)
            return
        self.next_settings, self._over = settings, True

    def learned(self, now_ns: int, *, ended: bool = False) -> Learned:
        """What was learned by now; where sensors were ended, with where the watch stands."""
        span_ns = self._site.start_ns, max(now_ns, self._site.start_ns)
        memory = self.intake.engine.snapshot()
        engine, settings = self.intake.engine, self._site.engine
        still = [sensor for sensor in self._site.sensors if sensor.stream not in self._lingering]
        moment = take_moment(engine, settings, self._site.streams, still) if ended else None
        return take_state(self.intake.watch, memory, settings, self._site.settings.name, span_ns, moment)

    def _end(self) -> None:
        self._notifier.stopping()
        _log.info("ending")
        deadline_s = time.monotonic() + END_S
        for listener in self.listeners:
            listener.stop()
        self._lingering = [
            one.stream for one in self.listeners if not one.join(max(0.1, deadline_s - time.monotonic()))
        ]
        if self._lingering:
            _log.warning("still at it, and left alone: %s", ", ".join(self._lingering))
        self.vigil.finish()
        for post in self._posts:
            if not post.close(max(0.2, deadline_s - time.monotonic())):
                _log.warning("sink %s did not take all that there was to tell", post.name)
        if self.recorder:
            self.recorder.close(max(0.5, deadline_s - time.monotonic()))
        if self.saver and self._site.folder:
            self.saver.join(1.0)
            self.saver.save(self.learned(self._site.clock.now_ns(), ended=True))
            self.saver.join(2.0)


def run_daemon(
    settings: Settings, where: object, record: Path | None = None, seconds: float | None = None,
    reload: Callable[[], Settings] | None = None,
) -> bool:  # fmt: skip
    """Watch live until SIGTERM, SIGINT, or so many seconds have passed; record what is heard where a folder is given.

    On SIGHUP it goes on with the settings that `reload` gives, and with what it has learned.

    Raises
    ------
    BadInputError
        If something in the settings cannot be used, or another daemon keeps its memory in the same folder.
    """
    keep_little()
    sys.setswitchinterval(SWITCH_S)
    if record is not None:
        settings, reload = msgspec.structs.replace(settings, store=Storage(), evidence=EvidenceRules()), None
    wishes = Wishes()
    with _signals(wishes):
        return _watch(settings, where, record, seconds, reload, wishes)


def _watch(
    settings: Settings, where: object, record: Path | None, seconds: float | None,
    reload: Callable[[], Settings] | None, wishes: Wishes,
) -> bool:  # fmt: skip
    """One daemon after the other, as long as settings are new."""
    before: Settings | None = None
    learned: Learned | None = None
    while True:
        try:
            with ExitStack() as stack:
                daemon = _built(settings, where, record, seconds, learned, stack)
                learned = None
                daemon.reload, daemon.wishes = reload, wishes
                daemon.run()
        except BadInputError as error:
            if before is None:
                raise
            _log.error("the new settings cannot be used, the old ones again: %s", error)
            settings, before = before, None
            continue
        if daemon.next_settings is None or wishes.end:
            return not (daemon.recorder and daemon.recorder.failed)
        before, settings, learned = settings, daemon.next_settings, daemon.learned(daemon.clock.now_ns(), ended=True)
        _log.info("going on with new settings")


def _built(
    settings: Settings, where: object, record: Path | None, seconds: float | None, learned: Learned | None,
    stack: ExitStack,
) -> Daemon:  # fmt: skip
    """A daemon with all that it needs, which is closed with the stack."""
    stack.enter_context(alone(settings.store.folder))
    site = build_site(settings, where, fresh=record is not None, learned=learned)
    outlets = build_outlets(settings, site.streams, site.clock, site.engine.budget_ns, stack)
    recorder = _recorder(record, site) if record else None
    if record:
        outlets.add_lines("recording", record, 0, stack)
    daemon = Daemon(site, outlets.posts, recorder, seconds, outlets.keep)
    outlets.figures.more = partial(_samples, daemon, outlets)
    return daemon


def _samples(daemon: Daemon, outlets: Outlets) -> Iterator[Sample]:
    yield from daemon_samples(daemon)
    yield from sink_samples(outlets)


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
    tick_s = site.engine.tick_ns / NS
    return Recorder(folder, site.settings.name, site.start_ns, tick_s, site.streams, site.utc_offset_s)


@contextmanager
def _signals(wishes: Wishes) -> Iterator[None]:
    """All ways to be told something, while this lasts."""

    def end(number: int, frame: FrameType | None) -> None:
        wishes.end = True

    def ask(number: int, frame: FrameType | None) -> None:
        wishes.anew = True

    ways = {signal.SIGTERM: end, signal.SIGINT: end, signal.SIGHUP: ask}
    before = {number: signal.signal(number, way) for number, way in ways.items()}
    try:
        yield
    finally:
        for number, told in before.items():
            signal.signal(number, told)
