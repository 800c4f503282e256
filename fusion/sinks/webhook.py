"""Incidents to an address of somebody's: CloudEvents 1.0 by HTTP POST, signed.

`Kizashi-Signature: t=<seconds>,v1=<hex>`, where v1 is the HMAC-SHA256 of "<seconds>." and the body, with the shared
secret: whoever checks it knows who sent the event, and when. Redirects are not followed.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ssl
from collections.abc import Callable
from contextlib import closing
from urllib.parse import urlsplit

from fusion.sinks.outbox import RefusedError
from sensors.errors import BadInputError
from sensors.types import NS

LATER = frozenset({408, 425, 429})
"""Answers of the client's fault that may go away."""


class Webhook:
    """A receiver of events.

    Parameters
    ----------
    url : str
        http or https.
    secret : str
        Shared with the receiver; empty sends unsigned.
    now_ns : callable () -> int
        Present moment, nanoseconds UTC.
    timeout_s : float
        How long an answer may take.

    Raises
    ------
    BadInputError
        If this is no such address; it is repeated nowhere, since it may hold a token.
    """

    def __init__(self, url: str, secret: str, now_ns: Callable[[], int], timeout_s: float = 10.0) -> None:
        try:
            parts = urlsplit(url)
            known = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            known = False
        if not known or any(letter.isspace() for letter in url):
            mend = "give one like https://example.org/hook"
            raise BadInputError("this is no address of a webhook", where="[[webhooks]] url", mend=mend)
        self._host, self._port, self._tls = parts.hostname or "", parts.port, parts.scheme == "https"
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._secret, self._now_ns, self._timeout_s = secret.encode(), now_ns, timeout_s

    def send(self, name: str, body: bytes) -> None:
        """Post an event."""
        headers = {"Content-Type": "application/cloudevents+json", "Idempotency-Key": name, "User-Agent": "kizashi"}
        if self._secret:
            headers["Kizashi-Signature"] = sign(body, self._secret, self._now_ns() // NS)
        try:
            with closing(self._connection()) as way:
                way.request("POST", self._target, body, headers)
                status = way.getresponse().status
        except http.client.HTTPException as error:
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


def sign(body: bytes, secret: bytes, at_s: int) -> str:
    """The signature's header."""
    told = hmac.new(secret, f"{at_s}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at_s},v1={told}"
