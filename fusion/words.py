"""Numbers in words that people use: how rare, how long, how many.

Pure: maths only. Figures are rounded to what a reader can remember; the exact ones stand in the JSON.
"""

from __future__ import annotations

import math

from fusion.language.english import ENGLISH
from fusion.language.texts import Numbers, Texts

__all__ = ["counted", "duration", "incidents", "moments", "once_in", "one_in", "rarity"]

DAY_S = 86_400.0
MONTH_S = DAY_S * 365.25 / 12
YEAR_S = DAY_S * 365.25
_STEPS = (
    (90.0, 60.0),
    (55 * 60.0, 60.0),
    (22 * 3600.0, 3600.0),
    (60 * DAY_S, DAY_S),
    (2 * YEAR_S, MONTH_S),
    (10 * YEAR_S, YEAR_S),
)
"""Up to how long between two events, and in which unit: seconds; words stand in `Numbers.once`."""


def once_in(per_day: float, texts: Texts = ENGLISH) -> str:
    """Say a rate as the time between two events.

    Parameters
    ----------
    per_day : float
        Events a day, >= 0.
    texts : Texts
        Whose words.

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
    words = texts.numbers
    if apart_s < 30:
        return words.often
    for (limit_s, unit_s), (single, several) in zip(_STEPS, words.once, strict=True):
        if apart_s < limit_s:
            number = max(1, round(apart_s / unit_s))
            return (single if number == 1 else several).format(n=number)
    return words.hardly_ever if apart_s > 10 * YEAR_S else words.ten_years


def rarity(per_day: float, texts: Texts = ENGLISH) -> str:
    """`once_in` with "about" before it where that makes sense: "about once in 40 days"."""
    words = once_in(per_day, texts)
    vague = (texts.numbers.often, texts.numbers.hardly_ever)
    return words if words in vague else texts.numbers.about.format(words=words)


def one_in(p_value: float, texts: Texts = ENGLISH) -> str:
    """Say a p-value as a share: "1 in 3", "1 in 1,000", "1 in 2 million".

    Parameters
    ----------
    p_value : float
        In [0, 1].
    texts : Texts
        Whose words.

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
        return texts.numbers.one_in_beyond
    many = 1 / p_value
    step = 10 ** max(0, math.floor(math.log10(many)) - 1)
    rounded = round(many / step) * step
    if rounded < 1_000_000:
        return texts.numbers.one_in.format(n=rounded)
    return texts.numbers.one_in_millions.format(millions=rounded / 1e6, ten_thousands=rounded / 1e4)


def moments(p_value: float, texts: Texts = ENGLISH) -> str:
    """`one_in` of moments: "1 in 1,000 moments"."""
    return texts.numbers.moments.format(share=one_in(p_value, texts))


def duration(seconds: float, texts: Texts = ENGLISH) -> str:
    """Say a length of time in its two largest units.

    Parameters
    ----------
    seconds : float
        >= 0.
    texts : Texts
        Whose words.

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
    words = texts.numbers
    if seconds < 9.95:
        return words.seconds.format(n=f"{round(seconds, 1):g}")
    if seconds < 3599.5:
        minutes, rest = divmod(round(seconds), 60)
        return _pair(words, minutes, words.minutes, rest, words.seconds)
    minutes = round(seconds / 60)
    if minutes < 24 * 60:
        return _pair(words, minutes // 60, words.hours, minutes % 60, words.minutes)
    days, hours = divmod(round(seconds / 3600), 24)
    return _pair(words, days, words.day if days == 1 else words.days, hours, words.hours)


def counted(number: int, noun: str) -> str:
    """A number with its English noun, in the plural where there are more or none: "no files", "1 file"."""
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def incidents(number: int, texts: Texts = ENGLISH) -> str:
    """How many incidents: "no incidents", "1 incident"."""
    return texts.numbers.incidents[min(number, 2)].format(n=number)


def _pair(words: Numbers, first: int, first_unit: str, second: int, second_unit: str) -> str:
    parts = [unit.format(n=number) for number, unit in ((first, first_unit), (second, second_unit)) if number]
    return words.units.join(parts)
