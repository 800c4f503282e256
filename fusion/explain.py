"""Words for incidents: what each sense saw, and how rare that is here."""

from __future__ import annotations

from fusion.events import Calibrated, FusedScore, Part
from fusion.words import one_in, rarity
from sensors.types import Modality, Score

UNNAMED = (":novelty", ":level")
"""Channels of sound that no class stands for."""

NOUNS = {Modality.AUDIO: "sound", Modality.VIDEO: "motion"}


def explain(peak: FusedScore, parts: tuple[Part, ...]) -> tuple[str, str]:
    """Kind and sentence of an incident.

    Parameters
    ----------
    peak : FusedScore
        Its rarest verdict.
    parts : tuple of Part
        The senses that take part, strangest first.

    Returns
    -------
    kind : str
        "sound+motion".
    why : str
        One sentence or two.
    """
    kind = "+".join(dict.fromkeys(noun(part) for part in parts))
    seen = "; ".join(describe_part(part) for part in parts)
    together = "Together this" if len(parts) > 1 else "This"
    rate = rarity(peak.per_day) if peak.per_day is not None else "at an unknown rate"
    guess = ", a rate estimated beyond what this site's past can show" if peak.extrapolated else ""
    seen_by = {str(part.sense) for part in parts}
    absent = [missing.stream for missing in peak.missing if missing.stream not in seen_by]
    blind = f" Without {', '.join(absent)}." if absent else ""
    return kind, f"{seen}. {together} would occur by chance {rate} here{guess}.{blind}"


SURE = 0.5
"""Score of a class of sound from which an incident is called after it."""


def noun(part: Part) -> str:
    """What kind of thing a sense saw: "motion", the quantity, the class of sound if one is sure, else "sound"."""
    if part.sense is Modality.AUDIO:
        named = [channel.score for channel in part.channels if not channel.score.channel.endswith(UNNAMED)]
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


def describe_part(part: Part) -> str:
    """What one sense saw: its strangest channel, and how rare what it saw altogether is."""
    seen = (
        describe_channel(part.channels[0]) if part.channels else "no channel alone, all of them a little and for long"
    )
    return f"{str(part.sense).capitalize()}: {seen} ({one_in(part.p_value)} moments)"


def describe_channel(channel: Calibrated) -> str:
    """One channel in words: "hall/mic level -21 dBFS, usually -52", "hall/air co2 drift 900 ppm, usually 610"."""
    score = channel.score
    words = score.channel.replace(":", " ").replace("_", " ")
    if score.modality is Modality.ENVIRONMENT and quantity(score):
        words = f"{score.stream} {quantity(score)} {score.channel.rpartition('.')[2]}"
    if score.value is not None:
        usual = f", usually {figure(score.usual)}" if score.usual is not None else ""
        words += f" {figure(score.value)} {score.unit}".rstrip() + usual
    if score.top:
        named = " and ".join(name.replace("_", " ") for name, _ in score.top[:2])
        words += f", most like {named}" if score.modality is Modality.AUDIO else f" around {named}"
    return words


def figure(value: float) -> str:
    """A figure as people write it: three digits, and no exponent before a million."""
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"
