"""Settings by environment: `KIZASHI__TIMING__BUDGET_S=0.3` goes before what stands in the file.

Two underscores part the keys; a number is a place in a list, from 0: `KIZASHI__SENSORS__0__URL`. A value is read as
TOML, and as text where it is none.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from sensors.errors import BadInputError

PREFIX = "KIZASHI__"


def overridden(table: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """The table of a file, with what the environment says instead.

    Raises
    ------
    BadInputError
        If a name leads nowhere; its value is not repeated, since it may be a secret.
    """
    told: dict[str, Any] = deepcopy(dict(table))
    for name in sorted(name for name in environment if name.startswith(PREFIX)):
        keys = name.removeprefix(PREFIX).lower().split("__")
        place: Any = told
        for key in keys[:-1]:
            place = _inner(place, key, name)
        _put(place, keys[-1], _value(environment[name]), name)
    return told


def _inner(place: Any, key: str, name: str) -> Any:
    if isinstance(place, list):
        return place[_index(place, key, name)]
    if isinstance(place, dict) and key:
        return place.setdefault(key, {})
    raise _nowhere(name)


def _put(place: Any, key: str, value: Any, name: str) -> None:
    if isinstance(place, list):
        place[_index(place, key, name)] = value
    elif isinstance(place, dict) and key:
        place[key] = value
    else:
        raise _nowhere(name)


def _index(place: list[Any], key: str, name: str) -> int:
    if not key.isdecimal() or int(key) >= len(place):
        raise _nowhere(name)
    return int(key)


def _nowhere(name: str) -> BadInputError:
    mend = "write it like KIZASHI__TIMING__BUDGET_S"
    return BadInputError("this leads to no setting", where=f"environment, {name}", mend=mend)


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
