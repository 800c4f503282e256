"""What a classifier hears depends on what was played, and on nothing else."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from sensors.audio.classifier import Classifier, Hearing, open_classifier, open_session, sigmoid
from sensors.audio.frontend import HOP, FrontEnd, natural
from sensors.audio.packs import Pack, load_pack, read_pack
from sensors.errors import BadInputError
from tests.sensors.small_models import save, tensor, write_pack, write_streaming


def hops(count: int, seed: int = 0, level: float = 0.1) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(0, level, (count, HOP)).astype(np.float32)


def hear(classifier: Classifier, sound: NDArray[np.float32]) -> list[Hearing]:
    return [classifier.classify(samples) for samples in sound]


def same(one: Hearing, other: Hearing) -> bool:
    return all(
        getattr(one, name).tobytes() == getattr(other, name).tobytes()
        for name in ("logits", "probabilities", "embedding")
    )


@pytest.fixture
def small(tmp_path: Path) -> Pack:
    return read_pack(write_pack(tmp_path / "small"))


def test_the_builtin_hears_finite_scores_for_every_class() -> None:
    classifier = open_classifier("builtin")
    for sound in (np.zeros(HOP, np.float32), np.ones(HOP, np.float32), hops(1, level=0.3).clip(-1, 1)[0]):
        heard = classifier.classify(sound)
        assert heard.logits.shape == heard.probabilities.shape == (len(classifier.labels),)
        assert np.isfinite(heard.logits).all()
        assert np.isfinite(heard.embedding).all()
        assert ((heard.probabilities > 0) & (heard.probabilities < 1)).all()


def test_streams_share_the_model_and_never_their_state() -> None:
    assert open_session(load_pack()) is open_session(load_pack())
    alone = hear(open_classifier("builtin"), hops(4))
    one, other = open_classifier("builtin"), open_classifier("builtin")
    for expected, samples, loud in zip(alone, hops(4), hops(4, seed=1, level=0.5), strict=True):
        other.classify(loud)
        assert same(one.classify(samples), expected)


def test_after_a_reset_it_is_as_new() -> None:
    used = open_classifier("builtin")
    hear(used, hops(5, seed=2))
    used.reset()
    assert all(map(same, hear(used, hops(4)), hear(open_classifier("builtin"), hops(4))))


def test_the_state_of_a_stream_is_that_of_all_it_has_heard(small: Pack) -> None:
    """The slow twin: for every hop, all frames since the beginning through the sum that the model stands for."""
    sound = hops(6)
    classifier, front = open_classifier(small), FrontEnd()
    state = 0.0
    for samples in sound:
        state = 0.5 * state + float(natural(front.push(samples)).mean())
        assert classifier.classify(samples).logits == pytest.approx([4 * state, -state, -state], rel=1e-5)


def test_scores_are_calibrated_as_the_pack_says(small: Pack) -> None:
    heard = open_classifier(small).classify(hops(1)[0])
    expected = sigmoid(heard.logits * np.array([1.0, 2.0, 1.0]) + np.array([0.0, -1.0, 0.0]))
    np.testing.assert_allclose(heard.probabilities, expected)


def test_a_probability_is_never_0_or_1() -> None:
    ends = sigmoid(np.array([-np.inf, -1e9, 0.0, 1e9, np.inf]))
    assert ends[2] == 0.5
    assert ((ends > 0) & (ends < 1)).all()
    assert (np.diff(sigmoid(np.linspace(-30, 30, 500))) > 0).all()


def refused(folder: Path, said: str) -> None:
    facts = json.loads((folder / "pack.json").read_text())
    facts["sha256"] = hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()
    (folder / "pack.json").write_text(json.dumps(facts))
    with pytest.raises(BadInputError, match=said):
        open_classifier(read_pack(folder))


def test_a_model_that_gives_no_numbers_is_refused(tmp_path: Path) -> None:
    folder = write_pack(tmp_path / "p")
    write_streaming(folder / "model.onnx", gain=float("nan"))
    refused(folder, "not finite")


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    folder = write_pack(tmp_path / "p")
    (folder / "model.onnx").write_bytes(b"no model at all")
    refused(folder, "no model that can be run")


def test_a_model_with_other_inputs_is_refused(tmp_path: Path) -> None:
    import onnx

    folder = write_pack(tmp_path / "p")
    copy = onnx.helper.make_node("Identity", ["frames"], ["logits"])
    save(folder / "model.onnx", [copy], [tensor("frames", 1, 16, 64)], [tensor("logits", 1, 16, 64)])
    refused(folder, "must take frames")
