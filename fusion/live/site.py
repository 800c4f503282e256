"""Settings to all that a live watch needs, nothing of it running."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from fusion.assemble import Watch, build_live_sensors, build_watch, choose_tick_s, engine_settings
from fusion.baseline.folder import Baseline, load_baseline
from fusion.config import Settings
from fusion.engine import EngineSettings
from fusion.experience import Label, learn, trust
from fusion.labels import as_experience, read_labels
from fusion.live.moment import UNUSABLE, Moment, fits, go_on, read_moment
from fusion.live.state import LEARNED, MOMENT, State, load_state
from sensors.base import Sensor
from sensors.clock import SteadyClock
from sensors.errors import BadInputError
from sensors.types import NS, Modality

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
    utc_offset_s : int
        Offset of wall time from UTC at the place when the watch began, seconds.
    given : Baseline or None
        What the settings say is known.
    kept : Baseline or None
        What an earlier run learned, which goes before that.
    moment : Moment or None
        Where that run stood when it ended.
    """

    settings: Settings
    engine: EngineSettings
    clock: SteadyClock
    sensors: Sequence[Sensor]
    start_ns: int
    utc_offset_s: int = 0
    given: Baseline | None = None
    kept: Baseline | None = None
    moment: Moment | None = None

    @property
    def streams(self) -> dict[str, Modality]:
        """The senses of the sensors."""
        return {sensor.stream: sensor.modality for sensor in self.sensors}

    @property
    def folder(self) -> Path | None:
        """Where lies what must not be forgotten."""
        return Path(self.settings.store.folder) if self.settings.store.folder else None


def build_site(settings: Settings, where: object, *, fresh: bool = False, learned: State | None = None) -> Site:
    """All that a live watch needs, nothing of it running.

    Parameters
    ----------
    settings : Settings
        With sensors.
    where : object
        What errors name as the place of the settings.
    fresh : bool
        Begin with the baseline of the settings only, whatever an earlier run learned.
    learned : State, optional
        What was learned a moment ago with other settings; used where the timing is the same.

    Raises
    ------
    BadInputError
        If a sensor or the baseline cannot be used.
    """
    clock = SteadyClock()
    sensors = build_live_sensors(settings, clock, where)
    given = load_baseline(Path(settings.baseline)) if settings.baseline else None
    tick_s = given.manifest.tick_s if given else choose_tick_s(settings, sensors)
    kept = moment = None
    folder = Path(settings.store.folder) if settings.store.folder and not fresh else None
    utc_offset_s = local_offset_s(settings, clock.now_ns())
    labels = kept_labels(folder) if folder else []
    engine = engine_settings(settings, tick_s, utc_offset_s, learn(labels) if labels else None, trust(labels))
    if folder:
        kept = load_state(folder, tick_s, engine.block_ns / NS)
        moment = read_moment(folder / LEARNED / MOMENT)
    if learned and (learned.manifest.tick_s, learned.manifest.block_s) == (tick_s, engine.block_ns / NS):
        kept, moment = Baseline(learned.manifest, learned.memory, learned.detectors), learned.moment
    start_ns = (clock.now_ns() // engine.tick_ns + 1) * engine.tick_ns
    return Site(settings, engine, clock, sensors, start_ns, utc_offset_s, given, kept, moment)


def local_offset_s(settings: Settings, at_ns: int) -> int:
    """Offset of wall time from UTC at the place, seconds: by its time zone, or this machine's.

    Why once, though summer time comes and goes: a recording has one offset, and must replay to the same severities.
    """
    moment = datetime.fromtimestamp(at_ns // NS, UTC)
    local = moment.astimezone(ZoneInfo(settings.timezone) if settings.timezone else None)
    offset = local.utcoffset()
    return round(offset.total_seconds()) if offset is not None else 0


def kept_labels(folder: Path) -> list[Label]:
    """What the labels kept there teach; those of a database that is broken nothing, its writer says so."""
    try:
        return as_experience(read_labels(folder)) if folder.is_dir() else []
    except BadInputError as error:
        _log.warning("labels are not learned from: %s", error)
        return []


def live_watch(site: Site) -> Watch:
    """The watch of a site, with what was learned before; where that does not fit its sensors any more, without it.

    Raises
    ------
    BadInputError
        If the baseline of the settings does not fit.
    """
    if site.kept is not None:
        try:
            return _gone_on(site, build_watch("live", site.sensors, site.engine, site.start_ns, site.kept))
        except (BadInputError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            _log.error("what was learned before does not fit these sensors (%s): it is learned anew", error)
    return build_watch("live", site.sensors, site.engine, site.start_ns, site.given)


def _gone_on(site: Site, watch: Watch) -> Watch:
    """The watch as it stood when it ended, where that was a moment ago."""
    if site.moment is None or not fits(site.moment, site.engine, site.streams, site.start_ns):
        return watch
    try:
        go_on(site.moment, watch.engine, site.sensors, site.start_ns)
    except UNUSABLE as error:
        _log.error("the watch cannot go on where it stood (%s): it begins with what was learned", error)
        return build_watch("live", site.sensors, site.engine, site.start_ns, site.kept)
    _log.info("going on where the watch stood")
    return watch
