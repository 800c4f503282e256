"""Sounds wherever a package keeps them: plain files, zip archives of games, Doom's WAD, Transport Tycoon's CAT."""

from __future__ import annotations

import io
import struct
import tempfile
import wave
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sensors.audio.training.corpus import read
from sensors.errors import BadInputError

KINDS = frozenset((".wav", ".ogg", ".oga", ".flac", ".mp3", ".wv", ".opus"))
ARCHIVES = frozenset((".pk3", ".love", ".zip"))
BARE = "sound"
"""Name of folders whose files are sounds without a suffix."""


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """One sound and where it was found.

    Attributes
    ----------
    path : str
        Inside the package, and inside the archive.
    content : bytes
        As a file of its own would hold it.
    """

    path: str
    content: bytes

    def samples(self) -> NDArray[np.float32] | None:
        """16 kHz mono, in [-1, 1]; None where it cannot be read."""
        with tempfile.NamedTemporaryFile(suffix=Path(self.path).suffix[:5]) as file:
            file.write(self.content)
            file.flush()
            try:
                return np.asarray(read(Path(file.name)), np.float32) / np.float32(32768)
            except (BadInputError, ValueError):
                return None


def sounds(folder: Path) -> Iterator[Sound]:
    """All sounds below a folder, in the order of their paths."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()):
        place = path.relative_to(folder).as_posix()
        for name, content in _members(path):
            yield Sound(f"{place}:{name}" if name else place, content)


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the sounds in a file; no name where the file is the sound."""
    kind = path.suffix.lower()
    if kind in KINDS or (not kind and path.parent.name == BARE):
        yield "", path.read_bytes()
    elif kind in ARCHIVES and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in sorted(archive.namelist()):
                if Path(name).suffix.lower() in KINDS:
                    yield name, archive.read(name)
    elif kind == ".wad":
        yield from _lumps(path.read_bytes())
    elif kind == ".cat":
        yield from _entries(path.read_bytes())


def _lumps(wad: bytes) -> Iterator[tuple[str, bytes]]:
    """Sound effects of a WAD, as WAVE: 8 bit after a header of 8 bytes, with 16 samples of padding at both ends."""
    count, directory = struct.unpack_from("<ii", wad, 4)
    for index in range(count):
        at, size, raw = struct.unpack_from("<ii8s", wad, directory + 16 * index)
        name = raw.rstrip(b"\0").decode("ascii", "replace").lower()
        if not name.startswith("ds") or size < 64:
            continue
        kind, rate_hz, length = struct.unpack_from("<HHI", wad, at)
        if kind == 3:
            yield f"/{name}", _as_wave(wad[at + 24 : at + 8 + min(length, size - 8) - 16], rate_hz)


def _as_wave(samples: bytes, rate_hz: int) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(rate_hz)
        file.writeframes(samples)
    return out.getvalue()


def _entries(cat: bytes) -> Iterator[tuple[str, bytes]]:
    """WAVE files of a CAT, named by what their authors call them: pairs of offset and size, then name and content."""
    count = (struct.unpack_from("<I", cat)[0] & 0x7FFF_FFFF) // 8
    for index in range(count):
        at, size = struct.unpack_from("<II", cat, 8 * index)
        at &= 0x7FFF_FFFF
        length = cat[at]
        title = cat[at + 1 : at + 1 + length].decode("latin-1").strip("\0")
        yield title.partition(". ")[0].strip('"'), cat[at + 1 + length : at + 1 + length + size]
