"""Warnings as files in a folder, one for each change of an incident: `<incident>.<number>.xml`.

What was written before is what later messages refer to; so it holds over restarts, and whoever takes files away takes
the references with them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from fusion.sinks.cap import Sent, cap_document, nameable
from fusion.sinks.envelope import EventLine
from sensors.types import NS

if TYPE_CHECKING:
    from fusion.receivers import CapOut

_HEAD = re.compile(rb"<identifier>([^<]+)</identifier><sender>([^<]+)</sender><sent>([^<]+)</sent>")
_HEAD_BYTES = 4096


class CapFolder:
    """A receiver of events that writes a warning for each.

    Parameters
    ----------
    told : CapOut
        What the settings say; its folder is made where it is missing.
    place : str
        Name of the place.
    """

    def __init__(self, told: CapOut, place: str) -> None:
        self._told, self._place, self._folder = told, place, Path(told.folder)

    def send(self, name: str, body: bytes) -> None:
        """Write it, as a whole file or not at all; who gets an event twice writes the same file twice.

        Raises
        ------
        OSError
            If nothing can be written there.
        """
        event = msgspec.json.decode(body, type=EventLine)
        self._folder.mkdir(parents=True, exist_ok=True)
        path, at_ns = (
            self._path(event.data.id, event.number),
            round(datetime.fromisoformat(event.time).timestamp() * NS),
        )
        before = tuple(self._before(event.data.id, event.number))
        document = cap_document(event.data, event.number, at_ns, self._place, self._told, before)
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            file.write(document)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)

    def _path(self, incident: str, number: int) -> Path:
        return self._folder / f"{nameable(incident).replace('/', '_')}.{number}.xml"

    def _before(self, incident: str, number: int) -> Iterator[Sent]:
        for earlier in range(1, number):
            path = self._path(incident, earlier)
            if path.is_file():
                with path.open("rb") as file:
                    if found := _HEAD.search(file.read(_HEAD_BYTES)):
                        identifier, sender, sent = (part.decode() for part in found.groups())
                        yield Sent(sender, identifier, sent)
