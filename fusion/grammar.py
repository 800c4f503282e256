"""Reads the user's rules: text to `Rule`, with errors that say what is wrong, where, and how to mend it.

    rule        condition [for DURATION]
    condition   chain of "and", or chain of such joined by "or"; brackets as usual
    comparison  [STREAM:]QUANTITY  > >= < <= = !=  NUMBER [UNIT]      or      QUANTITY = on

A quantity may be any that `sensors.environment.quantities` knows, in any unit that it converts ("temperature > 140 F"),
or the name of a column that no table knows, then without a unit. "temperature" alone stands for every temperature,
"temperature_2" for that one. STREAM is a pattern as in shells ("boiler/*"). Names with blanks stand in quotes. Joined
by "and", comparisons of the same quantity speak of the same sensor.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from fusion.rules import COMPARE, Both, Comparison, Condition, Either
from sensors.environment.quantities import HOUR_S, documented_name, is_word_of, quantity_of, units_of
from sensors.environment.units import SWITCH
from sensors.errors import BadInputError
from sensors.types import NS

EXAMPLE = "co > 70 ppm for 60 s"
WORDS = {
    **dict.fromkeys("on open yes true detected".split(), 1.0),
    **dict.fromkeys("off closed no false clear".split(), 0.0),
}
"""What the states of a switch are called."""

SECONDS = {
    **dict.fromkeys("s sec second seconds".split(), 1.0),
    **dict.fromkeys("min minute minutes".split(), 60.0),
    **dict.fromkeys("h hour hours".split(), 3600.0),
    "ms": 1e-3,
}
LONGEST_S = 30 * 86_400.0
SIGNS_OF_LIFE = 3
"""A switch is believed for so many times the usual time between two of its signs of life."""

MOST, DEEPEST = 50, 20
"""Comparisons that a rule may have, and brackets within each other."""

_SPACE = re.compile(r"\s*")
_NAME = re.compile(r"'([^']+)'|\"([^\"]+)\"|([^\s()<>=!,'\"]+)")
_SIGN = re.compile(r"==|!=|>=|<=|>|<|=|≥|≤|is\b")
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
_WORD = re.compile(r"[^\s()<>=!,'\"]+")
_SPELLED = {"==": "=", "is": "=", "≥": ">=", "≤": "<="}
_JOINS = frozenset({"and", "or", "for"})


def parse_rule(text: str, where: object) -> tuple[Condition, int]:
    """A condition, and for how long it must hold, nanoseconds.

    Raises
    ------
    BadInputError
        If it cannot be understood, or has a unit that its quantity does not have.
    """
    reader = _Reader(text, where)
    condition = reader.condition()
    for_ns = reader.duration() if reader.take_word("for") else 0
    reader.end()
    return condition, for_ns


def parse_condition(text: str, where: object) -> Condition:
    """A condition without a time; raises as `parse_rule` does."""
    reader = _Reader(text, where)
    condition = reader.condition()
    reader.end()
    return condition


class _Reader:
    """Goes through a text from left to right, one token at a time."""

    def __init__(self, text: str, where: object) -> None:
        self._text, self._where = text, where
        self._at = self._comparisons = self._depth = 0

    def condition(self) -> Condition:
        """Parts joined by "or"."""
        parts = [self._chain()]
        while self.take_word("or"):
            parts.append(self._chain())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def take_word(self, word: str) -> bool:
        """Whether this word stands here; it is passed then."""
        found = _WORD.match(self._text, self._here())
        if not found or found[0].lower() != word:
            return False
        self._at = found.end()
        return True

    def duration(self) -> int:
        """A length of time, nanoseconds: "60 s", "1 h 30 min"."""
        seconds, first = 0.0, True
        while first or _NUMBER.match(self._text, self._here()):
            number = self._need(_NUMBER, "a time such as '60 s'")
            unit = self._need(_WORD, "a unit of time: s, min or h")
            if unit.lower() not in SECONDS:
                raise self._wrong(f"'{unit}' is no unit of time", "use s, min or h")
            seconds, first = seconds + float(number) * SECONDS[unit.lower()], False
        if not 0 < seconds <= LONGEST_S:
            raise self._wrong(f"'for' cannot be {seconds:g} s", "give a time above 0, at most 720 h")
        return round(seconds * NS)

    def end(self) -> None:
        """Nothing more may follow."""
        if self._here() < len(self._text):
            rest = self._text[self._at :].split()[0]
            raise self._wrong(f"'{rest}' was not expected here", "join comparisons with 'and' or 'or'")

    def _chain(self) -> Condition:
        """Parts joined by "and"; those that speak of the same quantity of the same sensor become one."""
        parts: list[Condition] = [self._part()]
        while self.take_word("and"):
            parts.append(self._part())
        merged: dict[object, Condition] = {}
        for part in parts:
            key: object = (part.stream, part.name) if isinstance(part, Comparison) else len(merged)
            known = merged.get(key)
            if isinstance(known, Comparison) and isinstance(part, Comparison):
                merged[key] = replace(known, limits=known.limits + part.limits)
            else:
                merged[key] = part
        return next(iter(merged.values())) if len(merged) == 1 else Both(tuple(merged.values()))

    def _part(self) -> Condition:
        if self._text.startswith("(", self._here()):
            self._at, self._depth = self._at + 1, self._depth + 1
            if self._depth > DEEPEST:
                raise self._wrong(f"more than {DEEPEST} brackets within each other", "make several rules of it")
            inner = self.condition()
            if not self._text.startswith(")", self._here()):
                raise self._wrong("a bracket is not closed", "add ')'")
            self._at, self._depth = self._at + 1, self._depth - 1
            return inner
        self._comparisons += 1
        if self._comparisons > MOST:
            raise self._wrong(f"more than {MOST} comparisons", "make several rules of it")
        return self._comparison()

    def _comparison(self) -> Comparison:
        found = _NAME.match(self._text, self._here())
        if not found or found[0].lower() in _JOINS:
            raise self._wrong(f"{self._found()} where a comparison should be", f"write it like '{EXAMPLE}'")
        self._at = found.end()
        stream, _, name = (found[1] or found[2] or found[3]).rpartition(":")
        sign = self._need(_SIGN, f"one of {' '.join(COMPARE)} after '{found[0]}'")
        sign = _SPELLED.get(sign, sign)
        if number := _NUMBER.match(self._text, self._here()):
            self._at = number.end()
            return self._measured(stream or "*", name, sign, float(number[0]))
        word = self._need(_WORD, "a number, or on or off")
        if word.lower() not in WORDS:
            raise self._wrong(f"'{word}' is no number", "give a number, or on or off for a switch")
        return self._compare(stream or "*", name, sign, WORDS[word.lower()], SWITCH)

    def _measured(self, stream: str, name: str, sign: str, number: float) -> Comparison:
        unit = _WORD.match(self._text, self._here())
        if unit and unit[0].lower() not in _JOINS:
            self._at = unit.end()
            return self._compare(stream, name, sign, number, unit[0])
        return self._compare(stream, name, sign, number, "")

    def _compare(self, stream: str, name: str, sign: str, number: float, unit: str) -> Comparison:
        quantity, factor, offset = quantity_of(name, unit)
        if quantity is not None and unit == SWITCH and not quantity.binary:
            raise self._wrong(f"'{name}' is no switch", "give a number, in a unit of its")
        if quantity is None and (units := units_of(name)):
            raise self._unfit(name, sign, number, unit, units)
        limit = number * factor + offset
        if not math.isfinite(limit):
            raise self._wrong(f"'{number:g}' is too large", "give a smaller number")
        # Converted numbers are compared with readings that were converted likewise: both end in the same digits.
        limit = limit if factor == 1 and offset == 0 else float(f"{limit:.12g}")
        switch = quantity.binary if quantity else unit == SWITCH
        lasts_ns = round(SIGNS_OF_LIFE * (quantity.report_s if quantity else HOUR_S) * NS) if switch else 0
        low, high = (quantity.low, quantity.high) if quantity else (-math.inf, math.inf)
        shown = quantity.unit if quantity else ""
        return Comparison(stream, name, ((sign, limit),), _meaning(name, unit), lasts_ns, low, high, shown, switch)

    def _unfit(self, name: str, sign: str, number: float, unit: str, units: list[str]) -> BadInputError:
        known = ", ".join(units[:8]) + (", ..." if len(units) > 8 else "")
        what = f"'{unit}' is no unit of '{name}'" if unit else f"'{name}' may be measured in several units"
        return self._wrong(what, f"write '{name} {sign} {number:g} {units[0]}'; known are {known}")

    def _need(self, pattern: re.Pattern[str], what: str) -> str:
        found = pattern.match(self._text, self._here())
        if not found:
            raise self._wrong(f"{self._found()} where {what} should be", f"write it like '{EXAMPLE}'")
        self._at = found.end()
        return found[0]

    def _here(self) -> int:
        """Passes blanks; where the next token begins."""
        blank = _SPACE.match(self._text, self._at)
        self._at = blank.end() if blank else self._at
        return self._at

    def _found(self) -> str:
        token = _WORD.match(self._text, self._here())
        return f"'{token[0] if token else self._text[self._at]}'" if self._at < len(self._text) else "nothing"

    def _wrong(self, what: str, mend: str) -> BadInputError:
        return BadInputError(f"{what} (letter {self._at + 1} of '{self._text}')", where=self._where, mend=mend)


def _meaning(name: str, unit: str) -> Callable[[str], bool]:
    """Which documented names a written one stands for: its own, or all of the quantity whose plain name it is."""
    quantity = quantity_of(name, unit)[0]
    own = frozenset({name, documented_name(name), documented_name(name, unit)})
    whole = quantity if quantity is not None and is_word_of(name, quantity) else None
    return partial(_is_meant, own, whole)


def _is_meant(own: frozenset[str], whole: object, name: str) -> bool:
    return name in own or (whole is not None and quantity_of(name)[0] == whole)
