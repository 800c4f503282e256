"""Which phrases a language must have. Braces are filled in with the facts of their names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Language(StrEnum):
    """What people read, by ISO 639-1."""

    ENGLISH = "en"
    JAPANESE = "ja"


@dataclass(frozen=True, slots=True)
class Numbers:
    """How rare, how long, how many. `once` holds a pair for one and for several `n` of each unit of time."""

    often: str
    once: tuple[tuple[str, str], ...]
    ten_years: str
    hardly_ever: str
    about: str
    one_in: str
    one_in_millions: str
    one_in_beyond: str
    moments: str
    seconds: str
    minutes: str
    hours: str
    day: str
    days: str
    units: str
    incidents: tuple[str, str, str]
    scores: tuple[str, str, str]
    alarms_a_day: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why an incident is one, and so severe."""

    sense: str
    nothing_alone: str
    channel: str
    value: str
    usual: str
    most_like: str
    perhaps: str
    hardly: str
    trace: str
    around: str
    both: str
    parts: str
    apart: str
    together: str
    alone: str
    unknown_rate: str
    estimated: str
    absent: str
    without: str
    weighs: str
    looks_like: str
    then: str
    listed: str
    rule: str
    rule_named: str
    rule_more: str
    reading: str
    reached: str
    fell: str
    was: str
    on: str
    off: str


@dataclass(frozen=True, slots=True)
class Console:
    """The table of a terminal."""

    found: str
    unjudged: str
    by_rules: str
    still_open: str
    into: str
    headline: str
    blind: str
    missing: str
    missing_for: str
    late: str
    suspected: str
    no_sensor: str
    too_short: str
    report: str


@dataclass(frozen=True, slots=True)
class Page:
    """The report."""

    spoken: str
    unjudged: str
    unjudged_because: str
    listed: str
    scrolls: str
    none: str
    strangest: str
    so_many: str
    in_brackets: str
    mostly_by: str
    at: str
    after_start: str
    before_start: str
    length: str
    setting: str
    about_setting: str
    sensors: str
    warming: str
    not_at_all: str
    blind: str
    by_rules: str
    labels_found: str
    of: str
    false_alarms: str
    incidents: str
    more: str
    labels: str
    label_heads: tuple[str, str, str, str]
    event: str
    missed: str
    found_after: str
    all_there: str
    unseen: str
    unseen_heads: tuple[str, str, str]
    suspected: str
    legend: str
    your_rule: str
    extrapolated: str
    not_seen_by: str
    lasted: str
    open_at_end: str
    moment: str
    shares: str
    rest: str
    channel_heads: tuple[str, str, str, str, str]
    beyond: str
    label: str
    late: str
    early: str
    no_label: str
    without: str
    severity_from: str
    nothing: str
    said: str
    chance: str
    model: str
    model_open: str
    model_told: str
    model_heads: tuple[str, str, str]
    weight_heads: tuple[str, str, str, str]
    weights_told: str
    curve: str
    curve_told: str
    curve_none: str
    curve_heads: tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Learned:
    """What `kizashi learn` found out."""

    done: str
    promised: str
    counted: str
    waits: str
    usual: str
    usual_heads: tuple[str, str]
    at_hour: str
    no_hours: str
    noisy: str
    often: str
    alone: str
    none_noisy: str
    unwell: str
    all_well: str
    times: str


@dataclass(frozen=True, slots=True)
class Picture:
    """The timeline."""

    incidents: str
    labels: str
    how_rare: str
    how_rare_below: str
    found: str
    no_events: str
    more: str
    setting: str
    label_found: str
    label_missed: str
    sensor_missing: str
    no_verdict: str
    warming: str
    missed: str
    usual: str
    thousand: str
    million: str
    rarities: tuple[str, ...]
    start: str
    span: str
    span_unknown: str
    date: str
    short_date: str
    days: tuple[str, ...]
    months: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Texts:
    """All phrases of a language, and its words for what sensors and people name.

    Attributes
    ----------
    language : Language
        Which.
    numbers, reasons, console, page, learned, picture
        Its phrases.
    words : mapping of str to str
        English words that sensors use to this language's; what is not there stays as it is.
    faults : sequence of (pattern, str)
        The same for why sensors are missing: a regular expression that matches the whole, and what it becomes.
    """

    language: Language
    numbers: Numbers
    reasons: Reasons
    console: Console
    page: Page
    learned: Learned
    picture: Picture
    words: Mapping[str, str]
    faults: Sequence[tuple[re.Pattern[str], str]]

    def word(self, english: str) -> str:
        """One word of sensors' or of ours."""
        return self.words.get(english, english)

    def fault(self, english: str) -> str:
        """Why a sensor is missing; what is not known is told as it is."""
        for pattern, template in self.faults:
            if found := pattern.fullmatch(english):
                return found.expand(template)
        return english


def filled(phrase: str, **facts: object) -> str:
    """A phrase with its facts."""
    return phrase.format(**facts)
