from __future__ import annotations

from dataclasses import replace

import pytest

from fusion.events import Calibrated, FusedScore, Missing, Part
from fusion.explain import describe_channel, explain, noun, quantity
from fusion.language.japanese import JAPANESE
from sensors.types import Modality, Score

LEVEL = Score("hall/mic", "hall/mic:level", Modality.AUDIO, 0, 0, 9.0, value=-21.04, usual=-52.0, unit="dBFS")
CO2 = Score("hall/air", "hall/air:co2_ppm.level", Modality.ENVIRONMENT, 0, 0, 9.0, value=871.6, unit="ppm")


def part(*scores: Score, p_value: float = 1e-3) -> Part:
    return Part(scores[0].modality, p_value, 0.5, tuple(Calibrated(score, p_value, False) for score in scores))


MOTION = Part(Modality.VIDEO, 0.004, 0.2, ())


def test_a_sentence_says_who_saw_what_and_how_rare_it_is() -> None:
    kind, why = explain(FusedScore(0, 1e-5, 0.025), (part(LEVEL), part(CO2, p_value=0.02)))
    assert kind == "sound+co2"
    assert why == (
        "Audio: hall/mic level -21 dBFS, usually -52 (1 in 1,000 moments); "
        "Environment: hall/air co2 level 872 ppm (1 in 50 moments). "
        "Together this would occur by chance about once in 40 days here."
    )


def heard(what: str, value: float) -> Score:
    return Score("hall/mic", f"hall/mic:{what}", Modality.AUDIO, 0, 0, 9.0, value=value, usual=0.001)


def test_a_sound_that_is_surely_known_gives_its_name_to_the_incident() -> None:
    assert noun(part(heard("siren", 0.2), heard("glass_break", 0.9))) == "glass break"
    assert noun(part(heard("glass_break", 0.4), LEVEL)) == "sound"
    assert noun(part(heard("novelty", 7.0))) == "sound"


@pytest.mark.parametrize(
    ("value", "top", "english", "japanese"),
    [
        (0.9, (), "hall/mic glass break 0.9, usually 0.001", "hall/mic ガラスの割れる音 0.9、通常は 0.001"),
        (0.3, (), "hall/mic perhaps glass break, with a score of 0.3", "hall/mic ガラスの割れる音の可能性、スコア 0.3"),
        (
            1.56e-5,
            ("glass_break",),
            "hall/mic an unusual sound, most like glass break, though hardly so",
            "hall/mic 聞き慣れない音、最も近いのはガラスの割れる音だが、かすかに似る程度",
        ),
        (
            1.56e-5,
            ("household", "thunder"),
            "hall/mic an unusual sound, most like household and thunder, with a trace of glass break",
            "hall/mic 聞き慣れない音、最も近いのは生活音と雷、わずかにガラスの割れる音に似る",
        ),
    ],
)
def test_a_class_of_sound_is_named_as_surely_as_it_is_heard(
    value: float, top: tuple[str, ...], english: str, japanese: str
) -> None:
    score = replace(heard("glass_break", value), top=tuple((name, 0.1) for name in top))
    channel = Calibrated(score, 1e-4, True)
    assert describe_channel(channel) == english
    assert describe_channel(channel, JAPANESE) == japanese
    assert "e-" not in english


def test_a_rate_beyond_the_past_is_called_an_estimate() -> None:
    assert "estimated" in explain(FusedScore(0, 1e-5, 0.1, extrapolated=True), (part(LEVEL),))[1]
    assert "estimated" not in explain(FusedScore(0, 1e-5, 0.1), (part(LEVEL),))[1]


def test_who_was_missing_is_named() -> None:
    peak = FusedScore(0, 1e-5, 0.1, missing=(Missing("hall/cam", "covered"), Missing("roof/mic", "silent")))
    assert explain(peak, (part(LEVEL),))[1].endswith(" Without hall/cam, roof/mic.")
    assert "Without" not in explain(FusedScore(0, 1e-5, 0.1), (part(LEVEL),))[1]


def test_a_sense_that_is_not_known_with_the_others_is_named_in_words() -> None:
    peak = FusedScore(0, 1e-5, 0.1, missing=(Missing("environment", "learning what is usual with the others"),))
    assert explain(peak, (part(LEVEL),))[1].endswith(" Without the readings.")


def test_a_sense_alone_is_not_together() -> None:
    assert ". This would" in explain(FusedScore(0, 1e-5, 0.1), (part(LEVEL),))[1]


def test_a_rate_that_is_not_known_is_not_invented() -> None:
    assert "at an unknown rate" in explain(FusedScore(0, None, None), (part(LEVEL),))[1]


def test_every_kind_of_thing_is_named_once() -> None:
    assert explain(FusedScore(0, 1e-5, 0.1), (part(LEVEL), MOTION, part(CO2)))[0] == "sound+motion+co2"
    assert explain(FusedScore(0, 1e-5, 0.1), (part(CO2), part(CO2)))[0] == "co2"


def test_a_sense_that_points_at_nothing_is_named_all_the_same() -> None:
    kind, why = explain(FusedScore(0, 1e-5, 0.1), (MOTION,))
    assert kind == "motion"
    assert why.startswith("Video: no channel alone")
    assert "(1 in 250 moments)" in why
    assert noun(Part(Modality.ENVIRONMENT, 0.1, 0.1, ())) == "environment"


@pytest.mark.parametrize(
    ("channel", "unit", "name"),
    [
        ("hall/air:co2_ppm.level", "ppm", "co2"),
        ("a:relative_humidity_pct.jump", "%", "relative humidity"),
        ("hall/air:pm2_5_ug_per_m3.level", "µg/m³", "pm2 5"),
        ("a:motion.level", "", "motion"),
        ("a:smoke_alarm.level", "", "smoke alarm"),
    ],
)
def test_quantities_lose_their_units(channel: str, unit: str, name: str) -> None:
    assert quantity(Score("a", channel, Modality.ENVIRONMENT, 0, 0, 1.0, unit=unit)) == name


def test_of_each_sense_the_strangest_channel_speaks_and_names_two_classes_at_most() -> None:
    heard = Score(
        "m", "m:novelty", Modality.AUDIO, 0, 0, 1.0, top=(("glass_break", 0.5), ("door", 0.3), ("speech", 0.2))
    )
    why = explain(FusedScore(0, 1e-5, 0.1), (part(heard, LEVEL),))[1]
    assert why.startswith("Audio: m novelty, most like glass break and door (1 in 1,000 moments).")


def test_a_sense_that_has_places_says_where() -> None:
    seen = Score("v", "v:flow", Modality.VIDEO, 0, 0, 1.0, top=(("upper left", 0.5),))
    assert "v flow around upper left (" in explain(FusedScore(0, 1e-5, 0.1), (part(seen),))[1]
