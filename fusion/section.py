"""What every table of a settings file is made of."""

from __future__ import annotations

import typing
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the settings file: frozen, every key known."""


Name = typing.Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
Positive = typing.Annotated[float, msgspec.Meta(gt=0, le=1e9)]
Share = typing.Annotated[float, msgspec.Meta(ge=0, le=1)]
Span = typing.Annotated[float, msgspec.Meta(ge=0, le=1e6)]


def require_zone(timezone: str) -> None:
    """Refuse wall time of nowhere.

    Raises
    ------
    ValueError
        If no such zone is known.
    """
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"timezone '{timezone}' is unknown: write one like Europe/Berlin") from error
