"""What is recorded live is read back to the sample, the pixel and the nanosecond."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fusion.live.journal import read_arrivals
from fusion.live.recorder import Recorder
from fusion.recording import build_source, load_recording
from sensors.audio.features import AudioExtractor
from sensors.errors import BadInputError
from sensors.types import NS, Chunk, Modality

START_NS = 1_700_000_000_300_000_000
STREAMS = {"hall/mic": Modality.AUDIO, "hall": Modality.VIDEO, "hall/air": Modality.ENVIRONMENT}
random = np.random.default_rng(3)


def sound(at_ns: int, samples: NDArray[np.float32]) -> Chunk:
    return Chunk("hall/mic", 0, at_ns, 16_000.0, samples)


def record(folder: Path, chunks: Sequence[Chunk]) -> None:
    recorder = Recorder(folder, 'the "hall"', START_NS, 0.1, STREAMS)
    for chunk in chunks:
        recorder.keep(chunk)
    recorder.note(b'{"until_ns":5}\n')
    recorder.close()
    assert not recorder.failed


def read(folder: Path, stream: str) -> list[Chunk]:
    recording = load_recording(folder)
    (entry,) = [entry for entry in recording.sensors if entry.id == stream]
    return list(build_source(entry, recording).chunks())


def test_the_folder_is_a_recording(tmp_path: Path) -> None:
    record(tmp_path / "out", [])
    recording = load_recording(tmp_path / "out")
    assert (recording.name, recording.start_ns, recording.tick_s) == ('the "hall"', START_NS, 0.1)
    assert {entry.id for entry in recording.sensors} == set(STREAMS)
    assert recording.arrivals is not None
    assert [line.until_ns for line in read_arrivals(recording.arrivals)] == [5]


def test_sound_with_gaps_gives_the_same_features(tmp_path: Path) -> None:
    chunks, at_ns = [], START_NS + 123_456_789
    for gap_ns in (0, 0, 0, 7_000_001, 0, 0, NS, 0, -1):
        samples = random.uniform(-1, 1, 1600 * 3).astype(np.float32)
        chunks.append(sound(at_ns + gap_ns, samples))
        at_ns += gap_ns + round(len(samples) * NS / 16_000)
    record(tmp_path / "out", chunks)
    live, kept = AudioExtractor("hall/mic"), AudioExtractor("hall/mic")
    heard = [item for chunk in chunks for item in live.extract(chunk)]
    replayed = [item for chunk in read(tmp_path / "out", "hall/mic") for item in kept.extract(chunk)]
    assert len(heard) > 6
    assert [item.end_ns for item in replayed] == [item.end_ns for item in heard]
    assert all(np.array_equal(a.values, b.values) for a, b in zip(heard, replayed, strict=True))


@pytest.mark.parametrize("shape", [(48, 64), (48, 64, 3), (240, 320)])
def test_pictures_are_the_same_to_the_pixel(tmp_path: Path, shape: tuple[int, ...]) -> None:
    given = [
        Chunk("hall", n, START_NS + 100_000_001 * n, 0.0, random.integers(0, 256, (1, *shape), np.uint8))
        for n in range(3)
    ]
    record(tmp_path / "out", given)
    recording = load_recording(tmp_path / "out")
    (entry,) = [entry for entry in recording.sensors if entry.id == "hall"]
    colour = {"colour": True} if len(shape) == 3 else {}
    source = build_source(type(entry)(entry.id, entry.kind, entry.path, 0.0, {**entry.options, **colour}), recording)
    kept = list(source.chunks())
    assert [chunk.start_ns for chunk in kept] == [chunk.start_ns for chunk in given]
    assert all(np.array_equal(a.data, b.data) for a, b in zip(given, kept, strict=True))


def test_rows_keep_their_names_values_and_times(tmp_path: Path) -> None:
    rows = [
        (("temperature_c", "co2_ppm"), [20.1, 1 / 3]),
        (("co2_ppm",), [float("nan")]),
        (("co2_ppm", "temperature_c"), [400.0, -7.0]),
    ]
    given = [
        Chunk("hall/air", n, START_NS + n, 0.0, np.array([values]), names) for n, (names, values) in enumerate(rows)
    ]
    record(tmp_path / "out", given)
    kept = read(tmp_path / "out", "hall/air")
    assert [(chunk.start_ns, chunk.names) for chunk in kept] == [(chunk.start_ns, chunk.names) for chunk in given]
    assert all(np.array_equal(a.data, b.data, equal_nan=True) for a, b in zip(given, kept, strict=True))


def test_whoever_is_killed_leaves_what_was_written(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; import numpy as np\n"
        "from tests.fusion.test_recorder import STREAMS, START_NS, Recorder, sound\n"
        "recorder = Recorder(Path(sys.argv[1]), 'hall', START_NS, 0.1, STREAMS)\n"
        "for n in range(40): recorder.keep(sound(START_NS + n * 10**8, np.full(1600, 0.5, np.float32)))\n"
        "while not recorder.idle: pass\n"
        "os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "out")], timeout=60)
    assert done.returncode == -9
    kept = np.concatenate([chunk.data for chunk in read(tmp_path / "out", "hall/mic")])
    assert len(kept) >= 40 * 1600 - os.sysconf("SC_PAGESIZE") * 4
    assert (kept == 0.5).all()


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    record(tmp_path / "out", [])
    with pytest.raises(BadInputError, match="choose a new folder"):
        Recorder(tmp_path / "out", "hall", START_NS, 0.1, STREAMS)


def test_a_full_disk_ends_the_recording_and_says_so(tmp_path: Path) -> None:
    code = (
        "import resource, signal, sys; from pathlib import Path; import numpy as np\n"
        "from tests.fusion.test_recorder import STREAMS, START_NS, Recorder, sound\n"
        "recorder = Recorder(Path(sys.argv[1]), 'hall', START_NS, 0.1, STREAMS)\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))\n"
        "for n in range(40): recorder.keep(sound(START_NS + n * 10**8, np.full(1600, 0.5, np.float32)))\n"
        "recorder.close(); print(recorder.failed)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "out")], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == "File too large"
