"""Ten minutes of a place as a microphone hears it, put together from clips: ordinary sound, and events if asked for.

Below lies a bed (traffic, weather, machinery, crowd, music), a scene of 20 to 60 s of one kind after another, clips
faded into each other, its level drawn anew each scene and wandering inside it. Above, every few seconds, something
near: a sentence, dishes, a passing car. Thunder, fireworks, bells and animals are left out: they are rare, and a place
that has them every minute would say nothing about places.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.corpus import Clip
from sensors.audio.frontend import RATE_HZ, Samples
from sensors.audio.packs import ALERTS
from sensors.errors import BadInputError

KINDS: Mapping[str, tuple[str, ...]] = {
    "speech": ("speech",),
    "traffic": ("vehicle",),
    "household": ("household", "door", "footsteps"),
    "music": ("music",),
    "weather": ("rain_wind_water",),
    "machinery": ("machinery",),
    "crowd": ("crowd_laughter",),
}
"""Ordinary sound, and the labels that it is made of."""

BEDS = ("traffic", "music", "weather", "machinery", "crowd")
NEAR = ("speech", "household", "traffic", "crowd", "music")
SNRS_DB = (-6.0, 0.0, 6.0, 12.0, 20.0)
SECONDS = 600.0
SLOT_S = 15.0
"""Each holds one event of at most 5 s."""

SCENE_S, BED_DBFS, NEAR_DB, NEAR_EVERY_S = (20.0, 60.0), (-55.0, -38.0), (0.0, 15.0), 5.0
FADE_S, DRIFT_EVERY_S, DRIFT_DB, FLOOR_DBFS = 0.5, 5.0, 2.0, -75.0
AROUND_S, LOUDEST_S, BLOCK_S = 3.0, 0.25, 0.01
AUDIBLE = 1e-2
"""Power within 20 dB of the loudest block's."""

T = TypeVar("T")
Pools = Mapping[str, Sequence[Clip]]


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An event that is truly there; `onset_s` and `end_s` are where it comes and stays within 20 dB of its peak."""

    label: str
    snr_db: float
    onset_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Piece:
    """A clip of ordinary sound, and when it sounds."""

    label: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Soundscape:
    """Sound of 16 kHz, what happens in it, and what it is made of: the bed first, then what is near."""

    samples: Samples
    occurrences: tuple[Occurrence, ...]
    pieces: tuple[Piece, ...]

    def sounding(self, at_s: float) -> str:
        """Label of what is nearest at that time or was half a second before; "nothing" where nothing is."""
        heard = [piece.label for piece in self.pieces if piece.start_s <= at_s <= piece.end_s + 0.5]
        return heard[-1] if heard else "nothing"


def ordinary_pools(clips: Sequence[Clip], others: Sequence[Clip]) -> tuple[dict[str, list[Clip]], list[str]]:
    """Clips of each kind of ordinary sound; and the kinds for which `clips` has none, which `others` must lend."""
    pools: dict[str, list[Clip]] = {}
    lent = []
    for kind, labels in KINDS.items():
        found = [clip for clip in clips if clip.label in labels]
        if not found and (found := [clip for clip in others if clip.label in labels]):
            lent.append(kind)
        if found:
            pools[kind] = found
    if not set(BEDS) & set(pools) or not set(NEAR) & set(pools):
        raise BadInputError("no ordinary sound", where="clips", mend="hold out sources that have some")
    return pools, lent


def deal_events(clips: Sequence[Clip], rng: np.random.Generator) -> Iterator[tuple[Clip, float]]:
    """Without end: each class at each signal-to-noise ratio once a round, each clip of a class once a round of its."""
    labels = [label for label in ALERTS if any(clip.label == label for clip in clips)]
    left: dict[str, list[Clip]] = {label: [] for label in labels}
    deck = [(label, snr_db) for label in labels for snr_db in SNRS_DB]
    while deck:
        for index in rng.permutation(len(deck)):
            label, snr_db = deck[index]
            if not left[label]:
                members = [clip for clip in clips if clip.label == label]
                left[label] = [members[place] for place in rng.permutation(len(members))]
            yield left[label].pop(), snr_db


def compose(
    pools: Pools, events: Iterator[tuple[Clip, float]] | None, seconds: float, rng: np.random.Generator
) -> Soundscape:
    """One soundscape; one event in every slot of 15 s where `events` are given."""
    samples, pieces = _bed(pools, round(seconds * RATE_HZ), rng)
    pieces += _add_near(samples, pools, rng)
    occurrences = []
    for slot in range(int(seconds // SLOT_S)) if events is not None else ():
        clip, snr_db = next(events)  # type: ignore[arg-type]
        at = round((slot * SLOT_S + rng.uniform(1.0, 9.0)) * RATE_HZ)
        occurrences.append(add_event(samples, clip.read(), clip.label, snr_db, at))
    return Soundscape(np.clip(samples, -1.0, 1.0), tuple(occurrences), tuple(pieces))


def add_event(samples: Samples, event: Samples, label: str, snr_db: float, at: int) -> Occurrence:
    """Mix an event in, from sample `at`: its loudest quarter second so far above the 3 s around that."""
    event = event[: len(samples) - at]
    onset, end, loudest = sounding(event)
    around = _around(samples, at + loudest)
    gain = _rms(around) * 10 ** (snr_db / 20) / max(loudest_rms(event), 1e-9)
    samples[at : at + len(event)] += (event * np.float32(gain) * _faded(len(event), 0.01)).astype(np.float32)
    return Occurrence(label, snr_db, (at + onset) / RATE_HZ, (at + end) / RATE_HZ)


def sounding(samples: Samples) -> tuple[int, int, int]:
    """Samples where a sound begins and ends being within 20 dB of its peak, and the middle of its loudest quarter."""
    powers = _block_powers(samples)
    block = round(BLOCK_S * RATE_HZ)
    heard = np.flatnonzero(powers >= AUDIBLE * powers.max())
    smooth = np.convolve(powers, np.ones(round(LOUDEST_S / BLOCK_S)), "same")
    return int(heard[0]) * block, min(len(samples), int(heard[-1] + 1) * block), int(smooth.argmax()) * block


def loudest_rms(samples: Samples) -> float:
    """RMS of the loudest quarter second, what is missing of it counting as silence."""
    count = round(LOUDEST_S / BLOCK_S)
    return float(np.sqrt(np.convolve(_block_powers(samples), np.ones(count), "full").max() / count))


def _bed(pools: Pools, length: int, rng: np.random.Generator) -> tuple[Samples, list[Piece]]:
    kinds = [kind for kind in BEDS if kind in pools]
    out = (10 ** (FLOOR_DBFS / 20) * rng.standard_normal(length)).astype(np.float32)
    at, pieces = 0, []
    while at < length:
        clips = pools[_pick(kinds, rng)]
        level = 10 ** (rng.uniform(*BED_DBFS) / 20)
        until = at + round(rng.uniform(*SCENE_S) * RATE_HZ)
        while at < min(until, length):
            clip = _pick(clips, rng)
            piece = clip.read()
            pieces.append(Piece(clip.label, at / RATE_HZ, (at + len(piece)) / RATE_HZ))
            piece = (piece * (level / max(_rms(piece), 1e-6)) * _faded(len(piece), FADE_S)).astype(np.float32)
            out[at : at + len(piece)] += piece[: length - at]
            at += max(len(piece) - round(FADE_S * RATE_HZ), round(0.1 * RATE_HZ))
    points = np.arange(0, length + DRIFT_EVERY_S * RATE_HZ, DRIFT_EVERY_S * RATE_HZ)
    drift_db = np.interp(np.arange(length), points, rng.normal(0.0, DRIFT_DB, len(points)))
    return (out * 10 ** (drift_db / 20)).astype(np.float32), pieces


def _add_near(samples: Samples, pools: Pools, rng: np.random.Generator) -> list[Piece]:
    kinds = [kind for kind in NEAR if kind in pools]
    at, pieces = round(rng.exponential(NEAR_EVERY_S) * RATE_HZ), []
    while at < len(samples):
        clips = pools[_pick(kinds, rng)]
        clip = _pick(clips, rng)
        piece = clip.read()[: len(samples) - at]
        pieces.append(Piece(clip.label, at / RATE_HZ, (at + len(piece)) / RATE_HZ))
        gain = _rms(_around(samples, at)) * 10 ** (rng.uniform(*NEAR_DB) / 20) / max(loudest_rms(piece), 1e-6)
        samples[at : at + len(piece)] += (piece * gain * _faded(len(piece), 0.05)).astype(np.float32)
        at += len(piece) + round(rng.exponential(NEAR_EVERY_S) * RATE_HZ)
    return pieces


def _pick(items: Sequence[T], rng: np.random.Generator) -> T:
    return items[int(rng.integers(len(items)))]


def _around(samples: Samples, middle: int) -> Samples:
    half = round(AROUND_S / 2 * RATE_HZ)
    return samples[max(0, middle - half) : middle + half]


def _rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


def _block_powers(samples: Samples) -> NDArray[np.float64]:
    """Mean power of each 10 ms."""
    block = round(BLOCK_S * RATE_HZ)
    padded = np.pad(samples.astype(np.float64), (0, -len(samples) % block)).reshape(-1, block)
    return np.asarray(np.square(padded).mean(axis=1))


def _faded(length: int, fade_s: float) -> NDArray[np.float32]:
    """Gain that rises and falls so that powers of two sounds faded into each other add to one."""
    fade = max(1, min(round(fade_s * RATE_HZ), length // 2))
    gain = np.ones(length, np.float32)
    gain[:fade] = np.sin(np.pi / 2 * (np.arange(fade) + 0.5) / fade)
    gain[length - fade :] = gain[:fade][::-1]
    return gain
