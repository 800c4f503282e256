"""Incidents to an address of somebody's: CloudEvents 1.0 by HTTP POST, signed.

`Kizashi-Signature: t=<seconds>,v1=<hex>`, where v1 is the HMAC-SHA256 of "<seconds>." and the body, with the shared
secret: whoever checks it knows who sent the event, and when.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from fusion.sinks.web import Address
from sensors.types import NS


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
        If this is no such address.
    """

    def __init__(self, url: str, secret: str, now_ns: Callable[[], int], timeout_s: float = 10.0) -> None:
        self._address = Address(url, "webhook", "[[webhooks]] url", timeout_s)
        self._secret, self._now_ns = secret.encode(), now_ns

    def send(self, name: str, body: bytes) -> None:
        """Post an event."""
        headers = {"Content-Type": "application/cloudevents+json", "Idempotency-Key": name}
        if self._secret:
            headers["Kizashi-Signature"] = sign(body, self._secret, self._now_ns() // NS)
        self._address.send("POST", body, headers)


def sign(body: bytes, secret: bytes, at_s: int) -> str:
    """The signature's header."""
    told = hmac.new(secret, f"{at_s}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at_s},v1={told}"
