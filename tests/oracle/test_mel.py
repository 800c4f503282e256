"""Our mel spectrum is librosa's."""

from __future__ import annotations

import librosa
import numpy as np
import pytest

from sensors.audio.frontend import HOP, OVERLAP, FrontEnd
from sensors.audio.mel import MelSpectrum, decibels, mel_bank


@pytest.mark.parametrize(("rate_hz", "fft", "bands"), [(16_000, 512, 64), (16_000, 400, 40), (8_000, 256, 32)])
def test_the_filter_bank_is_librosas(rate_hz: int, fft: int, bands: int) -> None:
    theirs = librosa.filters.mel(sr=rate_hz, n_fft=fft, n_mels=bands, htk=False, norm="slaney", dtype=np.float64)
    np.testing.assert_allclose(mel_bank(rate_hz, fft, bands), theirs.T, rtol=1e-9, atol=1e-12)


def test_power_is_librosas() -> None:
    rng = np.random.default_rng(1)
    time_s = np.arange(24_000) / 16_000
    samples = (0.2 * np.sin(2 * np.pi * 440 * time_s) + rng.normal(0, 0.05, len(time_s))).astype(np.float32)
    theirs = librosa.feature.melspectrogram(
        y=samples, sr=16_000, n_fft=512, hop_length=160, n_mels=64, center=False, htk=False, norm="slaney"
    )
    np.testing.assert_allclose(MelSpectrum().power(samples), theirs.T, rtol=1e-6)


def test_the_streamed_front_end_is_librosas() -> None:
    samples = np.random.default_rng(2).normal(0, 0.1, 6 * HOP).astype(np.float32)
    front = FrontEnd()
    streamed = np.concatenate([front.push(hop) for hop in samples.reshape(-1, HOP)])
    theirs = librosa.feature.melspectrogram(
        y=np.concatenate([np.zeros(OVERLAP, np.float32), samples]), sr=16_000, n_fft=512, hop_length=250, n_mels=64,
        center=False, htk=False, norm="slaney",
    )  # fmt: skip
    assert streamed.dtype == np.float32
    assert streamed.shape == theirs.T.shape
    np.testing.assert_allclose(streamed, 10 * np.log10(np.maximum(theirs.T, 1e-10)), atol=1e-3)


def test_no_power_is_the_floor() -> None:
    assert decibels(np.zeros(3)).tolist() == [-100.0] * 3
