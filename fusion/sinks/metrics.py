"""Figures of a live watch for Prometheus (text format 0.0.4), on an address of their own; loopback unless told else.

Names follow https://prometheus.io/docs/practices/naming/: base units, `_total` for what only grows. No address and no
secret is a label.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

from fusion.sinks.news import Changed, Condition, News, Verdict
from sensors.errors import BadInputError
from sensors.types import NS, State

BUCKETS_S = (0.025, 0.05, 0.075, 0.1, 0.125, 0.15, 0.175, 0.2, 0.3, 0.5, 1.0, 5.0)

Sample = tuple[str, str, str, dict[str, str], float]
"""Name, kind, what it is, labels, value."""

Gauges = Callable[[], Iterator[Sample]]


class Figures:
    """A sink that counts.

    Parameters
    ----------
    bound_ns : int
        A verdict later than this is late.
    more : callable () -> iterator of Sample
        What others count, asked for each reading.
    """

    def __init__(self, bound_ns: int, more: Gauges = lambda: iter(())) -> None:
        self.more = more
        self._bound_ns, self._lock = bound_ns, Lock()
        self._buckets = [0] * (len(BUCKETS_S) + 1)
        self._sum_s, self._count, self._late = 0.0, 0, 0
        self._most_ns, self._last_ns, self._degraded = 0, 0, 0
        self._changes: dict[tuple[str, str], int] = {}
        self._states: dict[str, str] = {}

    def deliver(self, news: News) -> None:
        """Count it."""
        with self._lock:
            if isinstance(news, Verdict):
                latency_s = news.latency_ns / NS
                self._buckets[bisect_left(BUCKETS_S, latency_s)] += 1
                self._sum_s, self._count = self._sum_s + latency_s, self._count + 1
                self._late += news.latency_ns > self._bound_ns
                self._most_ns = max(self._most_ns, news.latency_ns)
                self._last_ns = news.verdict.at_ns
                self._degraded += news.verdict.degraded
            elif isinstance(news, Changed):
                key = str(news.change), news.incident.severity.name.lower()
                self._changes[key] = self._changes.get(key, 0) + 1
            elif isinstance(news, Condition):
                self._states[news.health.stream] = str(news.health.state)

    def text(self) -> str:
        """All figures, as Prometheus reads them."""
        lines: list[str] = []
        told: set[str] = set()
        with self._lock:
            own = [*self._own()]
        for name, kind, what, labels, value in [*own, *self.more()]:
            family = re.sub(r"_(bucket|sum|count)$", "", name) if kind == "histogram" else name
            if family not in told:
                told.add(family)
                lines += [f"# HELP {family} {what}", f"# TYPE {family} {kind}"]
            inner = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
            lines.append(f"{name}{{{inner}}} {value:.10g}" if inner else f"{name} {value:.10g}")
        return "\n".join(lines) + "\n"

    def _own(self) -> Iterator[Sample]:
        name, what = "kizashi_verdict_latency_seconds", "From the end of a tick to its verdict."
        total = 0
        for bound, count in zip((*BUCKETS_S, "+Inf"), self._buckets, strict=True):
            total += count
            yield f"{name}_bucket", "histogram", what, {"le": str(bound)}, total
        yield f"{name}_sum", "histogram", what, {}, self._sum_s
        yield f"{name}_count", "histogram", what, {}, self._count
        most = "kizashi_verdict_latency_seconds_max"
        yield most, "gauge", "Longest latency since the start.", {}, self._most_ns / NS
        yield "kizashi_verdicts_late_total", "counter", "Verdicts given after their bound.", {}, self._late
        yield "kizashi_verdicts_degraded_total", "counter", "Verdicts without some sensor.", {}, self._degraded
        when = "kizashi_last_verdict_timestamp_seconds"
        yield when, "gauge", "Event time of the last verdict.", {}, self._last_ns / NS
        for (change, severity), count in sorted(self._changes.items()):
            labels = {"change": change, "severity": severity}
            yield "kizashi_incident_changes_total", "counter", "What became of incidents.", labels, count
        for stream, state in sorted(self._states.items()):
            for one in State:
                labels = {"sensor": stream, "state": str(one)}
                yield "kizashi_sensor_state", "gauge", "1 for the state that a sensor is in.", labels, one == state


class MetricsServer:
    """Answers GET /metrics; nothing else.

    Parameters
    ----------
    address : str
        "127.0.0.1:9464".
    figures : Figures
        What to tell.

    Raises
    ------
    BadInputError
        If this is no address, or it is taken.
    """

    def __init__(self, address: str, figures: Figures) -> None:
        host, _, port = address.rpartition(":")
        try:
            self._server = _Server((host.strip("[]") or "127.0.0.1", int(port)), _answering(figures))
        except (OSError, ValueError, OverflowError) as error:
            what = f"nobody can be answered at '{address}' ({getattr(error, 'strerror', None) or 'no address'})"
            raise BadInputError(what, where="[metrics] address", mend="give one like 127.0.0.1:9464") from error
        self._thread = Thread(target=self._server.serve_forever, name="metrics", daemon=True, args=(0.1,))
        self._thread.start()

    def close(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(2)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


def _answering(figures: Figures) -> type[BaseHTTPRequestHandler]:
    class Answer(BaseHTTPRequestHandler):
        """One request."""

        timeout = 5
        server_version, sys_version = "kizashi", ""

        def do_GET(self) -> None:  # noqa: N802 - the library's name
            """Tell the figures."""
            found = self.path.partition("?")[0] == "/metrics"
            body = figures.text().encode() if found else b"there is /metrics\n"
            with suppress(OSError):
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Answer


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
