"""Numbers in words that people use: how rare, how long, how many.

Pure: maths only. Figures are rounded to what a reader can remember; the exact ones stand in the JSON.
"""

from __future__ import annotations

import math

__all__ = ["counted", "duration", "once_in", "one_in", "rarity"]

DAY_S = 86_400.0
MONTH_S = DAY_S * 365.25 / 12
YEAR_S = DAY_S * 365.25
_STEPS = (
    (90.0, 60.0, "a minute", "minutes"),
    (55 * 60.0, 60.0, "", "minutes"),
    (22 * 3600.0, 3600.0, "an hour", "hours"),
    (60 * DAY_S, DAY_S, "a day", "days"),
    (2 * YEAR_S, MONTH_S, "a month", "months"),
    (10 * YEAR_S, YEAR_S, "a year", "years"),
)


def once_in(per_day: float) -> str:
    """Say a rate as the time between two events.

    Parameters
    ----------
    per_day : float
        Events a day, >= 0.

    Returns
    -------
    str
        "several times a minute", "once a minute", "once in 20 minutes", "once an hour", "once in 40 days",
        "once in 3 years", "less than once in 10 years".

    Raises
    ------
    ValueError
        `per_day` is negative or not a number.
    """
    if not per_day >= 0:
        raise ValueError(f"a rate is a number from 0, not {per_day}")
    apart_s = DAY_S / per_day if per_day > 0 else math.inf
    if apart_s < 30:
        return "several times a minute"
    for limit_s, unit_s, single, plural in _STEPS:
        if apart_s < limit_s:
            number = max(1, round(apart_s / unit_s))
            return f"once {single}" if number == 1 and single else f"once in {number} {plural}"
    return "less than once in 10 years" if apart_s > 10 * YEAR_S else "once in 10 years"


def rarity(per_day: float) -> str:
    """`once_in` with "about" before it where that makes sense: "about once in 40 days"."""
    words = once_in(per_day)
    return f"about {words}" if words.startswith("once") else words


def one_in(p_value: float) -> str:
    """Say a p-value as a share: "1 in 3", "1 in 1,000", "1 in 2 million".

    Parameters
    ----------
    p_value : float
        In [0, 1].

    Returns
    -------
    str
        Two significant figures up to a thousand million, "less than 1 in 1,000 million" beyond.

    Raises
    ------
    ValueError
        `p_value` lies outside [0, 1].
    """
    if not 0 <= p_value <= 1:
        raise ValueError(f"a p-value lies in [0, 1], not at {p_value}")
    if p_value < 1e-9:
        return "less than 1 in 1,000 million"
    many = 1 / p_value
    step = 10 ** max(0, math.floor(math.log10(many)) - 1)
    rounded = round(many / step) * step
    return f"1 in {rounded:,}" if rounded < 1_000_000 else f"1 in {rounded / 1e6:,g} million"


def duration(seconds: float) -> str:
    """Say a length of time in its two largest units.

    Parameters
    ----------
    seconds : float
        >= 0.

    Returns
    -------
    str
        "0.4 s", "12 s", "4 min 5 s", "2 h 10 min", "3 days 4 h"; a unit that is zero is left out.

    Raises
    ------
    ValueError
        `seconds` is negative or not finite.
    """
    if not 0 <= seconds < math.inf:
        raise ValueError(f"a duration is a finite number from 0, not {seconds}")
    if seconds < 9.95:
        return f"{round(seconds, 1):g} s"
    if seconds < 3599.5:
        minutes, rest = divmod(round(seconds), 60)
        return _pair(minutes, "min", rest, "s")
    minutes = round(seconds / 60)
    if minutes < 24 * 60:
        return _pair(minutes // 60, "h", minutes % 60, "min")
    days, hours = divmod(round(seconds / 3600), 24)
    return _pair(days, "day" if days == 1 else "days", hours, "h")


def counted(number: int, noun: str) -> str:
    """A number with its noun, in the plural where there are more or none: "no incidents", "1 incident"."""
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def _pair(first: int, first_unit: str, second: int, second_unit: str) -> str:
    parts = [f"{number} {unit}" for number, unit in ((first, first_unit), (second, second_unit)) if number]
    return " ".join(parts)
