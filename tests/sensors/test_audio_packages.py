"""Corpora made of packages: sounds are found wherever they are kept, and names are believed only with a reason."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]
from numpy.typing import NDArray

from sensors.audio.training.containers import sounds
from sensors.audio.training.corpus import OTHER, UNKNOWN
from sensors.audio.training.effects import coloured_noise
from sensors.audio.training.known_packages import LICENCES, PARTS, RULES
from sensors.audio.training.packages import TRACES, Seen, cut, judge, label_of, outline
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


def test_a_soundfont_gives_each_sample_by_its_name_at_its_own_rate(tmp_path: Path) -> None:
    siren = np.round(tone(600)[: 22050 // 2] * 32767).astype("<i2").tobytes()
    dog = np.round(tone(300)[: 22050 // 2] * 32767).astype("<i2").tobytes()

    def chunk(name: bytes, content: bytes) -> bytes:
        return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)

    def header(name: bytes, begin: int, end: int, rate_hz: int) -> bytes:
        return struct.pack("<20sIIIIIBbHH", name, begin, end, 0, 0, rate_hz, 60, 0, 0, 1)

    half = len(siren) // 2
    headers = (
        header(b"Siren\0old", 0, half, 22050) + header(b"Dog Bark", half, 2 * half, 44100) + header(b"EOS", 0, 0, 0)
    )
    info = chunk(b"LIST", b"INFO" + chunk(b"INAM", b"odd"))
    samples = chunk(b"LIST", b"sdta" + chunk(b"smpl", siren + dog))
    presets = chunk(b"LIST", b"pdta" + chunk(b"phdr", bytes(38)) + chunk(b"shdr", headers))
    (tmp_path / "bank.sf2").write_bytes(chunk(b"RIFF", b"sfbk" + info + samples + presets))
    first, second = sounds(tmp_path)
    assert [first.path, second.path] == ["bank.sf2:/Siren", "bank.sf2:/Dog Bark"]
    assert pitch(first.samples()) == pytest.approx(600 * 22050 / SECOND, rel=0.02)
    assert pitch(second.samples()) == pytest.approx(300 * 44100 / SECOND, rel=0.02)


@pytest.mark.parametrize("version", [1, 3])
def test_qt_resources_give_their_sounds_stored_or_deflated(tmp_path: Path, version: int) -> None:
    """A root with a folder `fx`, in it one file as it is, one deflated, one picture."""
    stored, deflated = as_file(tone(500), "WAV"), as_file(tone(1000), "WAV")
    contents = [stored, struct.pack(">I", len(deflated)) + zlib.compress(deflated), b"picture"]
    titles = ["fx", "one.wav", "two.wav", "three.png"]
    names, places = b"", [0]
    for title in titles:
        places.append(len(names))
        names += struct.pack(">HI", len(title), 0) + title.encode("utf-16-be")
    data, at = b"", []
    for content in contents:
        at.append(len(data))
        data += struct.pack(">I", len(content)) + content
    since = bytes(8) if version > 1 else b""
    tree = struct.pack(">IHII", 0, 2, 1, 1) + since + struct.pack(">IHII", places[1], 2, 3, 2) + since
    for number, flags in enumerate((0, 1, 0)):
        tree += struct.pack(">IHHHI", places[number + 2], flags, 0, 0, at[number]) + since
    head = 24 if version > 2 else 20
    parts = struct.pack(">IIII", version, head, head + len(tree), head + len(tree) + len(data))
    (tmp_path / "all.rcc").write_bytes((b"qres" + parts).ljust(head, b"\0") + tree + data + names)
    first, second = sounds(tmp_path)
    assert [first.path, second.path] == ["all.rcc:/fx/one.wav", "all.rcc:/fx/two.wav"]
    assert pitch(first.samples()) == pytest.approx(500, abs=5)
    assert pitch(second.samples()) == pytest.approx(1000, abs=5)


def test_a_package_serves_one_purpose_and_each_purpose_has_alerts_to_show() -> None:
    parts = [set(PARTS[name]) for name in ("trained", "chosen-by", "reported")]
    assert sum(map(len, parts)) == len(set.union(*parts)) == len(LICENCES)
    assert set.union(*parts) == set(LICENCES)
    for part in parts:
        labels = {label for package, _, label in RULES if package in part}
        assert labels >= {"alarm", "dog_bark", "explosion", "glass_break", "gunshot", "scream", "siren"}


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
