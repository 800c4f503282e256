"""What systemd is told: ready, alive, stopping (sd_notify(3), by its datagram socket). Elsewhere nobody is told."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

from sensors.types import NS


class Notifier:
    """The service manager's ear.

    Parameters
    ----------
    environment : mapping
        Where NOTIFY_SOCKET and WATCHDOG_USEC stand.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        usec = environment.get("WATCHDOG_USEC", "")
        self._every_ns = int(usec) * 1000 // 3 if usec.isdigit() else NS
        self._pinged_ns = self._verdicts = 0

    def ready(self) -> None:
        """Watching has begun."""
        self._tell("READY=1\nSTATUS=watching")

    def stopping(self) -> None:
        """It is about to end."""
        self._tell("STOPPING=1")

    def alive(self, verdicts: int, now_ns: int) -> None:
        """Ping three times an interval, but only if there were verdicts since the last ping."""
        if verdicts > self._verdicts and now_ns - self._pinged_ns >= self._every_ns:
            self._pinged_ns, self._verdicts = now_ns, verdicts
            self._tell(f"WATCHDOG=1\nSTATUS=watching, {verdicts} verdicts")

    def _tell(self, text: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way:
                way.settimeout(0.05)
                way.sendto(text.encode(), self._address)
        except OSError:
            # Nobody listens: then nobody needs to know.
            return
