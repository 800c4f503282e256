"""The synthesis keeps the laws that it cites."""

from __future__ import annotations

import numpy as np

from sample_streams.air import Zone, carbon_dioxide, passive_infrared
from sample_streams.impacts import ring
from sample_streams.noise import pink, stream
from sample_streams.sound import impulse_response, level_dba
from sample_streams.stage import Camera
from sample_streams.walks import along


def test_carbon_dioxide_settles_where_breath_and_ventilation_balance() -> None:
    zone = Zone(100.0, 3.0, 1e6, 100.0, 10.0)
    series = carbon_dioxide(zone, np.full(8000, 4.0), 425.0, 1.0)
    expected_ppm = 425 + 4 * 5e-6 / (100 * 3 / 3600) * 1e6
    assert abs(float(series[-1]) - expected_ppm) < 1.0


def test_motion_detector_holds_after_the_last_movement() -> None:
    seen = passive_infrared(np.array([0, 0, 1.2, 0, 0, 0, 0]), 3)
    assert seen.tolist() == [0, 0, 1, 1, 1, 0, 0]


def test_room_falls_by_sixty_decibels_in_its_reverberation_time() -> None:
    response = impulse_response(stream("room"), 16_000.0, 0.8)
    energy = np.cumsum(response[::-1] ** 2)[::-1]
    decay_db = 10 * np.log10(energy[1600] / energy[8000])
    assert 28 < decay_db < 38


def test_mode_falls_to_one_e_th_in_its_time() -> None:
    one = np.ones(1)
    tone = np.abs(ring(1000 * one, 0.05 * one, one, 0 * one, 16_000.0, 0.3))
    assert abs(tone[800:816].max() / tone[:16].max() - np.exp(-1)) < 0.01


def test_pink_noise_falls_three_decibels_an_octave() -> None:
    power = np.abs(np.fft.rfft(pink(stream("pink"), 1 << 17, 16_000.0))) ** 2
    freqs = np.fft.rfftfreq(1 << 17, 1 / 16_000)
    low, high = (float(power[(freqs > f) & (freqs < 2 * f)].mean()) for f in (100, 1600))
    assert 10 < 10 * np.log10(low / high) < 14


def test_full_scale_sine_has_a_hundred_decibels_at_one_kilohertz() -> None:
    tone = np.round(32767 * np.sin(2 * np.pi * 1000 * np.arange(48_000) / 16_000)).astype(np.int16)
    assert abs(float(level_dba(tone[:, None], 16_000.0)[-1]) - 100) < 1.0


def test_person_makes_two_steps_a_second_at_walking_speed() -> None:
    walk = along([(0, 0.0, 0.0), (10, 0.0, 14.0)], 10.0, 101)
    steps = (walk.phase_rad[80] - walk.phase_rad[30]) / np.pi
    assert abs(float(steps) - 10) < 0.1


def test_camera_sees_along_its_rays() -> None:
    camera = Camera(64, 48, 1.2, 2.7, 0.3)
    points = np.array([0.0, 0.0, 2.7]) + 5 * camera.rays(1)
    column, row, _ = camera.project(points.reshape(-1, 3))
    across, down = np.meshgrid(np.arange(64) + 0.5, np.arange(48) + 0.5)
    np.testing.assert_allclose(column, across.ravel(), atol=1e-6)
    np.testing.assert_allclose(row, down.ravel(), atol=1e-6)
