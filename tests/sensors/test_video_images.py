"""Folders of pictures: their order, and when they were taken."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fusion.recording import load_recording
from sensors.errors import BadInputError
from sensors.types import NS
from sensors.video.image_times import exif_ns, name_ns
from sensors.video.images import ImageFolderSource
from tests.conftest import picture_file

AT_NS = round(datetime(2024, 5, 7, 8, 0, 3, tzinfo=UTC).timestamp()) * NS


def seen(source: ImageFolderSource) -> list[tuple[int, int]]:
    """Event time and brightness of each picture."""
    return [(chunk.start_ns, round(float(chunk.data.mean()))) for chunk in source.chunks()]


def tagged(taken: str, part: str = "", offset: str = "") -> bytes:
    """A JPEG with EXIF data, made by hand."""
    tags = [(0x9003, taken.encode() + b"\0"), (0x9011, offset.encode() + b"\0"), (0x9291, part.encode() + b"\0")]
    told = [(tag, text) for tag, text in tags if len(text) > 1]
    behind, table = b"", struct.pack(">H", len(told))
    for tag, text in told:
        at = 26 + 2 + 12 * len(told) + 4 + len(behind)
        place = text.ljust(4, b"\0") if len(text) <= 4 else struct.pack(">I", at)
        behind += b"" if len(text) <= 4 else text
        table += struct.pack(">HHI", tag, 2, len(text)) + place
    first = struct.pack(">HHHIII", 1, 0x8769, 4, 1, 26, 0)
    body = b"Exif\0\0MM\0*" + struct.pack(">I", 8) + first + table + bytes(4) + behind
    plain = picture_file(100, ".jpg")
    return plain[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + plain[2:]


@pytest.mark.parametrize(
    ("name", "late_ns"),
    [
        ("2024-05-07_08-00-03", 0), ("20240507T080003", 0), ("20240507080003", 0), ("cam1_2024-05-07T08.00.03Z", 0),
        ("20240507_080003.250", NS // 4), ("2024-05-07 10-00-03+0200", 0),
        ("2024-05-07T08:00:03.5-01:30", 5400 * NS + NS // 2),
        (f"{AT_NS // NS}", 0), (f"shot-{AT_NS // NS}.25", NS // 4), (f"{AT_NS // 1_000_000 + 20}", NS // 50),
        ("hall-7-20240507T080003-0042", 0),
    ],
)  # fmt: skip
def test_names_tell_times(name: str, late_ns: int) -> None:
    assert name_ns(name, 0) == AT_NS + late_ns


@pytest.mark.parametrize(
    "name", ["", "17", "frame_000123", "20241307T080003", "20240507T250003", "123456789012", "a" * 99]
)
def test_other_names_tell_none(name: str) -> None:
    assert name_ns(name, 0) is None


def test_local_times_are_those_of_the_place() -> None:
    assert name_ns("2024-05-07_17-00-03", 9 * 3600) == AT_NS
    assert exif_ns({"ExifIFD/DateTimeOriginal": "2024:05:07 17:00:03"}, 9 * 3600) == AT_NS
    assert exif_ns({"DateTimeOriginal": "2024:05:07 17:00:03", "OffsetTimeOriginal": "+09:00"}, 0) == AT_NS
    assert exif_ns({"DateTimeOriginal": "    :  :     :  :  "}, 0) is None


def test_pictures_bear_the_times_of_their_names(write_folder: Callable[..., Path]) -> None:
    folder = write_folder("a", ["20240507_080003", "20240507_080004", "20240507_080014"])
    assert seen(ImageFolderSource("a/b", folder, 5)) == [(AT_NS, 0), (AT_NS + NS, 8), (AT_NS + 11 * NS, 16)]
    assert seen(ImageFolderSource("a/b", folder, 5, shift_s=-2))[0] == (AT_NS - 2 * NS, 0)
    assert ImageFolderSource("a/b", folder, 5).absolute_start_ns() == AT_NS


def test_pictures_are_in_the_order_in_which_people_count(write_folder: Callable[..., Path]) -> None:
    folder = write_folder("a", ["p9", "p10", "p100"])
    (folder / "notes.txt").write_text("not a picture")
    source = ImageFolderSource("a/b", folder, 7 * NS, step_s=0.5)
    assert seen(source) == [(7 * NS, 0), (7 * NS + NS // 2, 8), (8 * NS, 16)]
    assert source.absolute_start_ns() is None
    assert source.skipped == 0


def test_cameras_write_the_time_into_the_picture(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(tagged("2024:05:07 17:00:03", "250", "+09:00"))
    (tmp_path / "b.JPG").write_bytes(tagged("2024:05:07 08:00:04"))
    (tmp_path / "c.jpg").write_bytes(picture_file(50, ".jpg"))
    source = ImageFolderSource("a/b", tmp_path, 0)
    assert [at_ns for at_ns, _ in seen(source)] == [AT_NS + NS // 4, AT_NS + NS]
    assert source.skipped == 1


def test_the_time_of_writing_counts_only_where_it_is_asked_for(write_folder: Callable[..., Path]) -> None:
    folder = write_folder("a", ["x", "y"])
    for number, path in enumerate(sorted(folder.iterdir())):
        os.utime(path, ns=(0, AT_NS + number * NS))
    assert [at_ns for at_ns, _ in seen(ImageFolderSource("a/b", folder, 0, clock="mtime"))] == [AT_NS, AT_NS + NS]
    with pytest.raises(BadInputError, match="tell no times; give step_s"):
        seen(ImageFolderSource("a/b", folder, 0))


def test_what_is_damaged_or_out_of_order_is_left_out_and_counted(write_folder: Callable[..., Path]) -> None:
    folder = write_folder("a", ["1_20240507_080003", "2_20240507_080001", "3_20240507_080005"])
    (folder / "4_20240507_080006.png").write_bytes(picture_file(9)[:60])
    (folder / "5_20240507_080007.png").write_bytes(b"")
    (folder / "6_20240507_080008.jpg").write_bytes(b"<html>")
    source = ImageFolderSource("a/b", folder, 0)
    assert [at_ns for at_ns, _ in seen(source)] == [AT_NS, AT_NS + 2 * NS]
    assert source.skipped == 4


def test_sizes_may_change(write_folder: Callable[..., Path]) -> None:
    folder = write_folder("a", ["1", "2"])
    (folder / "3.png").write_bytes(picture_file(9, size=(640, 360)))
    shapes = [chunk.data.shape for chunk in ImageFolderSource("a/b", folder, 0, step_s=1).chunks()]
    assert shapes == [(1, 48, 64), (1, 48, 64), (1, 180, 320)]


@pytest.mark.parametrize("what", ["nothing", "file", "empty"])
def test_what_is_no_folder_of_pictures_is_said_to_be_none(tmp_path: Path, what: str) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInputError, match="cannot be read|no picture"):
        seen(ImageFolderSource("a/b", tmp_path / what, 0, step_s=1))


def test_a_recording_may_hold_a_folder_of_pictures(tmp_path: Path, write_folder: Callable[..., Path]) -> None:
    write_folder("pictures", ["20240507_080003", "20240507_080004"])
    entry = '[[sensors]]\nid = "a/b"\nkind = "video.images"\npath = "pictures"\n'
    (tmp_path / "scenario.toml").write_text(entry)
    recording = load_recording(tmp_path)
    assert (recording.start_ns, recording.start_known) == (AT_NS, True)
    (tmp_path / "scenario.toml").write_text(entry + 'clock = "sundial"\n')
    with pytest.raises(BadInputError, match="give name, exif or mtime"):
        load_recording(tmp_path)
    (tmp_path / "scenario.toml").write_text(entry.replace("pictures", "nothing"))
    with pytest.raises(BadInputError, match="this is no folder"):
        load_recording(tmp_path)
