"""A furnished room seen by a fixed camera: which surface each pixel shows, its colour, and how lamps light it.

A pinhole camera looks into a box; every pixel's ray is cut with the six walls and with the furniture (slab method:
Kay & Kajiya 1986, doi:10.1145/15886.15916). Surfaces reflect diffusely (Lambert): radiance = albedo * irradiance.
World axes in metres: x to the right, y away from the camera, z up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sample_streams.noise import stream

Array = NDArray[np.float64]
Paint = Callable[[Array, Array, str], Array]
"""Colours (n, 3) in [0, 1] of points (n, 3) with normals (n, 3) on a named surface."""


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole camera at (0, 0, height_m), looking along y and down."""

    width: int
    height: int
    view_rad: float
    height_m: float
    down_rad: float

    @property
    def focal(self) -> float:
        """Focal length in pixels."""
        return self.width / 2 / float(np.tan(self.view_rad / 2))

    def rays(self, fine: int) -> Array:
        """Directions of unit length, (height * fine, width * fine, 3)."""
        u = (np.arange(self.width * fine) + 0.5) / fine - self.width / 2
        v = (np.arange(self.height * fine) + 0.5) / fine - self.height / 2
        across, below = np.meshgrid(u / self.focal, v / self.focal)
        sine, cosine = np.sin(self.down_rad), np.cos(self.down_rad)
        rays = np.stack([across, cosine - below * sine, -sine - below * cosine], axis=-1)
        return np.asarray(rays / np.sqrt(np.sum(rays**2, axis=-1, keepdims=True)), np.float64)

    def project(self, points: Array) -> tuple[Array, Array, Array]:
        """Column, row and depth along the axis in metres of points (n, 3); depth is at least 0.05."""
        sine, cosine = np.sin(self.down_rad), np.cos(self.down_rad)
        x, y, z = points[:, 0], points[:, 1], points[:, 2] - self.height_m
        depth = np.maximum(0.05, y * cosine - z * sine)
        below = -y * sine - z * cosine
        return x / depth * self.focal + self.width / 2, below / depth * self.focal + self.height / 2, depth


@dataclass(frozen=True, slots=True)
class Box:
    """A piece of furniture, by two corners in metres and the name of its surface."""

    low: tuple[float, float, float]
    high: tuple[float, float, float]
    surface: str


@dataclass(frozen=True, slots=True)
class Lamp:
    """A small lamp: place in metres, colour, strength (irradiance at 1 m)."""

    at: tuple[float, float, float]
    colour: tuple[float, float, float] = (1.0, 1.0, 1.0)
    strength: float = 1.0


@dataclass(frozen=True, slots=True)
class Stage:
    """What the camera sees of an empty room.

    Attributes
    ----------
    camera : Camera
    points, normals : ndarray (h, w, 3)
        Surface in each pixel.
    albedo : ndarray (h, w, 3)
        Its colour in [0, 1].
    depth : ndarray (h, w)
        Depth along the axis, metres; infinite in openings, so that figures show behind them.
    """

    camera: Camera
    points: Array
    normals: Array
    albedo: Array
    depth: Array

    def lit_by(self, lamp: Lamp) -> Array:
        """Radiance (h, w, 3) under one lamp alone."""
        light = irradiance(lamp, self.points, self.normals)[..., None] * np.array(lamp.colour)
        return np.asarray(self.albedo * light, np.float64)

    def lit_by_torch(self, at: Array, along: Array, angle_rad: float, strength: float) -> Array:
        """Radiance (h, w, 3) of a torch at `at` (3,) that shines along the unit vector `along` (3,)."""
        to = self.points - at
        square = np.sum(to**2, axis=-1) + 0.4
        distance = np.sqrt(square)
        cosine = np.clip(np.sum(to * along, axis=-1) / distance, -1, 1)
        spot = np.exp(-(1 - cosine) / (0.5 * angle_rad**2)) + 0.04 * np.exp(-(1 - cosine) / (4 * angle_rad**2))
        facing = np.clip(-np.sum(to * self.normals, axis=-1) / distance, 0.05, 1)
        return np.asarray(self.albedo * (strength * spot * facing / square)[..., None], np.float64)


def irradiance(lamp: Lamp, points: Array, normals: Array) -> Array:
    """Lambert's cosine law over squared distance, softened since lamps have size; shape points.shape[:-1]."""
    to = np.array(lamp.at) - points
    square = np.sum(to**2, axis=-1) + 0.5
    cosine = np.clip(np.sum(to * normals, axis=-1) / np.sqrt(square), 0, 1)
    return np.asarray(lamp.strength * (0.85 * cosine + 0.15) / square, np.float64)


def build(
    camera: Camera, room: tuple[float, float, float], boxes: list[Box], paint: Paint, openings: set[str]
) -> Stage:
    """Look into a room `room` = (half width, depth, height) in metres.

    Colours are averaged over 2 x 2 rays a pixel; all else is taken at its centre.
    """
    points, normals, surfaces, names = cast(camera.rays(1), camera.height_m, room, boxes)
    fine = cast(camera.rays(2), camera.height_m, room, boxes)
    colours = paint_all(paint, *fine)
    albedo = colours.reshape(camera.height, 2, camera.width, 2, 3).mean(axis=(1, 3))
    depth = camera.project(points.reshape(-1, 3))[2].reshape(points.shape[:2])
    for index, name in enumerate(names):
        if name in openings:
            depth = np.where(surfaces == index, np.inf, depth)
    return Stage(camera, points, normals, albedo, depth)


def cast(
    rays: Array, height_m: float, room: tuple[float, float, float], boxes: list[Box]
) -> tuple[Array, Array, NDArray[np.int64], list[str]]:
    """Nearest surface of each ray: points, normals, index of the surface, names of the surfaces."""
    start = np.array([0.0, 0.0, height_m])
    half, far, high = room
    safe = np.where(np.abs(rays) < 1e-9, 1e-9, rays)
    low_t = (np.array([-half, -3.0, 0.0]) - start) / safe
    high_t = (np.array([half, far, high]) - start) / safe
    exits = np.maximum(low_t, high_t)
    axis = np.argmin(exits, axis=-1)
    best = np.min(exits, axis=-1)
    normals = -np.eye(3)[axis] * np.sign(safe)
    up = rays[..., 2] > 0
    surfaces = np.where(axis == 0, 1, np.where(axis == 1, 2, np.where(up, 3, 0)))
    names = ["floor", "side", "back", "ceiling"]
    for box in boxes:
        near_t, far_t = (np.array(box.low) - start) / safe, (np.array(box.high) - start) / safe
        enters, leaves = np.minimum(near_t, far_t), np.max(np.stack([near_t, far_t]), axis=0).min(axis=-1)
        entry = enters.max(axis=-1)
        hit = (entry > 0.1) & (entry < leaves) & (entry < best)
        face = -np.eye(3)[np.argmax(enters, axis=-1)] * np.sign(safe)
        normals = np.where(hit[..., None], face, normals)
        best, surfaces = np.where(hit, entry, best), np.where(hit, len(names), surfaces)
        names.append(box.surface)
    return start + rays * best[..., None], normals, surfaces.astype(np.int64), names


def paint_all(paint: Paint, points: Array, normals: Array, surfaces: NDArray[np.int64], names: list[str]) -> Array:
    """Colour of every ray."""
    colours = np.zeros(points.shape)
    for index, name in enumerate(names):
        where = surfaces == index
        if where.any():
            colours[where] = paint(points[where], normals[where], name)
    return colours


def grain(a: Array, b: Array, name: str, octaves: int = 4) -> Array:
    """A procedural texture in about [-1, 1]: value noise summed over octaves.

    Parameters
    ----------
    a, b : ndarray (n,)
        Place on the surface, in units of the coarsest grain.
    name : str
        Which texture.
    octaves : int
        Each twice as fine and 0.6 as strong.

    Returns
    -------
    ndarray (n,)

    References
    ----------
    Ebert et al. 2003, "Texturing and Modeling", 3rd ed., ch. 2.
    """
    total, strength = np.zeros(a.shape), 1.0
    for octave in range(octaves):
        lattice = stream("texture", name, octave).uniform(-1, 1, (128, 128))
        x, y = a * 2**octave, b * 2**octave
        i, j = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
        p, q = x - i, y - j
        p, q = p * p * (3 - 2 * p), q * q * (3 - 2 * q)
        i0, i1, j0, j1 = i % 128, (i + 1) % 128, j % 128, (j + 1) % 128
        upper = lattice[i0, j0] * (1 - p) + lattice[i1, j0] * p
        lower = lattice[i0, j1] * (1 - p) + lattice[i1, j1] * p
        total, strength = total + strength * (upper * (1 - q) + lower * q), strength * 0.6
    return total / 1.6
