"""Packs are what they say, or they are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sensors.audio.classifier import open_classifier
from sensors.audio.packs import ALERTS, load_pack, models_home, pack_folders, read_pack
from sensors.errors import BadInputError
from tests.sensors.small_models import write_pack, write_streaming


def test_the_builtin_pack_is_whole_and_watches_for_all_eight() -> None:
    pack = load_pack()
    assert pack.alerts == ALERTS
    assert len(pack.labels) == 24
    assert list(pack.labels) == sorted(pack.labels)
    assert pack.facts.licence
    assert pack.verified_path().stat().st_size <= 8_000_000


def test_a_tampered_model_is_refused(tmp_path: Path) -> None:
    folder = write_pack(tmp_path / "p")
    content = bytearray((folder / "model.onnx").read_bytes())
    content[-3] ^= 1
    (folder / "model.onnx").write_bytes(content)
    with pytest.raises(BadInputError, match="not the one that the pack names"):
        read_pack(folder)


def test_a_model_changed_after_reading_is_not_run(tmp_path: Path) -> None:
    pack = read_pack(write_pack(tmp_path / "p", gain=7.25))
    write_streaming(pack.folder / "model.onnx", gain=5.0)
    with pytest.raises(BadInputError, match="not the one that the pack names"):
        open_classifier(pack)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"labels": ["a", "a", "b"]}, "unique"),
        ({"labels": []}, "labels"),
        ({"labels": ["", "b", "c"]}, "unique"),
        ({"alert": {"thunder": {}}}, "'thunder' is none"),
        ({"alert": {"siren": {"open": 0.3, "close": 0.4}}}, "close must not"),
        ({"alert": {"siren": {"scale": 0}}}, "scale"),
        ({"alert": {"siren": {"scale": 1e999}}}, "wrong"),
        ({"alert": {"siren": {"open": 1.5}}}, "alert"),
        ({"alert": {"siren": {"hold_s": -1}}}, "alert"),
        ({"format": 2}, "format"),
        ({"kind": "pickle"}, "kind"),
        ({"sha256": "0"}, "sha256"),
        ({"model": "../model.onnx"}, "model"),
        ({"outputs": ["bell"]}, "'bell' is none"),
    ],
)
def test_an_impossible_description_is_refused(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        read_pack(write_pack(tmp_path / "p", **changes))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", json.dumps({"format": 1}).encode()])
def test_what_is_no_description_is_refused(tmp_path: Path, content: bytes) -> None:
    folder = write_pack(tmp_path / "p")
    (folder / "pack.json").write_bytes(content)
    with pytest.raises(BadInputError, match=r"pack\.json"):
        read_pack(folder)


def test_a_missing_model_is_refused(tmp_path: Path) -> None:
    folder = write_pack(tmp_path / "p")
    (folder / "model.onnx").unlink()
    with pytest.raises(BadInputError, match="cannot be read"):
        read_pack(folder)


def test_a_users_packs_are_found_after_the_builtin_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIZASHI_MODELS", str(tmp_path))
    write_pack(tmp_path / "zoo")
    write_pack(tmp_path / "ant")
    (tmp_path / "no pack").mkdir()
    assert [name for name, _ in pack_folders()] == ["builtin", "ant", "zoo"]
    assert load_pack("zoo").facts.name == "small"
    assert load_pack(str(tmp_path / "ant")).folder == tmp_path / "ant"
    with pytest.raises(BadInputError, match="known are builtin, ant, zoo"):
        load_pack("zo")


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "Zoo", "a b", "a" * 65])
def test_a_name_never_leads_out_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("KIZASHI_MODELS", str(write_pack(tmp_path / "home")))
    write_pack(tmp_path)
    with pytest.raises(BadInputError, match="no such model"):
        load_pack(name)


def test_packs_lie_where_the_user_keeps_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KIZASHI_MODELS", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert models_home() == tmp_path / "kizashi" / "models"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert models_home() == tmp_path / ".local" / "share" / "kizashi" / "models"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"labels": ["glass_break", "siren"]}, "gives 3 classes, the pack names 2"),
        ({"labels": ["glass_break", "siren", "b", "c"]}, "gives 3 classes, the pack names 4"),
    ],
)
def test_a_model_that_does_not_fit_its_pack_is_refused(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        open_classifier(read_pack(write_pack(tmp_path / "p", **changes)))
