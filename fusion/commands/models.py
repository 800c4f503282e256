"""`kizashi models`: which classifiers there are, and taking in another."""

from __future__ import annotations

from pathlib import Path

import msgspec

from sensors.audio.packs import pack_folders, read_pack
from sensors.errors import BadInputError


def list_models(as_json: bool) -> bool:
    """Print every pack, the built-in one first; true where all are whole."""
    fine = True
    rows = [("name", "kind", "classes", "hash", "licence")]
    for name, folder in pack_folders():
        try:
            facts = read_pack(folder).facts
        except BadInputError as error:
            fine = False
            rows.append((name, "-", "-", "BAD", str(error)))
            _line(as_json, name=name, fine=False, error=str(error))
            continue
        rows.append((name, facts.kind, str(len(facts.labels)), "ok", facts.licence))
        _line(
            as_json, name=name, fine=True, kind=facts.kind, version=facts.version, classes=facts.labels,
            alerts=sorted(facts.alert), sha256=facts.sha256, licence=facts.licence, source=facts.source,
        )  # fmt: skip
    if not as_json:
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        for row in rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return fine


def add_model(file: Path, name: str | None, labels: Path | None, sha256: str | None) -> None:
    """Take in a model and say what it is, under which licence, and how it is used."""
    from sensors.audio.adopting import adopt

    pack = adopt(file, name, labels, sha256)
    facts = pack.facts
    print(f"added '{facts.name}' ({facts.kind}, {len(facts.labels)} classes) into {pack.folder}")
    print(f"  SHA-256  {facts.sha256}")
    print(f"  licence  {facts.licence}")
    print(f'  use it   kizashi audio --model {facts.name} FILE..., or [audio] model = "{facts.name}" in the settings')


def _line(as_json: bool, **told: object) -> None:
    if as_json:
        print(msgspec.json.encode(told).decode())
