"""Sensors that send by HTTP: `PushSource`, an endpoint that takes SenML, JSON and plain values.

    curl -H "Authorization: Bearer $TOKEN" -d '{"temperature": 21.5}' http://127.0.0.1:8787/kitchen

What stands after the slash names the device, and comes before the names of its quantities. An answer of 204 means
that the readings were taken; 400 says why not, 401 that the token is wrong, 411 and 413 that the body's length is not
told or too much, 503 that they come too fast.
"""

from __future__ import annotations

import hmac
import logging
import re
import socket
import ssl
import time
from collections import deque
from collections.abc import Generator
from contextlib import closing, suppress
from dataclasses import replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import TCPServer, ThreadingMixIn
from typing import Any, ClassVar

from sensors.environment.live.flaws import Flaw, PayloadError
from sensors.environment.live.payloads import MOST_BYTES, Form, Recipe, parse
from sensors.environment.live.reading import Complaint, Item, ReaderError, Report
from sensors.environment.live.source import LiveReadingsSource
from sensors.environment.live.topics import recipe_of
from sensors.errors import BadInputError
from sensors.files import require_file

PORT = 8787
SHORTEST_TOKEN = 16
MOST_CONNECTIONS, MOST_WAITING = 32, 1000
SILENT_S, LONGEST_S = 5.0, 20.0
"""How long a client may say nothing, and how long it may take altogether, seconds."""

_ADDRESS = re.compile(r"(?:http://)?(\[[0-9a-fA-F:]+\]|[^\s/:@\[\]]+)(?::(\d{1,5}))?/?")
_PATH = re.compile(r"/([A-Za-z0-9_.-]{0,64})")
_HERE = frozenset({"127.0.0.1", "::1", "localhost"})
_TICK_S = 0.1
_DRAINED = 1 << 24
_log = logging.getLogger(__name__)


class PushSource(LiveReadingsSource):
    """Whatever is sent to it, by whoever has the token.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    address : str
        Where to listen: "127.0.0.1:8787"; this machine alone can reach it unless another address is told.
    token_file : str or Path
        Holds the token, of 16 characters or more.
    cert_file, key_file : str or Path, optional
        Our certificate, for TLS.
    quantity, unit, form, time, utc_offset_s
        How what is sent is read; as of a topic of `MqttSource`.
    options
        Those of `LiveReadingsSource`.

    Raises
    ------
    BadInputError
        If this is no address, or there is no good token.
    """

    def __init__(
        self, stream: str, address: str = f"127.0.0.1:{PORT}", *, token_file: str | Path | None = None,
        cert_file: str | Path | None = None, key_file: str | Path | None = None, quantity: str = "", unit: str = "",
        form: str = "auto", time: str = "", utc_offset_s: int | None = None, **options: Any,
    ) -> None:  # fmt: skip
        where = f"sensor '{stream}'"
        match = _ADDRESS.fullmatch(address)
        if not match or int(match[2] or PORT) > 65_535:
            raise BadInputError("nowhere to listen", where=f"address of {where}", mend=f'give "127.0.0.1:{PORT}"')
        if token_file is None:
            mend = "write one of 16 characters or more into a file, and name it with token_file"
            raise BadInputError("no token", where=where, mend=mend)
        token = Path(token_file)
        require_file(token)
        if len(_token(token)) < SHORTEST_TOKEN:
            raise BadInputError(f"a token of less than {SHORTEST_TOKEN} characters", where=token, mend="use a longer")
        for file in (cert_file, key_file):
            if file is not None:
                require_file(Path(file))
        told = {"unit": unit, "form": form, "time": time, "utc_offset_s": utc_offset_s, "quantity": quantity}
        recipe = recipe_of(told, Recipe(), where)
        place = match[1].strip("[]"), int(match[2] or PORT)
        super().__init__(stream, PushReader(place, token, recipe, cert_file, key_file), **options)


class PushReader:
    """Listens at a port.

    Parameters
    ----------
    place : (str, int)
        Address and port.
    token_file : Path
        Holds the token; read anew when the port is opened.
    recipe : Recipe
        How to read what is sent.
    cert_file, key_file : str or Path or None
        Our certificate.
    """

    def __init__(
        self, place: tuple[str, int], token_file: Path, recipe: Recipe, cert_file: str | Path | None = None,
        key_file: str | Path | None = None,
    ) -> None:  # fmt: skip
        self._place, self._token_file, self._recipe = place, token_file, recipe
        self._cert_file, self._key_file = cert_file, key_file

    def readings(self) -> Generator[Item, None, None]:
        """Listen, and yield what is sent.

        Raises
        ------
        ReaderError
            If the port cannot be opened.
        """
        with closing(self._server()) as server:
            while True:
                server.handle_request()
                server.part_from_slow_ones()
                while server.items:
                    yield server.items.popleft()
                yield None

    def _server(self) -> _Server:
        try:
            server = _Server(self._place, _token(self._token_file), self._recipe)
        except (OSError, OverflowError, BadInputError) as error:
            what = getattr(error, "strerror", "") or error
            raise ReaderError(f"port {self._place[1]} cannot be opened ({what})") from error
        if not self._cert_file and self._place[0] not in _HERE:
            _log.warning("port %d: others can read the token on its way; give cert_file and key_file", self._place[1])
        if self._cert_file:
            try:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(self._cert_file, self._key_file)
            except (OSError, ValueError) as error:
                server.close()
                raise ReaderError("its certificate cannot be used") from error
            # The handshake waits for the thread of its connection, so that a slow one stops nobody.
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        return server


class _Server(ThreadingMixIn, TCPServer):
    """A thread for each connection, few at a time, none for long."""

    allow_reuse_address = True
    block_on_close = True
    daemon_threads = False
    request_queue_size = 64

    def __init__(self, place: tuple[str, int], token: bytes, recipe: Recipe) -> None:
        self.token, self.recipe = token, recipe
        self.items: deque[Item] = deque()
        self.timeout = _TICK_S
        self._since_s: dict[Any, float] = {}
        self.address_family = socket.AF_INET6 if ":" in place[0] else socket.AF_INET
        super().__init__(place, _Request)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether there is room for one more."""
        if len(self._since_s) >= MOST_CONNECTIONS:
            self.items.append(Complaint("too many connections at once"))
            return False
        self._since_s[request] = time.monotonic()
        return True

    def shutdown_request(self, request: Any) -> None:
        """Close a connection that was served or refused."""
        self._since_s.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Count a connection that broke off; nothing is printed."""
        self.items.append(Complaint("a connection broke off"))

    def part_from_slow_ones(self, longest_s: float = LONGEST_S) -> None:
        """Break off connections that take longer."""
        for request, since_s in list(self._since_s.items()):
            if time.monotonic() - since_s > longest_s:
                with suppress(OSError):
                    request.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Break off all connections and wait for their threads."""
        self.part_from_slow_ones(-1.0)
        self.server_close()


class _Request(BaseHTTPRequestHandler):
    """One request, one answer."""

    server: _Server
    timeout: ClassVar[float] = SILENT_S
    server_version, sys_version = "Kizashi", ""

    def do_POST(self) -> None:
        """Check the token, then the length, then the body."""
        match = _PATH.fullmatch(self.path)
        length = self.headers.get("Content-Length", "")
        if not hmac.compare_digest(self._token(), self.server.token):
            self._refuse(HTTPStatus.UNAUTHORIZED, "wrong or no token", str(self.client_address[0]))
        elif not match:
            self._refuse(HTTPStatus.NOT_FOUND, "no such path")
        elif not re.fullmatch(r"\d{1,12}", length):
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "no length of the body told", match[1])
        elif int(length) > MOST_BYTES:
            self._drain(int(length))
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, Flaw.TOO_LARGE.value, match[1])
        else:
            self._take(self.rfile.read(int(length)), int(length), match[1])

    do_PUT = do_POST  # noqa: N815 - named by the library

    def log_message(self, *_: object) -> None:
        """Say nothing: complaints are counted."""

    def _take(self, body: bytes, length: int, device: str) -> None:
        if len(body) < length:
            self._refuse(HTTPStatus.BAD_REQUEST, "a connection broke off", device)
        elif len(self.server.items) >= MOST_WAITING:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "too many at once", device)
        else:
            try:
                readings = parse(body, self._recipe(device))
            except PayloadError as error:
                self._refuse(HTTPStatus.BAD_REQUEST, error.flaw.value, device)
                return
            self.server.items.append(Report(readings, device))
            self.send_response(HTTPStatus.NO_CONTENT)
            self.end_headers()

    def _recipe(self, device: str) -> Recipe:
        own = self.server.recipe
        senml = self.headers.get_content_type() == "application/senml+json"
        name = "_".join(part for part in (device, own.name) if part) or "value"
        return replace(own, name=name, prefix=device, form=Form.SENML if senml else own.form)

    def _token(self) -> bytes:
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        return token.strip().encode() if kind.lower() == "bearer" else b""

    def _refuse(self, status: HTTPStatus, reason: str, origin: str = "") -> None:
        if len(self.server.items) < 2 * MOST_WAITING:
            self.server.items.append(Complaint(reason, origin))
        told = f"{reason}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def _drain(self, length: int) -> None:
        """Read past a body, so that its sender comes to read the answer."""
        left = min(length, _DRAINED)
        while left > 0 and (piece := self.rfile.read(min(left, 1 << 16))):
            left -= len(piece)


def _token(path: Path) -> bytes:
    try:
        return path.read_bytes().strip()
    except OSError as error:
        raise BadInputError(f"cannot be read ({error.strerror})", where=path, mend="check the path") from error
