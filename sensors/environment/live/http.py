"""Sensors that answer by HTTP with JSON: `HttpSource`."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import Generator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Timer
from typing import Any
from urllib.parse import SplitResult, urlsplit

from sensors.backoff import Backoff
from sensors.environment.live.flaws import Flaw, PayloadError
from sensors.environment.live.pace import beats
from sensors.environment.live.payloads import MOST_BYTES, Recipe, parse
from sensors.environment.live.reading import Complaint, Item, ReaderError, Report
from sensors.environment.live.source import LiveReadingsSource
from sensors.environment.live.topics import recipe_of
from sensors.errors import BadInputError
from sensors.files import require_file

_MEND = "give one like http://sensor.local/status"
_PIECE = 1 << 14


class HttpSource(LiveReadingsSource):
    """A document that is asked for again and again: JSON of any dialect, SenML, or a plain value.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    url : str
        "http://host/path" or "https://...".
    poll_s : float
        Seconds from one request to the next, > 0.
    timeout_s : float
        How long an answer may take, to its last byte, seconds > 0.
    quantity, unit, path, time, form, utc_offset_s
        How the answer is read; as of a topic of `MqttSource`.
    user : str
        Who asks, with the password of `password_file`.
    password_file, token_file : str or Path, optional
        Hold a password, or a bearer token; read anew for each connection.
    ca_file : str or Path, optional
        Who vouches for the other end, other than those whom the system trusts.
    options
        Those of `LiveReadingsSource`; `stale_s` is five polls where nothing is told, but no less than 30 s.

    Raises
    ------
    BadInputError
        If this is no address, or a setting cannot be.
    """

    def __init__(
        self, stream: str, url: str, *, poll_s: float = 60.0, timeout_s: float = 10.0, user: str = "",
        password_file: str | Path | None = None, token_file: str | Path | None = None,
        ca_file: str | Path | None = None, quantity: str = "", unit: str = "", path: str | Mapping[str, str] = "",
        time: str = "", form: str = "auto", utc_offset_s: int | None = None, **options: Any,
    ) -> None:  # fmt: skip
        where = f"sensor '{stream}'"
        address = web_address(url, where)
        if not (poll_s > 0 and timeout_s > 0):
            raise BadInputError("poll_s and timeout_s must be above 0", where=where, mend="give such a number")
        for file in (password_file, token_file, ca_file):
            if file is not None:
                require_file(Path(file))
        told = {"unit": unit, "form": form, "time": time, "utc_offset_s": utc_offset_s, "quantity": quantity}
        recipe = recipe_of({**told, "path": path} if path else told, Recipe(), where)
        secrets = Secrets(user, *(None if file is None else Path(file) for file in (password_file, token_file)))
        trust = None if ca_file is None else Path(ca_file)
        recipe = replace(recipe, name=recipe.name or "value")
        reader = HttpReader(address, recipe, secrets, trust, poll_s, timeout_s)
        usual = {"stale_s": max(30.0, 5 * poll_s), "backoff": Backoff(min(1.0, poll_s), max(3.0, poll_s))}
        super().__init__(stream, reader, **{**usual, **options})


@dataclass(frozen=True, slots=True)
class Secrets:
    """Who asks, and the files that prove it."""

    user: str = ""
    password_file: Path | None = None
    token_file: Path | None = None

    def headers(self) -> dict[str, str]:
        """What is sent along.

        Raises
        ------
        ReaderError
            If a file cannot be read.
        """
        try:
            if self.token_file:
                return {"Authorization": f"Bearer {self.token_file.read_text(encoding='ascii').strip()}"}
            if self.user:
                password = self.password_file.read_text(encoding="utf-8").strip("\r\n") if self.password_file else ""
                return {"Authorization": f"Basic {b64encode(f'{self.user}:{password}'.encode()).decode()}"}
        except (OSError, ValueError) as error:
            raise ReaderError("its password or token cannot be read") from error
        return {}


class HttpReader:
    """Asks at each beat, by a connection of its own.

    Parameters
    ----------
    url : SplitResult
        What to ask for.
    recipe : Recipe
        How to read the answer.
    secrets : Secrets
        Who asks.
    ca_file : Path or None
        Who vouches for the other end.
    poll_s, timeout_s : float
        Seconds between two requests, and for one answer.
    """

    def __init__(
        self, url: SplitResult, recipe: Recipe, secrets: Secrets, ca_file: Path | None, poll_s: float, timeout_s: float
    ) -> None:
        self._url, self._recipe, self._secrets, self._ca_file = url, recipe, secrets, ca_file
        self._poll_s, self._timeout_s = poll_s, timeout_s

    def readings(self) -> Generator[Item, None, None]:
        """Ask, and yield what is answered.

        Raises
        ------
        ReaderError
            If nothing is answered in time, or no document.
        """
        headers = {"Accept": "application/senml+json, application/json", "Connection": "close"}
        headers |= self._secrets.headers()
        for due in beats(self._poll_s):
            yield self._item(self._ask(headers)) if due else None

    def _item(self, body: bytes) -> Item:
        try:
            if len(body) > MOST_BYTES:
                raise PayloadError(Flaw.TOO_LARGE)
            return Report(parse(body, self._recipe))
        except PayloadError as error:
            return Complaint(error.flaw.value)

    def _ask(self, headers: Mapping[str, str]) -> bytes:
        """The answer's body, or a little more than may be read of it."""
        deadline_s = time.monotonic() + self._timeout_s
        path = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
        with closing(self._connection()) as connection:
            # Why a timer: an answer that drips byte by byte never runs into the time limit of a single read.
            timer = Timer(self._timeout_s, lambda: _break_off(line))
            line: socket.socket | None = None
            try:
                connection.connect()
                line = connection.sock
                timer.start()
                connection.request("GET", path, headers=dict(headers))
                with closing(connection.getresponse()) as answer:
                    if answer.status != http.client.OK:
                        raise ReaderError(f"it answers {answer.status} {answer.reason[:40]}")
                    body = b""
                    while len(body) <= MOST_BYTES and (piece := answer.read1(_PIECE)):
                        body += piece
                    if time.monotonic() > deadline_s:
                        raise TimeoutError
                    return body
            except (OSError, http.client.HTTPException) as error:
                if isinstance(error, TimeoutError) or time.monotonic() > deadline_s:
                    raise ReaderError(f"no answer within {self._timeout_s:g} s") from error
                raise ReaderError(f"it cannot be read ({_cause(error)})") from error
            finally:
                timer.cancel()
                if line:
                    timer.join()

    def _connection(self) -> http.client.HTTPConnection:
        host, port = str(self._url.hostname), self._url.port
        if self._url.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=self._timeout_s)
        try:
            context = ssl.create_default_context(cafile=self._ca_file)
        except (OSError, ValueError) as error:
            raise ReaderError("its certificates cannot be used") from error
        return http.client.HTTPSConnection(host, port, timeout=self._timeout_s, context=context)


def web_address(url: str, where: str) -> SplitResult:
    """The parts of an address of a document.

    Raises
    ------
    BadInputError
        If it is none, or holds a password.
    """
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known or not url.isascii() or any(letter.isspace() or not letter.isprintable() for letter in url):
        raise BadInputError("this is no address of a document", where=f"url of {where}", mend=_MEND)
    if parts.username or parts.password:
        raise BadInputError("a password in an address", where=f"url of {where}", mend="give user and password_file")
    return parts


def _break_off(line: socket.socket | None) -> None:
    if line:
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)


def _cause(error: Exception) -> str:
    return getattr(error, "verify_message", "") or getattr(error, "strerror", "") or type(error).__name__
