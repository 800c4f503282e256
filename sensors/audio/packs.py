"""Classifier packs: a folder with `pack.json` and the model that it names. Found, read, checked, listed.

The built-in pack lies beside this module and is the default. A user's own lie under `$KIZASHI_MODELS`, else
`$XDG_DATA_HOME/kizashi/models`, else `~/.local/share/kizashi/models`; `adopting` puts them there.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from sensors.errors import BadInputError

BUILTIN = "builtin"
"""Name of the pack that comes with Kizashi."""

FACTS = "pack.json"

ALERTS = ("alarm", "baby_cry", "dog_bark", "explosion", "glass_break", "gunshot", "scream", "siren")
"""Classes that are watched for, each a channel of its own."""

HOME = Path(__file__).parent / BUILTIN
HEADS = HOME / "yamnet_heads.npz"
"""Logistic regressions on YAMNet's embedding."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_AGAIN = "add it again with `kizashi models add`, or install Kizashi again"

Unit = Annotated[float, msgspec.Meta(gt=0, lt=1)]


class Rule(msgspec.Struct, frozen=True):
    """When a class counts as heard. The calibrated score is sigmoid(`scale` * logit + `offset`), in (0, 1).

    `open`, `close`: score that begins an event, and below which it ends; `hold_s`: for how long below, seconds;
    `lasts_s`: for how long above `open` before it counts, seconds, 0 for what may be over at once.
    """

    scale: float = 1.0
    offset: float = 0.0
    open: Unit = 0.5
    close: Unit = 0.35
    hold_s: Annotated[float, msgspec.Meta(ge=0, le=60)] = 0.5
    lasts_s: Annotated[float, msgspec.Meta(ge=0, le=60)] = 0.0

    def __post_init__(self) -> None:
        """Refuse what would make an event end before it begins, or turn the order of the scores."""
        if not (math.isfinite(self.scale) and self.scale > 0 and math.isfinite(self.offset)):
            raise ValueError("scale must be above 0 and offset finite")
        if self.close > self.open:
            raise ValueError("close must not lie above open")


class Facts(msgspec.Struct, frozen=True):
    """What `pack.json` says.

    `kind`: "streaming" is our own network with its state; "yamnet" is YAMNet with our heads on its embedding;
    "window" is a classifier of waveforms. `outputs`: for "window", the class of each output, or none. `logits`: its
    outputs are log-odds, not probabilities.
    """

    format: Literal[1]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    version: str
    kind: Literal["streaming", "yamnet", "window"]
    model: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
    licence: str
    source: str
    labels: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=4096)]
    alert: dict[str, Rule]
    outputs: tuple[str | None, ...] = ()
    logits: bool = False

    def __post_init__(self) -> None:
        """Refuse labels that cannot be told apart, and alerts that nothing gives."""
        if len(set(self.labels)) != len(self.labels) or not all(self.labels):
            raise ValueError("labels must be unique and not empty")
        if strangers := sorted((set(self.alert) | set(self.outputs) - {None}) - set(self.labels), key=str):
            raise ValueError(f"'{strangers[0]}' is none of the labels")


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack that was read and whose model is the one it names.

    Attributes
    ----------
    folder : Path
        Where it lies.
    facts : Facts
        Content of its `pack.json`.
    """

    folder: Path
    facts: Facts

    @property
    def labels(self) -> tuple[str, ...]:
        """Classes, in the order of the scores."""
        return self.facts.labels

    @property
    def alerts(self) -> tuple[str, ...]:
        """Classes that are watched for, in the order of the labels."""
        return tuple(label for label in self.facts.labels if label in self.facts.alert)

    def rule(self, label: str) -> Rule:
        """Calibration and thresholds of a class."""
        return self.facts.alert.get(label, Rule())

    def marks(self) -> list[int]:
        """What the classes are told by: the model, and our heads on it where it has them."""
        marks = [int(self.facts.sha256[:12], 16)]
        if self.facts.kind == "yamnet":
            marks.append(int(_digest(HEADS, "the heads")[:12], 16))
        return marks

    def verified_path(self) -> Path:
        """Path of the model, its content checked just now.

        Raises
        ------
        BadInputError
            If it is missing or another than the pack names.
        """
        path = self.folder / self.facts.model
        if _digest(path, "the model") != self.facts.sha256:
            raise BadInputError("the model is not the one that the pack names", where=path, mend=_AGAIN)
        return path


def _digest(path: Path, what: str) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadInputError(f"{what} cannot be read ({error.strerror})", where=path, mend=_AGAIN) from error


def models_home() -> Path:
    """Folder of the user's own packs; it need not exist."""
    if chosen := os.environ.get("KIZASHI_MODELS"):
        return Path(chosen)
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "kizashi" / "models"


def load_pack(name: str = BUILTIN) -> Pack:
    """A pack by its name, or by the path of its folder where that holds a slash.

    Raises
    ------
    BadInputError
        If there is none, or it is damaged.
    """
    if "/" in name:
        return read_pack(Path(name))
    if name == BUILTIN:
        return read_pack(HOME)
    folder = models_home() / name
    if not _NAME.fullmatch(name) or not (folder / FACTS).is_file():
        known = ", ".join(found for found, _ in pack_folders())
        raise BadInputError("no such model", where=name, mend=f"known are {known}; `kizashi models add` adds one")
    return read_pack(folder)


def read_pack(folder: Path) -> Pack:
    """A pack from its folder, its model's hash checked.

    Raises
    ------
    BadInputError
        If a file is missing, damaged, or says something impossible.
    """
    path = folder / FACTS
    try:
        facts = msgspec.json.decode(path.read_bytes(), type=Facts)
    except OSError as error:
        raise BadInputError(f"there is no classifier pack ({error.strerror})", where=path, mend=_AGAIN) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInputError(f"the pack's description is wrong ({error})", where=path, mend=_AGAIN) from error
    pack = Pack(folder, facts)
    pack.verified_path()
    return pack


def pack_folders() -> Iterator[tuple[str, Path]]:
    """Name and folder of every pack, the built-in one first; none is read."""
    yield BUILTIN, HOME
    home = models_home()
    if home.is_dir():
        for folder in sorted(home.iterdir()):
            if (folder / FACTS).is_file():
                yield folder.name, folder


def valid_name(name: str) -> bool:
    """Whether a pack may be called so: it becomes the name of a folder."""
    return bool(_NAME.fullmatch(name)) and name != BUILTIN
