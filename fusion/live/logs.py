"""Logs of the daemon: one JSON object a line to stderr, or plain lines on a terminal."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime

import msgspec


class _Lines(logging.Formatter):
    """Time, level, who, and what; the traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """One JSON object."""
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "from": record.name,
            "text": record.getMessage(),
        }
        if record.exc_info:
            told["trace"] = self.formatException(record.exc_info)
        return msgspec.json.encode(told).decode()


def begin_logging() -> None:
    """Log from now on."""
    teller = logging.StreamHandler()
    if not sys.stderr.isatty():
        teller.setFormatter(_Lines())
    else:
        teller.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[teller], force=True)
