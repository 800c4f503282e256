"""What was found out about a place, as a person reads it: what can be promised, what is usual, who cries wolf."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fusion.baseline.findings import Conduct, Findings, Usual
from fusion.explain import figure, name_channel
from fusion.language.english import ENGLISH
from fusion.language.texts import Texts
from fusion.sinks.console import columns
from fusion.words import duration, incidents, once_in
from sensors.types import Modality, Score

HOURS = range(0, 24, 3)
"""Of the day that a terminal shows; the JSON tells all."""


def findings_text(findings: Findings, texts: Texts = ENGLISH) -> str:
    """All of it, in lines."""
    return "\n".join(
        [
            *_prospects(findings, texts),
            "",
            *_usual(findings.usual, texts),
            "",
            *_noisy(findings.conduct, texts),
            "",
            *_sensors(findings, texts),
        ]
    )


def _prospects(findings: Findings, texts: Texts) -> Iterator[str]:
    words, first = texts.learned, findings.prospects[0]
    senses = texts.reasons.both.join(texts.word(sense) for sense in findings.senses.split("+"))
    yield words.promised.format(had=f"{first.had:,.0f}", block=duration(findings.block_s, texts), senses=senses)
    for each in findings.prospects:
        rate = once_in(each.per_day, texts)
        if each.wait_s > 0:
            needed = f"{each.needed:,.0f}"
            yield "  " + words.waits.format(rate=rate, seconds=duration(each.wait_s, texts), needed=needed)
        else:
            yield "  " + words.counted.format(rate=rate)


def _usual(usual: Sequence[Usual], texts: Texts) -> Iterator[str]:
    words = texts.learned
    yield words.usual
    hours = [hour for hour in HOURS if any(hour in each.hours for each in usual)]
    rows = [["", *words.usual_heads, *(words.at_hour.format(hour=hour) for hour in hours)]]
    for each in usual:
        told = [each.hours.get(hour) for hour in hours]
        rows.append(
            [
                f"{_name(each, texts)} {texts.word(each.unit)}".rstrip(),
                _middle(each, each.whole.middle, each.whole.mean),
                f"{figure(each.whole.low)} – {figure(each.whole.high)}",
                *(_middle(each, one.middle, one.mean) if one else "-" for one in told),
            ]
        )
    yield from _table(rows)
    if not hours:
        yield "  " + words.no_hours


def _middle(usual: Usual, middle: float, mean: float) -> str:
    """The median; of what has no unit (a switch, a count) the mean, since half of the time it is nothing."""
    return figure(middle if usual.unit else mean)


def _noisy(conduct: Sequence[Conduct], texts: Texts) -> Iterator[str]:
    words = texts.learned
    noisy = sorted((each for each in conduct if each.noisy), key=lambda each: -each.rare)
    yield words.noisy if noisy else words.none_noisy
    for each in noisy:
        often = words.often.format(times=figure(each.rare / each.expected))
        alone = words.alone.format(alarms=incidents(each.alarms, texts), expected=figure(each.alarms_expected))
        yield f"  {_name(each, texts)}{texts.reasons.apart}{often}{texts.reasons.apart}{alone}"


def _sensors(findings: Findings, texts: Texts) -> Iterator[str]:
    words = texts.learned
    unwell = [each for each in findings.sensors if each.troubles or each.usable < 1]
    if not unwell:
        yield words.all_well
    for each in unwell:
        listed = (words.times.format(reason=texts.fault(reason), n=n) for reason, n in each.troubles.items())
        reasons = texts.reasons.listed.join(listed)
        told = texts.page.in_brackets.format(listed=reasons) if reasons else ""
        yield words.unwell.format(stream=each.stream, share=each.usable, reasons=told)


def _name(what: Usual | Conduct, texts: Texts) -> str:
    stream = what.channel.rpartition(":")[0]
    name = name_channel(Score(stream, what.channel, Modality(what.sense), 0, 0, None, unit=what.unit), texts)
    return texts.reasons.channel.format(stream=stream, what=name)


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows of cells under each other; letters of Japanese take two columns."""
    widths = [max(columns(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        cells = [
            " " * (width - columns(cell)) + cell if place else cell + " " * (width - columns(cell))
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  " + "  ".join(cells).rstrip()
