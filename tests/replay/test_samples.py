"""The sample recordings give the stored verdicts: times and names exactly, figures to a part in a hundred.

Why not to the last digit: another processor adds up in another order. On one machine, `test_determinism` asks for
every byte.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.replay.expected import SAMPLES, STORED, write_sample


def differences(told: Any, stored: Any, at: str = "") -> list[str]:
    """Where two JSON values differ by more than a hundredth."""
    if isinstance(told, dict) and isinstance(stored, dict) and told.keys() == stored.keys():
        return [line for key in told for line in differences(told[key], stored[key], f"{at}.{key}")]
    if isinstance(told, list) and isinstance(stored, list) and len(told) == len(stored):
        pairs = zip(told, stored, strict=True)
        return [line for n, (a, b) in enumerate(pairs) for line in differences(a, b, f"{at}[{n}]")]
    if isinstance(told, float) and isinstance(stored, float) and told == pytest.approx(stored, rel=0.01):
        return []
    return [] if told == stored else [f"{at}: {told} instead of {stored}"]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_give_the_stored_verdicts(name: str, tmp_path: Path) -> None:
    write_sample(name, tmp_path)
    for file in ("incidents.jsonl", "verdicts.jsonl"):
        told, stored = lines(tmp_path / file), lines(STORED / name / file)
        for line in (*told, *stored):
            line.pop("why", None)
        assert differences(told, stored) == []


def test_events_are_found_and_an_ordinary_hour_is_left_alone() -> None:
    found = {name: [line["severity"] for line in lines(STORED / name / "incidents.jsonl")] for name in SAMPLES}
    assert found == {"break_in_at_night": ["high"], "crowd_panic": ["critical"], "ordinary_hour": []}
