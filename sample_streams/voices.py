"""Human voices by source and filter: speech that says nothing, laughter of a hall, screams.

The glottis makes a train of pulses, the vocal tract is a row of resonances, and neither knows of the other (Fant
1960, "Acoustic Theory of Speech Production"). Each resonance is the second-order section of Klatt 1980, "Software
for a cascade/parallel formant synthesizer", JASA 67(3), doi:10.1121/1.383940.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sample_streams.noise import Samples, band, sections, upsample, wander, white

Rng = np.random.Generator

VOICE_RATE_HZ = 16_000.0
"""Voices are made at this rate and raised to that of the recording: speech has little above 8 kHz."""

VOWELS_HZ = (
    (730, 1090, 2440, 3400),
    (270, 2290, 3010, 3600),
    (300, 870, 2240, 3300),
    (530, 1840, 2480, 3500),
    (490, 1350, 1690, 3300),
    (570, 840, 2410, 3300),
)
"""First four formants of a, i, u, e, er, o: men's means of Peterson & Barney 1952, doi:10.1121/1.1906875."""


def resonances(freqs_hz: Samples, widths_hz: Samples, rate_hz: float) -> NDArray[np.float64]:
    """Klatt's resonators in a row.

    Parameters
    ----------
    freqs_hz, widths_hz : ndarray (k,)
        Formants and their bandwidths.
    rate_hz : float
        Samples per second.

    Returns
    -------
    ndarray (k, 6)
        Second-order sections, each with a gain of 1 at 0 Hz.
    """
    c = -np.exp(-2 * np.pi * widths_hz / rate_hz)
    b = 2 * np.exp(-np.pi * widths_hz / rate_hz) * np.cos(2 * np.pi * freqs_hz / rate_hz)
    zero, one = np.zeros(len(b)), np.ones(len(b))
    return np.stack([1 - b - c, zero, zero, one, -b, -c], axis=1)


def pulses(f0_hz: Samples, rate_hz: float) -> Samples:
    """Glottal flow, differentiated: what leaves the glottis, radiated from the lips.

    Rosenberg's pulse C: opens for 40 % of a period, closes within 16 % (Rosenberg 1971, doi:10.1121/1.1912389).

    Parameters
    ----------
    f0_hz : ndarray (n,)
        Pitch at each sample.
    rate_hz : float
        Samples per second.

    Returns
    -------
    ndarray (n,)
    """
    phase = np.cumsum(f0_hz / rate_hz) % 1.0
    opening = 0.5 * (1 - np.cos(np.pi * phase / 0.4))
    closing = np.cos(np.pi / 2 * (phase - 0.4) / 0.16)
    flow = np.where(phase < 0.4, opening, np.where(phase < 0.56, closing, 0.0))
    return np.diff(flow, prepend=flow[:1])


def utterance(rng: Rng, rate_hz: float, seconds: float, pitch_hz: float, effort: float = 0.0) -> Samples:
    """Some syllables of speech-like sound without words.

    Parameters
    ----------
    rng : numpy.random.Generator
        Of this utterance alone.
    rate_hz : float
        A whole multiple of `VOICE_RATE_HZ`.
    seconds : float
        Length.
    pitch_hz : float
        Mean pitch: 90-130 for men, 170-240 for women.
    effort : float
        0 for talk, 1 for shouting: raises pitch, first formant and brightness.

    Returns
    -------
    ndarray (seconds * rate_hz,)
    """
    count = int(seconds * VOICE_RATE_HZ)
    time_s = np.arange(count) / VOICE_RATE_HZ
    fall = 1.12 - 0.24 * time_s / seconds
    f0 = pitch_hz * (1 + 0.9 * effort) * fall * np.exp(0.07 * wander(rng, count, 0.16 * VOICE_RATE_HZ))
    f0 *= 1 + 0.008 * wander(rng, count, 0.008 * VOICE_RATE_HZ)
    source = pulses(f0, VOICE_RATE_HZ) + 0.012 * white(rng, count)
    hiss = band(white(rng, count), VOICE_RATE_HZ, 2800, 7500)
    tract = 1.0 + 0.17 * (pitch_hz > 150)
    gates, frication = syllables(rng, time_s)
    total = 0.05 * hiss * frication
    for gate, vowel in zip(gates, VOWELS_HZ, strict=True):
        freqs = np.array(vowel, np.float64) * tract * np.array([1 + 0.35 * effort, 1, 1, 1])
        total += sections(source * gate, resonances(freqs, np.array([70.0, 90, 140, 220]), VOICE_RATE_HZ))
    return upsample(total, round(rate_hz / VOICE_RATE_HZ))


def syllables(rng: Rng, time_s: Samples) -> tuple[NDArray[np.float64], Samples]:
    """When which vowel sounds, and the hiss between.

    About 4-6 syllables a second, the modulation rate of speech (Houtgast & Steeneken 1985, doi:10.1121/1.392224).

    Returns
    -------
    gates : ndarray (6, n)
        Loudness of each vowel, 0 to about 1.
    frication : ndarray (n,)
        Loudness of consonant noise.
    """
    gates, frication, at_s = np.zeros((len(VOWELS_HZ), len(time_s))), np.zeros(len(time_s)), 0.02
    while at_s < time_s[-1] - 0.1:
        length = float(rng.uniform(0.11, 0.26))
        near = slice(*np.searchsorted(time_s, [at_s - 0.08, at_s + length]))
        loud = rng.lognormal(-0.1, 0.35) * min(1.0, 4 * (time_s[-1] - at_s) / time_s[-1] + 0.25)
        part = np.clip((time_s[near] - at_s) / length, 0, 1)
        gates[int(rng.integers(len(VOWELS_HZ))), near] += loud * np.sin(np.pi * part) ** 1.3
        if rng.random() < 0.55:
            frication[near] += loud * np.exp(-0.5 * ((time_s[near] - at_s) / 0.025) ** 2)
        at_s += length * float(rng.uniform(0.8, 1.05)) + (0.12 if rng.random() < 0.12 else 0.0)
    return gates, frication


def scream(rng: Rng, rate_hz: float, seconds: float, pitch_hz: float) -> Samples:
    """A scream: high pitch that shoots up, trembles and breaks, with the roughness that makes it alarming.

    Harmonics with a slope of -5 dB an octave pass a wide-open tract. Pitch of 1-1.6 kHz with a vibrato of 5-9 Hz
    and amplitude modulation of 30-150 Hz: Arnal et al. 2015, "Human screams occupy a privileged niche in the
    communication soundscape", Current Biology 25(15), doi:10.1016/j.cub.2015.06.043.

    Parameters
    ----------
    rng : numpy.random.Generator
        Of this scream alone.
    rate_hz : float
        A whole multiple of `VOICE_RATE_HZ`.
    seconds, pitch_hz : float
        Length, and pitch at its height.

    Returns
    -------
    ndarray (seconds * rate_hz,)
    """
    rate, count = VOICE_RATE_HZ, int(seconds * VOICE_RATE_HZ)
    time_s = np.arange(count) / rate
    contour = (
        (1 + 0.05 * wander(rng, count, 0.4 * rate)) * 0.55
        + 0.45 * (1 - np.exp(-time_s / 0.09))
        - 0.30 * np.clip(time_s / seconds - 0.6, 0, 1) ** 1.5
    )
    vibrato = 1 + 0.025 * np.sin(2 * np.pi * np.cumsum(6.8 + 0.9 * wander(rng, count, 0.3 * rate)) / rate)
    f0 = pitch_hz * contour * vibrato * (1 + 0.012 * wander(rng, count, 0.006 * rate))
    phase = 2 * np.pi * np.cumsum(f0) / rate
    total = 0.06 * white(rng, count)
    for number in range(1, 7):
        total += np.where(number * f0 < 7200, number**-0.8 * np.sin(number * phase), 0.0)
    rough = 2 * np.pi * np.cumsum(72 + 14 * wander(rng, count, 0.1 * rate)) / rate
    total *= 1 + (0.25 + 0.3 * np.clip(wander(rng, count, 0.25 * rate), 0, 1)) * np.sin(rough)
    freqs, widths = np.array([1050.0, 1750, 3100, 4300]), np.array([180.0, 240, 380, 520])
    shaped = sections(total, resonances(freqs, widths, rate))
    envelope = (1 - np.exp(-time_s / 0.05)) * np.minimum(1, (seconds - time_s) / 0.35) ** 1.2
    return upsample(shaped * envelope, round(rate_hz / rate))
