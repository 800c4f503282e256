"""Speed and memory of `kizashi replay` as a whole process, on one core, and how soon `--help` answers.

Why CPU time beside wall time: other work on the box stretches the wall time, not the CPU time. Why long recordings are
made of a short one: what is measured is whether memory grows and time adds up, and a loop is as long as one likes.
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import os
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
import tomllib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

KIZASHI = Path(sysconfig.get_path("scripts")) / "kizashi"
FPS = 10
SIZE = (320, 240)
LEAST_SPEED = 10.0
MOST_MEBIBYTES = 300.0
MOST_GROWTH = 1.1
MOST_HELP_S = 0.5
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Cost:
    """What one process took: seconds of CPU and of the clock, and its peak resident memory."""

    cpu_s: float
    wall_s: float
    mebibytes: float


def main() -> int:
    """Print the table; 1 where a bar was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording", nargs="?", type=Path, default=Path("sample_streams/break_in_at_night"))
    parser.add_argument("--minutes", nargs="+", type=float, default=[6.0, 60.0], help="lengths to replay")
    told = parser.parse_args()
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    print(f"replay of {told.recording}, looped, on core {core} of {os.cpu_count()}, one thread")
    print("minutes   CPU s   x real time   wall s   x real time   peak MiB")
    costs = {minutes: replay_for(told.recording, minutes) for minutes in sorted(told.minutes)}
    helps = [measure(["--help"]).wall_s for _ in range(6)][1:]
    print(f"--help answers in {statistics.median(helps):.2f} s (median of {len(helps)})")
    missed = missed_bars(costs, statistics.median(helps))
    for bar in missed:
        print(f"MISSED: {bar}")
    return 1 if missed else 0


def replay_for(recording: Path, minutes: float) -> Cost:
    """Make a recording of that length, replay it, and print what it took."""
    with tempfile.TemporaryDirectory() as folder:
        # Why another process: the peak of a child counts from its parent's size.
        maker = multiprocessing.get_context("spawn").Process(target=lengthen, args=(recording, Path(folder), minutes))
        maker.start()
        maker.join()
        if maker.exitcode:
            raise SystemExit(maker.exitcode)
        cost = measure(["replay", folder, "--out", f"{folder}/out"])
    speeds = [60 * minutes / seconds for seconds in (cost.cpu_s, cost.wall_s)]
    row = f"{minutes:7g} {cost.cpu_s:7.1f} {speeds[0]:13.1f} {cost.wall_s:8.1f} {speeds[1]:13.1f}"
    print(f"{row} {cost.mebibytes:10.0f}", flush=True)
    return cost


def measure(arguments: list[str]) -> Cost:
    """Run the installed command with nothing shown; its own cost as the system counted it."""
    with tempfile.TemporaryFile("w+") as told:
        begun = time.perf_counter()
        command = [str(KIZASHI), *arguments]
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=told, env={**os.environ, **ONE_THREAD})
        _, status, used = os.wait4(child.pid, 0)
        wall_s = time.perf_counter() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            told.seek(0)
            raise SystemExit(f"kizashi {arguments[0]} ended with {child.returncode}: {told.read()}")
    return Cost(used.ru_utime + used.ru_stime, wall_s, used.ru_maxrss / 1024)


def missed_bars(costs: dict[float, Cost], help_s: float) -> list[str]:
    """What should have been better."""
    out = []
    for minutes, cost in costs.items():
        if 60 * minutes / cost.cpu_s < LEAST_SPEED:
            out.append(f"{minutes:g} min: slower than {LEAST_SPEED:g} x real time")
        if cost.mebibytes >= MOST_MEBIBYTES:
            out.append(f"{minutes:g} min: {MOST_MEBIBYTES:g} MiB or more")
    shortest, longest = costs[min(costs)], costs[max(costs)]
    if longest.mebibytes > MOST_GROWTH * shortest.mebibytes:
        out.append(f"memory grows with length by {longest.mebibytes / shortest.mebibytes - 1:.0%}")
    if help_s >= MOST_HELP_S:
        out.append(f"--help takes {MOST_HELP_S:g} s or more")
    return out


def lengthen(recording: Path, folder: Path, minutes: float) -> None:
    """Write a recording whose media are those of `recording`, over and over."""
    told = tomllib.loads((recording / "scenario.toml").read_text(encoding="utf-8"))
    seconds, loop_s = minutes * 60, float(told["seconds"])
    lines = [f"start = {told['start'].isoformat()}", f"seconds = {seconds}"]
    for sensor in told["sensors"]:
        source = recording / sensor["path"]
        if sensor["kind"] == "audio.file":
            path = loop_sound(source, folder, seconds)
        elif sensor["kind"] == "video.file":
            path = loop_pictures(source, folder, seconds)
        else:
            path = loop_table(source, folder, seconds, loop_s)
        lines += ["[[sensors]]", f'id = "{sensor["id"]}"', f'kind = "{sensor["kind"]}"', f'path = "{path.name}"']
    (folder / "scenario.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def loop_sound(source: Path, folder: Path, seconds: float) -> Path:
    """FLAC, in the rate and channels of the source."""
    import soundfile  # type: ignore[import-untyped]

    samples, rate_hz = soundfile.read(source, dtype="int16", always_2d=True)
    path = folder / "sound.flac"
    left = round(seconds * rate_hz)
    with soundfile.SoundFile(path, "w", rate_hz, samples.shape[1], "PCM_16") as file:
        while left > 0:
            file.write(samples[:left])
            left -= len(samples)
    return path


def loop_pictures(source: Path, folder: Path, seconds: float) -> Path:
    """H.264 of 320x240 at 10 frames a second: encoded once, then copied packet by packet."""
    import av

    once, path = folder / "once.mp4", folder / "picture.mp4"
    with av.open(str(source)) as box, av.open(str(once), "w") as out:
        track: Any = out.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "bf": "0", "crf": "28"})
        track.width, track.height = SIZE
        due_s, count = 0.0, 0
        for frame in box.decode(video=0):
            while frame.time >= due_s:
                small: Any = frame.reformat(*SIZE, format="yuv420p")
                small.pts, small.time_base = count, Fraction(1, FPS)
                out.mux(track.encode(small))
                count += 1
                due_s = count / FPS
        out.mux(track.encode(None))
    written = 0
    with av.open(str(path), "w") as out:
        track = None
        while written < seconds * FPS:
            with av.open(str(once)) as box:
                track = track or out.add_stream_from_template(box.streams.video[0])
                for packet in box.demux(video=0):
                    if packet.pts is not None and written < seconds * FPS:
                        packet.pts = packet.dts = round(Fraction(written, FPS) / packet.time_base)
                        packet.stream = track
                        out.mux(packet)
                        written += 1
    once.unlink()
    return path


def loop_table(source: Path, folder: Path, seconds: float, loop_s: float) -> Path:
    """CSV whose `t_s` goes on."""
    with source.open(encoding="utf-8", newline="") as file:
        head, *rows = list(csv.reader(file))
    place = head.index("t_s")
    path = folder / "air.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        for turn in range(int(seconds // loop_s) + 1):
            for row in rows:
                at_s = float(row[place]) + turn * loop_s
                if at_s < seconds:
                    writer.writerow([*row[:place], f"{at_s:.3f}", *row[place + 1 :]])
    return path


if __name__ == "__main__":
    sys.exit(main())
