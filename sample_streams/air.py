"""The air of a room and the sensors that read it: CO2, temperature, humidity, light, motion.

One well-mixed zone. CO2: V dC/dt = n G - Q (C - C_out), with G = 0.005 L/s for a person at rest or light work
(Persily & de Jonge 2017, doi:10.1111/ina.12383; ASHRAE 62.1). Temperature: C dT/dt = P - H (T - T_out), with 100 W a
person. Moisture: 50 g/h a person. Sensors lag by a first order and add noise that is partly correlated in time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_streams.noise import Samples

BREATH_M3_PER_S = 5e-6
"""CO2 that a person breathes out at rest."""

Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Zone:
    """A volume of air and what goes in and out of it."""

    volume_m3: float
    changes_per_h: float
    capacity_j_per_k: float
    loss_w_per_k: float
    outside_c: float
    outside_ppm: float = 425.0


def carbon_dioxide(
    zone: Zone, people: Samples, start_ppm: float, step_s: float, effort: Samples | None = None
) -> Samples:
    """CO2 by mass balance, explicit Euler.

    Parameters
    ----------
    zone : Zone
    people : ndarray (n,)
        How many breathe, at each step.
    start_ppm, step_s : float
        At the first step; seconds a step.
    effort : ndarray (n,), optional
        Metabolism relative to rest: 3 for hurried work, 6 for running.

    Returns
    -------
    ndarray (n,)
        ppm.
    """
    breath = people * (effort if effort is not None else 1.0) * BREATH_M3_PER_S / zone.volume_m3 * 1e6
    level, series = start_ppm, np.zeros(len(people))
    for index, source in enumerate(breath):
        series[index] = level
        level += step_s * (float(source) - zone.changes_per_h / 3600 * (level - zone.outside_ppm))
    return series


def temperature(zone: Zone, watts: Samples, loss_w_per_k: Samples, start_c: float, step_s: float) -> Samples:
    """Air temperature of first order, degrees C; `loss_w_per_k` (n,) lets a window break."""
    level, series = start_c, np.zeros(len(watts))
    for index in range(len(watts)):
        series[index] = level
        flow = float(watts[index]) - float(loss_w_per_k[index]) * (level - zone.outside_c)
        level += step_s * flow / zone.capacity_j_per_k
    return series


def saturation_g_m3(temp_c: Samples) -> Samples:
    """Water that air can hold, g per cubic metre (Magnus formula with the constants of Alduchov & Eskridge 1996)."""
    pressure_pa = 610.94 * np.exp(17.625 * temp_c / (temp_c + 243.04))
    return np.asarray(2.16679 * pressure_pa / (temp_c + 273.15), np.float64)


def humidity(zone: Zone, people: Samples, temp_c: Samples, start_percent: float, step_s: float) -> Samples:
    """Relative humidity in percent: people add 50 g/h each, ventilation brings in air as moist as at the start."""
    start_g = start_percent / 100 * float(saturation_g_m3(temp_c[:1])[0])
    water, series = start_g, np.zeros(len(people))
    for index, count in enumerate(people):
        series[index] = water
        gain = 50 / 3600 * float(count) / zone.volume_m3 - zone.changes_per_h / 3600 * (water - start_g)
        water += step_s * gain
    return 100 * series / saturation_g_m3(temp_c)


def lag(series: Samples, step_s: float, tau_s: float) -> Samples:
    """What a slow sensor shows: first-order low-pass that starts settled."""
    share, now, shown = step_s / (tau_s + step_s), float(series[0]), np.zeros(len(series))
    for index, value in enumerate(series):
        now += share * (float(value) - now)
        shown[index] = now
    return shown


def jitter(rng: Rng, count: int, sigma: float, memory: float = 0.6) -> Samples:
    """Sensor noise of standard deviation `sigma`; `memory` is its correlation from step to step."""
    fresh, now, series = rng.standard_normal(count), 0.0, np.zeros(count)
    for index in range(count):
        now = memory * now + float(np.sqrt(1 - memory**2)) * float(fresh[index])
        series[index] = now
    return sigma * series


def passive_infrared(moving: Samples, hold: int) -> Samples:
    """A motion detector: 1 from when something warm moves until `hold` steps after; `moving` (n,) is a speed in m/s."""
    seen, left = np.zeros(len(moving)), 0
    for index, speed in enumerate(moving):
        left = hold if speed > 0.4 else left - 1
        seen[index] = float(left > 0)
    return seen
