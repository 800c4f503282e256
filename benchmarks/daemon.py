"""How soon verdicts come, and what it costs, with real sensors: RTSP cameras with sound, and readings by MQTT.

A set is one microphone, one camera of 320x240 at 10 pictures a second (H.264) and 20 quantities once a second. All sets
hear and see the same GStreamer server and Mosquitto, each by connections and processes of its own. The daemon is a
process of its own, the one that `kizashi run` is, with one more sink that notes latencies: from the end of a tick to
the verdict on it. Of one set nothing is left out, the first seconds neither. Of several sets the first `SETTLE_S`
seconds are told apart: two dozen readers that load their libraries at once have little to do with what is carried.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np

from fusion.config import load_settings
from fusion.daemon import SWITCH_S, Daemon
from fusion.live.allocator import keep_little
from fusion.live.outlets import Outlets, build_outlets
from fusion.live.shedding import STEPS
from fusion.live.site import build_site
from fusion.sinks.news import News, Verdict
from tests.live.broker import Mosquitto, Publisher
from tests.live.servers import free_port, rtsp_server

MOST_P99_MS, MOST_MS, MOST_START_S, MOST_RESIDENT_MB, MOST_CPU = 100.0, 200.0, 3.0, 200.0, 0.15
QUANTITIES, SENSORS = 20, 3
"""Of a set: what its air sensor measures, and all its sensors."""

SETTLE_S = 30.0
"""After so long all readers of many sets have started, seconds."""

SET = """
[[sensors]]
id = "set{n}/mic"
kind = "audio.url"
url = "rtsp://127.0.0.1:{rtsp}/{sound}"
[[sensors]]
id = "set{n}/camera"
kind = "video.url"
url = "rtsp://127.0.0.1:{rtsp}/clock"
[[sensors]]
id = "set{n}/air"
kind = "environment.mqtt"
address = "{broker}"
topics = "bench/#"
"""
CLIPS = """
[evidence]
enabled = true
sound = true
[[rules]]
when = "temperature > 23.3 C"
"""


def sensor_set(number: int, rtsp: int, broker: str) -> str:
    """The settings of one set; only one can hear the sound beside pictures, see `tests/live/rtsp_server.py`."""
    return SET.format(n=number, rtsp=rtsp, broker=broker, sound="phone" if number else "live")


class Latencies:
    """A sink that notes them, when the first verdict came, and who was missing since all have started."""

    def __init__(self, settle_s: float) -> None:
        self.all_ns: list[int] = []
        self.first_s, self.unsettled = 0.0, 0
        self.missing: dict[str, int] = {}
        self._settle_s = settle_s

    def deliver(self, news: News) -> None:
        """Note one."""
        if isinstance(news, Verdict):
            self.first_s = self.first_s or time.monotonic()
            self.all_ns.append(news.latency_ns)
            if time.monotonic() - self.first_s < self._settle_s:
                self.unsettled += 1
                return
            for one in news.verdict.missing:
                self.missing[one.reason] = self.missing.get(one.reason, 0) + 1


def main() -> int:
    """Print the figures; 1 where a bar was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--sets", type=int, default=1)
    parser.add_argument("--evidence", action="store_true", help="Keep clips, with sound; a rule makes some.")
    parser.add_argument("--watch", type=Path, help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.watch:
        watch(told.watch, told.minutes * 60)
        return 0
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        facts = measure(Path(folder), told.sets, told.minutes, told.evidence, stack)
    report(facts, told.sets)
    return int(any(missed(facts, told.sets)))


def measure(folder: Path, sets: int, minutes: float, evidence: bool, stack: ExitStack) -> dict[str, Any]:
    """Start the other ends and the daemon; what it found of itself."""
    for name in ("broker", "store"):
        (folder / name).mkdir()
    port = free_port()
    stack.enter_context(rtsp_server(port))
    broker = stack.enter_context(Mosquitto(folder / "broker"))
    text = [sensor_set(n, port, broker.address) for n in range(sets)]
    kept = CLIPS if evidence else ""
    (folder / "site.toml").write_text(f'[store]\nfolder = "{folder}/store"\n{kept}' + "".join(text))
    publisher = stack.enter_context(broker.publisher())
    began_s = time.monotonic()
    command = [
        sys.executable,
        "-m",
        "benchmarks.daemon",
        "--watch",
        str(folder / "site.toml"),
        "--minutes",
        str(minutes),
    ]
    ways = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    child = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, env=ways))
    speak(publisher, child)
    facts: dict[str, Any] = json.loads(child.communicate()[0])
    facts["start_s"] = facts.pop("first_s") - began_s
    return facts


def speak(publisher: Publisher, child: subprocess.Popen[bytes]) -> None:
    """Publish every quantity once a second as long as the daemon lives."""
    random, due_s = np.random.default_rng(1), time.monotonic()
    while child.poll() is None:
        for number, value in enumerate(random.normal(20, 1, QUANTITIES)):
            publisher.publish(f"bench/{number}/temperature", f"{value:.2f}", wait=False)
        due_s += 1
        time.sleep(max(0.0, due_s - time.monotonic()))


def watch(config: Path, seconds: float) -> None:
    """Be the daemon, and print what it was like as JSON."""
    keep_little()
    sys.setswitchinterval(SWITCH_S)
    settings = load_settings(config)
    latencies = Latencies(SETTLE_S if len(settings.sensors) > SENSORS else 0.0)
    with ExitStack() as stack:
        site = build_site(settings, config)
        outlets = build_outlets(settings, site.streams, site.clock, site.engine.budget_ns, stack)
        outlets.add("latencies", latencies)
        daemon = Daemon(site, outlets.posts, None, seconds, outlets.keep)
        own_s, wall_s = time.process_time(), time.monotonic()
        readers: dict[str, float] = {}
        over = Event()
        look = Thread(target=lambda: [readers.update(reader_seconds()) for _ in iter(lambda: over.wait(5), True)])
        look.start()
        daemon.run()
        over.set()
        look.join()
        wall_s = time.monotonic() - wall_s
        facts = {
            "latencies_ns": latencies.all_ns, "first_s": latencies.first_s, "missing": latencies.missing,
            "unsettled": latencies.unsettled, "shed": STEPS[daemon.shedder.highest],
            "cpu": (time.process_time() - own_s) / wall_s, "resident_mb": resident_mb(os.getpid()),
            "readers_cpu": sum(readers.values()) / wall_s, "readers": len(readers),
            "clips": clip_figures(outlets), "late": daemon.intake.late, "dropped": sum(daemon.inbox.dropped.values()),
        }  # fmt: skip
    print(json.dumps(facts))


def clip_figures(outlets: Outlets) -> dict[str, float]:
    """What clips took: bytes in memory and on disk."""
    clipper = outlets.clipper
    if clipper is None:
        return {}
    tally = clipper.tally
    return {"ring": clipper.ring.size, "clips": tally.clips, "written": tally.written, "failed": tally.failed}


def reader_seconds() -> dict[str, float]:
    """CPU time of each reader's process, by its id."""
    ticks = os.sysconf("SC_CLK_TCK")
    return {pid: sum(map(int, fields[11:13])) / ticks for pid, fields in children()}


def children() -> Iterator[tuple[str, list[str]]]:
    """Processes of our own, with the fields of their state after the name."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        if fields[1] == str(os.getpid()):
            yield path.parent.name, fields


def resident_mb(pid: int) -> float:
    """Largest resident memory of a process so far, 10^6 bytes."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmHWM"))


def report(facts: dict[str, Any], sets: int) -> None:
    """Print it."""
    all_ms = np.array(facts["latencies_ns"]) / 1e6
    first_ms, all_ms = np.split(all_ms, [facts["unsettled"]])
    if len(first_ms):
        print(f"first {SETTLE_S:g} s: p99 {np.percentile(first_ms, 99):.1f} ms, max {first_ms.max():.1f} ms; then")
    p50, p99 = np.percentile(all_ms, (50, 99))
    print(f"{sets} sets, {len(all_ms):,} verdicts: p50 {p50:.1f} ms, p99 {p99:.1f} ms, max {all_ms.max():.1f} ms")
    print(f"  over 100 ms: {(all_ms > 100).mean():.4%}, over 200 ms: {(all_ms > 200).sum()}")
    print(f"  cold start to first verdict {facts['start_s']:.2f} s; resident {facts['resident_mb']:.0f} MB at most")
    print(f"  CPU {facts['cpu']:.1%} of a core, and {facts['readers_cpu']:.1%} by {facts['readers']} readers")
    print(f"  late scores {facts['late']}, dropped features {facts['dropped']}; most that was shed: "
          f"{facts['shed'] or 'nothing'}")  # fmt: skip
    print(f"  verdicts that missed a sensor, by reason: {facts['missing']}")
    if clips := facts["clips"]:
        print(f"  ring {clips['ring'] / 1e6:.1f} MB; {clips['clips']} clips, {clips['written'] / 1e6:.1f} MB written")
    print(f"  load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def missed(facts: dict[str, Any], sets: int) -> Iterator[str]:
    """The bars that were missed, printed."""
    all_ms = np.array(facts["latencies_ns"])[facts["unsettled"] :] / 1e6
    alone = sets == 1
    for what, value, most in (
        ("p99, ms", np.percentile(all_ms, 99), MOST_P99_MS if alone else MOST_MS),
        ("maximum, ms", all_ms.max(), MOST_MS),
        ("cold start, s", facts["start_s"], MOST_START_S),
        ("resident, MB", facts["resident_mb"], MOST_RESIDENT_MB if alone else np.inf),
        ("CPU, share of a core", facts["cpu"] + facts["readers_cpu"], MOST_CPU if alone else np.inf),
    ):
        if value > most:
            print(f"MISSED: {what} {value:.3g}, more than {most:.3g}")
            yield what


if __name__ == "__main__":
    sys.exit(main())
