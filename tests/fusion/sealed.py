"""Segments for tests of the vault."""

from __future__ import annotations

import secrets
from pathlib import Path

from fusion.vault.roots import Roots
from fusion.vault.sealing import Header, Piece
from fusion.vault.segments import Vault
from sensors.types import NS
from tests.fusion.incidents import AT_NS

SAID = b"somebody said something" * 40


def header(clip: str = "c1", at_ns: int = AT_NS, name: str = "") -> Header:
    name = name or secrets.token_hex(8)
    return Header(name, clip, "hall/mic", "audio", "pcm_s16le", at_ns, at_ns + NS, 16_000.0)


def pieces(at_ns: int = AT_NS, data: bytes = SAID) -> list[Piece]:
    return [Piece(at_ns, data), Piece(at_ns + NS // 2, data[::-1])]


def vault_in(folder: Path, secret: bytes = b"") -> Vault:
    """A vault whose keys lie apart from its clips."""
    return Vault(folder / "clips", Roots(folder / "apart" / "keys", secret))
