"""Takes in a model that a user has: YAMNet, or a classifier of their own with a file that names its classes."""

from __future__ import annotations

import csv
import hashlib
import re
import shutil
import tempfile
from pathlib import Path

import msgspec
import numpy as np

from sensors.audio.classifier import open_classifier
from sensors.audio.engines import OnnxEngine, is_tflite
from sensors.audio.frontend import HOP
from sensors.audio.packs import ALERTS, FACTS, Facts, Pack, Rule, load_pack, models_home, read_pack, valid_name
from sensors.audio.windowed import yamnet_rules
from sensors.errors import BadInputError
from sensors.files import require_file

YAMNET_SHA256 = "10c95ea3eb9a7bb4cb8bddf6feb023250381008177ac162ce169694d05c317de"
"""YAMNet's classification model, int8 TFLite."""

LARGEST = 512 * 1024 * 1024
"""Bytes of the largest file that is read as a model."""

_LABELS = "one line a class: name[,class it counts as[,alert]], or an empty second column to leave it out"


def adopt(file: Path, name: str | None, labels: Path | None, sha256: str | None) -> Pack:
    """Copy a model into a pack of its own, after it has heard a second of silence and one of noise.

    Parameters
    ----------
    file : Path
        TFLite or ONNX.
    name : str, optional
        Of the pack; "yamnet" or the file's name otherwise.
    labels : Path, optional
        What its outputs stand for; needed for all but YAMNet.
    sha256 : str, optional
        What the file's hash must be.

    Raises
    ------
    BadInputError
        If the file is another than expected, does not run, or the name is taken.
    """
    content = _read(file)
    digest = hashlib.sha256(content).hexdigest()
    if sha256 is not None and sha256.lower() != digest:
        raise BadInputError(f"its SHA-256 is {digest}", where=file, mend="download it again, or correct --sha256")
    facts = _describe(file, content, digest, labels)
    facts = msgspec.structs.replace(facts, name=name or facts.name)
    if not valid_name(facts.name):
        mend = "give a --name of small letters, digits, '.', '_' and '-', other than 'builtin'"
        raise BadInputError(f"'{facts.name}' is no name for a model", where=file, mend=mend)
    home = models_home()
    if (home / facts.name).exists():
        mend = "choose another --name, or delete that folder"
        raise BadInputError(f"there is a model '{facts.name}' already", where=home / facts.name, mend=mend)
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".adding-", dir=home) as scratch:
        folder = Path(scratch) / facts.name
        folder.mkdir()
        (folder / facts.model).write_bytes(content)
        facts = _tried(_written(folder, facts))
        _written(folder, facts)
        shutil.move(folder, home / facts.name)
    return read_pack(home / facts.name)


def read_labels(path: Path) -> tuple[tuple[str | None, ...], tuple[str, ...]]:
    """What each output stands for, and which of these are watched for.

    Raises
    ------
    BadInputError
        If a line makes no sense, or none is watched for.
    """
    require_file(path)
    try:
        rows = [row for row in csv.reader(path.read_text(encoding="utf-8-sig").splitlines()) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInputError(f"this is no list of classes ({error})", where=path, mend=_LABELS) from error
    outputs: list[str | None] = []
    alerts = set()
    for number, row in enumerate(rows, 1):
        cells = [cell.strip() for cell in row]
        label = cells[1] if len(cells) > 1 else slug(cells[0])
        if not cells[0] or len(cells) > 3 or (len(cells) == 3 and cells[2] not in ("", "alert")):
            raise BadInputError("the line cannot be understood", where=f"{path}, line {number}", mend=_LABELS)
        outputs.append(label or None)
        if label and (label in ALERTS or cells[2:] == ["alert"]):
            alerts.add(label)
    if not alerts:
        mend = f"let one count as {', '.join(ALERTS)}, or mark it 'alert'; {_LABELS}"
        raise BadInputError("none of the classes is watched for", where=path, mend=mend)
    return tuple(outputs), tuple(sorted(alerts))


def slug(name: str) -> str:
    """A class's name as ours are written: "Glass break" is "glass_break"."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _read(file: Path) -> bytes:
    require_file(file)
    if file.stat().st_size > LARGEST:
        raise BadInputError("this is too large for a model", where=file, mend="give a TFLite or ONNX file")
    return file.read_bytes()


def _describe(file: Path, content: bytes, digest: str, labels: Path | None) -> Facts:
    yamnet = digest == YAMNET_SHA256
    if is_tflite(content) and not yamnet:
        mend = f"give YAMNet's (SHA-256 {YAMNET_SHA256}), or your own model as ONNX"
        raise BadInputError("this TFLite model is not known", where=file, mend=mend)
    if labels is not None and not yamnet:
        outputs, alerts = read_labels(labels)
        return Facts(
            format=1, name=_pack_name(file.stem), version="", kind="window", model="model.onnx", sha256=digest,
            licence="not stated: its own", source=file.name, labels=tuple(sorted({o for o in outputs if o})),
            alert={label: Rule() for label in alerts}, outputs=outputs,
        )  # fmt: skip
    licence = "Apache-2.0" if yamnet else "Apache-2.0 if it is Google's YAMNet: this file is not known"
    return Facts(
        format=1, name="yamnet", version="1" if yamnet else "", kind="yamnet",
        model="model.tflite" if yamnet else "model.onnx", sha256=digest, licence=licence, source="YAMNet, Google",
        labels=load_pack().labels, alert=yamnet_rules(),
    )  # fmt: skip


def _written(folder: Path, facts: Facts) -> Pack:
    (folder / FACTS).write_bytes(msgspec.json.format(msgspec.json.encode(facts), indent=1) + b"\n")
    return read_pack(folder)


def _tried(pack: Pack) -> Facts:
    """Facts of a pack that has heard silence and noise; whether it gives probabilities shows in what it gives."""
    noise = np.random.Generator(np.random.Philox(key=1)).normal(0, 0.1, 4 * HOP).astype(np.float32)
    facts = pack.facts
    if facts.kind == "window":
        engine = OnnxEngine(pack, len(facts.outputs))
        window = np.resize(noise, engine.length)
        made = np.concatenate([engine.run(np.zeros_like(window)).scores, engine.run(window).scores])
        facts = msgspec.structs.replace(facts, logits=bool((made < 0).any() or (made > 1).any()))
    classifier = open_classifier(Pack(pack.folder, facts))
    for samples in (*np.zeros((4, HOP), np.float32), *noise.reshape(4, HOP)):
        classifier.classify(samples)
    return facts


def _pack_name(stem: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", stem.lower()).strip("-._") or "model"
