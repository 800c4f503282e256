"""The same recording gives the same verdicts: twice, however it is cut, in whatever order its streams arrive."""

from __future__ import annotations

import json
import subprocess
import sysconfig
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.assemble import build_sensor, build_watch
from fusion.config import Settings
from fusion.engine import Engine, EngineSettings, Step
from fusion.recording import load_recording
from fusion.replay import replay_recording
from fusion.runner import merge, replay
from fusion.sinks.jsonl import verdict_line
from fusion.triage import TriageSettings
from sensors.audio.sources import AudioFileSource
from sensors.base import Sensor, Source
from sensors.environment.sources import CsvSource
from sensors.types import NS, Health, Modality, Quality, Score, State

Write = Callable[..., Path]
KIZASHI = Path(sysconfig.get_path("scripts")) / "kizashi"
SENSORS = {"mic": ("audio.file", "a.wav"), "eye": ("video.file", "b.mp4"), "air": ("environment.csv", "c.csv")}
HASTY = EngineSettings(block_ns=2 * NS, least_blocks=4, least_scores=10)
STREAMS = {"a": Modality.AUDIO, "b": Modality.VIDEO, "c": Modality.ENVIRONMENT}


@pytest.fixture
def night(tmp_path: Path, write_sound: Write, write_video: Write, write_text: Write) -> Callable[..., Path]:
    """Write a recording of that length with a bang and a flush of light near its end."""

    def write(seconds: int, sensors: Sequence[str], name: str = "night") -> Path:
        random, bang = np.random.default_rng(5), seconds - 20
        (tmp_path / name).mkdir()
        sound = random.normal(0, 0.01, 16_000 * seconds)
        sound[16_000 * bang : 16_000 * (bang + 2)] *= 30
        write_sound(f"{name}/a.wav", sound.clip(-1, 1))
        if "eye" in sensors:
            write_video(f"{name}/b.mp4", [n / 2 for n in range(2 * seconds)])
        light = [f"{n},{100 + random.normal() + 300 * (bang <= n < bang + 5):.2f}" for n in range(seconds)]
        write_text(f"{name}/c.csv", "t_s,illuminance_lx\n" + "\n".join(light) + "\n")
        told = [f'[[sensors]]\nid = "{s}"\nkind = "{SENSORS[s][0]}"\npath = "{SENSORS[s][1]}"\n' for s in sensors]
        text = f'name = "night"\nstart = 2024-01-01T00:00:00Z\nseconds = {seconds}\n' + "\n".join(told)
        return write_text(f"{name}/scenario.toml", text).parent

    return write


def verdicts(sensors: Sequence[Sensor]) -> bytes:
    lines: list[bytes] = []
    watch = build_watch("fused", sensors, HASTY, None, None)
    replay(merge(sensors), [watch], lambda _, step: lines.append(verdict_line(step.verdict)))
    return b"".join(lines)


def test_a_recording_replayed_twice_gives_the_same_bytes(
    night: Callable[..., Path], tmp_path: Path, write_text: Write
) -> None:
    recording, told = night(300, ["mic", "eye", "air"]), []
    config = write_text("rules.toml", '[[rules]]\nwhen = "illuminance > 0.3 klx for 3 s"\nseverity = "critical"\n')
    for name in ("one", "two"):
        out = str(tmp_path / name)
        command = [str(KIZASHI), "replay", str(recording), "--config", str(config), "--out", out, "--json"]
        told.append(subprocess.run(command, check=True, capture_output=True, timeout=120).stdout)
    assert told[0] == told[1]
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == ["incidents.jsonl", "report.html", "timeline.png", "verdicts.jsonl"]
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name
    last = json.loads((tmp_path / "one" / "verdicts.jsonl").read_bytes().splitlines()[-1])
    assert last["per_day"] is not None
    incidents = [json.loads(line) for line in (tmp_path / "one" / "incidents.jsonl").read_bytes().splitlines()]
    ruled = [
        (i["severity"], (i["opened_ns"] - load_recording(recording).start_ns) // NS) for i in incidents if "rule" in i
    ]
    assert ruled == [("critical", 283)]


def test_where_a_stream_is_cut_changes_nothing(night: Callable[..., Path]) -> None:
    folder = night(90, ["mic", "air"])

    def cut(chunk_s: float) -> list[Sensor]:
        sound: Source = AudioFileSource("mic", folder / "a.wav", 0, chunk_s=chunk_s)
        return [build_sensor(sound), build_sensor(CsvSource("air", folder / "c.csv", 0))]

    usual = verdicts(cut(0.5))
    assert json.loads(usual.splitlines()[-1])["per_day"] is not None
    assert verdicts(cut(0.01)) == usual
    assert verdicts(cut(1000.0)) == usual
    assert verdicts(cut(0.5)[::-1]) == usual


def test_the_order_of_sensors_in_a_scenario_changes_nothing(night: Callable[..., Path], tmp_path: Path) -> None:
    said = []
    for number, order in enumerate((["mic", "air", "eye"], ["eye", "air", "mic"])):
        path = tmp_path / f"{number}.jsonl"
        replay_recording(load_recording(night(60, order, f"night{number}")), Settings(), verdicts=path)
        said.append(path.read_bytes())
    assert said[0] == said[1]
    assert len(said[0].splitlines()) == 601


@st.composite
def streams(draw: st.DrawFn) -> dict[str, list[Score | Health]]:
    """What three sensors say, each in the order of its own time; the first is always a score."""
    out: dict[str, list[Score | Health]] = {}
    for stream, modality in STREAMS.items():
        at_ns, items = 0, list[Score | Health]()
        for _ in range(draw(st.integers(1, 25))):
            at_ns += draw(st.integers(1, 30)) * NS // 20
            if items and draw(st.integers(0, 9)) == 0:
                items.append(Health(stream, at_ns, draw(st.sampled_from(State)), "told"))
                continue
            quality = draw(st.sampled_from([Quality.OK, Quality.OK, Quality.OK, Quality.WARMING, Quality.GAP]))
            raw = draw(st.floats(0, 50)) if quality is Quality.OK else None
            items.append(Score(stream, f"{stream}:level", modality, at_ns, NS // 10, raw, quality))
        out[stream] = items
    return out


def when(item: Score | Health) -> int:
    return item.end_ns if isinstance(item, Score) else item.at_ns


def answer(said: dict[str, list[Score | Health]], order: Sequence[str], start_ns: int | None) -> list[Step]:
    """Push in this order of streams, telling the engine after each how far its stream has been read."""
    rules = TriageSettings(false_alarms_per_day=5000.0, patience_ns=0)
    hasty = EngineSettings(
        NS // 10, block_ns=NS, learn_every_ns=NS // 10, learn_after_ns=NS, lead_ns=NS // 2, least_scores=3,
        least_blocks=2, triage=rules,
    )  # fmt: skip
    engine, places, steps = Engine(hasty, STREAMS, start_ns), dict.fromkeys(said, 0), list[Step]()
    end_ns = max(when(item) for items in said.values() for item in items) + NS
    for stream in order:
        items, place = said[stream], places[stream]
        engine.push(items[place])
        places[stream] += 1
        after = items[place + 1 :]
        engine.reach(stream, when(after[0]) - 1 if after else end_ns)
        steps += engine.advance(end_ns)
    assert not engine.late
    return steps


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(said=streams(), start_ns=st.sampled_from([None, 0]), data=st.data())
def test_the_order_in_which_streams_arrive_changes_nothing(
    said: dict[str, list[Score | Health]], start_ns: int | None, data: st.DataObject
) -> None:
    one_by_one = [stream for stream, items in said.items() for _ in items]
    usual = answer(said, one_by_one, start_ns)
    assert usual
    assert answer(said, data.draw(st.permutations(one_by_one)), start_ns) == usual
