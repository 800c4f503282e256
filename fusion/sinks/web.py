"""Where something is sent by HTTP, and what its answers mean: handed over, try again, or never mind.

Redirects are not followed, and the address is repeated nowhere, since it may hold a token.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from contextlib import closing
from urllib.parse import urlsplit

from fusion.sinks.outbox import RefusedError
from sensors.errors import BadInputError

LATER = frozenset({408, 425, 429})
"""Answers of the client's fault that may go away."""


class Address:
    """An address of the web.

    Parameters
    ----------
    url : str
        http or https.
    what, where : str
        What it is and where it stands, for errors: "webhook", "[[webhooks]] url".
    timeout_s : float
        How long an answer may take.

    Raises
    ------
    BadInputError
        If this is no such address.
    """

    def __init__(self, url: str, what: str, where: str, timeout_s: float = 10.0) -> None:
        try:
            parts = urlsplit(url)
            known = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            known = False
        if not known or not url.isprintable() or " " in url:
            mend = "give one like https://example.org/hook"
            raise BadInputError(f"this is no address of a {what}", where=where, mend=mend)
        self._host, self._port, self._tls = parts.hostname or "", parts.port, parts.scheme == "https"
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._timeout_s = timeout_s

    def send(self, method: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Hand something over.

        Raises
        ------
        OSError
            If it could not be; another time it may.
        RefusedError
            If there is no use in trying again.
        """
        try:
            with closing(self._connection()) as way:
                way.request(method, self._target, body, {"User-Agent": "kizashi", **headers})
                status = way.getresponse().status
        except (http.client.HTTPException, UnicodeError, ValueError) as error:
            raise OSError(0, f"no answer that is HTTP ({type(error).__name__})") from error
        if 200 <= status < 300:
            return
        if 400 <= status < 500 and status not in LATER:
            raise RefusedError(f"it answers {status}")
        raise OSError(0, f"it answers {status}")

    def _connection(self) -> http.client.HTTPConnection:
        if self._tls:
            trust = ssl.create_default_context()
            return http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout_s, context=trust)
        return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)
