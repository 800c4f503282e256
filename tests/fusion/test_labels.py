"""Labels are kept whole: what was said last counts, nothing is lost, and nothing half-written is ever read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fusion.labels import GRADES, LABELS, LabelLine, as_experience, read_labels, write_label
from sensors.errors import BadInputError


def label(name: str, grade: str = "low", **more: object) -> LabelLine:
    return LabelLine(name, grade, 5, "panic", {"rarity, per decade": 2.0}, str(more.get("note", "")))


def test_labels_come_back_as_they_were_given(tmp_path: Path) -> None:
    assert read_labels(tmp_path) == {}
    for one in (label("a", note="兆し\n"), label("b", "false")):
        write_label(tmp_path, one)
    assert read_labels(tmp_path) == {"a": label("a", note="兆し\n"), "b": label("b", "false")}
    assert [path.name for path in tmp_path.iterdir()] == [LABELS]


def test_what_was_said_last_counts(tmp_path: Path) -> None:
    for grade in ("low", "critical", "false"):
        write_label(tmp_path, label("a", grade))
    assert [line.grade for line in read_labels(tmp_path).values()] == ["false"]


def test_a_line_of_before_there_were_shares_is_read_and_says_nothing_of_senses(tmp_path: Path) -> None:
    (tmp_path / LABELS).write_text('{"id":"a","grade":"false","opened_ns":5,"counted":{"y":1.0},"note":""}\n')
    assert [one.shares for one in as_experience(read_labels(tmp_path))] == [{}]
    write_label(tmp_path, LabelLine("b", "low", 5, "x", {"y": 1.0}, "", {"audio": 0.25, "video": 0.75}))
    assert [one.shares for one in as_experience(read_labels(tmp_path))] == [{}, {"audio": 0.25, "video": 0.75}]


def test_grades_are_what_the_model_learns(tmp_path: Path) -> None:
    for grade in GRADES:
        write_label(tmp_path, label(grade, grade))
    assert [one.grade for one in as_experience(read_labels(tmp_path))] == [0, 1, 2, 3, 4]


def test_many_who_label_at_once_lose_nothing(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from fusion.labels import LabelLine, write_label\n"
        "for n in range(10): write_label(Path(sys.argv[1]), LabelLine(f'{sys.argv[2]}-{n}', 'low'))"
    )
    home = Path(__file__).resolve().parents[2]
    running = [subprocess.Popen([sys.executable, "-c", script, str(tmp_path), str(n)], cwd=home) for n in range(3)]
    assert [process.wait(timeout=120) for process in running] == [0, 0, 0]
    assert len(read_labels(tmp_path)) == 30


def test_a_write_that_fails_leaves_the_old_labels(tmp_path: Path) -> None:
    write_label(tmp_path, label("a"))
    before = (tmp_path / LABELS).read_bytes()
    (tmp_path / LABELS).unlink()
    (tmp_path / LABELS).mkdir()
    with pytest.raises(OSError, match="directory"):
        write_label(tmp_path, label("b"))
    assert [path.name for path in tmp_path.iterdir()] == [LABELS]
    (tmp_path / LABELS).rmdir()
    (tmp_path / LABELS).write_bytes(before)
    assert list(read_labels(tmp_path)) == ["a"]


@pytest.mark.parametrize(
    "line",
    [
        '{"id":"a","grade":"huge"}',
        '{"id":"a"}',
        '{"id":"a","grade":"low","counted":{"x":-1}}',
        '{"id":"a","grade":"low","shares":{"audio":2}}',
        "low",
        '{"id":"a","gr',
    ],
)
def test_a_line_that_is_no_label_is_named(tmp_path: Path, line: str) -> None:
    write_label(tmp_path, label("b"))
    with (tmp_path / LABELS).open("a") as file:
        file.write(line + "\n")
    with pytest.raises(BadInputError, match=rf"{LABELS}:2"):
        read_labels(tmp_path)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    for use in (lambda: read_labels(tmp_path / "none"), lambda: write_label(tmp_path / "none", label("a"))):
        with pytest.raises(BadInputError, match="check the path"):
            use()
