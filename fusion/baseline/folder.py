"""A baseline on disk: `manifest.json` and two files of arrays; nothing in it can be executed."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from io import BufferedRandom, BufferedReader
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from fusion.baseline.findings import FINDINGS, TOLD
from fusion.engine import Memory
from fusion.sinks.folder import PARTIAL
from sensors.errors import BadInputError

VERSION = 4
MANIFEST = "manifest.json"
AGAIN = "learn it again with `kizashi learn`"
PARTS = ("channels", "blocks", "moments", "agreement")
"""Of an engine's memory."""

Detectors = Mapping[str, Mapping[str, NDArray[np.float64]]]


class LearnedFrom(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A recording that was learned from."""

    name: str
    start_ns: int
    seconds: float


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a baseline holds.

    `sensors` gives the sense of each stream, `scores` how many scores of each channel were kept, `blocks` how many
    blocks of `block_s` seconds the fused statistic's past has, by set of senses; `files` the SHA-256 of each file.
    """

    version: int
    kizashi: str
    tick_s: Annotated[float, msgspec.Meta(ge=0.01, le=3600)]
    block_s: Annotated[float, msgspec.Meta(ge=0.01, le=1e6)]
    learned_from: tuple[LearnedFrom, ...]
    sensors: dict[str, str]
    scores: dict[str, int]
    blocks: dict[str, int]
    files: dict[str, str]


@dataclass(frozen=True)
class Baseline:
    """What was learned.

    Attributes
    ----------
    manifest : Manifest
        What, from what.
    memory : Memory
        The engine's part.
    detectors : mapping
        Each detector's state, by stream.
    """

    manifest: Manifest
    memory: Memory
    detectors: Detectors


def write_baseline(folder: Path, manifest: Manifest, memory: Memory, detectors: Detectors) -> None:
    """Write a baseline into an empty folder; hashes are filled in."""
    files = {
        "fusion.npz": {f"{part}|{name}": a for part, arrays in _parts(memory) for name, a in arrays.items()},
        "detectors.npz": {f"{s}|{name}": a for s, state in detectors.items() for name, a in state.items()},
    }
    hashes = {name: _pack(folder / name, arrays) for name, arrays in files.items()}
    whole = msgspec.structs.replace(manifest, files=hashes)
    (folder / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n")


def load_baseline(folder: Path) -> Baseline:
    """Read a baseline and check it.

    Raises
    ------
    BadInputError
        If there is none, if another version wrote it, or if a file is missing, changed, or holds anything but
        finite numbers.
    """
    folder = folder.parent if folder.name == MANIFEST else folder
    manifest = _manifest(folder / MANIFEST)
    if set(manifest.files) != {"fusion.npz", "detectors.npz"}:
        raise BadInputError("the manifest names other files than a baseline has", where=folder / MANIFEST, mend=AGAIN)
    arrays = {name: _unpack(folder / name, digest) for name, digest in manifest.files.items()}
    detectors: dict[str, dict[str, NDArray[np.float64]]] = {}
    for name, array in arrays["detectors.npz"].items():
        stream, _, key = name.partition("|")
        detectors.setdefault(stream, {})[key] = array
    parts: dict[str, dict[str, NDArray[np.float64]]] = {part: {} for part in PARTS}
    for name, array in arrays["fusion.npz"].items():
        part, _, key = name.partition("|")
        if part not in parts or not np.isfinite(array).all():
            raise BadInputError(f"'{name}' is no finite array of a baseline", where=folder / "fusion.npz", mend=AGAIN)
        parts[part][key] = array
    return Baseline(manifest, Memory(**parts), detectors)


def require_room(folder: Path) -> None:
    """Refuse a folder that holds something other than a baseline.

    Raises
    ------
    BadInputError
        If learning there would mix a baseline with what somebody else keeps.
    """
    known = {MANIFEST, "fusion.npz", "detectors.npz", FINDINGS, TOLD}
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            if path.name not in known and not path.name.startswith(PARTIAL):
                what = f"'{path.name}' is there, which is no part of a baseline"
                raise BadInputError(what, where=folder, mend="choose an empty or new folder for --out")


def _manifest(path: Path) -> Manifest:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInputError("there is no baseline", where=path, mend=f"check the path, or {AGAIN}") from error
    try:
        version = msgspec.json.decode(content)["version"]
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise BadInputError("this is no manifest of a baseline", where=path, mend=AGAIN) from error
    if version != VERSION:
        raise BadInputError(f"the baseline is of version {version}, not {VERSION}", where=path, mend=AGAIN)
    try:
        return msgspec.json.decode(content, type=Manifest)
    except msgspec.ValidationError as error:
        raise BadInputError(f"the manifest is damaged ({error})", where=path, mend=AGAIN) from error


def _parts(memory: Memory) -> tuple[tuple[str, Mapping[str, NDArray[np.float64]]], ...]:
    return tuple((part, getattr(memory, part)) for part in PARTS)


def _pack(path: Path, arrays: Mapping[str, NDArray[np.float64]]) -> str:
    """Write arrays, one after the other, and tell the hash of the file: at no time is the whole of it in memory."""
    with path.open("w+b") as file:
        np.savez_compressed(file, allow_pickle=False, **{name: arrays[name] for name in sorted(arrays)})
        return _hash(file)


def _unpack(path: Path, digest: str) -> dict[str, NDArray[np.float64]]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise BadInputError("a file of the baseline is missing", where=path, mend=AGAIN) from error
    with file:
        if _hash(file) != digest:
            raise BadInputError("the file is not the one that was learned", where=path, mend=AGAIN)
        try:
            with np.load(file, allow_pickle=False) as arrays:
                return {name: np.asarray(arrays[name], np.float64) for name in arrays.files}
        except (ValueError, OSError, zipfile.BadZipFile) as error:
            raise BadInputError("the file holds no plain arrays", where=path, mend=AGAIN) from error


def _hash(file: BufferedRandom | BufferedReader) -> str:
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    return digest
