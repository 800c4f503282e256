"""Packets of a camera -> whole pictures, each with its times.

Why a broken stream shows nothing until the next key frame: what is decoded from damaged pictures moves where nothing
moved, and an alarm raised by a lost packet is worse than a second without a picture.
"""

from __future__ import annotations

import struct
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

from sensors.types import NS
from sensors.video.live.losses import Losses
from sensors.video.live.wire import Shot
from sensors.video.pictures import Pace, Shrinker

RATES = (1.0, 0.5, 0.25, 0.1)
"""Share of the rate that is left on each level of shedding; on the last only key frames are decoded."""

KEYS_ONLY = len(RATES) - 1

ALIVE_NS = NS // 2
"""A sign of life where nothing can be passed on, nanoseconds."""

_NO_TIMES = 0x80
_LATE_PARSED = frozenset({"h264", "hevc"})
_REMEMBERED = 64
_SAME_NS = 2_000_000
_AT_ONCE_NS = 5_000_000


class Camera:
    """Reads one open stream of pictures.

    Parameters
    ----------
    box, track
        The open container and the stream in it.
    shrinker : Shrinker
        Makes pictures small.
    rate_hz : float
        Most pictures per second, > 0.
    level : callable () -> int
        How much to shed at present, 0 to `KEYS_ONLY`.
    now_ns : callable () -> int
        Nanoseconds of the monotonic clock.
    losses : Losses
        Has listened since before the stream was opened.
    dated : bool
        Media times are event times already, UTC.
    """

    def __init__(
        self, box: Any, track: Any, shrinker: Shrinker, rate_hz: float, level: Callable[[], int],
        now_ns: Callable[[], int], losses: Losses, *, dated: bool = False,
    ) -> None:  # fmt: skip
        self._box, self._track, self._shrinker = box, track, shrinker
        self._rate_hz, self._level, self._now_ns, self._losses = rate_hz, level, now_ns, losses
        self._pace = Pace(rate_hz)
        self._intra = bool(track.codec_context.codec.intra_only)
        self._timeless = bool(box.format.flags & _NO_TIMES)
        self._parsed_late = box.format.name == "rtsp" and track.codec_context.name in _LATE_PARSED
        self._began = self._awaits_key = self._damaged = self._torn = False
        self._arrived: OrderedDict[int, int] = OrderedDict()
        self._offset_ns = 0 if dated else None
        self._heard_ns = 0
        self._run, self._zero_ns, self._last_ns, self._skipped = -1, 0, 0, 0

    def shots(self) -> Iterator[Shot | None]:
        """Pictures as they come; None where something arrived of which none could be made for a while."""
        self._track.thread_type = "NONE"
        self._track.codec_context.thread_count = 1
        torn_before = self._losses.any()
        before_ns, asked_ns = None, self._now_ns()
        spoke_ns = asked_ns
        for packet in self._box.demux(self._track):
            now_ns = self._now_ns()
            # What comes at once was gathered while it was opened: where in it the loss lies is not known.
            torn_before &= now_ns - asked_ns < _AT_ONCE_NS
            self._torn = self._losses.any() or torn_before
            # A parser gives a picture when the next one begins, so it had come when the one before was given.
            self._note(packet, before_ns if self._parsed_late and before_ns else now_ns)
            before_ns = now_ns
            for frame in self._decoded(packet, now_ns):
                shot = self._shot(frame, now_ns)
                if shot:
                    spoke_ns = now_ns
                    yield shot
            if now_ns - spoke_ns >= ALIVE_NS:
                spoke_ns = now_ns
                yield None
            asked_ns = self._now_ns()

    def _note(self, packet: Any, arrived_ns: int) -> None:
        """Remember what a packet tells of times."""
        if packet.pts is None:
            return
        self._arrived[packet.pts] = arrived_ns
        if len(self._arrived) > _REMEMBERED:
            self._arrived.popitem(last=False)
        if packet.has_sidedata("prft"):
            (wall_us,) = struct.unpack_from("<q", bytes(packet.get_sidedata("prft")))
            offset_ns = wall_us * 1000 - self._media_ns(packet, arrived_ns)
            # The first after a gap may hold the time of its neighbour.
            if abs(offset_ns - self._heard_ns) < _SAME_NS:
                self._offset_ns = offset_ns
            self._heard_ns = offset_ns

    def _decoded(self, packet: Any, now_ns: int) -> list[Any]:
        """Frames that are whole; none where they are not wanted, or build on what was lost or left out."""
        import av

        level = self._level()
        if self._torn:
            self._awaits_key = self._damaged = True
        self._pace.turn(self._rate_hz * RATES[level])
        if self._intra:
            if not self._pace.admits(self._media_ns(packet, now_ns) / NS):
                return []
        elif not packet.is_keyframe and (level >= KEYS_ONLY or self._awaits_key):
            self._skipped += self._damaged and self._began
            self._awaits_key = True
            return []
        try:
            frames = packet.decode()
        except av.InvalidDataError:
            frames = None
        if frames is None or packet.is_corrupt or any(frame.is_corrupt for frame in frames):
            self._skipped += self._began
            self._awaits_key = self._damaged = True
            return []
        # What was lost may have been behind this one, which the parser gave when it saw the next.
        self._awaits_key = self._damaged = self._torn
        return list(frames)

    def _shot(self, frame: Any, now_ns: int) -> Shot | None:
        """A frame at its times; None where it is one too many, or its time is that of the one before."""
        arrived_ns = self._arrived.get(frame.pts, now_ns)
        media_ns = self._media_ns(frame, now_ns)
        if not self._began or media_ns < self._last_ns:
            self._run, self._zero_ns, self._began = self._run + 1, media_ns, True
        elif media_ns == self._last_ns:
            return None
        self._last_ns = media_ns
        if not self._intra and not self._pace.admits(media_ns / NS):
            return None
        taken_ns = 0 if self._offset_ns is None else media_ns + self._offset_ns
        picture = self._shrinker.shrink(frame)
        return Shot(self._run, media_ns - self._zero_ns, arrived_ns, taken_ns, self._skipped, picture)

    def _media_ns(self, timed: Any, now_ns: int) -> int:
        """Media time of a packet or frame, nanoseconds; that of its arrival where the stream has none."""
        if self._timeless or timed.pts is None:
            return now_ns
        return int(timed.pts * timed.time_base * NS)
