"""`kizashi bench` watches what it makes, all the way to verdicts."""

from __future__ import annotations

import json
import subprocess

from fusion.commands.benching import PacedSource, bench_sets, set_costs
from sensors.clock import SteadyClock
from sensors.types import Modality
from tests.live.site import KIZASHI


def test_a_set_gets_a_verdict_for_each_tick() -> None:
    made = bench_sets(1, 2.0)
    assert made.sets == 1
    assert 20 <= made.verdicts <= 22
    assert 0 < made.p50_ms <= made.p99_ms <= made.max_ms


def test_every_stage_of_a_set_has_its_cost() -> None:
    costs = {cost.stage: cost.ms for cost in set_costs(5.0)}
    senses = {f"{sense} {stage}" for sense in Modality for stage in ("features", "scores")}
    assert costs.keys() == senses | {"fusion"}
    assert all(0 < ms < 1000 for ms in costs.values())


def test_a_camera_sheds_pictures() -> None:
    camera = PacedSource("a/video", Modality.VIDEO, 0.001, SteadyClock())
    camera.shed(3)
    chunks = camera.chunks()
    first, second = next(chunks), next(chunks)
    assert second.start_ns - first.start_ns == 10_000_000
    camera.stop()
    assert not list(chunks)


def test_the_command_tells_a_line_for_each_number_of_sets() -> None:
    done = subprocess.run(
        [KIZASHI, "bench", "--seconds", "1", "--most", "2", "--json"], capture_output=True, text=True, timeout=120
    )
    told = [json.loads(line) for line in done.stdout.splitlines()]
    stages = [line for line in told if "stage" in line]
    told = [line for line in told if "sets" in line]
    assert {line["stage"] for line in stages} >= {"audio features", "video scores", "fusion"}
    assert [line["sets"] for line in told] in ([1], [1, 2])
    assert all(line["verdicts"] >= 10 for line in told)
    assert done.returncode == (0 if told[0]["within"] else 1)
