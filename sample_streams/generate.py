"""Make the sample recordings, or check that the stored ones are what would be made.

    python -m sample_streams.generate [--out DIR] [--only NAME] [--check]

`CHECKSUMS.json` holds, for each file, the SHA-256 of its bytes and of what went into the encoder. `--check` makes
everything anew beside and says for each stored file "identical", "content identical, encoder differs (a x b)", "content
identical, the same encoder (a) wrote other bytes" or "differs"; it ends with 1 when a file differs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from sample_streams import break_in, ordinary, panic
from sample_streams.script import Script
from sample_streams.write import write_recording

SCRIPTS: dict[str, Callable[[], Script]] = {
    break_in.NAME: break_in.script,
    panic.NAME: panic.script,
    ordinary.NAME: ordinary.script,
}
"""Every recording by its name."""

HOME = Path(__file__).parent
CHECKSUMS = "CHECKSUMS.json"

Sums = dict[str, dict[str, str]]
"""For each file, "recording/file": `sha256`, `content_sha256`, `encoder`."""


def make(names: Sequence[str], out: Path) -> Sums:
    """Write these recordings below `out`."""
    sums: Sums = {}
    for name in names:
        for file, described in write_recording(SCRIPTS[name](), out / name).items():
            sums[f"{name}/{file}"] = described
    return sums


def load_sums(home: Path) -> Sums:
    """What `CHECKSUMS.json` in `home` says; nothing where there is none."""
    path = home / CHECKSUMS
    sums: Sums = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return sums


def changed(home: Path) -> list[str]:
    """Files in `home` that are missing or not as `CHECKSUMS.json` says."""
    sums = load_sums(home)
    return [
        file
        for file, told in sums.items()
        if not (home / file).is_file() or hashlib.sha256((home / file).read_bytes()).hexdigest() != told["sha256"]
    ]


def compare(home: Path, fresh: Sums) -> dict[str, str]:
    """What each stored file is beside a fresh one: a sentence a file."""
    stored, spoilt = load_sums(home), set(changed(home))
    said = {}
    for file, new in fresh.items():
        old = stored.get(file)
        if old is None or file in spoilt or old["content_sha256"] != new["content_sha256"]:
            said[file] = "differs"
        elif old["sha256"] == new["sha256"]:
            said[file] = "identical"
        elif old["encoder"] == new["encoder"]:
            said[file] = f"content identical, the same encoder ({new['encoder']}) wrote other bytes"
        else:
            said[file] = f"content identical, encoder differs ({old['encoder']} x {new['encoder']})"
    return said


def main(words: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Make or check the sample recordings.")
    parser.add_argument("--out", type=Path, default=HOME, help="where to write, or where to find what is checked")
    parser.add_argument("--only", choices=sorted(SCRIPTS), help="one recording")
    parser.add_argument("--check", action="store_true", help="write nothing; compare with what is stored")
    asked = parser.parse_args(words)
    names = [asked.only] if asked.only else list(SCRIPTS)
    if not asked.check:
        fresh = make(names, asked.out)
        sums = load_sums(asked.out) | fresh
        text = json.dumps(sums, indent=1, sort_keys=True) + "\n"
        (asked.out / CHECKSUMS).write_text(text, encoding="utf-8")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        said = compare(asked.out, make(names, Path(folder)))
    for file, sentence in said.items():
        sys.stdout.write(f"{file}: {sentence}\n")
    return 1 if "differs" in said.values() else 0


if __name__ == "__main__":
    sys.exit(main())
