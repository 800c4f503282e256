"""What the ear is worth: clips of unseen sources, events in soundscapes, and cost; YAMNet beside it in the same run.

    python -m benchmarks.audio DATA [--held-out SOURCE]... [--pack DIR] [--yamnet yamnet.tflite
        --yamnet-map yamnet_class_map.csv] [--hours 1] [--long] [--json]

DATA holds labelled clips (`manifest.csv`). What counts are sources that the pack was not trained on: name each by the
beginning of its name. The false alarms and recalls are those of composed sound, see `soundscapes`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.audio_bars import missed_bars
from benchmarks.audio_clips import clips_table, judge_clips
from benchmarks.audio_cost import MINUTES, cost_table, measure_cost
from benchmarks.audio_events import AT_DB, SETTINGS, judge_soundscapes, soundscapes_tables
from benchmarks.corpus import hold_out, read_corpus
from benchmarks.ears import Ear, PackEar, YamnetEar
from benchmarks.soundscapes import SLOT_S, SNRS_DB, ordinary_pools
from sensors.audio.packs import BUILTIN, load_pack
from sensors.errors import BadInputError

SECTIONS = ("clips", "soundscapes", "cost")


def main(words: Sequence[str] | None = None) -> int:
    """Measure, and print tables or one JSON object; 1 where a bar was missed, 3 where the input cannot be used."""
    parser = _parser()
    told = parser.parse_args(words)
    if told.hours * 3600 < SLOT_S:
        parser.error(f"--hours must hold {SLOT_S:g} s at least")
    try:
        figures = run(told)
    except BadInputError as error:
        print(f"benchmarks.audio: {error}", file=sys.stderr)
        return error.exit_code
    if told.as_json:
        print(json.dumps(figures))
    return 1 if figures["missed"] else 0


def run(told: argparse.Namespace) -> dict[str, Any]:
    """All sections that were asked for; tables are printed as they come, unless JSON is wanted."""
    model = f"{told.pack}/" if told.pack else BUILTIN
    ears: list[Ear] = [PackEar(load_pack(model))]
    if told.yamnet:
        ears.append(YamnetEar(told.yamnet, told.yamnet_map))
    clips, others = hold_out(read_corpus(told.data), told.held_out)
    figures: dict[str, Any] = {"pack": ears[0].name, "held_out": told.held_out, "seed": told.seed}

    def say(text: str) -> None:
        if not told.as_json:
            print(text, flush=True)

    if not told.held_out:
        say("**NO --held-out GIVEN: THE SOURCES OF THE TRAINING ARE AMONG THESE. THE FIGURES PROVE NOTHING.**\n")
    if "clips" in told.only:
        figures["clips"] = judge_clips(clips, ears, told.seed)
        say(f"## Clips\n\n{clips_table(figures['clips'])}\n")
    if "soundscapes" in told.only:
        pools, lent = ordinary_pools(clips, others)
        made = judge_soundscapes(pools, clips, ears, told.hours, told.seed)
        figures["soundscapes"] = {"lent": lent, **made}
        say(f"## Soundscapes\n\n{soundscapes_tables(made)}\n")
        if lent:
            say(f"The held-out sources have no {', '.join(lent)}: lent by others, which the training may have had.\n")
    if "cost" in told.only:
        figures["cost"] = measure_cost(model, told.yamnet, told.yamnet_map, MINUTES if told.long else 0.0)
        say(f"## Cost, one thread\n\n{cost_table(figures['cost'])}")
    figures["missed"] = missed_bars(figures, SNRS_DB.index(AT_DB), SETTINGS[1])
    say("\n".join(f"MISSED: {bar}" for bar in figures["missed"]))
    return figures


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument(
        "--held-out", action="append", default=[], metavar="SOURCE", help="beginning of a source's name"
    )
    parser.add_argument("--pack", type=Path, help="folder of a classifier pack; the built-in one by default")
    parser.add_argument("--yamnet", type=Path, help="its TFLite model")
    parser.add_argument("--yamnet-map", type=Path, help="its list of classes")
    parser.add_argument(
        "--hours", type=float, default=1.0, help="of soundscapes without events, and of those with them"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--long", action="store_true", help="also `kizashi audio` on a file of an hour")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS)
    parser.add_argument("--json", action="store_true", dest="as_json")
    return parser


if __name__ == "__main__":
    sys.exit(main())
