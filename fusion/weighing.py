"""A severity in words: what counted for it, and how much."""

from __future__ import annotations

from fusion.language.english import ENGLISH
from fusion.language.texts import Texts
from fusion.records import AssessmentLine
from fusion.severity import KIND, PLACE


def tell_severity(line: AssessmentLine, texts: Texts = ENGLISH) -> str:
    """What counted, heaviest first, what it came to, and from where on it had been more or less severe."""
    words = texts.page
    counted = sorted(line.counted, key=lambda each: -abs(each.logits))
    reasons = texts.reasons.listed.join(
        f"{name_counted(each.name, texts)} {each.logits:+.1f}" for each in counted if each.logits
    )
    steps = texts.reasons.listed.join(f"{threshold:.1f}" for threshold in line.thresholds[1:])
    total = sum(each.logits for each in line.counted)
    told = words.severity_from.format(reasons=reasons or texts.page.nothing, total=total, steps=steps)
    return f"{told} {words.chance.format(chance=min(line.chance, 0.99))}"


def name_counted(name: str, texts: Texts = ENGLISH) -> str:
    """What counts, for people: "kind: break-in"."""
    for head in (KIND, PLACE):
        if name.startswith(head):
            return f"{texts.word(head.rstrip(': '))}: {texts.word(name.removeprefix(head))}"
    return texts.word(name)
