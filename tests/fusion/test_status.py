"""What `kizashi status` tells of the clips that are there."""

from __future__ import annotations

from pathlib import Path

from fusion.commands.status import read_status, status_text
from fusion.config import Settings, Storage
from fusion.labels import LabelLine, write_label
from fusion.vault.segments import read_clips
from tests.fusion.test_exporting import house_in


def test_status_tells_how_many_clips_there_are_and_how_much_they_may_take(tmp_path: Path) -> None:
    house = house_in(tmp_path)
    (kept,) = read_clips(house.store / "clips")
    status = read_status(house.watch.settings)
    assert status.clips is not None
    assert (status.clips.count, status.clips.bytes, status.clips.oldest_ns) == (1, kept.size, kept.start_ns)
    assert sum(path.stat().st_size for path in (house.store / "clips").glob("*.segment")) == status.clips.bytes
    assert status.clips.most_bytes == 2_000_000_000
    assert f"1 clip, {kept.size / 1e6:.1f} of 2000 MB; the oldest of 20" in status_text(status)


def test_status_tells_which_senses_weigh_less_by_the_labels_so_far(tmp_path: Path) -> None:
    house = house_in(tmp_path)
    assert "weighs" not in status_text(read_status(house.watch.settings))
    for number in range(8):
        told = LabelLine(f"a{number}", "false", counted={"x": 1.0}, shares={"audio": 0.9, "video": 0.1})
        write_label(house.store, told)
    status = read_status(house.watch.settings)
    assert [(one.sense, one.carried, one.false) for one in status.weights] == [("audio", 8, 8), ("video", 0, 0)]
    assert status.weights[0].weight < status.weights[1].weight == 1.0
    said = f"  Audio weighs {status.weights[0].weight:g} here (incidents it carried: 8, false: 8)."
    assert said in status_text(status).splitlines()
    assert "Video weighs" not in status_text(status)


def test_where_no_clips_are_kept_status_is_silent_about_them(tmp_path: Path) -> None:
    house = house_in(tmp_path)
    for path in (house.store / "clips").iterdir():
        path.unlink()
    status = read_status(Settings(store=Storage(folder=str(house.store))))
    assert status.clips is None
    assert "clip" not in status_text(status)
    empty = read_status(house.watch.settings)
    assert "no clips, 0.0 of 2000 MB" in status_text(empty)
