"""Words for incidents: what each sense saw, and how rare that is here."""

from __future__ import annotations

from fusion.events import Calibrated, FusedScore, Part, Reliability, Sighting
from fusion.language.english import ENGLISH
from fusion.language.texts import Texts
from fusion.patterns import HEARD
from fusion.words import moments, rarity
from sensors.types import Modality, Score

UNNAMED = (":novelty", ":level")
"""Channels of sound that no class stands for."""

NOUNS = {Modality.AUDIO: "sound", Modality.VIDEO: "motion"}

RULE = "rule: "
"""Begins the kind of what a rule of the user's opened."""

SURE = 0.5
"""Score of a class of sound from which an incident is called after it."""


def explain(
    peak: FusedScore, parts: tuple[Part, ...], sighting: Sighting | None = None, texts: Texts = ENGLISH
) -> tuple[str, str]:
    """Kind and sentence of an incident.

    Parameters
    ----------
    peak : FusedScore
        Its rarest verdict.
    parts : tuple of Part
        The senses that take part, strangest first.
    sighting : Sighting, optional
        The known pattern that was seen.
    texts : Texts
        Whose words the sentence has; a kind is English, for programs.

    Returns
    -------
    kind : str
        "break-in"; without a pattern "sound+motion".
    why : str
        Some sentences.
    """
    kind = sighting.kind if sighting else "+".join(dict.fromkeys(noun(part) for part in parts))
    words = texts.reasons
    seen = words.parts.format(parts=words.apart.join(describe_part(part, texts) for part in parts))
    rate = rarity(peak.per_day, texts) if peak.per_day is not None else words.unknown_rate
    guess = words.estimated if peak.extrapolated else ""
    chance = (words.together if len(parts) > 1 else words.alone).format(rate=rate, guess=guess)
    told = describe_sighting(sighting, texts), seen, chance, describe_without(peak, texts)
    return kind, "".join((*told, describe_weights(peak, parts, texts), _absent(peak, parts, texts)))


def describe_sighting(sighting: Sighting | None, texts: Texts = ENGLISH) -> str:
    """The pattern in words: "This looks like a break-in: breaking glass, then motion. "; empty without one."""
    if sighting is None:
        return ""
    signs = texts.reasons.then.join(texts.word(name) for name, _ in sighting.signs)
    return texts.reasons.looks_like.format(kind=texts.word(f"like {sighting.kind}"), signs=signs)


def describe_without(peak: FusedScore, texts: Texts = ENGLISH) -> str:
    """What the rate had been without the sense that counts most; empty where nobody knows, or none made it rarer."""
    without = peak.evidence.without if peak.evidence else ()
    known = [(each.per_day, each.sense) for each in without if each.per_day is not None]
    per_day, sense = max(known, default=(0.0, None))
    if sense is None or per_day <= (peak.per_day or 0.0):
        return ""
    return texts.reasons.without.format(sense=texts.word(f"without {sense}"), rate=rarity(per_day, texts))


def describe_weights(peak: FusedScore, parts: tuple[Part, ...], texts: Texts = ENGLISH) -> str:
    """Which of these senses weighed less than others, and why; empty where none did."""
    seen = {part.sense for part in parts}
    weights = peak.evidence.weights if peak.evidence else ()
    return "".join(describe_weight(one, texts) for one in weights if one.sense in seen)


def describe_weight(one: Reliability, texts: Texts = ENGLISH) -> str:
    """What a sense weighs, and why: "Audio weighs 0.75 here (incidents it carried: 9, false: 7).", after a gap."""
    sense = texts.word(str(one.sense))
    return texts.reasons.weighs.format(sense=sense, weight=one.weight, carried=one.carried, false=one.false)


def _absent(peak: FusedScore, parts: tuple[Part, ...], texts: Texts) -> str:
    seen_by = {str(part.sense) for part in parts}
    absent = [
        texts.word(f"without {missing.stream}") if missing.stream in set(Modality) else missing.stream
        for missing in peak.missing
        if missing.stream not in seen_by
    ]
    return texts.reasons.absent.format(streams=texts.reasons.listed.join(absent)) if absent else ""


def describe_kind(kind: str, texts: Texts = ENGLISH) -> str:
    """A kind in a language: "音+動き" for "sound+motion"; what the user named stays as it is."""
    if kind.startswith(RULE):
        return f"{texts.word(RULE)}{kind.removeprefix(RULE)}"
    return "+".join(texts.word(noun) for noun in kind.split("+"))


def noun(part: Part) -> str:
    """What kind of thing a sense saw: "motion", the quantity, the class of sound if one is sure, else "sound"."""
    if part.sense is Modality.AUDIO:
        named = [channel.score for channel in part.channels if _is_class(channel.score)]
        heard = max(named, key=lambda score: score.value or 0.0, default=None)
        if heard is not None and (heard.value or 0.0) >= SURE:
            return heard.channel.rpartition(":")[2].replace("_", " ")
    if part.sense in NOUNS or not part.channels:
        return NOUNS.get(part.sense, str(part.sense))
    return quantity(part.channels[0].score)


def quantity(score: Score) -> str:
    """Name of the quantity that a score is of: "co2" of "hall/air:co2_ppm.level"."""
    words = score.channel.rpartition(":")[2].rpartition(".")[0].split("_")
    unit = (3 if words[-2:-1] == ["per"] else 1) if score.unit else 0
    return " ".join(words[: len(words) - unit] or words)


def describe_part(part: Part, texts: Texts = ENGLISH) -> str:
    """What one sense saw: its strangest channel, and how rare what it saw altogether is."""
    words = texts.reasons
    seen = describe_channel(part.channels[0], texts) if part.channels else words.nothing_alone
    return words.sense.format(sense=texts.word(str(part.sense)), seen=seen, rarity=moments(part.p_value, texts))


def describe_channel(channel: Calibrated, texts: Texts = ENGLISH) -> str:
    """One channel in words: "hall/mic level -21 dBFS, usually -52", "hall/air co2 drift 900 ppm, usually 610"."""
    score, words = channel.score, texts.reasons
    if _is_class(score) and score.value is not None and score.value < SURE:
        return _describe_guess(score, score.value, texts)
    told = words.channel.format(stream=score.stream, what=name_channel(score, texts))
    if score.value is not None:
        value = f"{figure(score.value)} {texts.word(score.unit)}".rstrip()
        told += words.value.format(value=value)
        told += words.usual.format(value=figure(score.usual)) if score.usual is not None else ""
    if score.top:
        names = words.both.join(texts.word(name.replace("_", " ")) for name, _ in score.top[:2])
        told += (words.most_like if score.modality is Modality.AUDIO else words.around).format(names=names)
    return told


def _describe_guess(score: Score, value: float, texts: Texts) -> str:
    """A class of sound that is rare here and far from sure: what is unusual is the sound, whatever it is."""
    words, facts = texts.reasons, {"stream": score.stream, "what": name_channel(score, texts)}
    if value >= HEARD:
        return words.perhaps.format(**facts, value=figure(value))
    names = [texts.word(name.replace("_", " ")) for name, _ in score.top[:2]]
    if not names or facts["what"] in names:
        return words.hardly.format(**facts)
    return words.trace.format(**facts, names=words.both.join(names))


def _is_class(score: Score) -> bool:
    """Whether a channel stands for a class of sound."""
    return score.modality is Modality.AUDIO and not score.channel.endswith(UNNAMED)


def name_channel(score: Score, texts: Texts = ENGLISH) -> str:
    """What a channel is of, without its stream: "level", "glass break", "co2 drift"."""
    if score.modality is Modality.ENVIRONMENT and quantity(score):
        aspect = score.channel.rpartition(".")[2]
        told = texts.word(f"aspect {aspect}")
        return f"{texts.word(quantity(score))}{told if told != f'aspect {aspect}' else f' {aspect}'}"
    return texts.word(score.channel.rpartition(":")[2].replace("_", " "))


def figure(value: float) -> str:
    """A figure as people write it: three digits, and no exponent before a million."""
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"
