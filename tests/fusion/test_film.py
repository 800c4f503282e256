"""What people are given of a video: a film and a map, in which nobody can be made out."""

from __future__ import annotations

import json
import subprocess
import sysconfig
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from fusion.commands.drawing import STRIP, WIDTH, Easel, Sight, colour, draw_heat, height_of, shade
from fusion.commands.film import HEATMAP, MOVIE, Film
from sensors.types import NS
from sensors.video.layout import COLUMNS, ROWS

Grey = NDArray[np.uint8]

KIZASHI = Path(sysconfig.get_path("scripts")) / "kizashi"
HIGH, WIDE, RATE_HZ = 120, 160, 10
PLACE = np.kron(np.random.default_rng(3).integers(60, 180, (30, 40)), np.ones((4, 4))).astype(np.uint8)
FIGURE = np.kron(np.random.default_rng(4).integers(0, 256, (16, 6)), np.ones((2, 2))).astype(np.uint8)


def scene(number: int) -> Grey:
    """An empty place for four seconds, then somebody who walks through its lower half."""
    picture = PLACE.copy()
    if number >= 4 * RATE_HZ:
        left = 10 + 2 * (number - 4 * RATE_HZ)
        picture[70:102, left : left + 12] = FIGURE
    return picture


def sight(number: int, raw: float | None = None, p_value: float | None = None, hot: tuple[int, int] = (0, 0)) -> Sight:
    cells = np.zeros((ROWS, COLUMNS))
    cells[hot] = 1.0
    return Sight(number * NS // RATE_HZ, raw, p_value, "", cells, ())


def write(folder: Path, count: int = 80, **told: Any) -> Path:
    folder.mkdir()
    with Film(folder) as film:
        for number in range(count):
            film.add(scene(number), sight(number, **told))
    return folder


def frames(path: Path) -> list[tuple[float, NDArray[np.uint8]]]:
    """Times, and what is shown of the camera's picture, at its own size."""
    with av.open(str(path)) as box:
        told: Any = box.decode(video=0)
        return [(frame.time, frame.to_ndarray(format="gray")) for frame in told]


def picture_of(frame: Grey) -> Grey:
    return np.asarray(cv2.resize(frame[:-STRIP], (WIDE, HIGH), interpolation=cv2.INTER_AREA), np.uint8)


def alike(a: Grey, b: Grey) -> float:
    """Correlation of what is fine in two pictures."""
    one, other = (picture.astype(float) - cv2.blur(picture.astype(float), (9, 9)) for picture in (a, b))
    return float((one * other).sum() / np.sqrt((one**2).sum() * (other**2).sum() + 1e-9))


def test_who_walks_through_the_film_cannot_be_made_out_and_the_place_can(tmp_path: Path) -> None:
    told = frames(write(tmp_path / "a") / MOVIE)
    assert len(told) == 80
    assert [time_s for time_s, _ in told] == pytest.approx([number / RATE_HZ for number in range(80)])
    for number, (_, frame) in list(enumerate(told))[45:]:
        shown, left = picture_of(frame), 10 + 2 * (number - 4 * RATE_HZ)
        assert frame.shape[::-1] == Easel(cv2, (HIGH, WIDE)).size
        assert abs(alike(shown[70:102, left : left + 12], scene(number)[70:102, left : left + 12])) < 0.4
        assert alike(shown[:40], PLACE[:40]) > 0.9


def test_nothing_of_the_first_moments_is_shown_before_the_place_is_known(tmp_path: Path) -> None:
    told = frames(write(tmp_path / "a", 20) / MOVIE)
    assert all(alike(picture_of(frame), PLACE) < 0.5 for _, frame in told)


def test_the_map_is_warmest_where_it_was_strange_and_shows_nobody(tmp_path: Path) -> None:
    folder = write(tmp_path / "a", raw=50.0, p_value=0.001, hot=(4, 1))
    drawn = cv2.imread(str(folder / HEATMAP))
    assert drawn is not None
    warmth = drawn[: HIGH * 4, :, 2].astype(int) - drawn[: HIGH * 4, :, 0]
    row, column = divmod(int(cv2.blur(warmth.astype(float), (41, 41)).argmax()), WIDTH)
    assert (row * ROWS // (HIGH * 4), column * COLUMNS // WIDTH) == (4, 1)


def test_the_same_video_gives_the_same_files(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a", raw=3.0), write(tmp_path / "b", raw=3.0)
    for name in (MOVIE, HEATMAP):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_a_film_of_nothing_leaves_nothing(tmp_path: Path) -> None:
    with Film(tmp_path):
        pass
    assert not list(tmp_path.iterdir())


def test_a_change_of_size_stays_within_the_film(tmp_path: Path) -> None:
    with Film(tmp_path) as film:
        for number in range(10):
            film.add(PLACE if number < 5 else np.ascontiguousarray(PLACE[:60]), sight(number))
    assert {frame.shape for _, frame in frames(tmp_path / MOVIE)} == {(480 + STRIP, WIDTH)}


def test_the_cells_that_were_strange_are_framed_and_the_others_are_not() -> None:
    easel = Easel(cv2, (HIGH, WIDE))
    drawn = easel.draw(np.full((HIGH, WIDE), 90, np.uint8), sight(0, raw=100.0, p_value=1e-4, hot=(2, 3)))
    framed = (drawn == colour("high")).all(axis=2)
    rows, columns = np.nonzero(framed[:480])
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == pytest.approx((160, 240, 240, 320), abs=2)
    calm = Easel(cv2, (HIGH, WIDE)).draw(np.full((HIGH, WIDE), 90, np.uint8), sight(0))
    assert (calm[:480] == 90).all()


def test_things_are_framed_where_they_are_however_far_they_reach_out_of_the_picture() -> None:
    blank = np.full((HIGH, WIDE), 90, np.uint8)
    told = Sight(0, None, None, "", None, ((-0.5, 0.25, 0.5, 2.0),))
    drawn = Easel(cv2, (HIGH, WIDE)).draw(blank, told)
    rows, columns = np.nonzero((drawn[:480] != 90).any(axis=2))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (120, 479, 0, 319)


def test_the_strip_shows_what_was_judged_the_newest_at_the_right() -> None:
    easel, blank = Easel(cv2, (HIGH, WIDE)), np.full((HIGH, WIDE), 90, np.uint8)
    for number in range(100):
        drawn = easel.draw(blank, sight(number * 2, 500.0 if number > 90 else None, 1e-5))
    rare = (drawn[480 + 50 :] == colour("critical")).all(axis=2)
    assert rare.any(axis=0).nonzero()[0].min() > WIDTH * 0.9
    assert height_of(0.0) == 0.0 < height_of(1.0) < height_of(100.0) < height_of(1e9) == 1.0


@pytest.mark.parametrize(("p_value", "name"), [(None, "absent"), (0.5, "low"), (0.005, "high"), (0.0001, "critical")])
def test_the_rarer_a_moment_the_stronger_its_colour(p_value: float | None, name: str) -> None:
    assert shade(sight(0, 1.0, p_value)) == name


def test_a_map_without_any_warmth_is_the_place() -> None:
    drawn = draw_heat(cv2, np.full((HIGH, WIDE), 90, np.uint8), np.zeros((1, 1)), "nothing")
    assert (drawn[:480] == 90).all()


@pytest.fixture
def video(tmp_path: Path) -> Callable[[str, int], Path]:
    """A video of `scene`: (name, number of frames)."""

    def make(name: str, count: int) -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        with av.open(str(path), "w") as box:
            track: Any = box.add_stream("libx264", rate=RATE_HZ, options={"crf": "12"})
            track.width, track.height, track.pix_fmt = WIDE, HIGH, "yuv420p"
            track.codec_context.time_base = Fraction(1, RATE_HZ)
            for number in range(count):
                frame = av.VideoFrame.from_ndarray(scene(number), format="gray").reformat(format="yuv420p")
                frame.pts, frame.time_base = number, Fraction(1, RATE_HZ)
                box.mux(track.encode(frame))
            box.mux(track.encode(None))
        return path

    return make


def kizashi(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([KIZASHI, "video", *map(str, words)], capture_output=True, text=True, timeout=120)


def test_a_video_is_judged_the_same_whether_it_is_shown_or_not(tmp_path: Path, video: Callable[..., Path]) -> None:
    path = video("a.mp4", 70)
    shown = kizashi(path, "--json", "--learn-seconds", 3, "--out", tmp_path / "out")
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout == kizashi(path, "--json", "--learn-seconds", 3).stdout
    assert len(shown.stdout.splitlines()) == 70
    assert json.loads(shown.stdout.splitlines()[-1])["quality"]
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [MOVIE, HEATMAP]
    assert len(frames(tmp_path / "out" / MOVIE)) == 70


def test_several_videos_have_a_folder_each_and_one_that_cannot_be_read_leaves_none(
    tmp_path: Path, video: Callable[..., Path]
) -> None:
    good, twin, torn = video("a.mp4", 12), video("b/a.mp4", 12), video("torn.mp4", 60)
    torn.write_bytes(torn.read_bytes()[:-2000])
    told = kizashi(good, twin, torn, "--out", tmp_path / "out")
    assert told.returncode == 3
    assert "torn.mp4" in told.stderr
    names = sorted(str(file.relative_to(tmp_path / "out")) for file in (tmp_path / "out").rglob("*.*"))
    assert names == [f"a-2/{MOVIE}", f"a-2/{HEATMAP}", f"a/{MOVIE}", f"a/{HEATMAP}"]
