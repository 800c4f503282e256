"""Sounds of free packages whose file names say what they are: a corpus made of unpacked Debian packages.

    apt-get download ufoai-sound freedoom ...
    dpkg -x ufoai-sound_*.deb unpacked/ufoai-sound ...
    python -m sensors.audio.training.packages unpacked out --yamnet yamnet.tflite --known CORPUS

A name is believed only where YAMNet finds a trace of the class in the sound. What has no telling name is kept
without a label: `OTHER` where YAMNet hears no alert class in it, else `UNKNOWN`; teachers have opinions of both.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sensors.audio.training.containers import Sound, sounds
from sensors.audio.training.corpus import MANIFEST, OTHER, UNKNOWN, load_corpus
from sensors.audio.training.fold import NAMES
from sensors.audio.training.shards import log_mel
from sensors.audio.training.teachers import WINDOW, Yamnet

Samples = NDArray[np.float32]

LICENCES = {
    "asterisk-core-sounds-en-wav": "CC BY-SA 3.0 (package)",
    "blobwars-data": "CC BY 3.0 / CC BY-SA 3.0 / GPL-2+ / public domain (package, per file)",
    "boswars-data": "GPL-2+ (package)",
    "deepin-sound-theme": "GPL-3+ (package)",
    "freedink-data": "GPL-3+ / CC BY 3.0 / CC BY-SA 3.0 (package, per file)",
    "freedoom": "BSD-like (Freedoom licence)",
    "libreoffice-common": "MPL-2.0 / CC0 (package, not checked per file)",
    "micropolis-data": "GPL-3+ (package)",
    "mrrescue": "CC BY-SA 3.0 / zlib (package)",
    "nexuiz-data": "GPL-2+ (package)",
    "openarena-081-players": "GPL-2 (package)",
    "openarena-data": "GPL-2+ (package)",
    "openttd-opensfx": "CC BY-SA 3.0 (package)",
    "scorched3d-data": "GPL-2+ / CC BY-SA 3.0 (package)",
    "searchandrescue-data": "GPL-2 (package)",
    "sonic-pi-samples": "CC0 (package)",
    "teeworlds-data": "CC BY-SA 3.0 / CC0 (package)",
    "tuxmath-data": "GPL-3+ / CC BY-SA 3.0 / public domain (package, per file)",
    "tuxpaint-stamps-default": "GPL-2 (package)",
    "ufoai-sound": "GPL-2+ / CC BY-SA 3.0 / CC BY 3.0 (package, per file)",
    "warmux-data": "GPL-2+ (package)",
}
"""Packages that are known, and their licences as the packages state them."""

RULES: tuple[tuple[str, str, str], ...] = (
    ("asterisk-core-sounds-en-wav", r"/[a-z-]+\.wav", "speech"),
    ("blobwars-data", r"/(machinegun|pistol)$", "gunshot"),
    ("blobwars-data", r"/(grenade|explo1)", "explosion"),
    ("blobwars-data", r"/(death\d|elecdeath\d)", "scream"),
    ("blobwars-data", r"/door(locked|open)", "door"),
    ("blobwars-data", r"/blizzard", "rain_wind_water"),
    ("blobwars-data", r"/cheer$", "crowd_laughter"),
    ("boswars-data", r"/(assault|engineer|grenadier|bazoo|medic)_die", "scream"),
    ("boswars-data", r"/assault_attack", "gunshot"),
    ("boswars-data", r"(_hit|\.die|/buggy_die|/smolder_die)\.", "explosion"),
    ("boswars-data", r"(_select|action|ready|completed|underattack)", "speech"),
    ("freedink-data", r"/wscream", "scream"),
    ("freedink-data", r"/bird", "animal_other"),
    ("freedoom", r"/ds(pistol|shotgn|dshtgn)$", "gunshot"),
    ("freedoom", r"/ds(barexp|rxplod|firxpl)$", "explosion"),
    ("freedoom", r"/ds(pldeth|pdiehi|podth\d|keendt|sssdth|plpain)$", "scream"),
    ("freedoom", r"/ds(doropn|dorcls|bdopn|bdcls)$", "door"),
    ("libreoffice-common", r"/explos", "explosion"),
    ("libreoffice-common", r"/(applause|romans)", "crowd_laughter"),
    ("libreoffice-common", r"/(cow|horse|nature\d)", "animal_other"),
    ("libreoffice-common", r"/(train|traffic)", "vehicle"),
    ("libreoffice-common", r"/(curve|drama|kongas|roll|pluck)", "music"),
    ("libreoffice-common", r"/(gong|kling)", "bell_phone"),
    ("micropolis-data", r"/(siren|police)", "siren"),
    ("micropolis-data", r"/explosion", "explosion"),
    ("micropolis-data", r"/(honk|heavytraffic|skid|ignition)", "vehicle"),
    ("micropolis-data", r"/(bulldozer)", "machinery"),
    ("mrrescue", r"/glass", "glass_break"),
    ("mrrescue", r"explosion", "explosion"),
    ("mrrescue", r"/door", "door"),
    ("mrrescue", r"\.ogg$", "music"),
    ("nexuiz-data", r"weapons/(shotgun|campingrifle|uzi|machinegun)_fire", "gunshot"),
    ("nexuiz-data", r"weapons/(rocket|grenade)_impact|weapons/hagexp", "explosion"),
    ("nexuiz-data", r"player/(death|falling|fall\d|pain100|pain75)", "scream"),
    ("nexuiz-data", r"kh/alarm", "alarm"),
    ("nexuiz-data", r"footstep", "footsteps"),
    ("nexuiz-data", r"(announcer|tutorial|coms)/", "speech"),
    ("nexuiz-data", r"wind", "rain_wind_water"),
    ("nexuiz-data", r"(ambient/machine|generator|/fan\d|machinevat)", "machinery"),
    ("nexuiz-data", r"tuba_note", "music"),
    ("openarena-081-players", r"player/\w+/(death|falling|pain100|pain_100|pain75)", "scream"),
    ("openarena-081-players", r"player/\w+/taunt", "speech"),
    ("openarena-data", r"player/\w+/(death|falling|pain100)", "scream"),
    ("openarena-data", r"(machgf|sshotf|vulcanf)\d", "gunshot"),
    ("openarena-data", r"(rocklx1a|wstbexpl|kam_explode)", "explosion"),
    ("openarena-data", r"voices/", "speech"),
    ("openarena-data", r"world/(wind|demonwind|waterfall)", "rain_wind_water"),
    ("openarena-data", r"world/fire", "fire_crackle"),
    ("openarena-data", r"world/(fan|machinery|tim_)", "machinery"),
    ("openarena-data", r"doors/", "door"),
    ("openttd-opensfx", r"^explosion", "explosion"),
    ("openttd-opensfx", r"(plane|jet|train|bus|truck|helicopter|horn)", "vehicle"),
    ("openttd-opensfx", r"(sawmill|jackhammer|chainsaw|mining)", "machinery"),
    ("openttd-opensfx", r"wind", "rain_wind_water"),
    ("openttd-opensfx", r"(sheep|cow|horse\"|bird|monkeys|lion)", "animal_other"),
    ("openttd-opensfx", r"applause", "crowd_laughter"),
    ("openttd-opensfx", r"level crossing", "bell_phone"),
    ("scorched3d-data", r"misc/dog", "dog_bark"),
    ("scorched3d-data", r"misc/scream", "scream"),
    ("scorched3d-data", r"misc/(firetruck|policecar)", "siren"),
    ("scorched3d-data", r"shoot/(machinegun|shotgun|tripleshot)", "gunshot"),
    ("scorched3d-data", r"explosions/(exp|large|medium|small|xlarge|tank|meteor)\.", "explosion"),
    ("scorched3d-data", r"thunder", "thunder"),
    ("scorched3d-data", r"misc/(carhorn|cessna|helicopter|apache|f1\d_|jet|t38)", "vehicle"),
    ("scorched3d-data", r"misc/(cows|moo|rooster|sheep|bird|gull|frogs|wolf|bats)", "animal_other"),
    ("scorched3d-data", r"misc/(oceanwaves|rain)", "rain_wind_water"),
    ("scorched3d-data", r"/(mix3|music)", "music"),
    ("scorched3d-data", r"misc/cheering", "crowd_laughter"),
    ("searchandrescue-data", r"sounds/(overspeed|stall)", "alarm"),
    ("searchandrescue-data", r"engine|/(hh60|hh65)/", "vehicle"),
    ("searchandrescue-data", r"thunder", "thunder"),
    ("searchandrescue-data", r"music/", "music"),
    ("searchandrescue-data", r"door", "door"),
    ("sonic-pi-samples", r"(loop_|bass_|guit_|tabla_|drum_|bd_|sn_|ambi_piano|ambi_choir)", "music"),
    ("teeworlds-data", r"wp_(gun|shotty)_fire", "gunshot"),
    ("teeworlds-data", r"wp_flump_explo", "explosion"),
    ("teeworlds-data", r"foley_foot", "footsteps"),
    ("tuxmath-data", r"/alarm", "alarm"),
    ("tuxmath-data", r"/explosion", "explosion"),
    ("tuxmath-data", r"(gravity|universe|rush)", "music"),
    ("tuxpaint-stamps-default", r"_desc", "speech"),
    ("tuxpaint-stamps-default", r"dogs/dog\.", "dog_bark"),
    ("tuxpaint-stamps-default", r"emergency/(firetruck|police|ambulance)", "siren"),
    ("tuxpaint-stamps-default", r"newyears/fireworks", "fireworks"),
    ("tuxpaint-stamps-default", r"instruments|music", "music"),
    ("tuxpaint-stamps-default", r"animals/", "animal_other"),
    ("tuxpaint-stamps-default", r"vehicles/", "vehicle"),
    ("ufoai-sound", r"bullet-(chaingun|hmg|pistol|rifle|shotgun|smg|sniper|heavybolter|bolter)", "gunshot"),
    ("ufoai-sound", r"combat-gun", "gunshot"),
    ("ufoai-sound", r"(weapons/explosion|combat-explosion|combat-rocket-exp)", "explosion"),
    ("ufoai-sound", r"(civilians|soldiers)/.*(death|scream|hurt)", "scream"),
    ("ufoai-sound", r"breakglass", "glass_break"),
    ("ufoai-sound", r"basealert", "alarm"),
    ("ufoai-sound", r"thunder", "thunder"),
    ("ufoai-sound", r"ambience/(smallfire|fire)", "fire_crackle"),
    ("ufoai-sound", r"ambience/(water|arcticwind)", "rain_wind_water"),
    ("ufoai-sound", r"footsteps/\w+\d", "footsteps"),
    ("ufoai-sound", r"doors/", "door"),
    ("ufoai-sound", r"ugv/diesel", "vehicle"),
    ("ufoai-sound", r"ambience/(machine|minepump|wind_turbine|engine)", "machinery"),
    ("ufoai-sound", r"misc/break(wood|metal)", "household"),
    ("warmux-data", r"weapons/(gun|m16|shotgun)\.", "gunshot"),
    ("warmux-data", r"weapons/(explosion|dynamite_exp|riot_bomb_exp)", "explosion"),
    ("warmux-data", r"weapons/ember", "fire_crackle"),
    ("warmux-data", r"music/", "music"),
)  # fmt: skip
"""Package, expression that is looked for in the small letters of a file's path, class."""

TRACES = {
    **NAMES,
    "alarm": (*NAMES["alarm"], 304, 389, 392, 475),
    "gunshot": (*NAMES["gunshot"], 424, 425, 420, 426, 427, 428, 430, 460),
    "explosion": (*NAMES["explosion"], 421, 422, 423, 424, 426, 428, 454, 460),
    "glass_break": (*NAMES["glass_break"], 463),
    "siren": (*NAMES["siren"], 317, 318, 319),
    "scream": (*NAMES["scream"], 7, 22),
}
"""AudioSet's classes, in YAMNet's order, that are a trace of an alert class."""

TRACE, GROAN, NONE = 0.04, 0.1, 0.03
"""Highest score of these from which a name is believed; from which a fighter's last word is a scream and no groan; and
up to which a nameless sound is none of the alert classes."""

LONGEST_S, SHORTEST_S, PIECES = 5.0, 0.2, 4
MOST = 150
"""Clips of a class that a package may give."""

TWIN = 0.9
"""Likeness of two spectra from which one of the sounds is left out."""


def label_of(package: str, path: str) -> str:
    """What a file's name says it is; `UNKNOWN` if nothing."""
    for name, expression, label in RULES:
        if name == package and re.search(expression, path.lower()):
            return label
    return UNKNOWN


def judge(label: str, samples: Samples, teacher: Yamnet) -> str:
    """The label that is believed; `OTHER` or `UNKNOWN` for what has none, `UNKNOWN` for an alert without a trace."""
    padded = np.pad(samples, (0, max(0, WINDOW - len(samples))))
    begins = range(0, len(padded) - WINDOW + 1, WINDOW // 2)
    scores = np.max([teacher.hear(padded[begin : begin + WINDOW])[1] for begin in begins], axis=0)
    if label in TRACES:
        return label if scores[list(TRACES[label])].max() >= (GROAN if label == "scream" else TRACE) else UNKNOWN
    if label != UNKNOWN:
        return label
    alerts = max(scores[list(places)].max() for places in TRACES.values())
    return OTHER if alerts < NONE else UNKNOWN


def cut(samples: Samples) -> Iterator[Samples]:
    """Pieces of 5 s at most, without the silence around them; none of what is too short or too faint."""
    loud = np.flatnonzero(np.abs(samples) > max(float(np.abs(samples).max(initial=0.0)) * 0.004, 1e-4))
    if not len(loud):
        return
    samples = samples[loud[0] : loud[-1] + 1]
    longest = int(LONGEST_S * 16_000)
    count = min(PIECES, max(1, len(samples) // longest))
    for begin in np.linspace(0, max(0, len(samples) - longest), count).astype(int):
        piece = samples[begin : begin + longest]
        if len(piece) >= SHORTEST_S * 16_000 and np.abs(piece).max() > 0.003:
            yield piece


def outline(samples: Samples) -> NDArray[np.float32]:
    """How the spectrum moves in the first second, of length 1: the same for copies in another format and level.

    Why its movement: two blasts have much the same spectrum, but no two have the same noise.
    """
    frames = np.maximum(log_mel(np.pad(samples, (0, 16_000))[:16_000] / np.abs(samples).max()), -1.0)
    flat = np.diff(frames, axis=0).ravel()
    return np.asarray(flat / max(float(np.linalg.norm(flat)), 1e-6), np.float32)


def gather(unpacked: Path, out: Path, teacher: Yamnet, known: list[Path]) -> Counter[tuple[str, str]]:
    """Write the corpus; returns clips by label and package.

    Parameters
    ----------
    unpacked : Path
        A folder a package, by the package's name; those not in `LICENCES` are passed over.
    out : Path
        The corpus.
    teacher : Yamnet
        Believes or doubts the names.
    known : list of Path
        Corpora whose sounds are not taken again.
    """
    import soundfile  # type: ignore[import-untyped]

    seen = Seen()
    for folder in known:
        for clip in load_corpus(folder):
            seen.add(outline(clip.sound))
    counts: Counter[tuple[str, str]] = Counter()
    out.mkdir(parents=True, exist_ok=True)
    with (out / MANIFEST).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["path", "label", "fold", "seconds", "source", "original_file", "licence"])
        for package in sorted(LICENCES):
            for sound in sounds(unpacked / package):
                if counts[label_of(package, sound.path), package] >= MOST:
                    continue
                for label, piece in _pieces(package, sound, teacher, seen):
                    counts[label, package] += 1
                    path = f"{label}/{package}_{counts[label, package]:04d}.flac"
                    (out / label).mkdir(exist_ok=True)
                    soundfile.write(out / path, piece, 16_000, subtype="PCM_16")
                    seconds = f"{len(piece) / 16_000:.2f}"
                    writer.writerow([path, label, 1, seconds, f"Debian {package}", sound.path, LICENCES[package]])
    return counts


class Seen:
    """Outlines of the sounds that were taken."""

    def __init__(self) -> None:
        self._rows: NDArray[np.float32] = np.zeros((1024, 63 * 64), np.float32)
        self._count = 0

    def add(self, row: NDArray[np.float32]) -> None:
        """Remember one."""
        if self._count == len(self._rows):
            self._rows = np.concatenate([self._rows, np.zeros_like(self._rows)])
        self._rows[self._count] = row
        self._count += 1

    def has(self, row: NDArray[np.float32]) -> bool:
        """Whether one that was remembered is nearly the same."""
        return self._count > 0 and float((self._rows[: self._count] @ row).max()) > TWIN


def _pieces(package: str, sound: Sound, teacher: Yamnet, seen: Seen) -> Iterator[tuple[str, Samples]]:
    """What is worth keeping of a sound; its outline is added to those seen."""
    told = label_of(package, sound.path)
    samples = sound.samples()
    for piece in cut(samples) if samples is not None else ():
        shape = outline(piece)
        if seen.has(shape):
            continue
        seen.add(shape)
        yield judge(told, piece, teacher), piece


def main() -> None:
    """Make the corpus and tell what is in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("unpacked", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--yamnet", type=Path, required=True)
    parser.add_argument("--known", type=Path, action="append", default=[], help="a corpus not to take sounds of again")
    told = parser.parse_args()
    counts = gather(told.unpacked, told.out, Yamnet(told.yamnet), told.known)
    for (label, package), count in sorted(counts.items()):
        sys.stdout.write(f"{label:16} {package:30} {count}\n")


if __name__ == "__main__":
    main()
