"""Fights with sound: what is told of a source was learned from others, and a sense that is missing is no sense."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.fusion_fights import AUDIO, LEVEL, VIDEO, Seen, area, hold_out, rank
from benchmarks.fusion_rules import fisher
from benchmarks.video_clips import Clip
from benchmarks.video_fights import MEASURES
from sensors.audio.packs import ALERTS

HEARD = (*ALERTS, LEVEL)


def clips(shown: float, heard: float, sources: str = "abcdef", turned: str = "") -> list[Seen]:
    """Forty clips a source, half of them fights, which one measure and one class show; turned sources the other way."""
    rng, out = np.random.default_rng(1), []
    for source in sources:
        for number in range(40):
            fight, sign = number % 2 == 0, -1 if source in turned else 1
            picture = dict(zip(MEASURES, rng.normal(size=len(MEASURES)).tolist(), strict=True))
            sound = dict(zip(HEARD, rng.normal(size=len(HEARD)).tolist(), strict=True))
            picture["entropy"] += sign * shown * fight
            sound["scream"] += heard * fight
            clip = Clip(Path(f"{source}{number}.mp4"), source, 25.0, 50, ())
            out.append(Seen(clip, fight, picture, sound if number % 5 else None))
    return out


def test_both_senses_together_tell_more_than_either() -> None:
    seen = clips(1.2, 1.6)
    scores, choices = hold_out(seen)
    assert set(choices) == {("entropy", "cries")}
    fights = np.array([one.fight for one in seen])
    areas = {name: area(fights, values) for name, values in scores.items()}
    assert areas["fusion"] > max(areas["picture alone"], areas["sound alone"]) + 0.03


def test_a_source_is_judged_by_what_the_others_taught() -> None:
    seen = clips(3.0, 0.0, turned="a")
    scores, _ = hold_out(seen)
    turned = np.array([one.clip.group == "a" for one in seen])
    fights = np.array([one.fight for one in seen])
    assert area(fights[turned], scores["picture alone"][turned]) < 0.3
    assert area(fights[~turned], scores["picture alone"][~turned]) > 0.9


def test_who_is_missing_is_ranked_among_those_who_miss_it() -> None:
    rng = np.random.default_rng(2)
    past = [{AUDIO: float(a), VIDEO: float(v)} for a, v in rng.uniform(size=(400, 2))]
    both, alone, nobody = rank(past, [{AUDIO: 0.01, VIDEO: 0.01}, {VIDEO: 0.01}, {}], lambda p: fisher([*p.values()]))
    assert 1.5 < alone < 2.5
    assert both > alone + 0.5
    assert nobody == 0
