"""Fights with their own sound, on sources held out: the picture alone, the sound alone, and the fusion of both.

    python -m benchmarks.fusion_fights VIDEOS

A clip lasts two seconds, and nothing is known of its place. So the past is made of the clips without a fight of other
sources. Each source is held out once, and all that follows is learned from the others:

1. The picture speaks by the measure that tells fights from the rest best, the sound by the group of channels that does;
   no network learns anything here, and the ear's own training heard none of these sources.
2. Channels are ranked against the calm clips (`calibrate`), those of a sense joined by Cauchy's rule, senses by
   `combine`, whose dependence is measured on calm clips: each as a stranger, ranked against those of other sources.
3. What comes out is ranked against what calm clips give with the same senses, as `rarity` does; other rules too.

Sound is missing where a clip has none, or only digital silence: the ear abstains, and the picture speaks alone. More of
the calm clips than of the fights are without, so the figures that count are those of clips with `LOUD_DB`.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from benchmarks.fusion_rules import RULES, Rule
from benchmarks.ranking import auroc, draw_sources, interval
from benchmarks.video_clips import Clip, read_clips
from benchmarks.video_fights import MEASURES, middles
from fusion.calibrate import Past
from fusion.combine import Dependence, combine, p_value_of, surprise_of
from fusion.rarity import new_past
from sensors.audio.classifier import Calibration
from sensors.audio.detectors import find_fault
from sensors.audio.features import AudioExtractor, Layout
from sensors.audio.frontend import BANDS
from sensors.audio.packs import ALERTS, BUILTIN, load_pack
from sensors.audio.sources import AudioFileSource
from sensors.errors import BadInputError

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

LOUD_DB = -50.0
"""Mean level, dBFS, from which a clip can be heard."""

LEVEL = "level"
GROUPS = {"all that is heard": (*ALERTS, LEVEL), "classes": ALERTS, "cries": ("scream", "baby_cry"), LEVEL: (LEVEL,)}
"""Channels that may speak for the sound. A cry is a shrill voice; the ear mistakes those of some ages for others."""

AUDIO, VIDEO = 0, 1
ALONE = {"sound alone": AUDIO, "picture alone": VIDEO}
FUSED = "fusion"
DRAWS = 2000

PValues = Mapping[int, float]
"""By number of the sense; only those that are there."""

Way = Callable[[PValues], float]


@dataclass(frozen=True)
class Seen:
    """A clip: whether it is a fight, and what each sense measured; no sound where there is nothing to hear."""

    clip: Clip
    fight: bool
    picture: Mapping[str, float]
    sound: Mapping[str, float] | None


@dataclass(frozen=True)
class Site:
    """Pasts of the channels that speak for each sense."""

    picture: Mapping[str, Past]
    sound: Mapping[str, Past]

    def ask(self, seen: Seen) -> dict[int, float]:
        """The p-values of the senses that are there."""
        said = {VIDEO: join(seen.picture, self.picture)}
        if seen.sound is not None:
            said[AUDIO] = join(seen.sound, self.sound)
        return dict(sorted(said.items()))


def join(values: Mapping[str, float], pasts: Mapping[str, Past]) -> float:
    """One p-value for the channels of a sense, as the engine makes it."""
    return p_value_of(fmean(surprise_of(past.rank(values[name])[0]) for name, past in pasts.items()))


def site_of(calm: Sequence[Seen], measure: str, group: Sequence[str]) -> Site:
    """What calm clips teach of these channels."""
    heard = [seen.sound for seen in calm if seen.sound is not None]
    picture = {measure: Past().restore(np.array([seen.picture[measure] for seen in calm]))}
    return Site(picture, {name: Past().restore(np.array([sound[name] for sound in heard])) for name in group})


def ask_strangers(known: Sequence[Seen], measure: str, group: Sequence[str]) -> list[dict[int, float]]:
    """What each clip says, ranked against the calm clips of all sources but its own."""
    calm = [seen for seen in known if not seen.fight]
    sites = {
        source: site_of([seen for seen in calm if seen.clip.group != source], measure, group)
        for source in {seen.clip.group for seen in known}
    }
    return [sites[seen.clip.group].ask(seen) for seen in known]


def choose(known: Sequence[Seen]) -> tuple[str, str]:
    """The measure of the picture, and the group of the sound, that tell fights of these sources best."""
    fights = np.array([seen.fight for seen in known])
    measure = max(MEASURES, key=lambda name: area(fights, np.array([seen.picture[name] for seen in known])))
    heard = [seen for seen in known if seen.sound is not None]
    loud = np.array([seen.fight for seen in heard])

    def worth(name: str) -> float:
        said = ask_strangers(heard, measure, GROUPS[name])
        return area(loud, np.array([-one[AUDIO] for one in said]))

    return measure, max(GROUPS, key=worth)


def judge_source(held: Sequence[Seen], known: Sequence[Seen], measure: str, group: str) -> dict[str, list[float]]:
    """How strange each clip of a source is by each way: -log10 of its rank among calm clips with the same senses."""
    calm = [seen for seen in known if not seen.fight]
    past = ask_strangers(calm, measure, GROUPS[group])
    asked = [site_of(calm, measure, GROUPS[group]).ask(seen) for seen in held]
    dependence = Dependence(("audio", "video"))
    for said in past:
        dependence.learn(said)
    ways: dict[str, Way] = {FUSED: partial(combine, dependence)}
    ways |= {name: partial(_by_rule, rule) for name, rule in RULES.items()}
    scores = {name: rank(past, asked, way) for name, way in ways.items()}
    for name, sense in ALONE.items():
        scores[name] = rank(_only(past, sense), _only(asked, sense), partial(_by_rule, min))
    return scores


def rank(past: Sequence[PValues], asked: Sequence[PValues], way: Way) -> list[float]:
    """Rank what a way makes of several clips against what it makes of calm ones, by the senses that are there.

    Calm clips that have more senses count for fewer, too, as they do in the engine.

    Returns
    -------
    list of float
        -log10 of the p-values, >= 0; 0 where no sense is there.
    """
    pasts: dict[frozenset[int], list[float]] = {}
    for said in past:
        for size in range(1, len(said) + 1):
            for some in combinations(sorted(said), size):
                pasts.setdefault(frozenset(some), []).append(-math.log10(way({i: said[i] for i in some})))
    known = {senses: new_past().restore(np.array(values)) for senses, values in pasts.items()}
    return [-math.log10(known[frozenset(said)].rank(-math.log10(way(said)))[0]) if said else 0.0 for said in asked]


def area(fights: Flags, scores: Floats) -> float:
    """Area under the curve of all clips, each counted once."""
    return float(auroc(fights, scores, np.ones((1, len(scores))))[0])


def _by_rule(rule: Rule, said: PValues) -> float:
    return max(rule(list(said.values())), 1e-300)


def _only(said: Sequence[PValues], sense: int) -> list[PValues]:
    return [{sense: one[sense]} if sense in one else {} for one in said]


def look_and_listen(clip: Clip) -> Seen:
    """What both senses measure of a clip."""
    picture = dict(zip(MEASURES, middles(clip.path).tolist(), strict=True))
    return Seen(clip, clip.path.parent.name == "fight", picture, listen(clip.path))


def listen(path: Path) -> dict[str, float] | None:
    """The strongest moment of each class that alarms, log-odds, and of the level, dBFS; None without usable sound."""
    pack = load_pack(BUILTIN)
    layout, calibration, extractor = Layout(len(pack.labels)), Calibration(pack), AudioExtractor("clip", pack)
    alerts = [pack.labels.index(label) for label in ALERTS]
    moments = []
    try:
        for chunk in AudioFileSource("clip", path, 0).chunks():
            for features in extractor.extract(chunk):
                fault, suspect = find_fault(features.values[layout.measures])
                if fault is None and not suspect:
                    logits = calibration.logits(features.values[layout.logits])[alerts]
                    moments.append([*logits, features.values[BANDS]])
    except BadInputError:
        return None
    return dict(zip((*ALERTS, LEVEL), np.max(moments, axis=0).tolist(), strict=True)) if moments else None


def hold_out(seen: Sequence[Seen]) -> tuple[dict[str, Floats], Counter[tuple[str, str]]]:
    """Scores of all clips by all ways, each judged by what other sources taught; and what was chosen how often."""
    scores: dict[str, Floats] = {}
    choices: Counter[tuple[str, str]] = Counter()
    for source in sorted({one.clip.group for one in seen}):
        mine = np.array([one.clip.group == source for one in seen])
        known = [one for one in seen if one.clip.group != source]
        choices[chosen := choose(known)] += 1
        for name, values in judge_source(
            [one for one, here in zip(seen, mine, strict=True) if here], known, *chosen
        ).items():
            scores.setdefault(name, np.zeros(len(seen)))[mine] = values
    return scores, choices


def show(title: str, seen: Sequence[Seen], scores: Mapping[str, Floats]) -> None:
    """Areas with intervals over sources, and how far each lies from the picture alone."""
    fights, sources = np.array([one.fight for one in seen]), [one.clip.group for one in seen]
    weights = draw_sources(sources, fights[None, :], DRAWS, np.random.default_rng(1))
    print(f"{title}: {len(seen)} clips of {len(set(sources))} sources, {fights.sum()} fights")
    picture = auroc(fights, scores["picture alone"], weights)
    for name, values in scores.items():
        drawn = auroc(fights, values, weights)
        low, high = interval(drawn)
        away = area(fights, values) - area(fights, scores["picture alone"])
        less, more = interval(drawn - picture)
        print(f"    {name:<14} {area(fights, values):.3f} [{low:.3f}, {high:.3f}]"
              f"   beside the picture {away:+.3f} [{less:+.3f}, {more:+.3f}]")  # fmt: skip


def main(words: Sequence[str] | None = None) -> int:
    """Judge all clips, print all ways."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("videos", type=Path)
    args = parser.parse_args(words)
    seen = [look_and_listen(clip) for clip in read_clips(args.videos, "fight_av")]
    mute = [one for one in seen if one.sound is None]
    print(f"{len(mute)} of {len(seen)} clips without usable sound, {sum(one.fight for one in mute)} of them fights")
    scores, choices = hold_out(seen)
    for (measure, group), many in choices.most_common():
        print(f"    chosen {many} times: {measure}; {group}")
    loud = np.array([one.clip.loudness_db > LOUD_DB for one in seen])
    for title, kept in (("that can be heard", loud), ("all", np.ones(len(seen), bool))):
        show(
            title, [one for one, keep in zip(seen, kept, strict=True) if keep], {k: v[kept] for k, v in scores.items()}
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
