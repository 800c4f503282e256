"""The training: the same from the same seed, resumable, causal, and careful about what it calls heard."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
import pytest
import soundfile  # type: ignore[import-untyped]
import torch

from sensors.audio.training.begin import revive
from sensors.audio.training.command import train
from sensors.audio.training.corpus import OTHER, classes, load_corpus
from sensors.audio.training.corpus import UNKNOWN as UNKNOWN_LABEL
from sensors.audio.training.effects import coloured_noise, distance, repeat
from sensors.audio.training.examine import lasting, per_hour_limit
from sensors.audio.training.export import export
from sensors.audio.training.fold import NAMES, fold
from sensors.audio.training.loop import Training, rank
from sensors.audio.training.network import Ear, Memory, Pupil, Streaming, state_size
from sensors.audio.training.patterns import alarm, siren, tone
from sensors.audio.training.scenes import HOPS, LENGTH, UNKNOWN, Composer, audibility, frame_power, loop
from sensors.audio.training.shards import Task
from sensors.errors import BadInputError

LABELS = {"glass_break": "CC0", "speech": "CC BY-NC 3.0", "vehicle": "none stated", "dog_bark": "CC BY 3.0"}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    random = np.random.default_rng(5)
    rows = []
    for label, licence in LABELS.items():
        for number in range(4):
            name = f"{label}_{number}.wav"
            sound = coloured_noise(16_000, random) * np.exp(-np.arange(16_000) / (2_000 + 1_000 * number))
            soundfile.write(folder / name, sound * 0.5, 16_000)
            rows.append([name, label, 1 + number, 1.0, f"source-{number % 2}", name, licence])
    with (folder / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", "fold", "seconds", "source", "original_file", "licence"])
        writer.writerows(rows)
    return folder


@pytest.fixture
def task(corpus: Path) -> Task:
    return Task((str(corpus),), "all", (), "", 3, scenes=8)


def test_a_corpus_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"manifest\.csv: no corpus here"):
        load_corpus(tmp_path)


def test_a_manifest_without_a_column_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text("path,label\na.wav,speech\n")
    with pytest.raises(BadInputError, match="no column fold, licence, source"):
        load_corpus(tmp_path)


def test_licences_and_sources_choose_the_clips(corpus: Path) -> None:
    assert {clip.label for clip in load_corpus(corpus, licences="free")} == {"glass_break", "dog_bark"}
    assert {clip.label for clip in load_corpus(corpus, licences="none stated")} == {"vehicle"}
    assert {clip.source for clip in load_corpus(corpus, without=["source-0"])} == {"source-1"}
    assert {clip.source for clip in load_corpus(corpus, only=["source-0"])} == {"source-0"}
    with pytest.raises(BadInputError, match="no clip is left"):
        load_corpus(corpus, without=["source"])


def test_non_commercial_licences_are_not_free(corpus: Path) -> None:
    assert not [clip for clip in load_corpus(corpus, licences="free") if "NC" in clip.licence]


def test_the_same_random_state_gives_the_same_scene(corpus: Path) -> None:
    composer = Composer(load_corpus(corpus), sorted(LABELS))
    first, again, other = (composer.compose(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first.samples, again.samples)
    assert np.array_equal(first.labels, again.labels)
    assert not np.array_equal(first.samples, other.samples)


def test_scenes_are_sound_and_labelled_with_known_states(corpus: Path) -> None:
    composer = Composer(load_corpus(corpus), [*sorted(LABELS), "siren"])
    random = np.random.default_rng(0)
    scenes = [composer.compose(random) for _ in range(20)]
    for scene in scenes:
        assert scene.samples.shape == (LENGTH,)
        assert np.isfinite(scene.samples).all()
        assert np.abs(scene.samples).max() <= 1
        assert scene.labels.max() <= UNKNOWN
    assert {0, 1, UNKNOWN} == {int(value) for scene in scenes for value in np.unique(scene.labels)}


def test_a_row_holds_its_clips_one_after_the_other_over_a_faint_floor(corpus: Path) -> None:
    composer = Composer(load_corpus(corpus), sorted(LABELS))
    random = np.random.default_rng(3)
    rows = [composer._row(random) for _ in range(12)]  # noqa: SLF001
    assert max(len(set(row.clips.tolist()) - {-1}) for row in rows) >= 3
    for row in rows:
        assert not ((row.labels == 1).sum(axis=1) > 1).any()
        quiet, loud = np.quantile(frame_power(row.samples), [0.02, 0.98])
        assert quiet < 0.05 * loud


def test_ordinary_scenes_hold_no_alarm_by_formula() -> None:
    labels = ["alarm", "siren", "speech"]
    assert Composer([], labels, made=True)._present == ["alarm", "siren"]  # noqa: SLF001
    assert Composer([], labels, made=False)._present == []  # noqa: SLF001


def test_what_is_drowned_is_unknown_and_what_is_over_is_first_unknown_then_silent() -> None:
    click = np.zeros(LENGTH, np.float32)
    click[20_000:21_500] = 1.0
    power, quiet = frame_power(click), np.full(HOPS * 16, 1e-4, np.float32)
    state, _ = audibility(power, quiet)
    assert state.tolist() == [0] * 5 + [1] + [UNKNOWN] * 3 + [0] * 7
    drowned, _ = audibility(power, quiet * 1e5)
    assert 1 not in drowned
    assert drowned[5] == UNKNOWN


def test_an_onset_in_the_last_moment_of_a_hop_is_not_demanded() -> None:
    late = np.zeros(LENGTH, np.float32)
    late[8_000 - 750 : 8_000] = 1.0
    state, _ = audibility(frame_power(late), np.full(HOPS * 16, 1e-6, np.float32))
    assert state[1] == UNKNOWN


def test_a_loop_has_no_seam_louder_than_its_sound() -> None:
    wave = np.sin(np.arange(7_919) * 0.05).astype(np.float32)
    out = loop(wave, 40_000, 1_234)
    assert len(out) == 40_000
    assert np.abs(np.diff(out)).max() < 3 * np.abs(np.diff(wave)).max()


@pytest.mark.parametrize("make", [alarm, siren, tone])
def test_formulas_give_bounded_sound_of_every_kind(make: type) -> None:
    random = np.random.default_rng(11)
    for _ in range(30):
        sound = make(random, 2.0)
        assert sound.shape == (32_000,)
        assert np.isfinite(sound).all()
        assert 0.05 < np.abs(sound).max() <= 5


def test_a_network_never_hears_the_future() -> None:
    torch.manual_seed(0)
    ear = Ear(5).eval()
    frames = torch.randn(1, 16 * 12, 64)
    later = frames.clone()
    later[:, 16 * 7 :] += 1.0
    with torch.no_grad():
        first, second = ear(frames, Memory())[0], ear(later, Memory())[0]
    assert torch.equal(first[:, :7], second[:, :7])
    assert not torch.equal(first[:, 7:], second[:, 7:])


def test_hop_by_hop_equals_the_whole_sound() -> None:
    torch.manual_seed(1)
    ear = Ear(5).eval()
    frames = torch.randn(1, 16 * 10, 64)
    streaming, state = Streaming(ear), torch.zeros(1, state_size(ear))
    out = []
    with torch.no_grad():
        whole = ear(frames, Memory())[0][0]
        for hop in range(10):
            logits, _, state = streaming(frames[:, 16 * hop : 16 * hop + 16], state)
            out.append(logits[0])
    torch.testing.assert_close(torch.stack(out), whole, rtol=1e-4, atol=1e-5)


def test_a_class_listens_to_the_likeliest_of_its_names_and_to_no_other(corpus: Path, tmp_path: Path) -> None:
    torch.manual_seed(8)
    pupil, labels = Pupil(spoken(Ear(len(LABELS)))).eval(), sorted(LABELS)
    ear = fold(pupil, labels, load_corpus(corpus))
    frames = torch.randn(1, 16 * 6, 64)
    with torch.no_grad():
        own, _, context = pupil.ear(frames, Memory())
        added = ear(frames, Memory())[0] - own
        heard = pupil.sounds(context)[:, :, list(NAMES["dog_bark"])].logsumexp(2)
    assert ear.names is not None
    column = labels.index("dog_bark")
    share = float(ear.names.shares[:, column].sum())
    assert share > 0
    torch.testing.assert_close(added[:, :, column], heard * share, rtol=1e-3, atol=1e-3)
    assert not added[:, :, labels.index("speech")].any()
    path = export(ear, tmp_path, labels, {})
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    given = {"frames": frames[:, :16].numpy(), "state": np.zeros((1, state_size(ear)), np.float32)}
    with torch.no_grad():
        want = ear(frames[:, :16], Memory())[0][0].numpy()
    np.testing.assert_allclose(session.run(["logits"], given)[0], want, atol=2e-2)
    assert revive(tmp_path, frames.numpy())[0] == labels


def test_a_training_that_was_stopped_goes_on_as_if_it_had_not_been(task: Task, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    whole = Training(tmp_path / "whole", task, 3)
    straight = whole.run(lambda progress: None)

    def stop(progress: object) -> None:
        raise KeyboardInterrupt

    broken = Training(tmp_path / "broken", task, 3)
    broken.save_every = 1
    with pytest.raises(KeyboardInterrupt):
        broken.run(stop)
    resumed = Training(tmp_path / "broken", task, 3)
    assert resumed.round == 1
    again = resumed.run(lambda progress: None)
    for name, value in straight.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name


def test_a_run_writes_a_pack_a_card_and_an_examination(task: Task, tmp_path: Path) -> None:
    out = tmp_path / "out"
    pack = train(replace(task, without=("source-1",)), out, 1, None, None, hours=0.01, threads=1)
    told = json.loads((pack / "pack.json").read_text())
    assert told["labels"] == sorted(LABELS)
    examined = json.loads((out / "examination.json").read_text())
    assert examined["sources"] == ["source-1"]
    assert set(examined["precision"]) == {"glass_break", "dog_bark"}
    card = (pack / "MODEL_CARD.md").read_text()
    assert "source-0" in card
    assert "CC BY-NC 3.0" in card
    assert f"{examined['macro']:.3f}" in card


def test_ordinary_sound_never_trained_on_raises_thresholds_and_is_examined_on(
    task: Task, corpus: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    plain = json.loads((train(task, out, 1, None, None, hours=0.01) / "pack.json").read_text())["alert"]
    assert not (out / "examination.json").exists()
    pack = train(task, out, 1, None, None, ordinary=corpus, unseen=corpus, hours=0.01)
    raised = json.loads((pack / "pack.json").read_text())["alert"]
    assert "ordinary sound of source-0, source-1 too" in (pack / "MODEL_CARD.md").read_text()
    assert set(raised) == set(plain) == {"glass_break", "dog_bark"}
    for label, rule in raised.items():
        assert rule["scale"] > 0
        assert -rule["offset"] / rule["scale"] >= -plain[label]["offset"] / plain[label]["scale"] - 0.01
    assert json.loads((out / "examination.json").read_text())["sources"] == ["source-0", "source-1"]


def test_odds_fall_as_false_alarms_do() -> None:
    """Scenes whose maxima pass x with chance exp(-x / 2): 900 an hour, eight classes, one alarm in all."""
    maxima = np.random.default_rng(3).exponential(2.0, 20_000)
    limit = per_hour_limit(maxima, 8)
    assert limit.level == pytest.approx(2 * np.log(900 * 8), rel=0.15)
    assert limit.spread == pytest.approx(2.0, rel=0.25)


def test_several_corpora_are_heard_one_after_the_other(corpus: Path) -> None:
    once, twice = load_corpus(corpus), load_corpus(corpus, corpus)
    assert [clip.path for clip in twice] == [clip.path for clip in once] * 2


def test_what_nobody_has_named_is_no_class_and_is_held_against_nothing_it_may_be(corpus: Path) -> None:
    clips = load_corpus(corpus)
    nameless = [replace(clip, label=UNKNOWN_LABEL if clip.fold % 2 else OTHER) for clip in clips]
    assert classes([*clips, *nameless]) == sorted(LABELS)
    labels = sorted(LABELS)
    ordinary = [labels.index(label) for label in ("speech", "vehicle")]
    alerts = [labels.index(label) for label in ("dog_bark", "glass_break")]
    random = np.random.default_rng(2)
    heard: dict[str, list[np.ndarray]] = {UNKNOWN_LABEL: [], OTHER: []}
    for label, found in heard.items():
        composer = Composer([clip for clip in nameless if clip.label == label], labels)
        found += [composer.compose(random).labels for _ in range(30)]
    assert not any((found == 1).any() for found in heard[UNKNOWN_LABEL] + heard[OTHER])
    assert any((found[:, alerts] == UNKNOWN).any() for found in heard[UNKNOWN_LABEL])
    assert any((found[:, ordinary] == UNKNOWN).any() for found in heard[OTHER])


def spoken(ear: Ear) -> Ear:
    """A network not yet trained whose answers differ by more than rounding."""
    with torch.no_grad():
        ear.classify.weight.mul_(300)
    return ear


def test_a_pack_is_a_network_again_and_says_what_it_said(tmp_path: Path) -> None:
    torch.manual_seed(4)
    ear, frames = spoken(Ear(5)), torch.randn(24, 16 * 4, 64)
    for _ in range(3):
        ear.train()(frames, Memory())
    ear.eval()
    export(ear, tmp_path, list("abcde"), {})
    labels, again = revive(tmp_path, frames.numpy())
    assert labels == list("abcde")
    other = torch.randn(3, 16 * 4, 64)
    with torch.no_grad():
        want, got = ear(other, Memory())[0], again.eval()(other, Memory())[0]
        assert float(want.std()) > 0.5
        torch.testing.assert_close(got, want, rtol=0, atol=2e-2)
        moved = again.train()(frames, Memory())[1] - again.eval()(frames, Memory())[1]
    assert float(moved.abs().mean()) < 1e-3 * float(want.abs().mean())


def test_a_pack_of_another_kind_cannot_be_begun_with(tmp_path: Path) -> None:
    export(Ear(5, widths=(32, 64, 64, 64)).eval(), tmp_path, list("abcde"), {})
    with pytest.raises(BadInputError, match="no network of ours"):
        revive(tmp_path, np.zeros((2, 16, 64), np.float32))


def test_a_training_goes_on_from_a_pack(task: Task, tmp_path: Path) -> None:
    torch.manual_seed(6)
    first, frames = spoken(Ear(len(LABELS))).eval(), torch.randn(2, 64, 64)
    export(first, tmp_path / "pack", sorted(LABELS), {})
    training = Training(tmp_path / "run", task, 1, start=tmp_path / "pack")
    with torch.no_grad():
        want, got = (ear(frames, Memory())[0] for ear in (first, training.average.ear))
    assert float(want.std()) > 0.5
    torch.testing.assert_close(got, want, rtol=0, atol=2e-2)
    before = training.pupil.ear.embed.weight.clone()
    training.run(lambda progress: None)
    assert not torch.equal(training.pupil.ear.embed.weight, before)
    with pytest.raises(BadInputError, match="no weights to begin with"):
        Training(tmp_path / "other", task, 1, start=tmp_path)


def test_what_must_last_is_as_high_as_its_lowest_moment() -> None:
    logits = np.array([[0.0, 9.0, 1.0, 2.0, 3.0, 0.0], [5.0, 0.0, 5.0, 0.0, 5.0, 0.0]])
    assert lasting(logits, 1).tolist() == [9.0, 5.0]
    assert lasting(logits, 3).tolist() == [1.0, 0.0]


def test_rank_asks_for_the_loudest_moment_of_what_has_the_class_to_be_above_all_others() -> None:
    labels = torch.zeros(3, 4, 2, dtype=torch.long)
    labels[0, 2, 0] = 1
    labels[1, :, 0] = UNKNOWN
    logits = torch.zeros(3, 4, 2)
    logits[1] = 50.0
    apart, level = logits.clone(), logits.clone()
    apart[0, 2, 0], level[2, 3, 0] = 9.0, 9.0
    assert float(rank(logits, labels, [0])) == pytest.approx(np.log(2))
    assert float(rank(apart, labels, [0, 1])) < 1e-3
    assert float(rank(level, labels, [0])) == pytest.approx(9.0, abs=1e-3)
    assert float(rank(logits, labels, [1])) == 0


def test_a_burst_is_one_shot_again_and_again_and_distance_dulls(corpus: Path) -> None:
    click = np.zeros(2_000, np.float32)
    click[0] = 1.0
    random = np.random.default_rng(1)
    burst = repeat(click, random)
    shots = np.flatnonzero(burst > 0.5)
    assert 2 <= len(shots) <= 8
    assert len(set(np.diff(shots).tolist())) == 1
    far = distance(click, random)
    highs = [np.abs(np.fft.rfft(sound, 65_536))[28_000:].mean() for sound in (click, far)]
    assert highs[1] < 0.9 * highs[0]


def test_a_folder_of_another_training_is_refused(task: Task, tmp_path: Path) -> None:
    (tmp_path / "task.json").write_text("{}")
    with pytest.raises(BadInputError, match="another training lies here"):
        train(task, tmp_path, 1, None, None, hours=0.01, threads=1)


def test_half_precision_weights_change_little(tmp_path: Path) -> None:
    torch.manual_seed(2)
    ear = Ear(5).eval()
    path = export(ear, tmp_path, list("abcde"), {})
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    frames = np.random.default_rng(0).standard_normal((1, 16, 64)).astype(np.float32)
    got = session.run(["logits"], {"frames": frames, "state": np.zeros((1, state_size(ear)), np.float32)})[0]
    with torch.no_grad():
        want = ear(torch.from_numpy(frames), Memory())[0][0].numpy()
    assert path.stat().st_size < 8e6
    np.testing.assert_allclose(got, want, atol=2e-3)
