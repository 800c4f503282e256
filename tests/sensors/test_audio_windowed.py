"""Models of others behind the same seam: what they hear is the last window, under our names."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sensors.audio.adopting import YAMNET_SHA256, adopt, read_labels
from sensors.audio.classifier import open_classifier, sigmoid
from sensors.audio.engines import YAMNET_CLASSES, open_engine
from sensors.audio.frontend import HOP
from sensors.audio.packs import load_pack, models_home, pack_folders, read_pack
from sensors.audio.windowed import FARTHEST, Heads, load_heads, log_odds
from sensors.errors import BadInputError
from tests.sensors.small_models import write_pack, write_streaming, write_tflite, write_waveform, write_yamnet

CLASSES = "Smash,glass_break\nTalk,speech\nLift bell,elevator,alert\n"
Text = Callable[[str, str], Path]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KIZASHI_MODELS", str(tmp_path / "models"))
    return models_home()


@pytest.fixture
def own(tmp_path: Path, write_text: Text) -> Callable[..., Path]:
    """A user's own classifier with its labels, taken in; gives its pack's name."""

    def take(*shape: int | str, bounded: bool = True) -> Path:
        model = write_waveform(tmp_path / "My Model.onnx", *shape, bounded=bounded)
        return adopt(model, None, write_text("labels.txt", CLASSES), None).folder

    return take


@pytest.mark.parametrize("shape", [(8000,), (1, 8000), ("n",), (1, "n"), (1, 3000)])
def test_a_users_classifier_is_taken_in_and_heard(own: Callable[..., Path], shape: tuple[int | str, ...]) -> None:
    folder = own(*shape)
    assert folder.name == "my-model"
    pack = load_pack("my-model")
    assert pack.labels == ("elevator", "glass_break", "speech")
    assert pack.alerts == ("elevator", "glass_break")
    classifier = open_classifier("my-model")
    quiet, loud = classifier.classify(np.zeros(HOP, np.float32)), classifier.classify(np.full(HOP, 0.9, np.float32))
    assert classifier.labels == pack.labels
    np.testing.assert_allclose(quiet.logits, [-2, -2, -2], atol=1e-3)
    np.testing.assert_allclose(loud.logits, [-2, 1.6, -2], atol=1e-3)
    np.testing.assert_allclose(loud.probabilities, sigmoid(loud.logits.astype(np.float64)))


def test_log_odds_and_probabilities_are_told_apart(own: Callable[..., Path]) -> None:
    own(8000, bounded=False)
    assert load_pack("my-model").facts.logits
    heard = open_classifier("my-model").classify(np.full(HOP, 0.9, np.float32))
    np.testing.assert_allclose(heard.logits, [-2, 1.6, -2], atol=1e-3)


def test_a_window_holds_what_was_heard_before_and_forgets_at_a_gap(own: Callable[..., Path]) -> None:
    own(2 * HOP)
    classifier = open_classifier("my-model")
    loud, quiet = np.full(HOP, 0.9, np.float32), np.zeros(HOP, np.float32)
    heard = [float(classifier.classify(samples).logits[1]) for samples in (loud, quiet, quiet)]
    np.testing.assert_allclose(heard, [1.6, 1.6, -2], atol=1e-3)
    classifier.classify(loud)
    classifier.reset()
    assert float(classifier.classify(quiet).logits[1]) == pytest.approx(-2, abs=1e-3)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("Smash\nTalk\nBell\n", "none of the classes is watched for"),
        ("Smash,glass_break\nTalk,speech\n", "gives 3, not 2 classes"),
        ("Smash,glass_break,loud\n", "line 1: the line cannot be understood"),
        ("Smash,glass_break\n,siren\n", "line 2"),
    ],
)
def test_labels_that_do_not_fit_are_refused(tmp_path: Path, write_text: Text, content: str, said: str) -> None:
    model = write_waveform(tmp_path / "m.onnx", 8000)
    with pytest.raises(BadInputError, match=said):
        adopt(model, None, write_text("labels.txt", content), None)
    assert [name for name, _ in pack_folders()] == ["builtin"]
    assert not any(models_home().glob("*")) if models_home().exists() else True


def test_labels_count_as_ours_by_their_names_or_not_at_all(write_text: Text) -> None:
    path = write_text("l.txt", 'Glass Break\n"Siren, far",siren\nMusic,\nBell,bell,\n')
    assert read_labels(path) == (("glass_break", "siren", None, "bell"), ("glass_break", "siren"))


def test_the_hash_must_be_the_one_that_was_promised(tmp_path: Path, write_text: Text) -> None:
    model = write_waveform(tmp_path / "m.onnx", 8000)
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    labels = write_text("labels.txt", CLASSES)
    with pytest.raises(BadInputError, match=digest):
        adopt(model, None, labels, YAMNET_SHA256)
    assert adopt(model, "mine", labels, digest.upper()).facts.sha256 == digest


def test_a_name_is_taken_once(own: Callable[..., Path]) -> None:
    own(8000)
    with pytest.raises(BadInputError, match="there is a model 'my-model' already"):
        own(8000)


@pytest.mark.parametrize("name", ["builtin", "../up", "A", ""])
def test_a_bad_name_is_refused(tmp_path: Path, write_text: Text, name: str) -> None:
    model = write_waveform(tmp_path / "m.onnx", 8000)
    if not name:
        assert adopt(model, name, write_text("labels.txt", CLASSES), None).facts.name == "m"
        return
    with pytest.raises(BadInputError, match="is no name for a model"):
        adopt(model, name, write_text("labels.txt", CLASSES), None)


@pytest.mark.parametrize(
    ("shape", "said"),
    [((1, 1_600_000), "100.0 s at a time"), ((2, 8000), "takes no waveform"), ((1, 1, 8000), "takes no waveform")],
)
def test_a_model_that_takes_no_window_of_sound_is_refused(
    tmp_path: Path, write_text: Text, shape: tuple[int, ...], said: str
) -> None:
    model = write_waveform(tmp_path / "m.onnx", *shape)
    with pytest.raises(BadInputError, match=said):
        adopt(model, None, write_text("labels.txt", CLASSES), None)


def test_a_model_that_is_not_sound_is_refused(tmp_path: Path, write_text: Text) -> None:
    model = write_streaming(tmp_path / "m.onnx")
    with pytest.raises(BadInputError, match="takes no waveform"):
        adopt(model, None, write_text("labels.txt", CLASSES), None)


def test_an_unknown_tflite_model_is_refused_with_the_hash_of_the_known_one(write_text: Text) -> None:
    path = write_text("other.tflite", "\x1c\0\0\0TFL3 and more")
    with pytest.raises(BadInputError, match=YAMNET_SHA256):
        adopt(path, None, None, None)


def heads_file(path: Path, **changes: NDArray[np.float64]) -> Path:
    rng = np.random.default_rng(1)
    arrays = {
        "weights": rng.normal(0, 0.1, (24, 1024)), "bias": rng.normal(0, 1, 24),
        "mean": rng.normal(0, 1, 1024), "scale": rng.uniform(0.5, 2, 1024),
    }  # fmt: skip
    path.parent.mkdir(exist_ok=True)
    np.savez(path, allow_pickle=False, **(arrays | changes))
    return path


def test_yamnet_in_onnx_is_heard_by_the_heads_that_are_shipped(tmp_path: Path) -> None:
    pack = adopt(write_yamnet(tmp_path / "y.onnx"), None, None, None)
    assert (pack.facts.name, pack.facts.kind) == ("yamnet", "yamnet")
    assert pack.labels == load_pack().labels
    assert "Apache-2.0" in pack.facts.licence
    heard = open_classifier("yamnet").classify(np.full(HOP, 0.5, np.float32))
    np.testing.assert_allclose(heard.embedding, np.full(1024, 0.5), rtol=1e-6)
    assert heard.logits.shape == (24,)


def tflite_pack(folder: Path) -> Path:
    write_pack(folder)
    digest = hashlib.sha256(write_tflite(folder / "model.tflite").read_bytes()).hexdigest()
    told: dict[str, Any] = {"kind": "yamnet", "model": "model.tflite", "sha256": digest, "labels": load_pack().labels}
    return write_pack(folder, **told, alert={})


def test_tflite_gives_the_tensor_that_the_heads_read(tmp_path: Path) -> None:
    engine = open_engine(read_pack(tflite_pack(tmp_path / "p")), YAMNET_CLASSES)
    for seed in (1, 2):
        window = np.random.default_rng(seed).normal(0, 0.1, engine.length).astype(np.float32)
        made = engine.run(window)
        np.testing.assert_array_equal(made.scores, window[:521])
        assert made.embedding is not None
        np.testing.assert_array_equal(made.embedding, window[:1024])


def test_streams_of_one_tflite_model_do_not_disturb_each_other(tmp_path: Path) -> None:
    pack = read_pack(tflite_pack(tmp_path / "p"))
    one, other = open_engine(pack, YAMNET_CLASSES), open_engine(pack, YAMNET_CLASSES)
    loud, quiet = np.full(one.length, 0.5, np.float32), np.zeros(one.length, np.float32)
    first = one.run(loud)
    other.run(quiet)
    np.testing.assert_array_equal(first.scores, np.full(521, 0.5, np.float32))


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tflite_pack(tmp_path / "p")
    with (folder / "model.tflite").open("ab") as file:
        file.write(b"another")
    digest = hashlib.sha256((folder / "model.tflite").read_bytes()).hexdigest()
    told: dict[str, Any] = {"kind": "yamnet", "model": "model.tflite", "sha256": digest, "labels": load_pack().labels}
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(BadInputError, match=r"pip install 'kizashi\[yamnet\]'"):
        open_engine(read_pack(write_pack(folder, **told, alert={})), YAMNET_CLASSES)


def test_heads_are_logistic_regressions(tmp_path: Path) -> None:
    path = heads_file(tmp_path / "heads.npz")
    embedding = np.random.default_rng(2).normal(0, 1, 1024).astype(np.float32)
    with np.load(path, allow_pickle=False) as held:
        expected = held["weights"] @ ((embedding - held["mean"]) / held["scale"]) + held["bias"]
    np.testing.assert_allclose(load_heads(path, 24).logits(embedding), expected, rtol=1e-4, atol=1e-4)
    assert isinstance(load_heads(path, 24), Heads)


@pytest.mark.parametrize("changes", [{"bias": np.zeros(3)}, {"mean": np.full(1024, np.nan)}, {"scale": np.zeros(1024)}])
def test_damaged_heads_are_refused(tmp_path: Path, changes: dict[str, NDArray[np.float64]]) -> None:
    with pytest.raises(BadInputError, match="heads"):
        load_heads(heads_file(tmp_path / "heads.npz", **changes), 24)


def test_heads_that_are_missing_or_no_arrays_are_refused(tmp_path: Path, write_text: Text) -> None:
    for path in (tmp_path / "none.npz", write_text("bad.npz", "no arrays")):
        with pytest.raises(BadInputError, match="heads cannot be read"):
            load_heads(path, 24)


def test_log_odds_are_finite_and_keep_the_order() -> None:
    probabilities = np.array([0, FARTHEST, 0.2, 0.5, 0.9, 1], np.float32)
    odds = log_odds(probabilities)
    assert np.isfinite(odds).all()
    assert (np.diff(odds) >= 0).all()
    np.testing.assert_allclose(sigmoid(odds[1:-1].astype(float)), probabilities[1:-1], rtol=1e-4)
