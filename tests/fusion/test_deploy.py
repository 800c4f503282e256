"""What lies in `deploy/` says nothing that the program does not: figures, settings, commands."""

from __future__ import annotations

import configparser
import json
import re
from pathlib import Path

import pytest

from fusion.config import Settings, settings_schema

HOME = Path(__file__).resolve().parents[2]
DEPLOY = HOME / "deploy"
FIGURE = re.compile(r"kizashi_[a-z_]+")
SUFFIX = re.compile(r"_(bucket|sum|count)$")


def known_figures() -> set[str]:
    """Names in the modules that tell figures."""
    names = "sinks/metrics.py", "live/outlets.py", "live/custody.py", "daemon.py"
    texts = [(HOME / "fusion" / name).read_text() for name in names]
    return {name for text in texts for name in re.findall(r'"(kizashi_[a-z_]+)"', text)}


@pytest.mark.parametrize("name", ["alerts.yml", "grafana.json"])
def test_every_figure_that_is_looked_at_is_told(name: str) -> None:
    looked_at = {SUFFIX.sub("", figure) for figure in FIGURE.findall((DEPLOY / name).read_text())}
    known = {SUFFIX.sub("", figure) for figure in known_figures()} | {"kizashi_verdict_latency_seconds_max"}
    assert len(looked_at) >= 7
    assert looked_at <= known


def test_the_published_schema_is_that_of_the_settings() -> None:
    assert (DEPLOY / "site.schema.json").read_bytes() == settings_schema(), "kizashi schema > deploy/site.schema.json"
    settings = json.loads(settings_schema())["$defs"]["Settings"]["properties"]
    assert set(settings) == set(Settings.__struct_fields__)


def test_the_unit_runs_what_there_is_and_gives_it_time_to_end() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(DEPLOY / "kizashi.service")
    service = unit["Service"]
    assert service["Type"] == "notify"
    assert " run --config " in service["ExecStart"]
    assert int(service["TimeoutStopSec"]) > 5
    assert int(service["WatchdogSec"]) > 0
    assert {"2", "3"} == set(service["RestartPreventExitStatus"].split())


def test_the_board_is_json_with_a_place_for_every_panel() -> None:
    panels = json.loads((DEPLOY / "grafana.json").read_bytes())["panels"]
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
    assert len(set(places)) == len(places) == len({panel["id"] for panel in panels})
