from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from sensors.audio.classifier import sigmoid
from sensors.audio.detectors import AudioDetector
from sensors.audio.features import AudioExtractor
from sensors.audio.frontend import RATE_HZ
from sensors.audio.packs import Pack, load_pack, read_pack
from sensors.errors import BadInputError
from sensors.types import Chunk, Features, Health, Quality, Score, State
from tests.sensors.small_models import write_pack


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    """A classifier for which glass is loudness, and whose embedding is the spectrum."""
    return read_pack(write_pack(tmp_path_factory.mktemp("model") / "small"))


def room(seconds: float, seed: int = 0) -> NDArray[np.float32]:
    """Noise that falls off with frequency, and a fan's hum."""
    rng = np.random.default_rng(seed)
    count = round(seconds * RATE_HZ)
    smooth = np.convolve(rng.normal(0, 0.01, count + 7), np.ones(8) / 8, mode="valid")
    hum = 0.002 * np.sin(2 * np.pi * 120 * np.arange(count) / RATE_HZ)
    return np.asarray(smooth + hum + rng.normal(0, 5e-4, count), np.float32)


Hear = Callable[..., list[Features]]


@pytest.fixture(scope="module")
def hear(pack: Pack) -> Hear:
    def extract(samples: NDArray[np.float32], start_ns: int = 0) -> list[Features]:
        return list(AudioExtractor("a", pack).extract(Chunk("a", 0, start_ns, RATE_HZ, samples)))

    return extract


@pytest.fixture(scope="module")
def quiet(hear: Hear) -> list[Features]:
    return hear(room(40.0))


@pytest.fixture
def detector(pack: Pack, quiet: list[Features]) -> AudioDetector:
    """One that has learned the quiet room."""
    made = AudioDetector("a", pack)
    for features in quiet:
        made.learn(features)
    return made


def scores(detector: AudioDetector, features: list[Features], what: str) -> list[Score]:
    told = [one for each in features for one in detector.score(each)]
    return [one for one in told if isinstance(one, Score) and one.channel == f"a:{what}"]


def health(detector: AudioDetector, features: list[Features]) -> list[Health]:
    return [one for each in features for one in detector.score(each) if isinstance(one, Health)]


def strangest(told: list[Score]) -> float:
    return max(one.raw for one in told if one.raw is not None)


def raws(told: list[Score]) -> list[float]:
    return [one.raw for one in told if one.raw is not None]


@pytest.mark.parametrize("what", ["novelty", "level", "glass_break"])
def test_a_crash_is_stranger_than_the_quiet_past(hear: Hear, detector: AudioDetector, what: str) -> None:
    sound = room(4.0, seed=5)
    burst = np.random.default_rng(6).normal(0, 0.2, 4000) * np.exp(-np.arange(4000) / 1000)
    sound[32_000:36_000] += burst.astype(np.float32)
    past = raws(scores(detector, hear(room(20.0, seed=4)), what))
    assert max(raws(scores(detector, hear(sound), what))) > max(past)


def test_a_faint_whistle_that_no_class_names_is_novel(hear: Hear, detector: AudioDetector) -> None:
    sound = room(3.0, seed=7)
    sound[16_000:] += (0.004 * np.sin(2 * np.pi * 5000 * np.arange(32_000) / RATE_HZ)).astype(np.float32)
    last = scores(detector, hear(sound), "novelty")[-1]
    assert last.raw is not None
    assert last.raw > max(raws(scores(detector, hear(room(20.0, seed=8)), "novelty")))
    assert {name for name, _ in last.top} <= {"glass_break", "siren", "speech"}


def test_every_alert_class_has_a_channel_and_no_other(hear: Hear, detector: AudioDetector, pack: Pack) -> None:
    told = detector.score(hear(room(1.0))[0])
    assert [one.channel for one in told if isinstance(one, Score)] == [
        "a:glass_break", "a:siren", "a:novelty", "a:level"]  # fmt: skip
    full = AudioDetector("a")
    features = next(iter(AudioExtractor("a").extract(Chunk("a", 0, 0, RATE_HZ, room(0.3)))))
    channels = {one.channel for one in full.score(features) if isinstance(one, Score)}
    assert channels == {f"a:{what}" for what in (*load_pack().alerts, "novelty", "level")}


def test_a_class_says_how_sure_it_is_and_what_else_was_heard(hear: Hear, detector: AudioDetector) -> None:
    last = scores(detector, hear(room(1.0, seed=9)), "siren")[-1]
    assert last.raw is not None
    assert last.value is not None
    assert last.usual is not None
    assert last.value == pytest.approx(float(sigmoid(np.array([last.raw]))[0]))
    assert last.usual == pytest.approx(last.value, abs=0.1)
    assert [name for name, _ in last.top][0] in {"siren", "speech"}
    assert [share for _, share in last.top] == sorted((share for _, share in last.top), reverse=True)


def test_classes_say_log_odds_and_the_others_do_not(hear: Hear, detector: AudioDetector, pack: Pack) -> None:
    told = [item for features in hear(room(2.0)) for item in detector.score(features) if isinstance(item, Score)]
    assert {s.channel.partition(":")[2] for s in told if s.log_odds} == set(pack.alerts)
    assert {s.channel.partition(":")[2] for s in told if not s.log_odds} == {"novelty", "level"}


def test_level_says_what_was_measured_and_what_is_usual(hear: Hear, detector: AudioDetector) -> None:
    last = scores(detector, hear(10 * room(1.0, seed=9)), "level")[-1]
    assert last.unit == "dBFS"
    assert last.value is not None
    assert last.usual is not None
    assert last.value - last.usual == pytest.approx(20.0, abs=0.5)


@pytest.mark.parametrize(("what", "seconds"), [("glass_break", 2), ("level", 20), ("novelty", 20)])
def test_nothing_is_told_before_its_past_is_long_enough(
    quiet: list[Features], pack: Pack, what: str, seconds: int
) -> None:
    detector = AudioDetector("a", pack)
    told = []
    for features in quiet:
        told += scores(detector, [features], what)
        detector.learn(features)
    assert all((one.raw is None) == (one.quality is Quality.WARMING) for one in told)
    assert sum(one.quality is Quality.WARMING for one in told) == pytest.approx(4 * seconds, abs=8)


def muted(seconds: float) -> NDArray[np.float32]:
    return np.zeros(round(seconds * RATE_HZ), np.float32)


def stuck(seconds: float) -> NDArray[np.float32]:
    return np.full(round(seconds * RATE_HZ), 0.2, np.float32)


def clipped(seconds: float) -> NDArray[np.float32]:
    return np.asarray(np.clip(300 * room(seconds, seed=1), -1, 1))


def humming(seconds: float) -> NDArray[np.float32]:
    phase = 2 * np.pi * 50 * np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return np.asarray(0.1 * np.sin(phase) + 0.03 * np.sin(3 * phase) + 0.02 * room(seconds), np.float32)


def holed(seconds: float) -> NDArray[np.float32]:
    sound = room(seconds, seed=2)
    for at in range(3000, len(sound) - 400, 8000):
        sound[at : at + 320] = 0
    return sound


FAULTS = {
    "digital silence": muted, "stuck": stuck, "clipping": clipped, "hum of the mains": humming, "dropouts": holed,
}  # fmt: skip


@pytest.mark.parametrize("reason", FAULTS)
def test_a_broken_microphone_abstains_says_so_once_and_comes_back(
    hear: Hear, detector: AudioDetector, reason: str
) -> None:
    sound = np.concatenate([room(3.0, seed=1), FAULTS[reason](8.0), room(14.0, seed=2)])
    features = hear(sound)
    changes = health(detector, features)
    assert [change.state for change in changes] == [State.DEGRADED, State.UP]
    assert reason in changes[0].reason
    assert 3e9 < changes[0].at_ns <= 9e9
    for what in ("glass_break", "siren", "novelty", "level"):
        told = scores(detector, features, what)
        inside = [one for one in told if changes[0].at_ns <= one.end_ns < changes[1].at_ns]
        assert all(one.raw is None and one.quality is Quality.DEGRADED for one in inside)
        assert told[-1].quality is Quality.OK


def test_silence_is_never_a_score_of_zero(hear: Hear, detector: AudioDetector) -> None:
    for one in hear(muted(3.0)):
        assert all(score.raw is None for score in detector.score(one) if isinstance(score, Score))


@pytest.mark.parametrize("reason", FAULTS)
def test_a_fault_is_not_learned(hear: Hear, detector: AudioDetector, reason: str) -> None:
    broken = [one for one in hear(FAULTS[reason](9.0), start_ns=60_000_000_000) if one.end_ns > 67_000_000_000]
    before = {name: array.tobytes() for name, array in detector.state().items()}
    for features in broken:
        detector.learn(features)
    assert {name: array.tobytes() for name, array in detector.state().items()} == before


def test_a_past_heard_through_another_model_is_refused(detector: AudioDetector) -> None:
    with pytest.raises(BadInputError, match="another audio model"):
        AudioDetector("a").restore(detector.state())


def test_a_past_told_in_other_units_is_refused(detector: AudioDetector, pack: Pack) -> None:
    """The same network with another offset: its log-odds mean something else."""
    AudioDetector("a", pack).restore(detector.state())
    moved = {label: msgspec.structs.replace(rule, offset=rule.offset - 1) for label, rule in pack.facts.alert.items()}
    other = replace(pack, facts=msgspec.structs.replace(pack.facts, alert=moved))
    with pytest.raises(BadInputError, match="another audio model"):
        AudioDetector("a", other).restore(detector.state())


def test_a_past_told_by_other_heads_on_the_same_model_is_refused(
    detector: AudioDetector, pack: Pack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ours = replace(pack, facts=msgspec.structs.replace(pack.facts, kind="yamnet"))
    state = {**detector.state(), "model": AudioDetector("a", ours).state()["model"]}
    AudioDetector("a", ours).restore(state)
    monkeypatch.setattr("sensors.audio.packs.HEADS", tmp_path / "heads.npz")
    (tmp_path / "heads.npz").write_bytes(b"other heads")
    with pytest.raises(BadInputError, match="another audio model"):
        AudioDetector("a", ours).restore(state)
    (tmp_path / "heads.npz").unlink()
    with pytest.raises(BadInputError, match="the heads cannot be read"):
        AudioDetector("a", ours)


def test_a_microphone_costs_less_than_4_mb(pack: Pack, quiet: list[Features]) -> None:
    detector = AudioDetector("a")
    features = list(AudioExtractor("a").extract(Chunk("a", 0, 0, RATE_HZ, room(10.0))))
    for number in range(4000):
        one = features[number % len(features)]
        detector.learn(Features("a", number * 2_000_000_000, one.span_ns, one.names, one.values))
    assert sum(array.nbytes for array in detector.state().values()) < 4_000_000
