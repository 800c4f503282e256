"""A live run that was recorded, beside its replay: the same verdicts, byte for byte, or others.

    python -m benchmarks.live_replay [--minutes 5]

`kizashi record` with the sensors of `benchmarks.daemon`, all real: an RTSP camera with sound and 20 quantities by MQTT.
Half way the camera's server is killed for ten seconds, so that an outage is replayed as well.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from threading import Timer

from benchmarks.daemon import sensor_set, speak
from fusion.records import VerdictLine, read_lines
from sensors.types import NS
from tests.live.broker import Mosquitto
from tests.live.servers import free_port, rtsp_server
from tests.live.site import KIZASHI

AWAY_S = 10.0


def main() -> int:
    """Print how many verdicts agree; 1 where one does not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5.0)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        live, again = record_and_replay(Path(folder), told.minutes * 60)
        lines = list(read_lines(live, VerdictLine))
        same = live.read_bytes() == again.read_bytes()
    judged = sum(line.p_value is not None for line in lines)
    steps_s = sorted({(later.at_ns - former.at_ns) / NS for former, later in pairwise(lines)})
    verdict = "the same" if same else "OTHERS"
    print(f"{len(lines):,} verdicts ({judged:,} with a p-value), {steps_s} s apart; replayed: {verdict}")
    return int(not same)


def record_and_replay(folder: Path, seconds: float) -> tuple[Path, Path]:
    """Where the verdicts of the live run lie, and those of its replay."""
    (folder / "broker").mkdir()
    config, out, replayed, port = folder / "site.toml", folder / "live", folder / "replayed", free_port()
    with ExitStack() as stack:
        server = stack.enter_context(rtsp_server(port))
        broker = stack.enter_context(Mosquitto(folder / "broker"))
        config.write_text(sensor_set(0, port, broker.address))
        publisher = stack.enter_context(broker.publisher())
        command = [KIZASHI, "record", "--config", str(config), "--out", str(out)]
        child = stack.enter_context(subprocess.Popen([*command, "--seconds", str(seconds)], stderr=subprocess.DEVNULL))
        for delay_s, act in ((seconds / 2, server.kill), (seconds / 2 + AWAY_S, server.start)):
            timer = Timer(delay_s, act)
            timer.start()
            stack.callback(timer.cancel)
        speak(publisher, child)
    subprocess.run([KIZASHI, "replay", str(out), "--config", str(config), "--out", str(replayed)], check=True)
    return out / "verdicts.jsonl", replayed / "verdicts.jsonl"


if __name__ == "__main__":
    sys.exit(main())
