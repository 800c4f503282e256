"""What a receiver has is known after a kill, on a full disk, and whatever the file holds."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from fusion.sinks.receipts import PLACES, Receipts


def test_the_last_ones_are_known_over_restarts_and_older_ones_are_forgotten(tmp_path: Path) -> None:
    for life in range(3):
        with closing(Receipts(tmp_path / "sent")) as receipts:
            for number in range(300 * life, 300 * (life + 1)):
                receipts.note(f"1a.{number}")
    with closing(Receipts(tmp_path / "sent")) as receipts:
        assert [f"1a.{number}" in receipts for number in range(900)] == [False] * (900 - PLACES) + [True] * PLACES


def test_a_note_needs_no_more_room(tmp_path: Path) -> None:
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from fusion.sinks.receipts import Receipts\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "path, hard = Path(sys.argv[1]), resource.RLIM_INFINITY\n"
        "receipts = Receipts(path)\n"
        "size = path.stat().st_size\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))\n"
        "[receipts.note(str(number)) for number in range(2000)]\n"
        "print(path.stat().st_size == size, path.stat().st_blocks * 512 >= size)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "sent")], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.split() == ["True", "True"], done.stderr
    with closing(Receipts(tmp_path / "sent")) as receipts:
        assert "1999" in receipts


@pytest.mark.parametrize("content", [b"", b"\xff" * 100_000, b"no receipts at all" * 40, bytes(10)])
def test_a_file_that_holds_something_else_knows_nothing_and_goes_on(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "sent"
    path.write_bytes(content)
    with closing(Receipts(path)) as receipts:
        assert "1a.1" not in receipts
        receipts.note("1a.1")
    with closing(Receipts(path)) as receipts:
        assert "1a.1" in receipts


def test_without_a_file_they_are_known_as_long_as_this_lasts(tmp_path: Path) -> None:
    with closing(Receipts(tmp_path / "nowhere" / "sent")) as receipts:
        receipts.note("1a.1")
        assert "1a.1" in receipts
