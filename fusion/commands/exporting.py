"""`kizashi incidents export`: what was kept of an incident, unlocked for somebody who answers for it.

1. The user is asked for, the role checked, and noted that an export begins: before anything is unlocked.
2. Sound and film, what was said of the incident, and a list of it all with hashes are written beside their place.
3. The export is registered, so that it goes when the clip does; then the folder takes its place.
4. How it went is noted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from fusion.commands.asking import claim_of, store_settings
from fusion.commands.incidents import find_incident, told_of
from fusion.commands.media import write_film, write_sound
from fusion.labels import LabelLine, in_store, read_labels
from fusion.language.texts import Texts
from fusion.live.ring import PCM
from fusion.records import IncidentLine
from fusion.sinks.folder import finished_folder
from fusion.store.database import open_database
from fusion.vault.access import Gate
from fusion.vault.custody import Custody, custody
from fusion.vault.exports import Export, register
from fusion.vault.private import made_folder
from fusion.vault.sealing import Header, Piece
from fusion.vault.segments import INDEX, MIGRATIONS, open_clip, read_clips
from fusion.vault.users import Act
from sensors.clock import SystemClock
from sensors.errors import BadInputError

LIST, WORDS = "incident.json", "explanation.txt"


class Media(msgspec.Struct, frozen=True):
    """A file of an export: of which stream, from when to when, where nothing was kept; and how it was kept."""

    file: str
    stream: str
    kept_as: str
    start_ns: int
    end_ns: int
    gaps_ns: list[tuple[int, int]] = []


def export_incident(
    config: Path, name: str, out: Path, acting: tuple[str | None, Path | None], texts: Texts
) -> None:  # fmt: skip
    """Unlock what was kept of an incident into a new folder, for a user who may; noted however it goes.

    Raises
    ------
    BadInputError
        If the user may not, or there is no such incident, or something cannot be read or written.
    """
    settings = store_settings(config, None)
    place, clock = custody(settings), SystemClock()
    gate = Gate(place.store, clock)
    of = f"incident {_identity(place.store, name)}"
    who = gate.admit(Act.EXPORT, of, claim_of(*acting), named=True)
    with gate.noted(who, Act.EXPORT, f"{of} to {out.absolute()}", announced=True):
        line = find_incident(place.store, name)
        if out.is_dir() and any(out.iterdir()):
            raise BadInputError("the folder is not empty", where=out, mend="choose a new one for --out")
        label = read_labels(place.store).get(line.id)
        with finished_folder(out) as folder:
            media = list(_unlocked(folder, place, line.id))
            (folder / WORDS).write_text("\n".join(told_of(line, label, texts)) + "\n", encoding="utf-8")
            (folder / LIST).write_bytes(_listed(line, label, media, who, clock.now_ns()))
            files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}
            for file in files:
                (folder / file).chmod(0o600)
            about_ns = line.opened_ns if line.closed_ns is None else line.closed_ns
            export = Export(0, line.id, about_ns, clock.now_ns(), who, str(out.absolute()), files)
            with in_store(place.clips), closing(open_database(made_folder(place.clips), INDEX, MIGRATIONS)) as index:
                register(index, export)
        out.chmod(0o700)
    print(f"{out}: {', '.join(one.file for one in media) or 'no clip of it is kept'}, {WORDS}, {LIST}")


def _identity(store: Path, name: str) -> str:
    """Name of an incident that may be told by its number, which another will have tomorrow."""
    try:
        return find_incident(store, name).id
    except BadInputError:
        return name


def _unlocked(folder: Path, place: Custody, incident: str) -> Iterator[Media]:
    """Write the media of an incident, a file a stream."""
    clips = [clip for clip in read_clips(place.clips) if incident in clip.incidents]
    streams: dict[str, tuple[list[Header], list[Piece]]] = {}
    roots = place.roots(there=True) if clips else None
    for clip in clips:
        assert roots is not None  # noqa: S101 - narrows the type
        for header, pieces in open_clip(place.clips, roots, clip.clip):
            headers, all_pieces = streams.setdefault(header.stream, ([], []))
            headers.append(header)
            all_pieces += pieces
    for number, (stream, (headers, pieces)) in enumerate(sorted(streams.items()), 1):
        pieces = sorted({piece.start_ns: piece for piece in pieces}.values(), key=lambda piece: piece.start_ns)
        first, span = headers[0], (pieces[0].start_ns, max(header.end_ns for header in headers))
        suffix = "flac" if first.codec == PCM else "mp4"
        file = f"{number:02}-{''.join(c if c.isalnum() else '-' for c in stream)}.{suffix}"
        gaps = []
        if first.codec == PCM:
            gaps = write_sound(folder / file, pieces, first.rate_hz)
        else:
            write_film(folder / file, pieces)
        yield Media(file, stream, first.codec, *span, gaps)


def _listed(line: IncidentLine, label: LabelLine | None, media: list[Media], who: str, at_ns: int) -> bytes:
    told: dict[str, Any] = {
        "incident": line,
        "label": label,
        "media": media,
        "exported": {"by": who, "at_ns": at_ns, "kizashi": version("kizashi")},
    }
    return msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n"
