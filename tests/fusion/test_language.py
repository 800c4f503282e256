"""Every language says all of it: the same phrases with the same facts, and no word of another one between them."""

from __future__ import annotations

import dataclasses
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fusion.experience import Label, gather
from fusion.explain import describe_kind
from fusion.language.choice import BY_NAME
from fusion.language.english import ENGLISH
from fusion.language.japanese import JAPANESE
from fusion.language.texts import Texts
from fusion.language.vocabulary import WORDS
from fusion.patterns import PATTERNS
from fusion.report.page import write_page
from fusion.report.picture import draw, save_picture, writable
from fusion.severity import KIND, PRIOR
from fusion.sinks.console import columns, wrapped
from fusion.weighing import name_counted
from fusion.words import duration, once_in, one_in, rarity
from sensors.audio.packs import ALERTS
from sensors.environment.quantities import QUANTITIES
from sensors.video.detectors import CHANNELS
from sensors.video.layout import name_place
from tests.fusion.test_report import incident, ordinary, read, recording

OTHERS = [texts for texts in BY_NAME.values() if texts is not ENGLISH]
GROUPS = ("numbers", "reasons", "console", "page", "learned", "picture")
LETTERS = re.compile(r"[A-Za-z]{3,}")
KEPT = re.compile(r"kizashi incidents label|incidents\.jsonl|--baseline")


def phrases(value: Any, at: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, tuple):
        for number, each in enumerate(value):
            yield from phrases(each, f"{at}[{number}]")
    else:
        for field in dataclasses.fields(value):
            yield from phrases(getattr(value, field.name), f"{at}.{field.name}")


def facts(phrase: str) -> set[str]:
    return {name.partition(".")[0] for _, name, _, _ in string.Formatter().parse(phrase) if name}


@pytest.mark.parametrize("texts", OTHERS, ids=lambda texts: texts.language)
@pytest.mark.parametrize("group", GROUPS)
def test_every_phrase_is_there_and_tells_the_same_facts(texts: Texts, group: str) -> None:
    own, english = dict(phrases(getattr(texts, group))), dict(phrases(getattr(ENGLISH, group)))
    assert own.keys() == english.keys()
    free = {".one_in_millions", ".date", ".short_date"}
    for at, phrase in english.items():
        assert own[at].strip() or not phrase.strip(), at
        assert at in free or "once" in at or "[0]" in at or "[1]" in at or facts(own[at]) == facts(phrase), at


@pytest.mark.parametrize("group", GROUPS)
def test_no_english_is_left_in_japanese(group: str) -> None:
    for at, phrase in phrases(getattr(JAPANESE, group)):
        plain = KEPT.sub("", re.sub(r"\{[^}]*\}|<[^>]*>", "", phrase))
        assert not LETTERS.search(plain), (at, phrase)


def test_all_that_sensors_and_patterns_name_has_a_word() -> None:
    signs = {sign.name for pattern in PATTERNS for sign in pattern.signs}
    kinds = {pattern.kind for pattern in PATTERNS}
    places = {name_place(x / 3, y / 3) for x in range(3) for y in range(3)}
    sounds = {name.replace("_", " ") for name in ALERTS}
    seen = {name.replace("_", " ") for name in CHANNELS}
    measured = {quantity.name.replace("_", " ") for quantity in QUANTITIES}
    missing = (signs | kinds | {f"like {kind}" for kind in kinds} | places | sounds | seen | measured) - WORDS.keys()
    assert missing == set()


def test_what_counts_for_severity_has_a_name() -> None:
    for name in PRIOR:
        assert not LETTERS.search(name_counted(name, JAPANESE)), name
        assert name_counted(name) == name
    assert name_counted(f"{KIND}what nobody knows", JAPANESE) == "種類: what nobody knows"


@pytest.mark.parametrize("kind", ["break-in", "sound+motion", "glass break+co2", "rule: CO too high"])
def test_kinds_are_told_in_words_and_names_of_users_stay(kind: str) -> None:
    assert describe_kind(kind) == kind
    told = describe_kind(kind, JAPANESE)
    assert not LETTERS.search(told) or told == "ルール：CO too high"


def test_faults_are_told_whatever_figures_they_hold() -> None:
    assert JAPANESE.fault("clipping: over 5% of the samples at full scale").startswith("音割れ：5%")
    assert JAPANESE.fault("frozen: the same picture again and again").startswith("固まっている")
    assert JAPANESE.fault("what nobody ever said") == "what nobody ever said"
    assert ENGLISH.fault("silent") == "silent"


def test_figures_are_said_in_japanese() -> None:
    assert [once_in(rate, JAPANESE) for rate in (1.0, 0.5, 24.0, 0.0)] == [
        "1 日に 1 回", "2 日に 1 回", "1 時間に 1 回", "10 年に 1 回未満"]  # fmt: skip
    assert rarity(0.5, JAPANESE) == "およそ 2 日に 1 回"
    assert one_in(1 / 2_300_000, JAPANESE) == "230 万回に 1 回"
    assert duration(7800, JAPANESE) == "2 時間 10 分"


def test_lines_hold_what_fits_in_a_language_without_spaces() -> None:
    text = "ガラスの割れる音、続いて動き。音：shop/mic 音量 -48.7 dBFS（92,000 回に 1 回）。" * 5
    lines = wrapped(text, 60)
    assert all(columns(line) <= 60 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert len(lines) <= columns(text) / 45


@pytest.mark.parametrize("texts", BY_NAME.values(), ids=lambda texts: texts.language)
def test_the_report_is_wholly_in_its_language(texts: Texts, tmp_path: Path) -> None:
    timeline = read(tmp_path, ordinary(), [incident("a", "high", 0.1, why="")])
    taught = gather([Label({}, 0, {"audio": 0.8, "video": 0.15, "environment": 0.05})] * 9)
    path = tmp_path / "page.html"
    write_page(path, timeline, recording(()), false_alarms_per_day=1.0, texts=texts, experience=taught)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert [f'<td class="number">{figure}</td>' in page for figure in ("0.62", "9")] == [True, True]
    assert all(head in page for head in (*texts.page.weight_heads, texts.page.weights_told))
    assert f'<html lang="{texts.language}">' in page
    own = [phrase for _, phrase in phrases(texts.page) if phrase.strip() and "{" not in phrase and phrase in page]
    assert len(own) > 20
    if texts is not ENGLISH:
        shown = re.sub(r"<style>.*?</style>|<code>.*?</code>|<[^>]*>", " ", page, flags=re.DOTALL)
        left = set(LETTERS.findall(KEPT.sub("", shown))) - {"night", "hall", "mic", "camera", "dBFS", "UTC"}
        assert left == set()


def test_the_picture_is_in_one_language(tmp_path: Path) -> None:
    timeline = read(tmp_path, ordinary())
    texts = writable(JAPANESE)
    figure = draw(timeline, recording(()), false_alarms_per_day=2.0, texts=texts)
    words = {text.get_text() for axes in figure.axes for text in axes.texts}
    assert {texts.picture.incidents, texts.picture.labels, texts.picture.how_rare, texts.picture.warming} <= words
    save_picture(tmp_path / "timeline.png", timeline, recording(()), false_alarms_per_day=2.0, texts=JAPANESE)
    assert (tmp_path / "timeline.png").stat().st_size > 10_000
