"""The audit log: whatever is done to it afterwards is found, and nothing that was noted is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fusion.vault.audit import HEAD, LOG, Audit, Entry

LINES = 6


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    log = Audit(tmp_path)
    for number in range(LINES):
        log.note(number, "anna", "export", f"incident {number}", "done")
    return log


def test_what_was_noted_is_found_whole_and_in_order(audit: Audit) -> None:
    found = audit.verify()
    assert (found.lines, found.fault) == (LINES, "")
    assert [entry.of for entry in audit.entries()] == [f"incident {number}" for number in range(LINES)]
    assert (audit.path.stat().st_mode | (audit.path.parent / HEAD).stat().st_mode) & 0o077 == 0


def test_a_log_that_was_never_begun_is_whole(tmp_path: Path) -> None:
    assert Audit(tmp_path).verify().fault == ""


def changed(lines: list[bytes]) -> list[bytes]:
    return [*lines[:2], lines[2].replace(b"anna", b"bert"), *lines[3:]]


def forged_to_its_end(lines: list[bytes]) -> list[bytes]:
    """Whoever knows how the chain is made, and has no head to change."""
    from fusion.vault.audit import digest_of

    out = lines[:2]
    for line in lines[2:]:
        told = {**json.loads(line), "who": "bert", "before": digest_of(out[-1])}
        out.append(json.dumps(told).encode() + b"\n")
    return out


@pytest.mark.parametrize(
    ("tamper", "told"),
    [
        (changed, "line 4 does not follow"),
        (lambda lines: [*lines[:2], *lines[3:]], "line 3 has number 4 instead of 3"),
        (lambda lines: [*lines[:1], lines[2], lines[1], *lines[3:]], "line 2 has number 3 instead of 2"),
        (lambda lines: lines[1:], "line 1 has number 2 instead of 1"),
        (lambda lines: lines[:-1], "lines 6 to 6 are missing at the end"),
        (lambda lines: lines[:-3], "lines 4 to 6 are missing at the end"),
        (lambda lines: [], "lines 1 to 6 are missing at the end"),
        (lambda lines: [*lines[:-1], lines[-1].replace(b"done", b"gone")], "line 6 is not the one that was noted"),
        (lambda lines: [*lines[:-1], lines[-1][:20]], "line 6 cannot be read"),
        (lambda lines: [*lines[:1], b"\xff\xfe\n", *lines[2:]], "line 2 cannot be read"),
        (forged_to_its_end, "line 6 is not the one that was noted"),
    ],
)
def test_whatever_is_done_to_it_is_found_at_once_and_after_more_was_noted(
    audit: Audit, tamper: Callable[[list[bytes]], list[bytes]], told: str
) -> None:
    audit.path.write_bytes(b"".join(tamper(audit.path.read_bytes().splitlines(keepends=True))))
    assert audit.verify().fault.startswith(told)
    audit.note(99, "bert", "export", "another", "done")
    audit.note(100, "bert", "export", "another", "done")
    assert audit.verify().fault


def test_lines_that_others_appended_are_found(audit: Audit) -> None:
    other = Audit(audit.path.parent / "elsewhere")
    other.path.parent.mkdir()
    for name in (LOG, HEAD):
        (other.path.parent / name).write_bytes((audit.path.parent / name).read_bytes())
    other.note(7, "bert", "export", "x", "done")
    other.note(8, "bert", "export", "y", "done")
    audit.path.write_bytes(other.path.read_bytes())
    assert audit.verify().fault == "line 8 was not noted by Kizashi"


def test_a_head_that_is_gone_is_told_for_ever(audit: Audit) -> None:
    (audit.path.parent / HEAD).unlink()
    lines = audit.path.read_bytes().splitlines(keepends=True)
    audit.path.write_bytes(b"".join(lines[:-2]))
    assert "its head is gone" in audit.verify().fault
    audit.note(99, "bert", "export", "another", "done")
    assert audit.verify().fault.startswith("line 5: its head was gone")


def test_what_a_power_cut_left_between_line_and_head_is_no_fault(audit: Audit) -> None:
    head = (audit.path.parent / HEAD).read_bytes()
    audit.note(7, "anna", "export", "last", "done")
    (audit.path.parent / HEAD).write_bytes(head)
    assert audit.verify().fault == ""
    with audit.path.open("ab") as file:
        file.write(b'{"number":8,"at')
    audit.note(8, "anna", "export", "after", "done")
    assert (audit.verify().lines, audit.verify().fault) == (LINES + 2, "")


def test_who_note_at_the_same_time_lose_nothing(audit: Audit) -> None:
    code = (
        "import sys; from pathlib import Path; from fusion.vault.audit import Audit\n"
        "for n in range(20): Audit(Path(sys.argv[1])).note(n, sys.argv[2], 'a', 'b', 'c')"
    )
    folder = str(audit.path.parent)
    running = [subprocess.Popen([sys.executable, "-c", code, folder, name]) for name in ("x", "y")]
    assert [child.wait(60) for child in running] == [0, 0]
    assert (audit.verify().lines, audit.verify().fault) == (LINES + 40, "")


def test_a_disk_without_room_leaves_no_half_line_and_says_so(audit: Audit) -> None:
    code = (
        "import resource, signal, sys; from pathlib import Path; from fusion.vault.audit import Audit\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))\n"
        "Audit(Path(sys.argv[1])).note(1, 'x', 'a', 'b', 'c')"
    )
    size = audit.path.stat().st_size
    command = [sys.executable, "-c", code, str(audit.path.parent), str(size + 10)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert "nothing can be noted" in done.stderr
    assert (audit.path.stat().st_size, audit.verify().fault) == (size, "")


def test_a_line_says_what_it_says_in_one_way(audit: Audit) -> None:
    (first, *_) = (audit.path.parent / LOG).read_bytes().splitlines()
    assert list(json.loads(first)) == list(Entry.__struct_fields__)
