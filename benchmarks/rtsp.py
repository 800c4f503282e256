"""How soon the ear notices that an RTSP server is gone, and hears it again when it is back; with the usual settings.

Why several lengths of outage: the longer it lasts the longer the pauses between two attempts, and the worst moment for
a return is just after an attempt began that will only be given up.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from sensors.audio.live.url import UrlSource
from sensors.types import State
from tests.live.listening import Listening, readers
from tests.live.servers import Server, free_port, rtsp_server

MOST_S = 10.0


def main() -> int:
    """Print the table; 1 where a bar was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--outages", nargs="+", type=float, default=[2.0, 7.0, 15.0], help="seconds of absence")
    told = parser.parse_args()
    port = free_port()
    with rtsp_server(port) as server, Listening(UrlSource("bench/ear", f"rtsp://127.0.0.1:{port}/live")) as ear:
        slowest_s = measure_outages(ear, server, told.outages)
        for name in ("VmRSS", "Threads"):
            print(f"reader {name}: {status(readers()[0], name)}")
    print(f"slowest return {slowest_s:.1f} s; nothing left behind")
    if slowest_s > MOST_S:
        print(f"MISSED: more than {MOST_S:g} s")
    return int(slowest_s > MOST_S)


def measure_outages(ear: Listening, server: Server, outages_s: list[float]) -> float:
    """A line for each way to be gone and each length; the slowest return, seconds."""
    ear.until_up()
    print("outage s   what                 DOWN after s   UP s after return   reason")
    slowest_s = 0.0
    for outage_s in outages_s:
        for what, go, come in (
            ("killed, restarted", server.kill, server.start),
            ("hangs, goes on", server.pause, server.resume),
            ("hangs, restarted", server.pause, lambda: restart(server)),
        ):
            slowest_s = max(slowest_s, measure(ear, what, outage_s, go, come))
    return slowest_s


def measure(ear: Listening, what: str, outage_s: float, go: Callable[[], None], come: Callable[[], None]) -> float:
    """One outage; seconds from the return to what is next heard or seen."""
    ear.until_up(20)
    told = len(ear.health)
    gone_s = time.monotonic()
    go()
    ear.until(lambda: len(ear.health) > told)
    down_s = time.monotonic() - gone_s
    reason = ear.health[told].reason
    time.sleep(max(0.0, outage_s - down_s))
    come()
    back_s = time.monotonic()
    ear.until(lambda: ear.health[-1].state is State.UP)
    return_s = time.monotonic() - back_s
    print(f"{outage_s:8.1f}   {what:18} {down_s:14.2f} {return_s:19.2f}   {reason}", flush=True)
    return return_s


def restart(server: Server) -> None:
    """As after a power cut: what was open is gone."""
    server.kill()
    server.start()


def status(pid: int, name: str) -> str:
    """A line of the system's view of a process."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(line.split(":")[1].strip() for line in lines if line.startswith(name))


if __name__ == "__main__":
    sys.exit(main())
