"""The key that wraps all other keys: in a folder of its own, and another one whenever a key is dropped.

Each segment has a key of its own (`sealing`). It is kept wrapped (AES key wrap, RFC 3394) by a key that is derived
(HKDF, RFC 5869) from a root key, from a secret of the operator's where there is one, and from the segment's name: so
each wraps one key only, and no nonce is needed.

Why another root key: the wrapped keys lie beside the clips, and old copies of that disk may lie anywhere. Were the root
key to stay, such a copy would be enough to open what was deleted since. So whatever stays is wrapped anew by a new root
key, and the old one is written over. Two generations exist for a moment only, so that a power cut costs nothing.

References
----------
RFC 3394 (2002), doi:10.17487/RFC3394; RFC 5869 (2010), doi:10.17487/RFC5869.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

import msgspec

from fusion.vault.private import private_folder, read_private, scrub, write_private
from sensors.errors import BadInputError

FILE, BEFORE = "root.json", "root.before"
ROOT_BYTES = 32


class LostKeyError(Exception):
    """There is no key any more that opens this."""


class Roots:
    """Root keys of one key folder, by generation.

    Parameters
    ----------
    folder : Path
        Where they lie; made where it is missing.
    secret : bytes
        Of the operator's; empty where there is none.
    there : bool
        They have to be there already: nothing is made, nothing cleared away.

    Raises
    ------
    BadInputError
        If the folder or the file cannot be used.
    """

    def __init__(self, folder: Path, secret: bytes = b"", *, there: bool = False) -> None:
        if there and not (folder / FILE).is_file():
            raise BadInputError("there are no keys", where=folder, mend="check [evidence] key_folder")
        self._path, self._salt = private_folder(folder) / FILE, hashlib.sha256(secret).digest()
        if not there:
            # Why before the reading: who was killed at it shall not leave an old key behind.
            self._clear_before()
        self._keys = self._read()

    @property
    def newest(self) -> int:
        """The newest generation; the first is made where there is none.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        return max(self._keys) if self._keys else self.begin()

    def begin(self) -> int:
        """Make a new generation; the others stay until it has `settle`d.

        Raises
        ------
        OSError
            If it cannot be written; nothing has changed then.
        """
        generation = max(self._keys, default=0) + 1
        keys = {**self._keys, generation: secrets.token_bytes(ROOT_BYTES)}
        self._write(keys)
        self._keys = keys
        return generation

    def settle(self, generation: int) -> None:
        """Write over all other generations.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        keys = {number: key for number, key in self._keys.items() if number == generation}
        if keys != self._keys:
            self._write(keys)
            self._keys = keys

    def wrap(self, generation: int, segment: str, key: bytes) -> bytes:
        """A segment's key as it is kept."""
        from cryptography.hazmat.primitives.keywrap import aes_key_wrap

        return aes_key_wrap(self._derived(generation, segment), key)

    def unwrap(self, generation: int, segment: str, wrapped: bytes) -> bytes:
        """The key that opens a segment.

        Raises
        ------
        LostKeyError
            If its root key is gone, or it was wrapped with another secret or for another segment.
        """
        from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

        try:
            return aes_key_unwrap(self._derived(generation, segment), wrapped)
        except (InvalidUnwrap, ValueError) as error:
            raise LostKeyError(segment) from error

    def _derived(self, generation: int, segment: str) -> bytes:
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        if generation not in self._keys:
            raise LostKeyError(segment)
        told = f"kizashi segment {segment}".encode()
        return HKDF(SHA256(), ROOT_BYTES, self._salt, told).derive(self._keys[generation])

    def _read(self) -> dict[int, bytes]:
        mend = "restore it; without it no clip can be opened"
        return read_private(self._path, dict[int, bytes], "the root key", "this is no root key", mend) or {}

    def _write(self, keys: dict[int, bytes]) -> None:
        """Put new keys in the place of the old ones, and write over the old."""
        self._clear_before()
        before = self._path.with_name(BEFORE)
        if self._path.exists():
            os.link(self._path, before)
        try:
            write_private(self._path, msgspec.json.encode(keys))
        except BaseException:
            before.unlink(missing_ok=True)
            raise
        scrub(before)

    def _clear_before(self) -> None:
        """Write over old keys, and over what was never put in their place.

        Why the comparison: until new keys take their place the old ones have two names and are still in use.
        """
        for partial in self._path.parent.glob(f".{FILE}-*"):
            scrub(partial)
        before = self._path.with_name(BEFORE)
        if before.exists() and self._path.exists() and before.samefile(self._path):
            before.unlink()
        else:
            scrub(before)
