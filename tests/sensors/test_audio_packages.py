"""Corpora made of packages: sounds are found wherever they are kept, and names are believed only with a reason."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]
from numpy.typing import NDArray

from sensors.audio.training.containers import sounds
from sensors.audio.training.corpus import OTHER, UNKNOWN
from sensors.audio.training.effects import coloured_noise
from sensors.audio.training.packages import LICENCES, RULES, TRACES, Seen, cut, judge, label_of, outline
from sensors.audio.training.teachers import WINDOW
from sensors.audio.training.textures import texture

SECOND = 16_000
Samples = NDArray[np.float32]


def tone(hertz: float, seconds: float = 0.5) -> Samples:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * SECOND)) / SECOND)).astype(np.float32)


def as_file(samples: Samples, kind: str) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, samples, SECOND, format=kind)
    return out.getvalue()


def pitch(samples: Samples | None) -> float:
    assert samples is not None
    spectrum = np.abs(np.fft.rfft(samples))
    return float(spectrum.argmax()) * SECOND / len(samples)


class Scripted:
    """A teacher that gives the same scores to whatever it hears."""

    def __init__(self, **scores: float) -> None:
        self.scores = np.zeros(521, np.float32)
        for name, score in scores.items():
            self.scores[int(name.removeprefix("at"))] = score

    def hear(self, samples: Samples) -> tuple[Samples, Samples]:
        assert len(samples) == WINDOW
        return np.zeros(1024, np.float32), self.scores


def test_plain_files_and_archives_give_their_sounds_in_the_order_of_their_paths(tmp_path: Path) -> None:
    (tmp_path / "b.ogg").write_bytes(as_file(tone(500), "OGG"))
    with zipfile.ZipFile(tmp_path / "a.pk3", "w") as archive:
        archive.writestr("sound/one.wav", as_file(tone(1000), "WAV"))
        archive.writestr("textures/wall.png", b"no sound")
    (tmp_path / "readme.txt").write_text("nothing to hear")
    found = {sound.path: sound.samples() for sound in sounds(tmp_path)}
    assert list(found) == ["a.pk3:sound/one.wav", "b.ogg"]
    assert pitch(found["a.pk3:sound/one.wav"]) == pytest.approx(1000, abs=5)
    assert pitch(found["b.ogg"]) == pytest.approx(500, abs=5)


def test_a_wad_gives_its_effects_and_nothing_else(tmp_path: Path) -> None:
    wave = np.round(tone(700)[: 11025 // 2] * 100 + 128).astype(np.uint8).tobytes()
    effect = struct.pack("<HHI", 3, 11025, len(wave) + 32) + bytes(16) + wave + bytes(16)
    lumps = [(b"DSPISTOL", effect), (b"D_MUSIC", b"x" * 100), (b"DSNONE", b"")]
    body, directory = b"", b""
    for name, content in lumps:
        directory += struct.pack("<ii8s", 12 + len(body), len(content), name)
        body += content
    (tmp_path / "doom.wad").write_bytes(struct.pack("<4sii", b"IWAD", len(lumps), 12 + len(body)) + body + directory)
    (one,) = sounds(tmp_path)
    assert one.path == "doom.wad:/dspistol"
    assert pitch(one.samples()) == pytest.approx(700 * 11025 / SECOND, rel=0.02)


def test_a_cat_names_its_sounds_as_their_authors_do(tmp_path: Path) -> None:
    content = as_file(tone(900), "WAV")
    title = b'"Explosion". By somebody.\0'
    entry = bytes([len(title)]) + title + content
    (tmp_path / "fx.cat").write_bytes(struct.pack("<II", 8, len(content)) + entry)
    (one,) = sounds(tmp_path)
    assert one.path == "fx.cat:Explosion"
    assert pitch(one.samples()) == pytest.approx(900, abs=5)


def test_what_is_no_sound_is_told_and_not_raised(tmp_path: Path) -> None:
    (tmp_path / "broken.ogg").write_bytes(b"OggS but no more")
    (one,) = sounds(tmp_path)
    assert one.samples() is None


def test_every_rule_is_of_a_known_package_and_names_one_thing() -> None:
    assert {package for package, _, _ in RULES} <= set(LICENCES)
    assert label_of("ufoai-sound", "base/0snd.pk3:sound/misc/breakglass01.ogg") == "glass_break"
    assert label_of("ufoai-sound", "base/0snd.pk3:sound/ui/click1.ogg") == UNKNOWN
    assert label_of("tuxpaint-stamps-default", "stamps/animals/dogs/dog_desc_fr.ogg") == "speech"
    assert label_of("tuxpaint-stamps-default", "stamps/animals/dogs/dog.ogg") == "dog_bark"
    assert label_of("another", "breakglass01.ogg") == UNKNOWN


def test_a_name_needs_a_trace_and_a_scream_more_than_a_groan() -> None:
    sound, place = tone(800), TRACES["gunshot"][0]
    assert judge("gunshot", sound, Scripted()) == UNKNOWN  # type: ignore[arg-type]
    assert judge("gunshot", sound, Scripted(**{f"at{place}": 0.05})) == "gunshot"  # type: ignore[arg-type]
    groan = {f"at{TRACES['scream'][0]}": 0.05}
    assert judge("scream", sound, Scripted(**groan)) == UNKNOWN  # type: ignore[arg-type]
    assert judge("music", sound, Scripted(**groan)) == "music"  # type: ignore[arg-type]


def test_a_nameless_sound_counts_against_the_alerts_only_where_the_teacher_hears_none() -> None:
    sound = tone(800)
    assert judge(UNKNOWN, sound, Scripted(at0=0.9)) == OTHER  # type: ignore[arg-type]
    assert judge(UNKNOWN, sound, Scripted(**{f"at{TRACES['siren'][0]}": 0.2})) == UNKNOWN  # type: ignore[arg-type]


def test_pieces_have_no_silence_about_them_and_at_most_five_seconds() -> None:
    silent = np.zeros(SECOND, np.float32)
    (short,) = cut(np.concatenate([silent, tone(440, 1.0), silent]))
    assert abs(len(short) - SECOND) < 200
    long = list(cut(tone(440, 31.0)))
    assert [len(piece) for piece in long] == [5 * SECOND] * 4
    assert list(cut(silent)) == []
    assert list(cut(tone(440, 0.1))) == []


def test_a_copy_is_known_by_its_outline_and_another_sound_of_the_kind_is_not() -> None:
    random = np.random.default_rng(3)
    fade = np.exp(-np.arange(SECOND) / 3000)
    blasts = [(coloured_noise(SECOND, random) * fade).astype(np.float32) for _ in range(6)]
    seen = Seen()
    for blast in blasts[:5]:
        seen.add(outline(blast))
    hiss = (random.standard_normal(SECOND) * 1e-4).astype(np.float32)
    assert seen.has(outline(blasts[2] * np.float32(0.3) + hiss * np.abs(blasts[2])))
    assert not seen.has(outline(blasts[5]))
    assert not seen.has(outline(texture(random)))
