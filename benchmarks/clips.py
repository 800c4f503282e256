"""What clips cost: keeping the last seconds in memory, putting them away, turning keys, exporting.

Pictures are 320x240, grey, of noise that was blurred, ten a second; sound has 16,000 samples a second. Keeping is
the median of all pieces, the rest the least of several repetitions.
"""

from __future__ import annotations

import argparse
import secrets
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from fusion.commands.media import write_film, write_sound
from fusion.live.clipping import SLACK_NS
from fusion.live.ring import PCM, Ring, ring_for
from fusion.vault.roots import Roots
from fusion.vault.sealing import Header, Piece
from fusion.vault.segments import Vault
from sensors.types import NS, Chunk, Modality

SENSES = {"set/mic": Modality.AUDIO, "set/eye": Modality.VIDEO}
PRE_NS = 10 * NS
START_NS = 1_700_000_000 * NS


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--segments", type=int, default=5000, help="How many are there when keys turn.")
    parser.add_argument("--repeat", type=int, default=5)
    told = parser.parse_args()
    sounds, pictures = chunks()
    ring = ring_for(SENSES, True, PRE_NS, SLACK_NS, 16_000_000)
    for what, given, rate_hz in (("sound, 50 ms", sounds, 20), ("a picture", pictures, 10)):
        keep_s = np.median([least(partial(ring.keep, chunk), 1) for chunk in given])
        print(f"{what}: {keep_s * 1e6:.0f} us, {keep_s * rate_hz:.2%} of a core")
    ring = filled(sounds, pictures)
    print(f"ring: {ring.size / 1e6:.2f} MB for {(PRE_NS + SLACK_NS) / NS:.0f} s of one set")
    with tempfile.TemporaryDirectory() as folder:
        on_disk(Path(folder), ring, told.segments, told.repeat)


def on_disk(folder: Path, ring: Ring, segments: int, repeat: int) -> None:
    """What is done with the ring on disk."""
    heard = [one.piece for one in ring.since(0, 0, START_NS + 60 * NS) if one.codec == PCM][-200:]
    seen = [one.piece for one in ring.since(0, 0, START_NS + 60 * NS) if one.codec != PCM][-100:]
    with closing(Vault(folder / "clips", Roots(folder / "keys"))) as vault:
        put_s = least(partial(put_all, vault, (heard, seen)), repeat)
        size = sum(len(piece.data) for piece in (*heard, *seen))
        print(f"10 s of one set put away, {size / 1e6:.2f} MB: {put_s * 1e3:.0f} ms")
        for number in range(segments):
            put(vault, heard[:1], f"c{number // 10}")
        names = iter([f"c{number}" for number in range(repeat)])
        turn_s = least(lambda: vault.drop([next(names)]), repeat)
        print(f"a clip deleted of {segments:,} segments: {turn_s * 1e3:.0f} ms")
    sound_s = least(lambda: write_sound(folder / "a.flac", heard, 16_000.0), repeat)
    film_s = least(lambda: write_film(folder / "b.mp4", seen), repeat)
    print(f"10 s exported: FLAC {sound_s * 1e3:.0f} ms, MP4 {film_s * 1e3:.0f} ms")


def chunks() -> tuple[list[Chunk], list[Chunk]]:
    """Twenty seconds of one set."""
    random = np.random.default_rng(1)
    sounds = [
        Chunk("set/mic", n, START_NS + n * NS // 20, 16_000.0, random.normal(0, 0.1, 800).astype(np.float32))
        for n in range(400)
    ]
    looks = [cv2.GaussianBlur(random.uniform(0, 255, (240, 320)), (0, 0), 2) for _ in range(20)]
    pictures = [
        Chunk(
            "set/eye", n, START_NS + n * NS // 10, 0.0, np.clip(looks[n % 20] * 2 - 64, 0, 255).astype(np.uint8)[None]
        )
        for n in range(200)
    ]
    return sounds, pictures


def filled(sounds: list[Chunk], pictures: list[Chunk]) -> Ring:
    """A ring that heard and saw all of it."""
    ring = ring_for(SENSES, True, PRE_NS, SLACK_NS, 16_000_000)
    for chunk in (*sounds, *pictures):
        ring.keep(chunk)
    return ring


def put_all(vault: Vault, streams: tuple[list[Piece], ...]) -> None:
    """Put them away, a segment each."""
    for pieces in streams:
        put(vault, pieces, "long")


def put(vault: Vault, pieces: list[Piece], clip: str) -> None:
    """Put pieces away as a segment."""
    name, start_ns = secrets.token_hex(8), pieces[0].start_ns
    vault.put(Header(name, clip, "set/mic", "audio", PCM, start_ns, start_ns + NS, 16_000.0), pieces, [clip])


def least(job: Callable[[], object], repeat: int) -> float:
    """Seconds of the fastest repetition."""
    found = []
    for _ in range(repeat):
        began_s = time.perf_counter()
        job()
        found.append(time.perf_counter() - began_s)
    return min(found)


if __name__ == "__main__":
    main()
