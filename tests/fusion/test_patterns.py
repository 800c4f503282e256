"""Known patterns, drawn: a column is a second, a row a channel; what is drawn was strange then, nothing where "." is.

Signs: # strange and far above the usual, o a little strange, v strange and below the usual.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from fusion.events import Calibrated, Sighting
from fusion.patterns import PATTERNS, Patterns
from sensors.types import NS, Modality, Score

CHANNELS = {
    "glass": ("hall/mic:glass_break", Modality.AUDIO),
    "scream": ("hall/mic:scream", Modality.AUDIO),
    "alarm": ("hall/mic:alarm", Modality.AUDIO),
    "loud": ("hall/mic:level", Modality.AUDIO),
    "novel": ("hall/mic:novelty", Modality.AUDIO),
    "moves": ("hall/cam:motion", Modality.VIDEO),
    "falls": ("hall/cam:fall", Modality.VIDEO),
    "pir": ("hall/air:motion.rate", Modality.ENVIRONMENT),
    "heat": ("hall/air:temperature_c.level", Modality.ENVIRONMENT),
    "smoke": ("hall/air:smoke_density_percent.level", Modality.ENVIRONMENT),
    "co2": ("hall/air:co2_ppm.level", Modality.ENVIRONMENT),
    "shakes": ("hall/air:vibration_g.level", Modality.ENVIRONMENT),
    "fire": ("hall/mic:novelty", Modality.AUDIO),
}
MEANING = {"#": (1e-6, 1.0), "o": (0.02, 1.0), "v": (1e-6, -1.0), "-": (1e-6, 0.05)}
ALL = frozenset(Modality)


def said(name: str, second: int, sign: str) -> Calibrated:
    channel, sense = CHANNELS[name]
    p_value, value = MEANING[sign]
    top = ((("fire_crackle", 0.6),) if name == "fire" else (("door", 0.6),)) if sense is Modality.AUDIO else ()
    score = Score("hall/x", channel, sense, second * NS, NS, 9.0, top=top, value=value, usual=0.0)
    return Calibrated(score, p_value, True)


def watch(drawn: Mapping[str, str], senses: frozenset[Modality] = ALL, every_s: int = 1) -> Patterns:
    patterns = Patterns()
    for column in range(max(map(len, drawn.values()))):
        second = column * every_s
        strange = [
            said(name, second, row[column]) for name, row in drawn.items() if row[column : column + 1].strip(".")
        ]
        patterns.note(second * NS, strange, senses)
    return patterns


def seen(drawn: Mapping[str, str], senses: frozenset[Modality] = ALL, every_s: int = 1) -> str:
    sighting = watch(drawn, senses, every_s).seen_since(0)
    return sighting.kind if sighting else ""


@pytest.mark.parametrize(
    ("drawn", "kind"),
    [
        pytest.param({
            "glass": ".#......",
            "moves": ".....#.."}, "break-in", id="glass, then motion"),
        pytest.param({
            "glass": ".#......",
            "pir":   "......#."}, "break-in", id="glass, then a motion sensor"),
        pytest.param({
            "glass": ".....#..",
            "moves": ".##....."}, "", id="motion, then glass: somebody dropped it"),
        pytest.param({
            "glass": ".-......",
            "moves": "....##.."}, "", id="rare here, and still far from glass"),
        pytest.param({
            "glass": ".#......",
            "moves": "........"}, "", id="glass alone"),
        pytest.param({
            "scream": ".....#.",
            "moves":  "..#...."}, "panic", id="a scream and hasty motion in any order"),
        pytest.param({
            "scream": "..#......",
            "moves":  "...#.....",
            "glass":  ".#......."}, "panic", id="the gravest name of two"),
        pytest.param({
            "moves": "..##.....",
            "loud":  "...#.....",
            "pir":   "........."}, "fall", id="an impact, then stillness where somebody was"),
        pytest.param({
            "moves": "..##ooooo",
            "loud":  "...#....."}, "", id="an impact, and somebody goes on"),
        pytest.param({
            "moves": ".........",
            "loud":  "...#....."}, "", id="an impact where nobody was"),
        pytest.param({
            "falls": "..#......",
            "moves": "..#......"}, "fall", id="somebody seen to fall who stays still"),
        pytest.param({
            "shakes": "..#.....",
            "novel":  ".....#.."}, "machine fault", id="a machine that shakes and sounds unlike itself"),
        pytest.param({
            "co2": "..#....."}, "bad air", id="bad air"),
        pytest.param({
            "co2": "..v....."}, "", id="better air is no bad air"),
    ],
)  # fmt: skip
def test_patterns_are_seen_as_drawn(drawn: Mapping[str, str], kind: str) -> None:
    assert seen(drawn) == kind


@pytest.mark.parametrize(
    ("drawn", "kind"),
    [
        pytest.param({"fire": "#.....", "heat": "....#."}, "fire", id="crackling and heat within minutes"),
        pytest.param({"heat": "....#.", "smoke": "#....."}, "fire", id="heat and smoke"),
        pytest.param({"alarm": ".#....", "smoke": "#....."}, "fire", id="an alarm and smoke"),
        pytest.param({"novel": "#.....", "heat": "....#."}, "", id="something unheard and heat is no fire"),
        pytest.param({"fire": "#..............", "heat": "..............#"}, "", id="nor is what lies a quarter apart"),
        pytest.param({"heat": "v.....", "smoke": "#....."}, "", id="nor cold"),
    ],
)
def test_slow_patterns_have_minutes(drawn: Mapping[str, str], kind: str) -> None:
    assert seen(drawn, every_s=60) == kind


def test_who_does_not_look_sees_no_stillness() -> None:
    drawn = {"moves": "..##.......", "loud": "...#......."}
    assert seen(drawn) == "fall"
    assert seen(drawn, frozenset({Modality.AUDIO})) == ""


def test_a_sighting_tells_its_signs_and_when() -> None:
    sighting = watch({"glass": ".#......", "moves": ".....#.."}).seen_since(0)
    assert sighting == Sighting("break-in", (("breaking glass", NS), ("motion", 5 * NS)))


def test_what_goes_on_is_told_as_it_began() -> None:
    patterns = watch({"glass": ".#......", "moves": ".....###"})
    sighting = patterns.seen_since(7 * NS)
    assert sighting is not None
    assert sighting.signs[1] == ("motion", 5 * NS)
    assert patterns.seen_since(7 * NS + 1) is None


def test_what_was_over_before_is_not_told() -> None:
    patterns = watch({"glass": ".#......", "moves": ".....#.."})
    assert patterns.seen_since(5 * NS) is not None
    assert patterns.seen_since(5 * NS + 1) is None


def test_the_order_within_a_tick_changes_nothing() -> None:
    one, other = said("glass", 1, "#"), said("moves", 1, "#")
    told = []
    for strange in ([one, other], [other, one]):
        patterns = Patterns()
        patterns.note(NS, strange, ALL)
        patterns.note(2 * NS, [said("moves", 2, "#")], ALL)
        told.append(patterns.seen_since(0))
    assert told[0] is not None
    assert [t and t.kind for t in told] == ["break-in"] * 2


def test_the_table_can_be_met() -> None:
    for pattern in PATTERNS:
        assert pattern.within_ns > 0
        assert not pattern.signs[0].still_ns
        assert all(sign.channels and 0 < sign.p_value < 0.5 for sign in pattern.signs)
        assert pattern.ordered or not any(sign.still_ns for sign in pattern.signs)
