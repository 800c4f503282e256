"""Sounds wherever a package keeps them.

Plain files, zip archives of games, Doom's WAD, Transport Tycoon's CAT, SoundFont 2 banks, Qt's compiled resources.
"""

from __future__ import annotations

import io
import struct
import tempfile
import wave
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sensors.audio.training.corpus import read
from sensors.errors import BadInputError

KINDS = frozenset((".wav", ".ogg", ".oga", ".flac", ".mp3", ".wv", ".opus"))
ARCHIVES = frozenset((".pk3", ".love", ".wz", ".zip"))
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
    elif kind == ".sf2":
        yield from _notes(path.read_bytes())
    elif kind == ".rcc":
        yield from _resources(path.read_bytes())


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
            yield f"/{name}", _as_wave(wad[at + 24 : at + 8 + min(length, size - 8) - 16], rate_hz, 1)


def _as_wave(samples: bytes, rate_hz: int, width: int) -> bytes:
    """Mono, of so many bytes a sample."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(width)
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


def _notes(bank: bytes) -> Iterator[tuple[str, bytes]]:
    """Samples of a SoundFont, as WAVE: names, places, rates in `shdr`, 46 bytes each, the last none."""
    chunks = dict(_chunks(bank, 12, len(bank)))
    begin = chunks[b"smpl"][0]
    at, size = chunks[b"shdr"]
    for header in range(at, at + size - 46, 46):
        raw, first, end, _, _, rate_hz = struct.unpack_from("<20sIIIII", bank, header)
        name = raw.partition(b"\0")[0].decode("latin-1").strip()
        if rate_hz:
            yield f"/{name}", _as_wave(bank[begin + 2 * first : begin + 2 * end], rate_hz, 2)


def _chunks(riff: bytes, at: int, end: int) -> Iterator[tuple[bytes, tuple[int, int]]]:
    """Names of RIFF's chunks, those inside lists too, with the place and size of their contents."""
    while at + 8 <= end:
        name, size = struct.unpack_from("<4sI", riff, at)
        if name == b"LIST":
            yield from _chunks(riff, at + 12, at + 8 + size)
        else:
            yield name, (at + 8, size)
        at += 8 + size + size % 2


COMPRESSED, FOLDER = 1, 2
"""Flags of a node in Qt's resources."""


def _resources(rcc: bytes) -> Iterator[tuple[str, bytes]]:
    """Sounds among Qt's resources: a tree of nodes with places of names and contents; stored, or deflated."""
    version, tree, data, names = struct.unpack_from(">IIII", rcc, 4)
    node = 22 if version > 1 else 14

    def walk(number: int, folder: str) -> Iterator[tuple[str, bytes]]:
        place, flags = struct.unpack_from(">IH", rcc, tree + node * number)
        (length,) = struct.unpack_from(">H", rcc, names + place)
        path = f"{folder}/{rcc[names + place + 6 : names + place + 6 + 2 * length].decode('utf-16-be')}"
        if flags & FOLDER:
            count, first = struct.unpack_from(">II", rcc, tree + node * number + 6)
            for child in range(first, first + count):
                yield from walk(child, path if number else "")
        elif Path(path).suffix.lower() in KINDS and flags in (0, COMPRESSED):
            at = data + struct.unpack_from(">I", rcc, tree + node * number + 10)[0]
            (size,) = struct.unpack_from(">I", rcc, at)
            content = rcc[at + 4 : at + 4 + size]
            yield path, zlib.decompress(content[4:]) if flags else content

    yield from walk(0, "")
