"""Where a watch stood when it ended: open windows, what waits to be learned, rows that the next is compared with.

Who begins again soon after, with the same settings, sensors and code, goes on from there (`fusion.freezing`); after
longer, or with others, what was learned is enough. None is taken while an incident is open: that one is told to have
ended, and must not come back under its name.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

import msgspec

import fusion
import sensors
from fusion.engine import Engine, EngineSettings
from fusion.freezing import Tree, freeze, thaw
from fusion.severity import SeverityModel
from sensors.base import Arrays, Sensor
from sensors.types import NS, Modality

SOON_NS = 60 * NS
"""After longer no window is open any more."""

UNUSABLE = (IndexError, KeyError, TypeError, ValueError, AttributeError)
"""What reading something that is not whole may end in."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Moment:
    """Where a watch stood.

    Attributes
    ----------
    of : str
        Digest of the settings, the sensors and the code.
    next_ns : int
        Event time of the tick that would have been next.
    engine : Tree
        The whole engine.
    readers : mapping of str to mapping
        State of extractors that have any, by stream.
    """

    of: str
    next_ns: int
    engine: Tree
    readers: Mapping[str, Arrays]


@runtime_checkable
class Resumable(Protocol):
    """An extractor that can go on where another stopped."""

    def state(self) -> Arrays:
        """What the next chunk needs of those before."""
        ...

    def restore(self, state: Arrays) -> None:
        """Go on from there."""
        ...


def take_moment(
    engine: Engine, settings: EngineSettings, streams: Mapping[str, Modality], sensors: Iterable[Sensor]
) -> Moment | None:
    """Where a watch stands whose sensors were ended; None where an incident is open or nothing was judged yet."""
    if engine.next_ns is None or engine.occupied:
        return None
    readers = {s.stream: dict(s.extractor.state()) for s in sensors if isinstance(s.extractor, Resumable)}
    return Moment(fingerprint(settings, streams), engine.next_ns, engine.whole(), readers)


def fingerprint(settings: EngineSettings, streams: Mapping[str, Modality]) -> str:
    """What must be the same for a watch to go on; what labels taught may differ."""
    judged = replace(settings, triage=replace(settings.triage, model=SeverityModel()), reliability=())
    return hashlib.sha256(repr((judged, sorted(streams.items()), _OUR_CODE)).encode()).hexdigest()


def code_of(folders: Iterable[Path]) -> str:
    """Digest of all Python files below these folders: what an older version held may be laid out otherwise."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            digest.update(f"{path.relative_to(folder)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


_OUR_CODE = code_of(Path(package.__path__[0]) for package in (fusion, sensors))
"""Taken when this process begins: a version that is installed meanwhile is not what it runs."""


def write_moment(path: Path, moment: Moment) -> None:
    """Write it, behind its own hash."""
    told = freeze({"of": moment.of, "next_ns": moment.next_ns, "readers": dict(moment.readers)}, ())
    content = msgspec.msgpack.encode([told, moment.engine])
    path.write_bytes(hashlib.sha256(content).digest() + content)


def read_moment(path: Path) -> Moment | None:
    """What was written; None where there is nothing, or not the whole of it."""
    try:
        content = path.read_bytes()
        if hashlib.sha256(content[32:]).digest() != content[:32]:
            return None
        told, engine = msgspec.msgpack.decode(content[32:])
        known = thaw(None, told, ())
        return Moment(known["of"], known["next_ns"], engine, known["readers"])
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, *UNUSABLE) as error:
        _log.warning("where the watch stood cannot be read (%s): it begins with what was learned", error)
        return None


def fits(moment: Moment, settings: EngineSettings, streams: Mapping[str, Modality], start_ns: int) -> bool:
    """Whether a watch that begins at `start_ns` may go on from there."""
    return moment.of == fingerprint(settings, streams) and 0 <= start_ns - moment.next_ns <= SOON_NS


def go_on(moment: Moment, engine: Engine, sensors: Iterable[Sensor], start_ns: int) -> None:
    """Have an engine and extractors go on from there; no verdict is given on the time between.

    Raises
    ------
    IndexError, KeyError, TypeError, ValueError, AttributeError
        If it is not whole; engine and sensors are then of no use.
    """
    engine.resume(moment.engine)
    engine.pass_over(start_ns)
    for sensor in sensors:
        if isinstance(sensor.extractor, Resumable) and sensor.stream in moment.readers:
            sensor.extractor.restore(moment.readers[sensor.stream])
