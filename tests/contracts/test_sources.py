"""What every source promises. Whoever is in the registry is tested here, without being named."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from sensors.base import Source
from sensors.registry import SOURCES, source_class
from sensors.types import Chunk, Modality

START_NS = 1_700_000_000_000_000_000
KINDS = sorted(SOURCES)
OPTIONS = {"video.images": {"step_s": 0.1}}

DTYPES = {Modality.AUDIO: np.float32, Modality.VIDEO: np.uint8, Modality.ENVIRONMENT: np.float64}
DIMENSIONS = {Modality.AUDIO: 1, Modality.VIDEO: 3, Modality.ENVIRONMENT: 2}


@pytest.fixture
def sample(
    tmp_path: Path,
    write_text: Callable[..., Path],
    write_sound: Callable[..., Path],
    write_video: Callable[..., Path],
    write_folder: Callable[..., Path],
) -> Callable[[str], Path]:
    """A recording of three seconds for a kind of source."""

    def write(kind: str) -> Path:
        if kind == "audio.file":
            return write_sound("a.flac", np.sin(np.arange(3 * 22_050) / 9) / 2, 22_050)
        if kind == "audio.runs":
            runs = write_text(
                "runs/runs.jsonl", '{"file":"1.wav","offset_ns":0}\n{"file":"2.wav","offset_ns":2000000000}'
            )
            for name in ("1", "2"):
                write_sound(f"runs/{name}.wav", np.sin(np.arange(16_000) / 9) / 2, subtype="FLOAT")
            return runs.parent
        if kind == "video.file":
            return write_video("v.mp4", [number / 10 for number in range(30)])
        if kind == "video.images":
            return write_folder("pictures", 30)
        rows = [{"t_s": number / 10, "temperature_c": 20 + number / 7, "motion": number % 2} for number in range(30)]
        if kind == "environment.csv":
            lines = ["t_s,temperature_c,motion", *(",".join(map(str, row.values())) for row in rows)]
            return write_text("e.csv", "\n".join(lines))
        if kind == "environment.jsonl":
            return write_text("e.jsonl", "\n".join(str(row).replace("'", '"') for row in rows))
        if kind == "environment.parquet":
            pq.write_table(pa.Table.from_pylist(rows), tmp_path / "e.parquet")
            return tmp_path / "e.parquet"
        raise NotImplementedError(f"a new kind: write three seconds of {kind} here")

    return write


@pytest.fixture(params=KINDS)
def source(request: pytest.FixtureRequest, sample: Callable[[str], Path]) -> Source:
    kind: str = request.param
    return source_class(kind)("hall/x", sample(kind), START_NS, **OPTIONS.get(kind, {}))


def same(a: Chunk, b: Chunk) -> bool:
    return (a.seq, a.start_ns, a.rate_hz, a.names) == (b.seq, b.start_ns, b.rate_hz, b.names) and np.array_equal(
        a.data, b.data, equal_nan=a.data.dtype.kind == "f"
    )


def open_files() -> set[str]:
    return {os.readlink(entry) for entry in Path("/proc/self/fd").iterdir() if entry.exists()}


def test_seq_grows_by_one_and_time_never_goes_back(source: Source) -> None:
    chunks = list(source.chunks())
    assert [chunk.seq for chunk in chunks] == list(range(len(chunks)))
    assert all(a.start_ns < b.start_ns for a, b in pairwise(chunks))
    assert chunks[0].start_ns == START_NS
    assert START_NS + 2 * 10**9 < chunks[-1].start_ns < START_NS + 3 * 10**9


def test_chunks_are_what_their_sense_promises(source: Source) -> None:
    for chunk in source.chunks():
        assert chunk.stream == source.stream == "hall/x"
        assert chunk.data.dtype == DTYPES[source.modality]
        assert chunk.data.ndim == DIMENSIONS[source.modality]
        assert len(chunk.data)
        assert not chunk.data.flags.writeable
        assert bool(chunk.names) is (source.modality is Modality.ENVIRONMENT)
        assert not chunk.names or len(chunk.names) == chunk.data.shape[1]


def test_reading_twice_gives_the_same(source: Source) -> None:
    first, second = list(source.chunks()), list(source.chunks())
    assert len(first) == len(second)
    assert all(same(a, b) for a, b in zip(first, second, strict=True))


def test_two_readings_at_once_do_not_disturb_each_other(source: Source) -> None:
    alone = list(source.chunks())
    both = list(zip(source.chunks(), source.chunks(), strict=True))
    assert len(both) == len(alone)
    assert all(same(a, one) and same(b, one) for (a, b), one in zip(both, alone, strict=True))


def test_chunks_kept_do_not_change_later(source: Source) -> None:
    kept, copies = [], []
    for chunk in source.chunks():
        kept.append(chunk.data)
        copies.append(chunk.data.copy())
    assert all(np.array_equal(a, b) for a, b in zip(kept, copies, strict=True))


@pytest.mark.parametrize("taken", [0, 1, 3])
def test_closing_midway_releases_the_file(source: Source, taken: int) -> None:
    before = open_files()
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        with closing(source.chunks()) as chunks:  # type: ignore[type-var]
            for _ in range(taken):
                next(chunks)
        assert open_files() == before
        list(source.chunks())
        assert open_files() == before
        gc.collect()


@pytest.mark.parametrize("kind", KINDS)
def test_making_a_source_opens_nothing(kind: str, tmp_path: Path) -> None:
    assert source_class(kind)("hall/x", tmp_path / "nothing", START_NS).stream == "hall/x"


def test_heavy_libraries_are_not_loaded_before_reading() -> None:
    code = (
        "import sys; from pathlib import Path; from sensors.registry import SOURCES, source_class\n"
        "for kind in SOURCES: source_class(kind)('a/b', Path('nothing'), 0)\n"
        "print(sorted({'av', 'cv2', 'soundfile', 'soxr', 'pyarrow', 'librosa', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
