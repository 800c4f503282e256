"""What a verdict rests on, kept so that anybody can work out again what was said of it.

Shares: a sense's answer is the mean of its channels' Cauchy scores (`senses`), so each channel's part of that sum is
its part of the sense's share of the fused surprise (`combine.shares`). Shares of channels add up to their sense's, and
shares of senses to 1. Where no channel has anything to say the share stands under `WHOLE`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from fusion.combine import surprise_of
from fusion.events import Calibrated, Part, Voice
from sensors.types import Modality

WHOLE = ":whole"
"""Behind the name of a sense: the share that no channel has by itself."""


class Recollection:
    """Strange moments of the last seconds.

    Parameters
    ----------
    windows_ns : mapping of Modality to int
        Corroboration window of each sense, nanoseconds.
    """

    def __init__(self, windows_ns: Mapping[Modality, int]) -> None:
        self._windows_ns = windows_ns
        self._moments: dict[Modality, deque[Calibrated]] = {}

    def note(self, tick_ns: int, strange: Iterable[Calibrated]) -> None:
        """Take what channels said up to a tick that was strange, and let go of what is over."""
        for said in strange:
            self._moments.setdefault(said.score.modality, deque()).append(said)
        for sense, moments in self._moments.items():
            while moments and moments[0].score.end_ns <= tick_ns - self._windows_ns[sense]:
                moments.popleft()

    def of(self, senses: Iterable[Modality]) -> tuple[Calibrated, ...]:
        """What channels of these senses said, in order of time and name."""
        kept = (said for sense in senses for said in self._moments.get(sense, ()))
        return tuple(sorted(kept, key=lambda said: (said.score.end_ns, said.score.channel)))


def channel_shares(parts: Sequence[Part], voices: Sequence[Voice]) -> dict[str, float]:
    """What each channel contributes to the fused surprise.

    Parameters
    ----------
    parts : sequence of Part
        Of one verdict; their shares add up to 1.
    voices : sequence of Voice
        Its `Evidence.voices`.

    Returns
    -------
    dict of str to float
        By channel, or "<sense>:whole", in [0, 1]: largest first, together 1.
    """
    shares = {}
    for part in parts:
        own = {v.channel: sum(map(surprise_of, v.p_values)) for v in voices if v.sense is part.sense}
        total = sum(own.values())
        if total <= 0:
            shares[f"{part.sense}{WHOLE}"] = part.share
        shares |= {name: part.share * surprise / total for name, surprise in own.items() if total > 0}
    return dict(sorted(shares.items(), key=lambda item: (-item[1], item[0])))


def strongest(old: Sequence[Part], new: Sequence[Part]) -> tuple[Part, ...]:
    """For each sense the stranger of two parts, strangest sense first."""
    best = {part.sense: part for part in old}
    for part in new:
        if part.sense not in best or part.p_value < best[part.sense].p_value:
            best[part.sense] = part
    return tuple(sorted(best.values(), key=lambda part: (part.p_value, part.sense)))


def shared_as(parts: Sequence[Part], peak: Sequence[Part]) -> tuple[Part, ...]:
    """The same parts with the shares that their senses have in another verdict; 0 for a sense that is not in it."""
    shares = {part.sense: part.share for part in peak}
    return tuple(replace(part, share=shares.get(part.sense, 0.0)) for part in parts)


def same(parts: Sequence[Part], others: Sequence[Part]) -> bool:
    """Whether two sets of parts differ in their shares at most."""
    return [(p.sense, p.p_value, p.channels) for p in parts] == [(p.sense, p.p_value, p.channels) for p in others]


PARTS = (Recollection,)
"""Classes that hold something, see `freezing`."""
