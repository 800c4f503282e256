"""Where axes are marked and what the marks say: times of day, time since the start, rarity."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

from fusion.language.english import ENGLISH
from fusion.language.texts import Texts
from fusion.words import duration
from sensors.types import NS

_STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
RARITIES = (
    86_400.0,
    1_440.0,
    24.0,
    1.0,
    1 / 7,
    12 / 365.25,
    1 / 365.25,
    0.1 / 365.25,
    0.01 / 365.25,
)
"""Times a day that are marked; `Picture.rarities` names the time between two."""


def height_of(per_day: float) -> float:
    """Height of a rate on the rarity axis: log10 of the days between two, between 1 second and 100 years."""
    most, least = RARITIES[0], RARITIES[-1]
    return -math.log10(min(max(per_day, least), most))


def local_time(at_ns: int, utc_offset_s: int) -> datetime:
    """Wall-clock time at the place, to the microsecond."""
    zone = timezone(timedelta(seconds=utc_offset_s))
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_ns // 1000)
    return moment.astimezone(zone)


def clock(moment: datetime) -> str:
    """The time of day, to the second: "17:59:57"."""
    return f"{moment.hour:02}:{moment.minute:02}:{moment.second:02}"


def day(moment: datetime, texts: Texts = ENGLISH) -> str:
    """The day, in words that no locale changes: "Wed 6 Nov 2024"."""
    words = texts.picture
    facts = {"weekday": words.days[moment.weekday()], "month": words.months[moment.month - 1]}
    return words.date.format(**facts, day=moment.day, year=moment.year)


def offset_name(utc_offset_s: int) -> str:
    """An offset from UTC for people: "UTC+2", "UTC-3:30", "UTC"."""
    if not utc_offset_s:
        return "UTC"
    hours, rest = divmod(abs(utc_offset_s), 3600)
    return f"UTC{'+' if utc_offset_s > 0 else '-'}{hours}{f':{rest // 60:02}' if rest else ''}"


def time_step(seconds: float, most: int = 9) -> float:
    """The smallest round step that marks `seconds` at most `most` times."""
    for step_s in _STEPS_S:
        if seconds / step_s <= most:
            return step_s
    return 86_400.0 * math.ceil(seconds / 86_400.0 / most)


def since_start_ticks(seconds: float, texts: Texts = ENGLISH) -> list[tuple[float, str]]:
    """Round times since the start with their names."""
    step_s = time_step(seconds)
    count = int(seconds / step_s + 1e-9)
    names = [texts.picture.start, *(f"+{duration(k * step_s, texts)}" for k in range(1, count + 1))]
    return [(min(seconds, k * step_s), name) for k, name in enumerate(names)]


def clock_ticks(start_ns: int, seconds: float, utc_offset_s: int, texts: Texts = ENGLISH) -> list[tuple[float, str]]:
    """Round wall-clock times, in seconds since `start_ns`; the first, and the first of each new day, name the day."""
    step_s = time_step(seconds)
    step_ns, local_ns = round(step_s * NS), start_ns + utc_offset_s * NS
    first = -(-local_ns // step_ns)
    ticks: list[tuple[float, str]] = []
    last_day = ""
    while (place_s := (first * step_ns - local_ns) / NS) <= seconds:
        moment = local_time(first * step_ns, 0)
        text = clock(moment) if step_s < 60 else clock(moment)[:5]
        if step_s < 1:
            text += f".{moment.microsecond // 100_000}"
        month = texts.picture.months[moment.month - 1]
        today = texts.picture.short_date.format(day=moment.day, month=month)
        if step_s >= 86_400:
            text = today
        elif today != last_day:
            text, last_day = f"{text}\n{today}", today
        ticks.append((place_s, text))
        first += 1
    return ticks
