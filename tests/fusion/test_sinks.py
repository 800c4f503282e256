"""Sinks behind their queues: none stalls the watch, nothing goes uncounted, what is written is whole."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from fusion.sinks.lines import LinesSink
from fusion.sinks.metrics import BUCKETS_S, Figures, MetricsServer
from fusion.sinks.news import Condition, News
from fusion.sinks.post import Post
from sensors.errors import BadInputError
from sensors.types import NS, Health, State
from tests.fusion.incidents import AT_NS, closed, opened, told
from tests.live.servers import free_port

MS = 1_000_000


class Slow:
    """Takes its first news only when it is let go, and fails at those of no latency."""

    def __init__(self) -> None:
        self.go, self.got = Event(), list[News]()

    def deliver(self, news: News) -> None:
        self.go.wait(30)
        if news == told(latency_ns=0):
            raise OSError(5, "Input/output error")
        self.got.append(news)


def test_a_slow_sink_loses_verdicts_first_and_counts_them() -> None:
    slow = Slow()
    post = Post("slow", slow, limit=3)
    given: list[News] = [opened("1"), *(told(AT_NS + n) for n in range(5)), opened("2"), closed("2")]
    for news in given:
        post.put(news)
    slow.go.set()
    assert post.close(20)
    assert post.dropped == len(given) - len(slow.got)
    assert [news for news in slow.got if news in (opened("1"), opened("2"), closed("2"))] == [
        opened("1"), opened("2"), closed("2")
    ]  # fmt: skip


def test_a_sink_that_fails_is_tried_again_with_the_next() -> None:
    slow = Slow()
    slow.go.set()
    post = Post("broken", slow)
    post.put(told(latency_ns=0))
    post.put(opened())
    assert post.close(20)
    assert post.failed == 1
    assert slow.got == [opened()]


def test_lines_turn_at_a_size_and_the_oldest_go(tmp_path: Path) -> None:
    sink = LinesSink(tmp_path, most_bytes=1000)
    for number in range(40):
        sink.deliver(told(AT_NS + number))
    sink.deliver(opened())
    sink.deliver(closed())
    sink.close()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert {"incidents.jsonl", "verdicts.jsonl.1", "verdicts.jsonl.2"} <= set(names)
    assert "verdicts.jsonl.3" not in names
    newest = json.loads((tmp_path / "verdicts.jsonl.1").read_bytes().splitlines()[-1])
    assert newest["at_ns"] > json.loads((tmp_path / "verdicts.jsonl.2").read_bytes().splitlines()[-1])["at_ns"]
    ends = [json.loads(line)["closed_ns"] for line in (tmp_path / "incidents.jsonl").read_bytes().splitlines()]
    assert ends == [None, AT_NS + NS]


def test_a_full_disk_leaves_whole_lines_only(tmp_path: Path) -> None:
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from fusion.sinks.lines import LinesSink; from tests.fusion.incidents import opened\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); hard = resource.RLIM_INFINITY\n"
        "sink = LinesSink(Path(sys.argv[1])); sink.deliver(opened())\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (900, hard))\n"
        "try: sink.deliver(opened()); sink.deliver(opened())\n"
        "except OSError as error: print('full')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard)); sink.deliver(opened())"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "full", done.stderr
    lines = (tmp_path / "incidents.jsonl").read_bytes().splitlines()
    assert len(lines) >= 2
    assert all(json.loads(line)["id"] == "1a" for line in lines)


def figures() -> Figures:
    out = Figures(200 * MS, lambda: iter([("kizashi_more", "gauge", "What others count.", {"sensor": 'a"b\n'}, 2)]))
    for latency_ms in (20, 60, 60, 250):
        out.deliver(told(latency_ns=latency_ms * MS))
    out.deliver(opened())
    out.deliver(Condition(Health("hall/mic", AT_NS, State.DOWN, "gone")))
    return out


SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)')


def test_figures_are_what_prometheus_reads() -> None:
    samples, types = {}, {}
    for line in figures().text().splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            assert name not in types
            types[name] = kind
        elif not line.startswith("#"):
            match = SAMPLE.fullmatch(line)
            assert match, line
            samples[match[1], match[2] or ""] = float(match[3])
    assert all(name.startswith("kizashi_") for name, _ in samples)
    assert all(name.endswith("_total") for name, kind in types.items() if kind == "counter")
    buckets = [samples["kizashi_verdict_latency_seconds_bucket", f'le="{bound}"'] for bound in (*BUCKETS_S, "+Inf")]
    assert buckets == sorted(buckets)
    assert buckets[-1] == samples["kizashi_verdict_latency_seconds_count", ""] == 4
    assert samples["kizashi_verdict_latency_seconds_bucket", 'le="0.075"'] == 3
    assert samples["kizashi_verdicts_late_total", ""] == 1
    assert samples["kizashi_verdict_latency_seconds_max", ""] == 0.25
    assert samples["kizashi_incident_changes_total", 'change="opened",severity="high"'] == 1
    assert samples["kizashi_sensor_state", 'sensor="hall/mic",state="down"'] == 1
    assert samples["kizashi_sensor_state", 'sensor="hall/mic",state="up"'] == 0


def test_the_endpoint_tells_figures_and_nothing_else() -> None:
    address = f"127.0.0.1:{free_port()}"
    with closing(MetricsServer(address, figures())):
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
            assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            assert b"kizashi_verdicts_late_total 1" in answer.read()
        with pytest.raises(urllib.error.HTTPError, match="404") as refused:
            urllib.request.urlopen(f"http://{address}/etc/passwd", timeout=10)
        refused.value.close()
        with pytest.raises(BadInputError, match="nobody can be answered"):
            MetricsServer(address, figures())


@pytest.mark.parametrize("address", ["here", "127.0.0.1:port", "127.0.0.1:99999"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(BadInputError, match=r"\[metrics\] address"):
        MetricsServer(address, figures())
