"""What a camera over RTSP costs, how well its pictures are dated, and how soon it is missed and seen again.

The camera is a real server on this machine whose pictures tell when they were taken, 320x240, ten a second. `error` is
event time less that, `latency` what has passed when a consumer holds the picture; `CPU` is that of the reader, of one
core. The outages are those of `benchmarks.rtsp`, with the usual settings.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.rtsp import MOST_S, measure_outages, status
from sensors.video.live.decoding import RATES
from sensors.video.live.source import LiveVideoSource
from sensors.video.live.url import UrlSource
from tests.live.listening import Listening, readers
from tests.live.mjpeg_server import WebCamera
from tests.live.seeing import lateness_s, taken_ns
from tests.live.servers import free_port, rtsp_server


def main() -> int:
    """Print the tables; 1 where a bar was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--outages", nargs="*", type=float, default=[2.0, 7.0, 15.0], help="seconds of absence")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each cost is measured")
    told = parser.parse_args()
    port = free_port()
    with rtsp_server(port) as server, WebCamera() as web:
        print("stream              pictures   error ms median  p99   latency ms median  p99   CPU %   reader VmRSS")
        for name, transport in (("/clock", "tcp"), ("/clock", "udp"), ("/jpeg", "tcp")):
            url = f"rtsp://127.0.0.1:{port}{name}"
            source = UrlSource("bench/eye", url, transport="tcp" if transport == "tcp" else "udp")
            measure_cost(f"{name[1:]} {transport}", source, told.seconds)
        measure_cost("JPEG over HTTP", UrlSource("bench/eye", web.url), told.seconds)
        for level in range(1, len(RATES)):
            source = UrlSource("bench/eye", f"rtsp://127.0.0.1:{port}/clock")
            source.shed(level)
            measure_cost(f"clock, shed {level}", source, told.seconds)
        with Listening(UrlSource("bench/eye", f"rtsp://127.0.0.1:{port}/clock")) as eye:
            slowest_s = measure_outages(eye, server, told.outages)
    print(f"slowest return {slowest_s:.1f} s; nothing left behind")
    if slowest_s > MOST_S:
        print(f"MISSED: more than {MOST_S:g} s")
    return int(slowest_s > MOST_S)


def measure_cost(name: str, source: LiveVideoSource, seconds: float) -> None:
    """One line: how well pictures are dated, how soon they are there, what they cost."""
    late_s: list[float] = []
    chunks = source.chunks()
    next(chunks)
    (reader,) = readers()
    began_s, used_s, seen = time.monotonic(), cpu_s(reader), []
    for chunk in chunks:
        late_s.append(time.time() - taken_ns(chunk) / 1e9)
        seen.append(chunk)
        if time.monotonic() - began_s > seconds:
            break
    used = 100 * (cpu_s(reader) - used_s) / (time.monotonic() - began_s)
    memory = status(reader, "VmRSS")
    chunks.close()
    error_ms, latency_ms = 1000 * lateness_s(seen), 1000 * np.array(late_s)
    figures = f"{np.median(error_ms):15.1f} {np.percentile(np.abs(error_ms), 99):4.1f}"
    figures += f"   {np.median(latency_ms):17.1f} {np.percentile(latency_ms, 99):4.0f}"
    print(f"{name:18} {len(seen):9} {figures}   {used:5.1f}   {memory}", flush=True)


def cpu_s(pid: int) -> float:
    """What a process has used so far, seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
