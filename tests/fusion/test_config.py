"""Settings: a file is read strictly, and nothing impossible gets in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time
from pathlib import Path

import numpy as np
import pytest

from fusion.assemble import build_sensor, engine_settings
from fusion.config import Settings, load_settings, override
from sensors.errors import BadInputError
from sensors.types import NS, Chunk, Modality, Score
from sensors.video.features import VideoExtractor
from sensors.video.sources import VideoFileSource

Write = Callable[..., Path]


def refuse(write_text: Write, content: str) -> str:
    with pytest.raises(BadInputError) as caught:
        load_settings(write_text("k.toml", content))
    line = str(caught.value)
    assert "\n" not in line
    assert "k.toml" in line
    return line


def test_a_file_says_only_what_differs(write_text: Write) -> None:
    told = load_settings(write_text("k.toml", "false_alarms_per_day = 2\n[timing]\ntick_s = 0.5\n"))
    assert told.false_alarms_per_day == 2.0
    assert told.timing.tick_s == 0.5
    assert told.windows == Settings().windows
    assert load_settings(write_text("empty.toml", "")) == Settings() == load_settings(None)


@pytest.mark.parametrize(
    ("content", "near"),
    [
        ("false_alarm_per_day = 2", "false_alarms_per_day"),
        ("[timings]\ntick_s = 1", "timing"),
        ("[timing]\ntick = 1", "tick_s"),
        ("[windows]\naudio = 1", "audio_s"),
        ("[triage]\npatience = 1", "patience_s"),
    ],
)
def test_an_unknown_key_names_the_nearest(content: str, near: str, write_text: Write) -> None:
    assert f"did you mean '{near}'?" in refuse(write_text, content)


@pytest.mark.parametrize(
    "content",
    [
        "false_alarms_per_day = 0",
        "false_alarms_per_day = -1",
        "false_alarms_per_day = nan",
        "false_alarms_per_day = inf",
        "false_alarms_per_day = true",
        'false_alarms_per_day = "1"',
        'senses = ["smell"]',
        "senses = []",
        "timing = 3",
        "[timing]\ntick_s = -1",
        "[timing]\ntick_s = 1e-12",
        "[timing]\ntick_s = nan",
        "[timing]\ntick_s = 1e6",
        "[windows]\naudio_s = 0",
        "[triage]\nrelease_factor = 0.5",
        "[learning]\nenabled = 1",
        "this is no TOML",
    ],
)
def test_an_impossible_value_is_refused(content: str, write_text: Write) -> None:
    refuse(write_text, content)


def test_the_command_line_has_the_last_word() -> None:
    told = override(Settings(), "video, audio", 0.5)
    assert told.senses == (Modality.AUDIO, Modality.VIDEO)
    assert told.false_alarms_per_day == 0.5
    assert override(Settings(), None, None) == Settings()
    for senses, rate in (("smell", None), ("", None), (None, 0.0), (None, float("nan")), (None, float("inf"))):
        with pytest.raises(BadInputError, match="--"):
            override(Settings(), senses, rate)


@pytest.mark.parametrize("tick_s", [0.01, 0.1, 0.3, 7.0, 60.0, 3600.0])
def test_every_allowed_tick_gives_an_engine_that_can_work(tick_s: float) -> None:
    engine = engine_settings(Settings(), tick_s)
    assert engine.tick_ns == round(tick_s * NS)
    assert engine.block_ns % engine.tick_ns == 0
    assert engine.block_ns >= 10 * engine.tick_ns
    assert min(engine.windows_ns.values()) >= engine.tick_ns
    assert engine.hold_ns >= 2 * engine.tick_ns
    assert engine.learn_after_ns > engine.lead_ns


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('when = "co2 > "', "rule 1, 'when': nothing where a number"),
        ('when = "co2 > 1"\nuntil = "co2"', "rule 1, 'until': nothing where one of"),
        ('when = "co2 > 1"\nseverity = "hihg"', "rule 1: unknown severity 'hihg'; did you mean 'high'?"),
        ('when = "co2 > 1"\nwhenn = "co2 > 1"', "unknown key 'whenn'; did you mean 'when'?"),
        ('severity = "high"', "when"),
    ],
)
def test_a_rule_that_cannot_be_is_told_with_its_number(content: str, told: str, write_text: Write) -> None:
    assert told in refuse(write_text, f"[[rules]]\n{content}\n")


def test_rules_come_in_their_order(write_text: Write) -> None:
    path = write_text("k.toml", '[[rules]]\nwhen = "co2 > 1"\n[[rules]]\nwhen = "door = on"\nname = "open"\n')
    assert [rule.name for rule in engine_settings(load_settings(path), 0.1).rules] == ["co2 > 1", "open"]


ZONE = """[[video.zones]]
name = "vault"
sensor = "shop/camera"
points = [[0.5, 0.0], [1.0, 0.0], [1.0, 1.0]]
"""


def test_zones_are_shapes_with_wall_time(write_text: Write) -> None:
    told = load_settings(write_text("k.toml", f'{ZONE}begin = 22:00:00\nend = 06:30:00\ntimezone = "Asia/Tokyo"\n'))
    (rule,) = told.video.zones
    assert (rule.begin, rule.end) == (time(22), time(6, 30))
    detector = build_sensor(VideoFileSource("shop/camera", Path("a.mp4"), 0), zones=told.video.zones).detector()
    elsewhere = build_sensor(VideoFileSource("yard", Path("a.mp4"), 0), zones=told.video.zones).detector()
    dark = Chunk("shop/camera", 0, 0, 0.0, np.zeros((1, 48, 64), np.uint8))
    (first,) = VideoExtractor("shop/camera").extract(dark)
    assert "shop/camera:intrusion" in [one.channel for one in detector.score(first) if isinstance(one, Score)]
    assert not [one for one in elsewhere.score(first) if isinstance(one, Score) and one.channel.endswith("intrusion")]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ('rule = "line"', "two ends"),
        ('timezone = "Mars/Olympus"', "Mars/Olympus"),
        ('rule = "open"', "rule"),
        ('colour = "red"', "colour"),
    ],
)
def test_zones_that_make_no_sense_are_refused(more: str, told: str, write_text: Write) -> None:
    assert told in refuse(write_text, ZONE + more)


def test_an_area_without_an_inside_is_refused(write_text: Write) -> None:
    assert "three corners" in refuse(write_text, ZONE.replace(", [1.0, 1.0]", ""))
    assert "points" in refuse(write_text, ZONE.replace("0.5, 0.0", "50, 0"))


def test_what_eyes_tell_is_chosen_and_a_slip_names_the_nearest(write_text: Write) -> None:
    told = load_settings(write_text("k.toml", '[video]\nchannels = ["motion", "fall"]\n'))
    source = VideoFileSource("yard", Path("a.mp4"), 0)
    chunk = Chunk("yard", 0, 0, 0.0, np.zeros((1, 24, 32), np.uint8))
    (features,) = VideoExtractor("yard").extract(chunk)
    chosen = build_sensor(source, channels=told.video.channels).detector().score(features)
    usual = build_sensor(source).detector().score(features)
    assert [one.channel for one in chosen if isinstance(one, Score)] == ["yard:motion", "yard:fall"]
    assert {one.channel for one in usual if isinstance(one, Score)} == {
        f"yard:{name}" for name in Settings().video.channels if name != "scene"
    }
    assert "did you mean motion?" in refuse(write_text, '[video]\nchannels = ["motoin"]\n')
    refuse(write_text, "[video]\nchannels = []\n")
