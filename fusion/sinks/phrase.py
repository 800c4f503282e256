"""What people write into messages: text with names in braces, "{severity} at {place}", and nothing else.

Why not the language's own formatting: `{place.__class__}` would lead from a name to all that the program holds. Here a
name is a word out of a list, and what it stands for is put in as it is, once.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping

FIELDS = frozenset("place change severity kind why opened closed incident event priority per_day title message".split())
"""What can stand in braces; `title` and `message` are themselves phrases."""

_NAME = re.compile(r"\{([a-z_]+)\}")


def refuse_unknown_fields(phrase: str, known: Collection[str] = FIELDS) -> None:
    """Refuse a phrase with a name that stands for nothing.

    Raises
    ------
    ValueError
        Naming it, and the nearest that is known.
    """
    for name in _NAME.findall(phrase):
        if name not in known:
            near = difflib.get_close_matches(name, known, 1) or [", ".join(sorted(known))]
            raise ValueError(f"'{{{name}}}' stands for nothing: did you mean {near[0]}?")


def filled_in(phrase: str, facts: Mapping[str, str]) -> str:
    """The phrase with what its names stand for; what was put in is not looked at again."""
    return _NAME.sub(lambda found: facts.get(found[1], found[0]), phrase)
