"""Clips to mixtures: what a microphone in some place would have heard, and what to call it when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sensors.audio.packs import ALERTS
from sensors.audio.training.corpus import OTHER, Clip
from sensors.audio.training.corpus import UNKNOWN as NAMELESS
from sensors.audio.training.effects import (
    RATE_HZ,
    Random,
    Samples,
    change_speed,
    coloured_noise,
    convolve,
    distance,
    microphone,
    record,
    repeat,
    room,
)
from sensors.audio.training.patterns import alarm, siren, tone
from sensors.audio.training.textures import texture

HOP = 4000
"""Samples between decisions: 0.25 s."""

HOPS = 16
"""Decisions in a scene: 4 s."""

LENGTH = HOP * HOPS

UNKNOWN = 2
"""Label of a class of which nobody can tell whether it is heard."""

BACKGROUNDS = ("rain_wind_water", "room_tone", "vehicle", "machinery", "speech", "music", "crowd_laughter", "thunder")
MADE = {"alarm": (alarm, 0.35), "siren": (siren, 0.3)}
"""Classes that formulas add to, with the share of them."""

TONE_RATIO = 0.04
"""Share of foregrounds that are tones which are nothing."""

TEXTURE_RATIO = 0.15
"""Share of foregrounds that are sounds by formula without a name."""

WIDE_RATIO = 0.15
"""Share of foregrounds that are played far faster or slower."""

FOUND_RATIO = 0.3
"""Share of foregrounds that are recordings without a name, where there are some."""

LOUD = frozenset(("gunshot", "explosion", "siren", "scream", "dog_bark", "fireworks", "thunder"))
"""Classes that are heard from far."""

FAR_RATIO, BURST_RATIO = 0.25, 0.3
"""Share of these that come from far away; and of gunshots that come in bursts."""

ROW_RATIO = 0.5
"""Share of scenes in which sounds follow each other, nearly clean, as in recordings that were cut to their sound."""

ROW_PIECE_S = (1.5, 4.0)
"""Longest that a sound of a row lasts, from and to, seconds."""

NOBODY = -1
"""Index of a foreground that is no clip."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A mixture and what is in it.

    Attributes
    ----------
    samples : ndarray (LENGTH,) float32
        What was recorded.
    labels : ndarray (HOPS, classes) uint8
        1 heard, 0 not heard, `UNKNOWN`.
    clips : ndarray (HOPS,) int16
        Index of the clip that is heard most clearly, or `NOBODY`.
    """

    samples: Samples
    labels: NDArray[np.uint8]
    clips: NDArray[np.int16]


class Composer:
    """Makes scenes out of clips; the same random state gives the same scene.

    Parameters
    ----------
    clips : sequence of Clip
        What to mix.
    labels : sequence of str
        Classes, in the order of the network's outputs.
    made : bool
        Also sounds by formula, and clips played faster or slower; without, scenes are such as could be met.
    """

    def __init__(self, clips: Sequence[Clip], labels: Sequence[str], *, made: bool = True) -> None:
        self.clips, self.labels, self._made = clips, list(labels), made
        self._of: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for index, clip in enumerate(clips):
            self._of[clip.label][clip.source].append(index)
        present = [label for label in self.labels if label in self._of or (made and label in MADE)]
        weights = np.array([2.0 if label in ALERTS else 1.0 for label in present])
        self._present, self._weights = present, weights / weights.sum()
        self._found = [label for label in (NAMELESS, OTHER) if label in self._of] if made else []
        self._backgrounds = [label for label in (*BACKGROUNDS, OTHER) if label in self._of]
        self._ordinary = np.array([label not in ALERTS for label in self.labels])

    def compose(self, random: Random) -> Scene:
        """One scene: up to three sounds over some background, in some room, through some microphone; or a row."""
        if self._made and (self._present or self._found) and random.random() < ROW_RATIO:
            return self._row(random)
        count = int(random.choice([0, 1, 2, 3], p=[0.08, 0.62, 0.23, 0.07]))
        parts = [self._foreground(random) for _ in range(count)] if self._present or self._found else []
        background, name = self._background(random, {label for label, _, _ in parts})
        mix = self._levelled(background, parts, random)
        heard = np.zeros((len(mix), LENGTH), np.float32)
        shape = microphone(random) if random.random() < 0.75 else None
        for row, samples in enumerate(mix):
            heard[row] = convolve(samples, None, shape, LENGTH) if shape is not None else samples
        labels, clips = self._label(heard, [(label, index) for label, index, _ in parts], name)
        return Scene(record(heard.sum(axis=0), random), labels, clips)

    def _row(self, random: Random) -> Scene:
        """Sounds one after the other with short pauses, over noise 25 to 80 dB below them."""
        parts: list[tuple[str, int]] = []
        noise = coloured_noise(LENGTH, random)
        floor = 10 ** (random.uniform(-80, -25) / 20)
        heard = [noise * np.float32(floor / max(float(np.sqrt(np.mean(noise**2))), 1e-6))]
        at = int(random.uniform(0, 0.4) * RATE_HZ)
        while at < LENGTH - HOP:
            label, index, samples = self._foreground(random)
            most = int(random.uniform(*ROW_PIECE_S) * RATE_HZ)
            begin = int(random.integers(max(1, len(samples) - most + 1)))
            piece = samples[begin : begin + most][: LENGTH - at]
            laid = np.zeros(LENGTH, np.float32)
            laid[at : at + len(piece)] = piece
            loud = max(float(np.sqrt(np.quantile(frame_power(laid), 0.98))), 1e-6)
            heard.append(laid * np.float32(10 ** (random.uniform(-8, 8) / 20) / loud))
            parts.append((label, index))
            at += len(piece) + int(random.uniform(0.1, 0.8) * RATE_HZ)
        if random.random() < 0.5:
            shape = microphone(random)
            heard = [convolve(samples, None, shape, LENGTH) for samples in heard]
        whole = np.stack(heard)
        labels, clips = self._label(whole, parts, "")
        return Scene(record(whole.sum(axis=0), random), labels, clips)

    def _pick(self, label: str, random: Random) -> int:
        """A clip of a class: by the square root of how many a source has, so that no source is the class."""
        sources = self._of[label]
        names = list(sources)
        weights = np.sqrt([len(sources[name]) for name in names])
        chosen = sources[names[int(random.choice(len(names), p=weights / weights.sum()))]]
        return chosen[int(random.integers(len(chosen)))]

    def _foreground(self, random: Random) -> tuple[str, int, Samples]:
        if self._made and random.random() < TONE_RATIO:
            return "", NOBODY, tone(random)
        if self._made and random.random() < TEXTURE_RATIO:
            return NAMELESS, NOBODY, self._carried(texture(random), random)
        found = self._found and (not self._present or random.random() < FOUND_RATIO)
        label = str(random.choice(self._found) if found else random.choice(self._present, p=self._weights))
        if label in MADE and (label not in self._of or random.random() < MADE[label][1]):
            index, samples = NOBODY, MADE[label][0](random)
        else:
            index = self._pick(label, random)
            samples = self.clips[index].sound
        wide = random.random() < WIDE_RATIO
        if self._made and (wide or random.random() < 0.7):
            samples = change_speed(samples, random, 0.6 if wide else 0.25)
        if self._made and label == "gunshot" and random.random() < BURST_RATIO:
            samples = repeat(samples, random)
        if self._made and label in LOUD and random.random() < FAR_RATIO:
            return label, index, distance(samples, random)
        return label, index, self._carried(samples, random)

    def _carried(self, samples: Samples, random: Random) -> Samples:
        """Through a room, more often than not."""
        if random.random() > 0.55:
            return samples
        response = room(random)
        return convolve(samples, response, None, len(samples) + len(response))

    def _background(self, random: Random, taken: set[str]) -> tuple[Samples, str]:
        free = [label for label in self._backgrounds if label not in taken]
        if not free or random.random() < 0.3:
            return coloured_noise(LENGTH, random), ""
        name = str(random.choice(free))
        samples = self.clips[self._pick(name, random)].sound
        if self._made and random.random() < 0.5:
            samples = change_speed(samples, random)
        return loop(samples, LENGTH, int(random.integers(len(samples)))), name

    def _levelled(self, background: Samples, parts: list[tuple[str, int, Samples]], random: Random) -> list[Samples]:
        """The background and each part laid in time, at its own signal-to-noise ratio."""
        floor = max(float(np.sqrt(np.mean(background**2))), 1e-6)
        out = [background / floor]
        for _, _, samples in parts:
            begin = int(random.uniform(-0.4 * len(samples), LENGTH - min(len(samples), HOP)))
            laid = np.zeros(LENGTH, np.float32)
            piece = samples[max(0, -begin) :][: LENGTH - max(0, begin)]
            laid[max(0, begin) : max(0, begin) + len(piece)] = piece
            power = float(np.quantile(frame_power(laid), 0.98))
            ratio_db = random.uniform(-6, 35)
            out.append(laid * (10 ** (ratio_db / 20) / max(np.sqrt(power), 1e-6)))
        return out

    def _label(
        self, heard: NDArray[np.float32], parts: list[tuple[str, int]], name: str
    ) -> tuple[NDArray[np.uint8], NDArray[np.int16]]:
        labels = np.zeros((HOPS, len(self.labels)), np.uint8)
        clips = np.full(HOPS, NOBODY, np.int16)
        powers = np.stack([frame_power(row) for row in heard])
        total = powers.sum(axis=0)
        if name == OTHER:
            labels[:, self._ordinary] = UNKNOWN
        elif name:
            loud = powers[0].reshape(HOPS, -1).mean(axis=1) / total.reshape(HOPS, -1).mean(axis=1)
            column = self.labels.index(name)
            labels[:, column] = np.where(loud > 0.1, 1, UNKNOWN)
        best = np.full(HOPS, -np.inf)
        for row, (label, index) in enumerate(parts, start=1):
            state, ratio = audibility(powers[row], total - powers[row])
            if label in (NAMELESS, OTHER):
                open_to = np.ones_like(self._ordinary) if label == NAMELESS else self._ordinary
                labels[(labels == 0) & (state > 0)[:, None] & open_to] = UNKNOWN
            elif label:
                column = self.labels.index(label)
                merged = np.where((state == 1) | (labels[:, column] == 1), 1, np.maximum(state, labels[:, column]))
                labels[:, column] = merged
            leads = (state == 1) & (ratio > best)
            clips[leads] = index
            best[leads] = ratio[leads]
        return labels, clips


def frame_power(samples: Samples) -> Samples:
    """Mean square of every 250 samples."""
    return np.asarray(np.square(samples[: len(samples) // 250 * 250]).reshape(-1, 250).mean(axis=1), np.float32)


def audibility(own: Samples, rest: Samples) -> tuple[NDArray[np.uint8], Samples]:
    """When a part is heard: 1 yes, 0 no, `UNKNOWN` where it is drowned, fading or has just begun.

    Parameters
    ----------
    own, rest : ndarray (HOPS * 16,)
        Power of the part and of all else, every 250 samples.

    Returns
    -------
    state : ndarray (HOPS,) uint8
        The answer for each hop.
    ratio : ndarray (HOPS,)
        Largest ratio of the powers within the hop.
    """
    peak = float(own.max())
    frames = own.reshape(HOPS, -1)
    ratio = (frames / np.maximum(rest.reshape(HOPS, -1), 1e-9)).max(axis=1)
    clear = frames > peak * 10**-2.2
    heard = (clear.sum(axis=1) >= 2) & (ratio > 10**-0.5)
    present = (frames.max(axis=1) > peak * 10**-4.5) & (ratio > 10**-2.5)
    state = np.where(heard, 1, np.where(present, UNKNOWN, 0)).astype(np.uint8)
    late = heard & (clear[:, :-4].sum(axis=1) == 0) & ~np.concatenate([[False], heard[:-1]])
    state[late] = UNKNOWN
    for later in (1, 2, 3):
        after = np.concatenate([np.zeros(later, bool), heard[:-later]])
        state[after & (state == 0)] = UNKNOWN
    return state, ratio.astype(np.float32)


def loop(samples: Samples, length: int, begin: int) -> Samples:
    """Repeat a sound with cross-fades of up to 50 ms."""
    fade = min(RATE_HZ // 20, len(samples) // 4)
    if fade:
        ramp = np.linspace(0, 1, fade, dtype=np.float32)
        body = samples[:-fade].copy()
        body[:fade] = body[:fade] * ramp + samples[-fade:] * (1 - ramp)
    else:
        body = samples
    return np.take(body, np.arange(begin, begin + length), mode="wrap")
