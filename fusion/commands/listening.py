"""`kizashi audio`: what is heard in sound files, per file and per window.

1. `sound_files`  paths and folders -> files, in order.
2. `hear_file`    a file -> `Account`: its scores and its events; one quarter of a second in memory.
3. `listen_all`   prints an account a line; what cannot be read is told, and the others are still heard.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from fusion.commands.inputs import Turn, figure, find_files, take_turns
from fusion.words import counted, duration
from sensors.audio.classifier import Classifier, open_classifier
from sensors.audio.clip_scores import ClipScores
from sensors.audio.decoding import has_sound
from sensors.audio.events import Event, EventFinder, find_rise
from sensors.audio.frontend import HOP, HOP_S, RATE_HZ
from sensors.audio.packs import Pack, load_pack
from sensors.audio.sources import AudioFileSource
from sensors.errors import BadInputError
from sensors.framing import Framer
from sensors.registry import SUFFIXES
from sensors.types import NS, Chunk

if TYPE_CHECKING:
    from numpy.typing import NDArray

TAIL = 3
"""Most hops of silence that are heard after the end, so that what sounds last is still judged."""

HEARABLE = frozenset(suffix for suffix, kind in SUFFIXES.items() if kind in ("audio.file", "video.file"))
"""Names of files that a folder is searched for."""


@dataclass
class Account:
    """What was heard in a file.

    Attributes
    ----------
    seconds : float
        Its length.
    best : ClipScores
        The file's score of each class.
    events : list of Event
        In the order of their beginnings.
    windows : list of (float, ndarray (C,) float32)
        Start and scores of each window, only where asked for.
    """

    best: ClipScores
    seconds: float = 0.0
    events: list[Event] = field(default_factory=list)
    windows: list[tuple[float, NDArray[np.float32]]] = field(default_factory=list)


def listen_all(paths: Sequence[Path], model: str, as_json: bool, windows: bool) -> bool:
    """Hear every file and print what was heard; true where all could be read."""
    pack = load_pack(model)
    classifier = open_classifier(pack)

    def hear(turn: Turn) -> str | None:
        turn.show()
        account = hear_file(turn.path, pack, classifier, windows)
        if not as_json:
            return account_table(turn.path, pack, account, windows)
        sys.stdout.buffer.writelines(account_line(turn.path, pack, account, windows))
        return None

    return take_turns(sound_files(paths), hear)


def sound_files(paths: Sequence[Path]) -> tuple[list[Path], list[BadInputError]]:
    """Files as given, and those with sound in folders as given, sorted; and what is wrong with empty folders.

    A file in a folder that cannot be opened is among them: its error is told when it is heard.
    """
    files, missing = find_files(paths, lambda file: file.suffix.lower() in HEARABLE and file.is_file(), "sound files")
    return [file for file in files if file in paths or not silent(file)], missing


def silent(path: Path) -> bool:
    """Whether it is a video without a sound track: nobody meant that, where a folder was named."""
    if SUFFIXES[path.suffix.lower()] != "video.file":
        return False
    try:
        return not has_sound(path)
    except BadInputError:
        return False


def hear_file(path: Path, pack: Pack, classifier: Classifier, windows: bool = False) -> Account:
    """Hear a file from beginning to end.

    Raises
    ------
    BadInputError
        If it cannot be read, or not to its end.
    """
    account = Account(ClipScores(len(pack.labels)))
    finder = EventFinder(pack)
    # What begins in a hop is often recognised in the next: its onset is kept for that.
    power, ended, last_s = 0.0, False, None
    for start_s, samples, fresh, after in _hops(path, account):
        if after and ended:
            break
        if fresh:
            classifier.reset()
            account.best.cut()
            account.events += finder.finish()
            power, last_s = 0.0, None
        rise_s, power = find_rise(samples, power, RATE_HZ)
        scores = classifier.classify(samples).probabilities
        rose_s = None if rise_s is None else start_s + rise_s
        account.events += finder.add(start_s, start_s + HOP_S, scores, last_s if rose_s is None else rose_s)
        last_s = rose_s
        # A hop of silence that raises nothing is the last one worth hearing.
        if after:
            ended = not account.best.add_silence(scores) and not finder.active
            continue
        account.best.add(scores)
        if windows:
            account.windows.append((start_s, scores.astype(np.float32)))
    account.events += finder.finish()
    account.events = sorted((_inside(e, account.seconds) for e in account.events), key=lambda e: (e.start_s, e.label))
    return account


def _hops(path: Path, account: Account) -> Iterator[tuple[float, NDArray[np.float32], bool, bool]]:
    """Start, samples, whether a gap was before, and whether all sound is over: what follows is silence."""
    framer = Framer(RATE_HZ, HOP, HOP)
    end_ns: int | None = None
    for chunk in AudioFileSource("file", path, 0).chunks():
        if end_ns is not None and chunk.start_ns - end_ns > _JUMP_NS:
            yield from _filled(framer, end_ns, 0)
        for hop_ns, samples, fresh in framer.frames(chunk):
            yield hop_ns / NS - HOP_S, samples, fresh, False
        end_ns = chunk.time_ns(len(chunk.data))
        account.seconds = end_ns / NS
    if end_ns is not None:
        yield from _filled(framer, end_ns, TAIL)


_JUMP_NS = round(2 * NS / RATE_HZ)


def _filled(framer: Framer, end_ns: int, more: int) -> Iterator[tuple[float, NDArray[np.float32], bool, bool]]:
    """The hop in which sound ended, filled with silence, and so many more of silence alone."""
    silence = Chunk("file", 0, end_ns, RATE_HZ, np.zeros((more + 1) * HOP - 1, np.float32))
    for hop_ns, samples, fresh in framer.frames(silence):
        yield hop_ns / NS - HOP_S, samples, fresh, hop_ns - round(HOP_S * NS) >= end_ns - 1000


def _inside(event: Event, seconds: float) -> Event:
    """An event within its file: what is heard in the silence after it was in its last window."""
    end_s = min(event.end_s, seconds)
    start_s = event.start_s if event.start_s < end_s else max(0.0, end_s - HOP_S)
    return Event(event.label, start_s, end_s, event.score)


def account_line(path: Path, pack: Pack, account: Account, windows: bool) -> Iterator[bytes]:
    """One JSON object and a line's end, in pieces: an hour of windows is 8 MB."""
    told = {
        "path": str(path),
        "seconds": round(account.seconds, 3),
        "classes": {label: figure(score) for label, score in zip(pack.labels, account.best.scores(), strict=True)},
        "events": [
            {"class": e.label, "start_s": round(e.start_s, 3), "end_s": round(e.end_s, 3), "score": figure(e.score)}
            for e in account.events
        ],
    }
    yield msgspec.json.encode(told)[:-1]
    if windows:
        yield b',"windows":['
        for number, (start_s, scores) in enumerate(account.windows):
            named = {label: figure(score) for label, score in zip(pack.labels, scores, strict=True)}
            yield b"," * (number > 0) + msgspec.json.encode({"t_s": round(start_s, 3), "scores": named})
        yield b"]"
    yield b"}\n"


def account_table(path: Path, pack: Pack, account: Account, windows: bool) -> str:
    """Events as a person reads them; where there are none, what the sound is most like."""
    count = counted(len(account.events), "event")
    lines = [f"{path}: {count} in {duration(account.seconds)}"]
    lines += [f"  {e.start_s:>8.2f} - {e.end_s:<8.2f} s  {e.label:<16} {e.score:.2f}" for e in account.events]
    if not account.events:
        scores = account.best.scores()
        likely = np.argsort(-scores, kind="stable")[:3]
        lines.append("  most like " + ", ".join(f"{pack.labels[i]} {scores[i]:.2f}" for i in likely))
    for start_s, window in account.windows if windows else ():
        likely = np.argsort(-window, kind="stable")[:3]
        lines.append(f"  {start_s:>8.2f} s  " + "  ".join(f"{pack.labels[i]} {window[i]:.2f}" for i in likely))
    return "\n".join(lines)
