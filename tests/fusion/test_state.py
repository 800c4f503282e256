"""What was learned survives every moment at which a daemon may be killed."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fusion.engine import Memory
from fusion.live.state import BEFORE, LEARNED, NEW, State, load_state, save_state, take_state
from tests.fusion.streams import QUICK, SENSES, START_NS, watch


def state(value: float) -> State:
    memory = Memory({"mic:value": np.full(3, value)}, {"audio": np.full(2, value)}, {})
    return take_state(watch(), memory, QUICK, "hall", (START_NS, START_NS + 10))


def value(folder: Path) -> float | None:
    known = load_state(folder, 0.1)
    return None if known is None else float(known.memory.channels["mic:value"][0])


def test_what_is_saved_is_found_again(tmp_path: Path) -> None:
    assert load_state(tmp_path, 0.1) is None
    save_state(tmp_path, state(1.0))
    save_state(tmp_path, state(2.0))
    assert value(tmp_path) == 2.0
    known = load_state(tmp_path, 0.1)
    assert known is not None
    assert known.manifest.sensors == {stream: str(sense) for stream, sense in SENSES.items()}
    assert set(known.detectors) == set(SENSES)


@pytest.mark.parametrize("name", ["fusion.npz", "manifest.json"])
def test_what_is_broken_is_set_aside_and_the_one_before_is_used(tmp_path: Path, name: str) -> None:
    save_state(tmp_path, state(1.0))
    save_state(tmp_path, state(2.0))
    (tmp_path / LEARNED / name).write_bytes(b"rubbish")
    assert value(tmp_path) == 1.0
    assert (tmp_path / f"{LEARNED}.broken-1" / name).read_bytes() == b"rubbish"


def test_who_is_killed_between_two_renames_loses_nothing(tmp_path: Path) -> None:
    save_state(tmp_path, state(1.0))
    (tmp_path / LEARNED).rename(tmp_path / BEFORE)
    (tmp_path / NEW).mkdir()
    assert value(tmp_path) == 1.0
    save_state(tmp_path, state(2.0))
    assert value(tmp_path) == 2.0


def test_other_timing_is_not_used(tmp_path: Path) -> None:
    save_state(tmp_path, state(1.0))
    assert load_state(tmp_path, 0.5) is None
    assert (tmp_path / LEARNED).exists()


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    save_state(tmp_path, state(1.0))
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from tests.fusion.test_state import state; from fusion.live.state import save_state\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "try: save_state(Path(sys.argv[1]), state(2.0))\n"
        "except OSError as error: print(error.errno)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "27"
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    assert value(tmp_path) == 1.0
    assert not (tmp_path / NEW).exists()
