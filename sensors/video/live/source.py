"""What all live eyes share: `LiveVideoSource`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.errors import BadInputError
from sensors.reader.source import ReaderSource
from sensors.reader.timeline import Timeline
from sensors.reader.wire import Message
from sensors.types import NS, Modality, State
from sensors.video.live.decoding import KEYS_ONLY
from sensors.video.live.wire import RATE_HZ, Shot

LARGEST = 1 << 21
"""Most pixels of a picture: a message holds no more."""

AHEAD_NS = 20_000_000
"""A camera that says that it took a picture later than this after the picture came has a wrong clock."""

PROMPT_NS = 2 * NS
"""One that says that it took a picture at most so long before may be right, and is taken for right from then on."""

LATEST_NS = 60 * NS
"""Nor does a network keep back pictures of a camera whose clock was right for longer than this."""

LOSSY = 3.0
"""Damage that is told: about where a quarter of what comes is damaged."""

FORGETS = 0.9


class LiveVideoSource(ReaderSource):
    """Pictures that come from somewhere for ever, each a chunk of one small grey frame.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    width, height : int
        Pictures are shrunk to fit, shape kept, to even sides; never enlarged.
    max_rate_hz : float
        Pictures beyond this are left out.
    queue_s : float
        How much waits for a slow consumer before the oldest is dropped, seconds.
    colour : bool
        Keep the colours: only by them a switch to infrared is known.
    options
        Those of `ReaderSource`. The other end may keep its key frames waiting for longer than `open_s`, as long as
        something comes.

    Raises
    ------
    BadInputError
        If pictures would be too large to be passed on, or none.
    """

    modality = Modality.VIDEO
    module, what = "sensors.video.live.reader", "picture"
    dropping = "pictures are dropped, since they are not taken in time"
    reads, dated = "", False

    def __init__(
        self, stream: str, *, width: int = 320, height: int = 240, max_rate_hz: float = 10.0, queue_s: float = 2.0,
        colour: bool = False, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(stream, **options)
        if not (2 <= width and 2 <= height and width * height * (3 if colour else 1) <= LARGEST and max_rate_hz > 0):
            what, mend = f"{width}x{height} at {max_rate_hz:g} Hz cannot be watched", f"give up to {LARGEST} pixels"
            raise BadInputError(what, where=f"width and height of '{stream}'", mend=mend)
        self._width, self._height, self._rate_hz, self._queue_s = width, height, max_rate_hz, queue_s
        self._colour = colour
        self._known_skipped, self._damage = 0, 0.0
        self.shed(0)

    def shed(self, level: int) -> None:
        """Leave out work, while it runs and from any thread.

        Parameters
        ----------
        level : int
            0 nothing, 1 half of the pictures, 2 three quarters, 3 all but key frames, which spares the decoding.
        """
        self._ask(level=min(max(level, 0), KEYS_ONLY))

    def _order(self) -> Mapping[str, Any]:
        return {
            "reads": self.reads, "width": self._width, "height": self._height, "rate_hz": self._rate_hz,
            "colour": self._colour, "dated": self.dated, "queue": max(1, round(self._queue_s * self._rate_hz)),
        }  # fmt: skip

    def _placing(self) -> PicturePlacing:
        self._placed = PicturePlacing()
        return self._placed

    def _endure(self, idle_s: float) -> None:
        super()._endure(idle_s)
        if idle_s > self._stall_s and self.skipped > self._known_skipped and not self._outages.down:
            self._outages.tell(State.DEGRADED, "what comes is too damaged to be seen", self._clock.now_ns())

    def _flaw(self) -> str:
        self._damage = self._damage * FORGETS + self.skipped - self._known_skipped
        self._known_skipped = self.skipped
        if flaw := super()._flaw():
            return flaw
        if self._damage > LOSSY:
            return "pictures come damaged"
        return f"pictures come more than {PROMPT_NS // NS} s late" if self._placed.late_ns > PROMPT_NS else ""


class PicturePlacing:
    """Puts pictures in event time; what it has placed it never takes back.

    A camera that tells when it took its pictures is believed once one of them was prompt. From then on what comes late
    was late on the way, until its clock, or ours, is found to have been set. Before and after that a time is that of
    the arrival less what the picture came later than others, see `Timeline`; a delay that all share stays in it.

    Attributes
    ----------
    late_ns : int
        How long the last picture was on its way, nanoseconds; 0 where that is unknown.
    """

    def __init__(self) -> None:
        self.late_ns = 0
        self._timeline = Timeline(RATE_HZ)
        self._right: bool | None = None
        self._last_ns: int | None = None

    def begin(self) -> None:
        """Another reader has taken over; a clock that was wrong may be right now."""
        self._timeline.begin()
        self._right = self._right or None

    def place(self, message: Message, epoch_ns: int) -> tuple[int, float, NDArray[np.uint8]] | None:
        """Event time, rate and picture (1, h, w); None where its time is already taken."""
        shot = Shot.of(message)
        start_ns, skip = self._timeline.place(shot.run, shot.position_ns, 1, shot.captured_ns, epoch_ns)
        self.late_ns = 0
        if shot.taken_ns and self._judge(shot.captured_ns + epoch_ns - shot.taken_ns):
            start_ns, skip, self.late_ns = shot.taken_ns, 0, shot.captured_ns + epoch_ns - shot.taken_ns
        if skip or (self._last_ns is not None and start_ns <= self._last_ns):
            return None
        self._last_ns = start_ns
        return start_ns, 0.0, shot.picture[np.newaxis]

    def _judge(self, late_ns: int) -> bool:
        """Whether a camera is believed that says that its picture was on its way for so long."""
        if self._right is None and -AHEAD_NS <= late_ns <= PROMPT_NS:
            self._right = True
        elif not -AHEAD_NS <= late_ns <= LATEST_NS:
            self._right = False
        return bool(self._right)
