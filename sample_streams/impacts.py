"""Things that are struck: glass, floors, doors, switches, by modal synthesis.

A struck body is a bank of damped sinusoids: s(t) = sum_k a_k exp(-t / tau_k) sin(2 pi f_k t) (van den Doel & Pai
1998, "The sounds of physical shapes", Presence 7(4), doi:10.1162/105474698565794). Many small collisions follow
one another as a Poisson process of dying energy, as in Cook 2002, "Real Sound Synthesis for Interactive
Applications", ch. 12-15 (PhISEM).
"""

from __future__ import annotations

import numpy as np

from sample_streams.noise import Samples, band, white

Rng = np.random.Generator


def ring(
    freqs_hz: Samples, taus_s: Samples, gains: Samples, phases: Samples, rate_hz: float, seconds: float
) -> Samples:
    """A bank of damped sinusoids.

    Parameters
    ----------
    freqs_hz, taus_s, gains, phases : ndarray (k,)
        Of each mode: frequency, time to fall to 1/e, strength and starting phase in radians. Modes above 0.45 of
        the rate are left out.
    rate_hz, seconds : float
        Rate and length.

    Returns
    -------
    ndarray (seconds * rate_hz,)
    """
    time_s = np.arange(int(seconds * rate_hz)) / rate_hz
    total = np.zeros(len(time_s))
    for freq, tau, gain, phase in zip(freqs_hz, taus_s, gains, phases, strict=True):
        if freq < 0.45 * rate_hz:
            count = min(len(time_s), int(8 * tau * rate_hz) + 1)
            near = time_s[:count]
            total[:count] += gain * np.exp(-near / tau) * np.sin(2 * np.pi * freq * near + phase)
    return total


def burst(rng: Rng, rate_hz: float, seconds: float, tau_s: float, low_hz: float, high_hz: float) -> Samples:
    """Noise between two frequencies that dies away with `tau_s`; shape (seconds * rate_hz,)."""
    time_s = np.arange(int(seconds * rate_hz)) / rate_hz
    rise = 1 - np.exp(-time_s / 0.0006)
    return np.asarray(
        band(white(rng, len(time_s)), rate_hz, low_hz, high_hz) * rise * np.exp(-time_s / tau_s), np.float64
    )


def place(total: Samples, part: Samples, at_s: float, rate_hz: float) -> None:
    """Add `part` to `total` from `at_s` on; what does not fit is cut off."""
    start = int(at_s * rate_hz)
    stop = min(len(total), start + len(part))
    if start < stop:
        total[start:stop] += part[: stop - start]


def glass(rng: Rng, rate_hz: float) -> Samples:
    """A window pane breaks: blow, crack, ringing plate, shards that fall for two seconds.

    Plate modes lie evenly in frequency (a thin plate has constant modal density), and glass loses high modes
    sooner: tau = 1 / (pi f eta) with a loss factor eta near 0.004, shortened by the fracture.

    Returns
    -------
    ndarray (2.6 * rate_hz,)
    """
    total = np.zeros(int(2.6 * rate_hz))
    modes = 90
    freqs = 350 + (9500 - 350) * np.sort(rng.random(modes)) ** 1.2
    taus = np.minimum(0.16, 1 / (np.pi * freqs * 0.004)) * rng.uniform(0.4, 1.3, modes)
    gains = rng.standard_normal(modes) * (freqs / 3000) ** -0.25
    place(total, 0.22 * ring(freqs, taus, gains, rng.uniform(0, 6.28, modes), rate_hz, 1.2), 0.012, rate_hz)
    place(total, 2.6 * burst(rng, rate_hz, 0.3, 0.022, 700, 12000), 0.010, rate_hz)
    place(total, 1.4 * burst(rng, rate_hz, 0.5, 0.075, 1800, 12000), 0.016, rate_hz)
    place(total, 3.0 * burst(rng, rate_hz, 0.2, 0.03, 60, 320), 0.0, rate_hz)
    for at_s in np.concatenate([0.05 + rng.exponential(0.28, 110), rng.uniform(0.7, 2.2, 14)]):
        place(total, shard(rng, rate_hz) * float(np.exp(-at_s / 0.9)), float(at_s), rate_hz)
    return total


def shard(rng: Rng, rate_hz: float) -> Samples:
    """A splinter of glass meets a hard floor: three to six high modes and a click; shape (0.18 * rate_hz,)."""
    modes = int(rng.integers(3, 7))
    base = rng.uniform(2200, 6500)
    freqs = base * np.cumprod(np.concatenate([[1.0], rng.uniform(1.1, 1.5, modes - 1)]))
    taus = rng.uniform(0.006, 0.045, modes)
    gains = 0.35 * rng.lognormal(-0.6, 0.7) * rng.uniform(0.3, 1.0, modes)
    tone = ring(freqs, taus, gains, rng.uniform(0, 6.28, modes), rate_hz, 0.18)
    place(tone, 0.5 * float(gains[0]) * burst(rng, rate_hz, 0.02, 0.003, 3000, 12000), 0.0, rate_hz)
    return tone


def footstep(rng: Rng, rate_hz: float) -> Samples:
    """Heel, then ball of the foot, on a hard floor; shape (0.35 * rate_hz,)."""
    total = np.zeros(int(0.35 * rate_hz))
    for at_s, gain in ((0.0, 1.0), (float(rng.uniform(0.06, 0.12)), float(rng.uniform(0.3, 0.6)))):
        place(total, gain * burst(rng, rate_hz, 0.15, rng.uniform(0.012, 0.03), 70, 420), at_s, rate_hz)
        place(total, 0.35 * gain * burst(rng, rate_hz, 0.06, rng.uniform(0.004, 0.010), 900, 4200), at_s, rate_hz)
    freqs = rng.uniform(90, 900, 5)
    place(
        total, 0.08 * ring(freqs, rng.uniform(0.01, 0.05, 5), rng.uniform(0.2, 1, 5), freqs, rate_hz, 0.2), 0.0, rate_hz
    )
    return total


def steps(rng: Rng, rate_hz: float, seconds: float, per_s: float) -> Samples:
    """Somebody walks: footsteps at `per_s` a second, never evenly; shape (seconds * rate_hz,)."""
    total, at_s = np.zeros(int(seconds * rate_hz)), 0.05
    while at_s < seconds - 0.1:
        fade = min(1.0, 0.25 + 1.5 * min(at_s, seconds - at_s) / seconds)
        place(total, footstep(rng, rate_hz) * rng.uniform(0.6, 1.0) * fade, at_s, rate_hz)
        at_s += float(rng.normal(1.0, 0.05)) / per_s
    return total


def stampede(rng: Rng, rate_hz: float, seconds: float, feet: int) -> Samples:
    """Many people run at once: `feet` footfalls whose density rises fast and dies away; (seconds * rate_hz,)."""
    total = np.zeros(int(seconds * rate_hz))
    for at_s in seconds * 0.9 * rng.beta(1.6, 2.4, feet):
        place(total, footstep(rng, rate_hz) * rng.lognormal(-0.3, 0.5), float(at_s), rate_hz)
    return total


def door(rng: Rng, rate_hz: float) -> Samples:
    """A wooden door falls shut: latch, panel modes, a rattle; shape (0.9 * rate_hz,)."""
    total = np.zeros(int(0.9 * rate_hz))
    freqs = np.sort(rng.uniform(55, 700, 16))
    taus = 0.12 * (freqs / 60) ** -0.55 * rng.uniform(0.6, 1.2, 16)
    panel = ring(freqs, taus, rng.uniform(0.2, 1.0, 16) * (freqs / 80) ** -0.6, freqs, rate_hz, 0.7)
    place(total, 0.5 * burst(rng, rate_hz, 0.05, 0.005, 1200, 5000), 0.02, rate_hz)
    place(total, 0.45 * panel, 0.07, rate_hz)
    place(total, 1.2 * burst(rng, rate_hz, 0.2, 0.03, 80, 900), 0.07, rate_hz)
    for _ in range(4):
        place(total, 0.12 * burst(rng, rate_hz, 0.05, 0.006, 900, 4000), 0.1 + rng.exponential(0.07), rate_hz)
    return total


def click(rng: Rng, rate_hz: float) -> Samples:
    """A switch or a relay: two ticks a few milliseconds apart; shape (0.12 * rate_hz,)."""
    total = np.zeros(int(0.12 * rate_hz))
    for at_s, gain in ((0.002, 1.0), (float(rng.uniform(0.012, 0.03)), 0.6)):
        place(total, gain * burst(rng, rate_hz, 0.05, 0.004, 900, 6000), at_s, rate_hz)
    return total


def clatter(rng: Rng, rate_hz: float) -> Samples:
    """Something of plastic falls and bounces, each bounce sooner and weaker; shape (1.2 * rate_hz,)."""
    total, at_s, gap_s, gain = np.zeros(int(1.2 * rate_hz)), 0.01, float(rng.uniform(0.18, 0.26)), 1.0
    freqs = rng.uniform(400, 3200, 9)
    while gap_s > 0.02:
        tone = ring(freqs, rng.uniform(0.006, 0.02, 9), rng.uniform(0.2, 1.0, 9), freqs, rate_hz, 0.1)
        place(total, gain * (0.3 * tone + burst(rng, rate_hz, 0.1, 0.008, 300, 3500)), at_s, rate_hz)
        at_s, gap_s, gain = at_s + gap_s, gap_s * 0.62, gain * 0.6
    return total
