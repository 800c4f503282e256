"""The whole picture against a model that was fitted to what was learned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from fusion.baseline.fitting import fit
from sensors.types import Chunk, Features, Quality, Score
from sensors.video.detectors import FUSED, VideoDetector
from sensors.video.features import VideoExtractor
from sensors.video.layout import NAMES, ROWS, cells
from sensors.video.scene import PART, describe_scene


def film(seconds: float, seed: int, running: bool = False) -> list[Features]:
    """Somebody walks to and fro before a textured wall; or runs."""
    rng = np.random.default_rng(seed)
    wall = np.kron(np.random.default_rng(99).uniform(40, 160, (12, 16)), np.ones((5, 5)))
    figure = np.random.default_rng(4).uniform(0, 255, (30, 14))
    frames = wall + rng.normal(0, 1.5, (round(10 * seconds), *wall.shape))
    place = 0.0
    for frame in frames:
        place = (place + (12 if running else rng.uniform(1, 3))) % 120
        at = int(min(place, 120 - place))
        frame[20:50, at : at + 14] = figure
    picture = np.clip(np.rint(frames), 0, 255).astype(np.uint8)
    return list(VideoExtractor("v").extract(Chunk("v", 0, 0, 10.0, picture)))


@pytest.fixture(scope="module")
def walks() -> list[Features]:
    return film(40.0, 1)


def learned(walks: list[Features]) -> tuple[VideoDetector, NDArray[np.float64]]:
    """A detector that learned them, and the rows that it told of on the way."""
    detector = VideoDetector("v")
    rows: list[Sequence[float]] = []

    def take(name: str, row: Sequence[float]) -> None:
        assert name == PART
        rows.append(row)

    detector.on_learned = take
    for features in walks:
        detector.learn(features)
    return detector, np.array(rows)


def raws(detector: VideoDetector, features: list[Features]) -> list[float]:
    told = [one for each in features for one in detector.score(each) if isinstance(one, Score)]
    return [one.raw for one in told if one.channel == "v:scene" and one.raw is not None]


def test_a_row_tells_each_height_how_fast_and_how_full(walks: list[Features]) -> None:
    values = walks[-1].values
    row = np.exp(describe_scene(values)).reshape(3, ROWS)
    speed, share = cells(values, "steady_speed_heights_s"), cells(values, "foreground_ratio")
    for band in range(ROWS):
        assert row[0, band] == pytest.approx(speed[band].mean() + 0.005)
        assert row[1, band] == pytest.approx(speed[band].max() + 0.005)
        assert row[2, band] == pytest.approx(share[band].mean() + 0.003)
    assert row[0].argmax() in (2, 3, 4)
    assert np.isnan(describe_scene(walks[0].values)[: 2 * ROWS]).all()


def test_rows_are_told_of_what_is_learned_and_of_nothing_else(walks: list[Features]) -> None:
    detector, rows = learned(walks)
    assert len(rows) == 80
    assert np.isfinite(rows).all()
    black = film(3.0, 2)[5:]
    count: list[str] = []
    detector.on_learned = lambda name, row: count.append(name)
    for features in black:
        values = features.values.copy()
        values[[NAMES.index("brightness"), NAMES.index("contrast")]] = 0.0
        detector.learn(Features("v", features.end_ns + 10**12, features.span_ns, NAMES, values))
    assert count == []


def test_the_scene_is_told_of_only_where_a_model_was_fitted(walks: list[Features]) -> None:
    detector, rows = learned(walks)
    usual = [one.channel for one in detector.score(walks[-1]) if isinstance(one, Score)]
    detector.adopt(PART, fit("mixture", rows))
    fitted = [one.channel for one in detector.score(walks[-1]) if isinstance(one, Score)]
    assert set(fitted) - set(usual) == {"v:scene"}
    assert set(fitted) == {f"v:{name}" for name in FUSED}
    warming = VideoDetector("v")
    warming.adopt(PART, fit("mixture", rows))
    assert {one.quality for one in warming.score(walks[0]) if isinstance(one, Score)} <= {Quality.WARMING, Quality.GAP}


@pytest.mark.parametrize("kind", ["mixture", "neighbours"])
def test_who_runs_where_people_walk_is_a_strange_scene_to_every_kind(walks: list[Features], kind: str) -> None:
    detector, rows = learned(walks)
    detector.adopt(PART, fit(kind, rows))
    walking, running = raws(detector, film(20.0, 3)[20:]), raws(detector, film(6.0, 4, running=True)[20:])
    assert np.median(running) > np.quantile(walking, 0.95)


def test_what_was_fitted_is_part_of_the_state(walks: list[Features]) -> None:
    detector, rows = learned(walks)
    detector.adopt(PART, fit("mixture", rows))
    again = VideoDetector("v")
    again.restore(detector.state())
    other = film(5.0, 5)
    assert raws(again, other) == raws(detector, other)
    again.restore(learned(walks)[0].state())
    assert raws(again, other) == []


def test_arrays_of_no_model_are_refused(walks: list[Features]) -> None:
    detector, rows = learned(walks)
    with pytest.raises(ValueError, match="middle"):
        detector.adopt(PART, {"mixture.centres": np.zeros((1, 13))})
