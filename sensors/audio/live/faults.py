"""Why a live source is down, as an exception."""

from __future__ import annotations


class ReaderError(Exception):
    """The sound cannot be read; the text is the reason, in words for people and without an address."""
