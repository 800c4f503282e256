"""Why a reader is down, as an exception."""

from __future__ import annotations


class ReaderError(Exception):
    """It cannot be read; the text is the reason, in words for people and without an address."""
