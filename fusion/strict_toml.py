"""Reads TOML strictly: every key must be known and of its type, and an unknown one is told its nearest neighbour."""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sensors.errors import BadInputError


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file.

    Raises
    ------
    BadInputError
        If it cannot be read or is no TOML; the line is named.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInputError(f"cannot be read ({error.strerror})", where=path, mend="check the path") from error
    except UnicodeDecodeError as error:
        raise BadInputError("this is no UTF-8 text", where=path, mend="save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"line (\d+)", str(error))
        where = f"{path}, line {place[1]}" if place else f"{path}, last line"
        what = re.sub(r" \(at .*\)$", "", str(error))
        raise BadInputError(f"this is no TOML ({what})", where=where, mend="mend the line") from error


def require_known(keys: Iterable[str], known: Iterable[str], where: object, noun: str = "key") -> None:
    """Check that every key, or whatever `noun` calls it, is a known one.

    Raises
    ------
    BadInputError
        For the first that is not; the nearest known key is named.
    """
    allowed = sorted(known)
    for key in keys:
        if key not in allowed:
            near = difflib.get_close_matches(key, allowed, 1)
            mend = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(allowed)}"
            raise BadInputError(f"unknown {noun} '{key}'", where=where, mend=mend)


def text(table: Mapping[str, Any], key: str, where: object, default: str | None = None) -> str:
    """A text that is not empty; without a default it must be there."""
    value = table.get(key, default)
    if value is None:
        raise BadInputError(f"no '{key}'", where=where, mend=f'add {key} = "..."')
    if not isinstance(value, str) or (not value and default is None):
        raise BadInputError(f"'{key}' is no text", where=where, mend=f'write {key} = "..."')
    return value


def number(table: Mapping[str, Any], key: str, where: object, default: float | None = None) -> float | None:
    """A finite number, or the default."""
    value = table.get(key, default)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadInputError(f"'{key}' is no number", where=where, mend=f"write {key} = 1.5, for instance")
    return float(value)


def number_within(
    table: Mapping[str, Any], key: str, where: object, least: float, most: float, unit: str = ""
) -> float | None:
    """A finite number more than `least` and at most `most`, or None where it is not there."""
    value = number(table, key, where)
    if value is not None and not least < value <= most:
        mend = f"give a number above {least:g}, at most {most:g}{unit and ' '}{unit}"
        raise BadInputError(f"'{key}' cannot be {value:g}", where=where, mend=mend)
    return value
