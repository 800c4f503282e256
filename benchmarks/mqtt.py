"""A thousand messages a second for a minute through a real Mosquitto behind TLS and a password: nothing may be lost.

Why the publisher waits where it is ahead and never where it is behind: the pace is the sensor's, not the broker's. What
the source takes is its own CPU time and the largest distance between a message and its arrival; both on this box, with
broker and publisher beside it.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

from sensors.environment.live.mqtt import MqttSource
from tests.live.broker import USER, Mosquitto
from tests.live.listening import Listening
from tests.live.servers import poll

TOPICS = 20
GIVEN_UP_S = 15.0
"""Nothing more is waited for after so long a silence."""


def main() -> int:
    """Print what was sent, what came, and how late; 1 where anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=1000, help="messages a second")
    parser.add_argument("--seconds", type=int, default=60)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Mosquitto(Path(folder), locked=True) as broker:
        source = MqttSource(
            "hall/air", broker.address, topics="pace/+/temperature", user=USER,
            password_file=broker.password, ca_file=broker.ca,
        )  # fmt: skip
        with Listening(source) as ear:
            lost = flood(broker, ear, told.rate, told.seconds)
        print(f"source: dropped {source.dropped}, late {source.late}, begun again {source.restarts} times")
    return int(lost > 0)


def flood(broker: Mosquitto, ear: Listening, rate: int, seconds: int) -> int:
    """Publish at that rate; how many were lost."""
    with broker.publisher() as client:

        def heard() -> bool:
            client.publish("pace/0/temperature", "-1")
            return bool(ear.chunks)

        poll(heard, "a subscription")
        client.publish("pace/0/temperature", "-2")
        poll(lambda: ear.chunks[-1].data[0, 0] == -2, "the last of the greetings")
        before, began_s, cpu_s = len(ear.chunks), time.monotonic(), time.process_time()
        behind_s, many = 0.0, rate * seconds
        for number in range(many):
            ahead_s = began_s + number / rate - time.monotonic()
            behind_s = max(behind_s, -ahead_s)
            if ahead_s > 0:
                time.sleep(ahead_s)
            client.publish(f"pace/{number % TOPICS}/temperature", str(number / 1000), wait=False)
        sent_s = time.monotonic() - began_s
        come, last_s = 0, time.monotonic()
        while come < many and time.monotonic() - last_s < GIVEN_UP_S:
            time.sleep(0.01)
            if len(ear.chunks) - before > come:
                come, last_s = len(ear.chunks) - before, time.monotonic()
    took_s = last_s - began_s
    values = [float(chunk.data[0, 0]) for chunk in ear.chunks[before:]]
    lost = many - len(set(values) & {number / 1000 for number in range(many)})
    print(f"sent {many:,} in {sent_s:.1f} s ({many / sent_s:.0f} a second, at most {behind_s:.2f} s behind)")
    print(f"came {len(values):,}, lost {lost}, the last {took_s - sent_s:.2f} s after it was sent")
    cpu = (time.process_time() - cpu_s) / many * 1e6
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{cpu:.0f} us of CPU a message, publisher included; {memory:.0f} MiB")
    return lost


if __name__ == "__main__":
    sys.exit(main())
