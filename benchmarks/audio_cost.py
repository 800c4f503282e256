"""What hearing costs: milliseconds a step, size, and `kizashi audio` as a whole process on a long file.

Runs as a process of its own with one thread (`measure_cost`); CPU time, since other work on the box stretches the
clock's.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.replay import ONE_THREAD, measure

Figures = dict[str, Any]

STEPS, ROUNDS = 40, 9
MINUTES = 60.0


def measure_cost(pack: str, yamnet: Path | None, classes: Path | None, minutes: float) -> Figures:
    """Run this module as a process of one thread; `minutes` of the long file, 0 for none."""
    command = [sys.executable, "-m", "benchmarks.audio_cost", pack, "--minutes", str(minutes)]
    if yamnet is not None and classes is not None:
        command += ["--yamnet", str(yamnet), "--yamnet-map", str(classes)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env={**os.environ, **ONE_THREAD})
    told: Figures = json.loads(done.stdout)
    return told


def cost_table(told: Figures) -> str:
    """Markdown."""
    lines = ["| ear | ms a step | step, s | ms a second of sound | model, MB |", "|---|---|---|---|---|"]
    for name, one in told["ears"].items():
        figures = (one["ms_per_step"], one["step_s"], one["ms_per_second"], one["megabytes"])
        lines.append(f"| {name} | " + " | ".join(f"{figure:.3g}" for figure in figures) + " |")
    if long := told.get("long"):
        line = f"\n`kizashi audio`, {long['minutes']:g} minutes: {long['cpu_s']:.1f} s of CPU, {long['wall_s']:.1f} s, "
        lines.append(f"{line}peak {long['mebibytes']:.0f} MiB")
    return "\n".join(lines)


def write_noise(path: Path, minutes: float) -> None:
    """WAV of 16 kHz, mono: noise whose level wanders."""
    import numpy as np
    import soundfile  # type: ignore[import-untyped]

    rng = np.random.Generator(np.random.Philox(key=1))
    with soundfile.SoundFile(path, "w", 16_000, 1, "PCM_16") as file:
        for _ in range(round(minutes * 60)):
            file.write(10 ** rng.uniform(-3.0, -1.0) * rng.standard_normal(16_000))


def hear_long(pack: str, minutes: float) -> Figures:
    """Cost of the command on a file of that length."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.wav"
        write_noise(path, minutes)
        cost = measure(["audio", str(path), "--model", pack, "--json"])
    return {"minutes": minutes, "cpu_s": cost.cpu_s, "wall_s": cost.wall_s, "mebibytes": cost.mebibytes}


def time_ear(ear: Any) -> Figures:
    """Milliseconds of CPU a step, the median of some rounds."""
    import numpy as np

    noise = np.random.Generator(np.random.Philox(key=2)).normal(0, 0.1, 16_000).astype(np.float32)
    rounds = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        for _ in range(STEPS):
            ear.hear(noise)
        rounds.append(1000 * (time.process_time() - begun) / STEPS)
    step_ms = statistics.median(rounds[1:])
    return {
        "ms_per_step": step_ms,
        "step_s": ear.step_s,
        "ms_per_second": step_ms / ear.step_s,
        "megabytes": ear.megabytes,
    }


def main() -> int:
    """Measure, and print one JSON object."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pack")
    parser.add_argument("--yamnet", type=Path)
    parser.add_argument("--yamnet-map", type=Path)
    parser.add_argument("--minutes", type=float, default=0.0)
    told = parser.parse_args()
    # Why the command first: the peak of a child counts from its parent's size.
    long = hear_long(told.pack, told.minutes) if told.minutes else None

    from benchmarks.ears import Ear, PackEar, YamnetEar
    from sensors.audio.packs import load_pack

    ears: list[Ear] = [PackEar(load_pack(told.pack))]
    if told.yamnet:
        ears.append(YamnetEar(told.yamnet, told.yamnet_map))
    print(json.dumps({"ears": {ear.name: time_ear(ear) for ear in ears}, "long": long}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
