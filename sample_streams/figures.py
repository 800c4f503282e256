"""People: jointed figures that walk and run, drawn as shaded capsules with soft shadows.

Legs are two-part pendulums driven by the gait's phase; segment lengths are shares of body height from Winter 2009,
"Biomechanics and Motor Control of Human Movement", ch. 4, doi:10.1002/9780470549148. People walk at about 1.4 m/s
with 2 steps a second, and the step rate grows with the square root of speed (Bertram & Ruina 2001,
doi:10.1006/jtbi.2001.2279); running is 3-5 m/s with a bent trunk, high knees and bent arms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sample_streams.stage import Array, Camera, Stage

THIGH, SHANK, HIP, SHOULDER, UPPER_ARM, FOREARM = 0.245, 0.246, 0.53, 0.818, 0.186, 0.16


@dataclass(frozen=True, slots=True)
class Look:
    """Height in metres and colours (r, g, b) in [0, 1] of a person."""

    height_m: float
    coat: tuple[float, float, float]
    legs: tuple[float, float, float]
    skin: tuple[float, float, float]
    hair: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Stance:
    """Where a person is at one moment: place in metres, heading (0 = away from the camera), speed, gait phase."""

    x: float
    y: float
    heading_rad: float
    speed_mps: float
    phase_rad: float


def looks(rng: np.random.Generator, count: int) -> list[Look]:
    """People as they come."""
    made = []
    for _ in range(count):
        coat = np.clip(rng.uniform(0.05, 0.5) + rng.normal(0, 0.07, 3), 0.03, 0.75)
        legs = np.clip(rng.uniform(0.03, 0.2) + rng.normal(0, 0.02, 3) + np.array([0, 0, 0.03]), 0.02, 0.4)
        skin = np.array([0.62, 0.42, 0.32]) * rng.uniform(0.45, 1.1)
        hair = np.array([0.12, 0.08, 0.05]) * rng.uniform(0.3, 3.0)
        colours = [(float(c[0]), float(c[1]), float(c[2])) for c in (coat, legs, skin, hair)]
        made.append(Look(float(rng.normal(1.71, 0.08)), *colours))
    return made


def joints(look: Look, stance: Stance) -> list[tuple[Array, Array, float, tuple[float, float, float]]]:
    """Limbs as (from, to, radius in metres, colour), in world coordinates."""
    h, phase = look.height_m, stance.phase_rad
    pace = min(1.0, stance.speed_mps / 1.4)
    run = float(np.clip((stance.speed_mps - 2.0) / 1.5, 0, 1))
    swing, knee = 0.42 * pace + 0.35 * run, 0.75 * pace + 0.75 * run
    lean = 0.04 * pace + 0.18 * run
    rise = (-0.012 * np.cos(2 * phase) * pace - 0.035 * run * np.cos(2 * phase)) * h

    def at(forward: float, left: float, up: float) -> Array:
        sine, cosine = np.sin(stance.heading_rad), np.cos(stance.heading_rad)
        return np.array([stance.x + forward * sine - left * cosine, stance.y + forward * cosine + left * sine, up])

    limbs = []
    hip, shoulder = HIP * h + rise, SHOULDER * h + rise - 0.03 * h * run
    forward = (shoulder - hip) * np.tan(lean)
    for side, lag in ((1.0, 0.0), (-1.0, np.pi)):
        beat = phase + lag
        thigh = swing * np.sin(beat) + 0.25 * run * max(0.0, np.cos(beat))
        bend = 0.05 + knee * max(0.0, np.cos(beat)) ** 2
        top = at(0, 0.052 * h * side, hip)
        kx, kz = THIGH * h * np.sin(thigh), hip - THIGH * h * np.cos(thigh)
        middle = at(kx, 0.052 * h * side, kz)
        fx, fz = kx + SHANK * h * np.sin(thigh - bend), max(0.04, kz - SHANK * h * np.cos(thigh - bend))
        foot = at(fx, 0.05 * h * side, fz)
        toe = at(fx + 0.1 * h, 0.055 * h * side, max(0.03, fz - 0.02))
        limbs += [(top, middle, 0.050 * h, look.legs), (middle, foot, 0.036 * h, look.legs)]
        limbs.append((foot, toe, 0.022 * h, (0.05, 0.05, 0.05)))
        arm = -0.8 * swing * np.sin(beat)
        fold = 0.25 + 0.1 * pace + 1.2 * run
        start = at(forward, 0.115 * h * side, shoulder - 0.01 * h)
        ex, ez = forward + UPPER_ARM * h * np.sin(arm), shoulder - UPPER_ARM * h * np.cos(arm)
        elbow = at(ex, 0.135 * h * side, ez)
        hand = at(ex + FOREARM * h * np.sin(arm + fold), 0.12 * h * side, ez - FOREARM * h * np.cos(arm + fold))
        limbs += [(start, elbow, 0.029 * h, look.coat), (elbow, hand, 0.023 * h, look.coat)]
        limbs.append((hand, hand, 0.024 * h, look.skin))
    for side in (1.0, -1.0):
        low, high = at(0.0, 0.03 * h * side, hip + 0.01 * h), at(forward, 0.055 * h * side, shoulder - 0.035 * h)
        limbs.append((low, high, 0.066 * h, look.coat))
    neck, crown = shoulder + 0.07 * h, shoulder + 0.125 * h
    limbs.append((at(forward * 1.1, 0, shoulder), at(forward * 1.2, 0, neck), 0.032 * h, look.skin))
    limbs.append(
        (at(forward * 1.3 + 0.012 * h, 0, neck), at(forward * 1.3 + 0.012 * h, 0, crown), 0.045 * h, look.skin)
    )
    limbs.append(
        (
            at(forward * 1.3 - 0.012 * h, 0, neck + 0.03 * h),
            at(forward * 1.3, 0, crown + 0.018 * h),
            0.046 * h,
            look.hair,
        )
    )
    return limbs


def draw(picture: Array, stage: Stage, look: Look, stance: Stance, light: Array) -> None:
    """Draw a person into a picture of radiances (h, w, 3) under `light` (3,), behind whatever stands before it."""
    limbs = joints(look, stance)
    ends = np.array([[a, b] for a, b, _, _ in limbs]).reshape(-1, 3)
    column, row, depth = stage.camera.project(ends)
    order = np.argsort(-(depth[::2] + depth[1::2]), kind="stable")
    for index in order:
        a, b = 2 * index, 2 * index + 1
        near = (depth[a] + depth[b]) / 2
        if near > 0.5:
            radius = limbs[index][2] * stage.camera.focal / near
            ends_px = (column[a], row[a], column[b], row[b])
            capsule(picture, stage.depth, ends_px, (radius, near), np.array(limbs[index][3]) * light)


def capsule(
    picture: Array,
    depth: Array,
    ends: tuple[float, float, float, float],
    size: tuple[float, float],
    colour: Array,
) -> None:
    """Draw one limb: a thick line with round ends, soft edge, darker towards its sides and its right."""
    (x0, y0, x1, y1), (radius, near) = ends, size
    height, width = depth.shape
    left, right = int(max(0, min(x0, x1) - radius - 1)), int(min(width, max(x0, x1) + radius + 2))
    top, bottom = int(max(0, min(y0, y1) - radius - 1)), int(min(height, max(y0, y1) + radius + 2))
    if left >= right or top >= bottom:
        return
    px = np.arange(left, right) + 0.5 - x0
    py = (np.arange(top, bottom) + 0.5 - y0)[:, None]
    dx, dy = x1 - x0, y1 - y0
    share = np.clip((px * dx + py * dy) / (dx * dx + dy * dy + 1e-9), 0, 1)
    ox, oy = px - share * dx, py - share * dy
    away = np.sqrt(ox * ox + oy * oy)
    cover = np.clip(radius + 0.5 - away, 0, 1) * (depth[top:bottom, left:right] > near)
    shade = 1.0 - 0.35 * (away / radius) ** 2 - 0.15 * ox / radius
    patch = picture[top:bottom, left:right]
    patch += cover[..., None] * (colour * np.clip(shade, 0.2, 1.2)[..., None] - patch)


def shadow(picture: Array, stage: Stage, stance: Stance, strength: float, from_xy: tuple[float, float]) -> None:
    """Darken the floor under a person softly, drawn out away from the lamp at `from_xy`."""
    away = np.array([stance.x - from_xy[0], stance.y - from_xy[1]])
    away = away / (np.sqrt(np.sum(away**2)) + 0.5)
    centre = np.array([stance.x, stance.y]) + 0.25 * away
    rows, columns = window(stage.camera, stance)
    points = stage.points[rows, columns]
    dx, dy = points[..., 0] - centre[0], points[..., 1] - centre[1]
    along, across = dx * away[0] + dy * away[1], dx * away[1] - dy * away[0]
    dark = np.exp(-(along**2) / 0.16 - across**2 / 0.07) * (stage.normals[rows, columns, 2] > 0.9)
    high = np.exp(-np.abs(points[..., 2]) / 0.05)
    picture[rows, columns] *= (1 - strength * dark * high)[..., None]


def window(camera: Camera, stance: Stance) -> tuple[slice, slice]:
    """Rows and columns that hold the floor within 1 m of a person."""
    corners = np.array([[stance.x + a, stance.y + b, 0.0] for a in (-1.0, 1.0) for b in (-1.0, 1.0)])
    column, row, _ = camera.project(corners)
    rows = slice(int(np.clip(row.min(), 0, camera.height)), int(np.clip(row.max() + 1, 0, camera.height)))
    return rows, slice(int(np.clip(column.min(), 0, camera.width)), int(np.clip(column.max() + 1, 0, camera.width)))


def chest(stance: Stance) -> NDArray[np.float64]:
    """Where light on a person is measured: 1.2 m above the floor."""
    return np.array([stance.x, stance.y, 1.2])
