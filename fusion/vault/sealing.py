"""A stretch of one stream under lock: `seal` and `unseal` (AES-256-GCM, NIST SP 800-38D).

A segment is a file: a mark, the length of its header, the header as JSON, a nonce, and the pieces, encrypted. The
header stands there in the clear and is authenticated: whoever changes it, or swaps two files, is found.

Why no nonce can come twice: each segment has a key of its own, which encrypts once and never again.

References
----------
Dworkin (2007), NIST SP 800-38D, doi:10.6028/NIST.SP.800-38D.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence

import msgspec

from fusion.vault.roots import LostKeyError
from sensors.errors import BadInputError

MARK = b"kizashi segment 1\n"
NONCE_BYTES, KEY_BITS = 12, 256
LONGEST_HEADER = 4096

_LENGTH = struct.Struct(">I")


class Header(msgspec.Struct, frozen=True):
    """What a segment is: its own name, its clip's, the stream and sense; codec, time, rate (0 for pictures).

    `codec` is "pcm_s16le" or "jpeg"; `start_ns` and `end_ns` are event time, nanoseconds UTC.
    """

    segment: str
    clip: str
    stream: str
    sense: str
    codec: str
    start_ns: int
    end_ns: int
    rate_hz: float


class Piece(msgspec.Struct, frozen=True, array_like=True):
    """A run of samples, or a picture, with the event time at which it begins."""

    start_ns: int
    data: bytes


def seal(header: Header, pieces: Sequence[Piece]) -> tuple[bytes, bytes]:
    """A fresh key, and the content of a file that only it opens."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    told = msgspec.json.encode(header)
    head = MARK + _LENGTH.pack(len(told)) + told
    key, nonce = AESGCM.generate_key(KEY_BITS), os.urandom(NONCE_BYTES)
    return key, head + nonce + AESGCM(key).encrypt(nonce, msgspec.msgpack.encode(pieces), head)


def unseal(content: bytes, key: bytes, where: object) -> tuple[Header, list[Piece]]:
    """What a file holds.

    Raises
    ------
    BadInputError
        If it is no segment.
    LostKeyError
        If the key does not open it: it is another one's, or something in the file was changed.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    header, end = read_header(content, where)
    nonce, sealed = content[end : end + NONCE_BYTES], content[end + NONCE_BYTES :]
    try:
        told = AESGCM(key).decrypt(nonce, sealed, content[:end])
    except (InvalidTag, ValueError) as error:
        raise LostKeyError(header.segment) from error
    return header, msgspec.msgpack.decode(told, type=list[Piece])


def read_header(content: bytes, where: object) -> tuple[Header, int]:
    """The header, not yet known to be true, and where it ends.

    Raises
    ------
    BadInputError
        If there is none.
    """
    begin = len(MARK) + _LENGTH.size
    try:
        (length,) = _LENGTH.unpack_from(content, len(MARK))
        if not content.startswith(MARK) or length > LONGEST_HEADER:
            raise ValueError
        return msgspec.json.decode(content[begin : begin + length], type=Header), begin + length
    except (struct.error, ValueError) as error:
        raise BadInputError("this is no sealed segment", where=where, mend="restore it from a copy") from error
