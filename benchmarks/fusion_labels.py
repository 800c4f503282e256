"""What labels teach of senses, and what that is worth: found and false with and without weights, where a sense boasts.

    python -m benchmarks.fusion_labels STREAMS --cache CACHE [--only FAMILY ...] [--ways WAY ...]

STREAMS and CACHE are those of `benchmarks.fusion`; several of both may be given, in the same order. The first test of a
family is what an operator has seen, the other one what comes.

1. What is raised in the first tests is labelled by the truth: worth telling where it overlaps an event. So that there
   is something to label in six minutes, the operator allows `ALLOWED` a day then.
2. The other tests are judged with equal weights, with the weights that the labels of the same place teach, and with
   those that the labels of all places teach together: a few labels, and many.
3. All that again where from learning on a sense boasts (p^1.3), or cries wolf: about once a minute it says p = 1e-5 for
   three seconds.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from benchmarks.fusion import BOAST, DAILY, HOURLY, SENSES, Tally, arguments, false, families, found
from benchmarks.testimony import TICK_S, Testimony, judge, learn_from
from fusion.assemble import engine_settings
from fusion.config import Settings
from fusion.engine import Engine, EngineSettings, Memory
from fusion.events import Incident, Missing, Reliability
from fusion.recording import Recording, load_recording
from fusion.reliability import Carried, even_shares, weigh
from fusion.report.metrics import alarm_between, hit_interval
from sensors.types import NS, Modality

ALLOWED = 240.0
WOLF_NS, WOLF_EVERY, WOLF_P = 3 * NS, 20, 1e-5
"""It cries for so long in one of so many such stretches, and says this."""

EQUAL, OWN, ALL = "equal weights", "own labels", "all labels"


def spoilt(sense: Modality | None, wolf: bool) -> type[Engine]:
    """An engine that hears a sense boast, or cry wolf."""

    class Spoilt(Engine):
        def _listen(self, tick_ns: int) -> tuple[dict[int, float], list[Missing]]:
            said, missing = super()._listen(tick_ns)
            for i, p in said.items():
                if self.order[i] is sense:
                    said[i] = min(p, WOLF_P) if wolf and _cries(tick_ns) else p if wolf else p**BOAST
            return said, missing

    return Spoilt


def _cries(tick_ns: int) -> bool:
    return int(np.random.default_rng(tick_ns // WOLF_NS).integers(WOLF_EVERY)) == 0


WAYS: Mapping[str, tuple[Modality | None, bool]] = {
    "as they are": (None, False),
    **{f"{sense} boasts": (sense, False) for sense in SENSES},
    **{f"{sense} cries wolf": (sense, True) for sense in SENSES},
}


@dataclass
class Place:
    """A family: what was learned of it, what was labelled, and what is to be judged."""

    memory: Memory
    settings: EngineSettings
    first: list[tuple[Recording, Testimony]] = field(default_factory=list)
    then: list[tuple[Recording, Testimony]] = field(default_factory=list)


def labelled(recording: Recording, incidents: Iterable[Incident]) -> list[Carried]:
    """What an operator who knows the truth says of incidents."""
    seconds = recording.seconds or 0.0
    events = [hit_interval(label, seconds) for label in recording.labels or ()]
    told = []
    for one in incidents:
        alarm = alarm_between(one.opened_ns, one.closed_ns, recording.start_ns, seconds)
        worth = any(alarm.start_s <= end_s and start_s <= alarm.end_s for start_s, end_s in events)
        told.append(Carried(even_shares({str(part.sense): part.p_value for part in one.peak.parts}), worth))
    return told


def labels_of(place: Place, make: type[Engine]) -> list[Carried]:
    """Labels of all that is raised in the first tests of a place."""
    allowed = replace(place.settings, triage=replace(place.settings.triage, false_alarms_per_day=ALLOWED))
    told = []
    for recording, testimony in place.first:
        steps = judge(testimony, allowed, place.memory, make)
        found_here = {incident.id: incident for step in steps for _, incident in step.changes}
        told += labelled(recording, found_here.values())
    return told


def outcome(place: Place, make: type[Engine], reliability: tuple[Reliability, ...]) -> Tally:
    """What becomes of the other tests."""
    settings, tally = replace(place.settings, reliability=reliability), Tally()
    for recording, testimony in place.then:
        tally.add(recording, [step.verdict for step in judge(testimony, settings, place.memory, make)])
    return tally


def load(streams: Path, cache: Path) -> Place:
    """A family, learned."""
    settings = engine_settings(Settings(false_alarms_per_day=HOURLY), TICK_S)
    place = Place(learn_from([Testimony.load(path) for path in sorted(cache.glob("quiet-*.npz"))], settings), settings)
    for path in sorted(cache.glob("test-*.npz")):
        (place.first if path.stem == "test-1" else place.then).append(
            (load_recording(streams / path.stem), Testimony.load(path))
        )
    return place


def told(reliability: Iterable[Reliability]) -> str:
    """Weights in a line."""
    return ", ".join(f"{one.sense} {one.weight:.2f} ({one.carried}, {one.false} false)" for one in reliability)


def row(name: str, tally: Tally) -> str:
    """What is found at one false alarm an hour, and found and false when that, or one a day, is set."""
    hourly, daily = tally.outcomes[HOURLY], tally.outcomes[DAILY]
    return (
        f"  {name:<14} {found(tally.best(1.0))}  |  {found(hourly)} {false(hourly, HOURLY)}"
        f"  |  {found(daily)} {false(daily, DAILY)}"
    )


def main(words: Sequence[str] | None = None) -> int:
    """Judge all families in all ways, and print what came of it."""
    parser = arguments(__doc__)
    parser.add_argument("--ways", nargs="*", default=list(WAYS), choices=WAYS)
    args = parser.parse_args(words)
    places = [load(streams, cache) for streams, cache in families(args)]
    print(f"{'':<16} {'at 1 an hour':<12}  |  set to 1 an hour  |  set to 1 a day")
    for name in args.ways:
        make = spoilt(*WAYS[name])
        own = [labels_of(place, make) for place in places]
        together = weigh([label for labels in own for label in labels])
        print(f"{name}; labels of all places: {told(together)}")
        for way, weights in (
            (EQUAL, [()] * len(places)),
            (OWN, [weigh(labels) for labels in own]),
            (ALL, [together] * len(places)),
        ):
            total = Tally()
            for place, reliability in zip(places, weights, strict=True):
                total += outcome(place, make, reliability)
            print(row(way, total), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
