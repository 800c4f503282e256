"""The daemon through a bad day: sensors die, stall and send rubbish, the broker restarts, the disk fills, it is killed.

Everything is real: an RTSP server, a Mosquitto, a webhook's receiver, a small disk of its own (a tmpfs, hence root) for
the store, a log that grows. Every few seconds one of them suffers, drawn by a seed; now and then it is hot, which is an
incident by a rule. Afterwards: is there a verdict for every tick of every life of the daemon, does the receiver have
each incident once, begun and ended, and do memory, threads and handles stay where they were?

The clock of the daemon and of its readers steps by an hour, forth and back: not that of this machine, which others
need, but what a small library (`clock.c`, made here by `cc`) tells them of it. A sensor's own clock lies as well.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.daemon import QUANTITIES, sensor_set
from tests.live.broker import Mosquitto, Publisher
from tests.live.hook_server import HookServer
from tests.live.servers import Server, free_port, poll, rtsp_server
from tests.live.site import Site

TICK_NS, HOT_S, MOST_SLOPE_MB = 100_000_000, 30.0, 1.0
WARM_S = 900.0
"""What a life needs to have all that it will keep, seconds."""

HOURS = (1, 0, -1, 0)
"""How far off the clock is, one after the other."""

STEP_S, NEAR_S = 3600, 60
DISK = "16m"
SETTINGS = """
name = "Soak"
[store]
folder = "{disk}"
save_every_s = 20
[jsonl]
folder = "{out}"
most_mb = 1000
[mqtt]
address = "{broker}"
[[webhooks]]
name = "me"
url = "{hook}"
[[rules]]
when = "temperature > 60 C"
"""


@dataclass
class Bench:
    """All that can suffer, and what was noted."""

    site: Site
    camera: Server
    broker: Mosquitto
    disk: Path
    clock: Path
    publisher: Publisher
    lives: list[list[tuple[float, ...]]] = field(default_factory=lambda: [[]])
    suffered: dict[str, int] = field(default_factory=dict)

    def look(self) -> None:
        """Note memory in 10^6 bytes, threads, handles and children of the daemon."""
        with suppress(OSError):
            text = Path(f"/proc/{self.site.pid}/status").read_text(encoding="utf-8")
            told = {
                line.split(":")[0]: line.split()[1] for line in text.splitlines() if ":" in line and line.split()[1:]
            }
            handles = len(os.listdir(f"/proc/{self.site.pid}/fd"))
            tasks = Path(f"/proc/{self.site.pid}/task").glob("*/children")
            children = sum(len(task.read_text(encoding="utf-8").split()) for task in tasks)
            resident_mb = int(told["VmRSS"]) * 1024 / 1e6
            self.lives[-1].append((time.monotonic(), resident_mb, int(told["Threads"]), handles, children))

    def speak(self, chance: np.random.Generator) -> None:
        """Readings of a second; whether there is a broker or not."""
        for number, value in enumerate(chance.normal(20, 1, QUANTITIES)):
            self.publisher.publish(f"bench/{number}/temperature", f"{value:.2f}", wait=False)

    def suffer(self, what: str) -> None:
        """Let something happen."""
        self.suffered[what] = self.suffered.get(what, 0) + 1
        getattr(self, f"_{what}")()

    def _camera_dies(self) -> None:
        self.camera.kill()
        time.sleep(4)
        self.camera.start()

    def _camera_stalls(self) -> None:
        self.camera.pause()
        time.sleep(6)
        self.camera.resume()

    def _rubbish(self) -> None:
        for payload in (b"\xff\x00", b"{", b'{"temperature": "NaN"}', b"9" * 5000, b"[" * 3000):
            self.broker.publish("bench/1/temperature", payload)
        with self.site.table.open("ab") as file:
            file.write(b"\x00\xff,,;\n1e999\nhot\n")

    def _sensor_lies(self) -> None:
        for hours in (-1, 1):
            at_s = time.time() + hours * STEP_S
            self.publisher.publish("bench/liar", f'[{{"n": "temperature", "v": 20, "t": {at_s:.3f}}}]', wait=False)

    def _clock_steps(self) -> None:
        hours = HOURS[(self.suffered["clock_steps"] - 1) % len(HOURS)]
        set_clock(self.clock, hours)

    def _broker_restarts(self) -> None:
        self.broker.kill()
        time.sleep(2)
        self.broker.start()

    def _disk_fills(self) -> None:
        whole = self.disk / "whole"
        with suppress(OSError), whole.open("wb") as file:
            while True:
                file.write(bytes(1 << 16))
        time.sleep(5)
        whole.unlink()

    def _killed(self) -> None:
        self.site.end(signal.SIGKILL)
        self.site.start()
        self.lives.append([])


def main() -> int:
    """Print what was found; 1 where something was lost, doubled, or grew."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--out", type=Path, help="where memory, threads, handles and children are noted, second by second"
    )
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        disk = stack.enter_context(small_disk(folder / "disk"))
        (folder / "broker").mkdir()
        port = free_port()
        camera, broker = stack.enter_context(rtsp_server(port)), stack.enter_context(Mosquitto(folder / "broker"))
        hook = stack.enter_context(HookServer())
        clock, wrong = folder / "offset", make_clock(folder)
        set_clock(clock, 0)
        text = SETTINGS.format(disk=disk, out=folder / "out", broker=broker.address, hook=hook.url)
        text += sensor_set(0, port, broker.address)
        site = stack.enter_context(Site(folder, text, LD_PRELOAD=str(wrong), CLOCK_FILE=str(clock)))
        bench = Bench(site, camera, broker, disk, clock, stack.enter_context(broker.publisher()))
        live(bench, told.minutes * 60, told.kills, np.random.default_rng(told.seed))
        poll(lambda: balanced(hook), "the ends of all incidents", 90)
        bench.site.end()
        poll(lambda: balanced(hook), "the ends of all incidents", 5)
        lines = folder / "out" / "verdicts.jsonl"
        if told.out:
            told.out.write_text(json.dumps({"lives": bench.lives, "suffered": bench.suffered}))
        steps = bench.suffered.get("clock_steps", 0)
        complaints = [*missed_ticks(lines, told.kills, steps), *incidents(hook), *growth(bench)]
    print("\n".join(f"MISSED: {complaint}" for complaint in complaints))
    return int(bool(complaints))


@contextmanager
def small_disk(path: Path) -> Iterator[Path]:
    """A disk that is soon full."""
    path.mkdir()
    mount, unmount = (str(shutil.which(name)) for name in ("mount", "umount"))
    subprocess.run([mount, "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(path)], check=True)
    try:
        yield path
    finally:
        subprocess.run([unmount, "-l", str(path)], check=False)


def make_clock(folder: Path) -> Path:
    """The library that has a process see another time of day."""
    made = folder / "clock.so"
    source = Path(__file__).with_name("clock.c")
    compiler = str(shutil.which("cc"))
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", str(made), str(source), "-ldl"], check=True)
    return made


def set_clock(path: Path, hours: int) -> None:
    """Have the clock be so far off, at once."""
    with path.open("r+b" if path.exists() else "w+b") as file:
        file.write(struct.pack("=q", hours * STEP_S * 1_000_000_000))


def live(bench: Bench, seconds: float, kills: int, chance: np.random.Generator) -> None:
    """The day."""
    began_s, hot_s = time.monotonic(), 0.0
    # In the first quarter, so that one life is long enough to say what grows.
    kill_s = [seconds * (n + 1) / (4 * kills) for n in range(kills)]
    ways = ["camera_dies", "camera_stalls", "rubbish", "broker_restarts", "disk_fills", "clock_steps", "sensor_lies"]
    suffer_s = 15.0
    while (now_s := time.monotonic() - began_s) < seconds:
        hot = now_s - hot_s > HOT_S
        for _ in range(5):
            bench.site.say(70 if hot else chance.uniform(19, 21))
        hot_s = now_s if hot else hot_s
        if kill_s and now_s > kill_s[0]:
            kill_s.pop(0)
            bench.suffer("killed")
        elif now_s > suffer_s:
            suffer_s = now_s + chance.uniform(10, 25)
            bench.suffer(str(chance.choice(ways)))
        bench.speak(chance)
        bench.look()
        time.sleep(1)
    print(f"{seconds / 60:.0f} min: {', '.join(f'{what} {count}' for what, count in sorted(bench.suffered.items()))}")


def balanced(hook: HookServer) -> bool:
    """Whether each incident that began has ended."""
    kinds = [event["type"].rpartition(".")[2] for event in hook.events]
    return kinds.count("new") == len({event["subject"] for event in hook.events}) and all(
        [event["type"] for event in hook.events if event["subject"] == subject][-1].endswith("end")
        for subject in {event["subject"] for event in hook.events}
    )


def missed_ticks(path: Path, kills: int, steps: int) -> Iterator[str]:
    """Ticks without a verdict, other than while the daemon was down or where its clock leapt.

    Time never goes back but at a start: who is killed while its clock is behind begins an hour before its end.
    """
    ticks = [json.loads(line)["at_ns"] for line in path.read_bytes().splitlines()]
    gaps = [(b - a) / 1e9 for a, b in pairwise(ticks) if b - a != TICK_NS]
    whole = [round(gap / STEP_S) for gap in gaps]
    leaps = sum(hours > 0 for hours in whole)
    down = [gap - hours * STEP_S for gap, hours in zip(gaps, whole, strict=True) if abs(gap - hours * STEP_S) > 1]
    missed = sum(round(gap * 1e9 / TICK_NS) - 1 for gap in down)
    print(f"{len(ticks):,} verdicts; {leaps} leaps; down {len(down)} times, {missed} ticks; gaps of {gaps} s")
    if len(down) > kills or leaps > steps or any(not 0 < gap < NEAR_S for gap in down):
        yield f"killed {kills} times, the clock stepped {steps} times, but there are gaps of {gaps} s"


def incidents(hook: HookServer) -> Iterator[str]:
    """Incidents that the receiver has not once."""
    names = [event["id"] for event in hook.events]
    begun = [event["subject"] for event in hook.events if event["type"].endswith("new")]
    twice = len(names) - len(set(names))
    print(f"{len(begun)} incidents begun and ended at the receiver, {len(names)} events, {twice} twice")
    for event in hook.events:
        if names.count(event["id"]) > 1:
            print(f"  twice: {event['id']} {event['type']} of {event['time']}")
    if twice or not balanced(hook):
        yield "an incident was lost or doubled"


def growth(bench: Bench) -> Iterator[str]:
    """What grew within the longest life, its warm-up left out."""
    life = np.array(max(bench.lives, key=len))
    settled = life[life[:, 0] > life[0, 0] + WARM_S]
    if len(settled) < 120:
        print("no life was long enough to say what grows")
        return
    hours = (settled[:, 0] - settled[0, 0]) / 3600
    slope = np.polyfit(hours, settled[:, 1], 1)[0]
    first, last = np.median(settled[:60], axis=0), np.median(settled[-60:], axis=0)
    lasted = (life[-1, 0] - life[0, 0]) / 60
    print(f"longest life {lasted:.0f} min, after {WARM_S / 60:.0f} min: memory {first[1]:.1f} to {last[1]:.1f} "
          f"MB, {slope:+.2f} MB/h; threads {first[2]:.0f} to {last[2]:.0f}, handles {first[3]:.0f} to {last[3]:.0f}, "
          f"children {first[4]:.0f} to {last[4]:.0f}")  # fmt: skip
    if (last[2:] > first[2:] + (0, 2, 0)).any():
        yield "threads, handles or processes are left behind"
    if slope > MOST_SLOPE_MB and hours[-1] > 0.4:
        yield f"memory grows by {slope:.2f} MB/h"


if __name__ == "__main__":
    sys.exit(main())
