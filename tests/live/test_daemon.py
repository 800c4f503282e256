"""The daemon as a process, with real sensors: it ends when told, remembers, and what it recorded replays alike."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from itertools import pairwise
from pathlib import Path

from tests.live.broker import Mosquitto
from tests.live.hook_server import HookServer
from tests.live.listening import readers
from tests.live.servers import free_port, poll, rtsp_server
from tests.live.site import KIZASHI, TAIL, Site
from tests.live.subscriber import Subscriber

CAMERA = """
false_alarms_per_day = 5000
[[sensors]]
id = "yard/mic"
kind = "audio.url"
url = "rtsp://127.0.0.1:{port}/live"
chunk_s = 0.05
stall_s = 1.0
[[sensors]]
id = "yard/camera"
kind = "video.url"
url = "rtsp://127.0.0.1:{port}/clock"
stall_s = 1.0
"""
SINKS = """
name = "Shop"
[store]
folder = "{memory}"
[mqtt]
address = "{broker}"
[[webhooks]]
name = "me"
url = "{hook}"
secret_file = "{secret}"
[[rules]]
when = "temperature > 60 C"
severity = "critical"
"""
END_S = 5.0
TICK_NS = 100_000_000


def kinds(hook: HookServer) -> list[str]:
    return [event["type"].rpartition(".")[2] for event in hook.events]


def until_told(site: Site, hook: HookServer, incidents: int) -> None:
    """Let it be hot until so many incidents were told."""

    def told() -> bool:
        site.say(70)
        return kinds(hook).count("new") == incidents

    poll(told, "an incident")


def test_a_live_run_through_an_outage_replays_to_the_same_bytes(tmp_path: Path) -> None:
    port, out = free_port(), tmp_path / "recording"
    with rtsp_server(port) as server, Site(tmp_path, CAMERA.format(port=port), "record", "--out", str(out)) as site:
        lines = out / "verdicts.jsonl"
        poll(lambda: len(list(out.glob("*camera/*.png"))) > 20 and list(out.glob("*mic/*.wav")), "sound and sight")
        for number in range(40):
            site.say(20 + number % 3)
        server.kill()
        site.until("sensor yard/mic is down")
        server.start()
        site.until("sensor yard/mic is up")
        assert site.end() == 0
    assert not readers()
    ticks = [json.loads(line)["at_ns"] for line in lines.read_bytes().splitlines()]
    assert {b - a for a, b in pairwise(ticks)} == {TICK_NS}
    replayed = tmp_path / "replayed"
    command = [KIZASHI, "replay", str(out), "--config", str(site.config), "--out", str(replayed)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    assert (replayed / "verdicts.jsonl").read_bytes() == lines.read_bytes()


def test_who_is_killed_in_an_incident_loses_and_doubles_none_at_any_sink(tmp_path: Path) -> None:
    (tmp_path / "broker").mkdir()
    (tmp_path / "secret").write_text("hush")
    with HookServer(b"hush") as hook, Mosquitto(tmp_path / "broker") as broker, Subscriber(broker) as ear:
        told = {
            "memory": tmp_path / "memory",
            "broker": broker.address,
            "hook": hook.url,
            "secret": tmp_path / "secret",
        }
        with Site(tmp_path, SINKS.format(**told)) as site:
            until_told(site, hook, 1)
            broker.kill()
            site.end(signal.SIGKILL)
            broker.start()
            site.start()
            until_told(site, hook, 2)
            assert site.end() == 0
        poll(lambda: len(hook.events) == 4, "all that happened")
        poll(lambda: ear.last("kizashi/shop/incident") and not ear.last("kizashi/shop/incident")["open"], "its end")
    assert kinds(hook) == ["new", "end", "new", "end"]
    assert len({event["id"] for event in hook.events}) == 4
    assert hook.forged == 0
    told_twice = [event["id"] for event in ear.said("kizashi/shop/incidents")]
    assert len(told_twice) == len(set(told_twice))


def test_it_ends_in_time_and_remembers_what_it_learned(tmp_path: Path) -> None:
    folder = tmp_path / "memory"
    with Site(tmp_path, f'[store]\nfolder = "{folder}"') as site:
        for number in range(50):
            site.say(20 + number % 3)
        began_s = time.monotonic()
        assert site.end() == 0
        assert time.monotonic() - began_s < END_S
    manifest = json.loads((folder / "learned" / "manifest.json").read_bytes())
    assert manifest["sensors"] == {"hall/air": "environment"}


def test_who_begins_again_soon_goes_on_where_it_stood(tmp_path: Path) -> None:
    with Site(tmp_path, f'[store]\nfolder = "{tmp_path}/memory"') as site:
        for number in range(20):
            site.say(20 + number % 3)
        assert site.end() == 0
        assert not site.told("going on where the watch stood")
        site.start()
        site.until("going on where the watch stood")
        assert site.end() == 0


def test_who_is_killed_begins_again_with_what_was_saved(tmp_path: Path) -> None:
    folder = tmp_path / "memory"
    with Site(tmp_path, f'[store]\nfolder = "{folder}"\nsave_every_s = 0.2') as site:
        poll(lambda: (folder / "learned").exists(), "something saved")
        site.end(signal.SIGKILL)
        site.start()
        assert site.end() == 0
    assert not list(folder.glob("*.broken*"))


def test_only_one_daemon_has_a_folder_and_status_tells_of_it(tmp_path: Path) -> None:
    with Site(tmp_path, f'[store]\nfolder = "{tmp_path}/memory"') as site:
        again = subprocess.run([KIZASHI, "run", "--config", str(site.config)], capture_output=True, text=True)
        assert again.returncode == 3
        assert "another daemon keeps its memory there" in again.stderr
        command = [KIZASHI, "status", "--config", str(site.config), "--json"]
        alive = subprocess.run(command, capture_output=True, text=True)
        site.end()
        dead = subprocess.run(command, capture_output=True, text=True)
    assert [(alive.returncode, json.loads(alive.stdout)["running"]), (dead.returncode, dead.stderr)] == [
        (0, True), (1, "")
    ]  # fmt: skip
    told = json.loads(dead.stdout)
    assert told["verdicts"] > 0
    assert told["sensors"] == {"hall/air": "up"}


def test_the_service_manager_hears_that_verdicts_come(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(30)
        with Site(tmp_path, NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="300000") as site:
            told = [manager.recv(4096).decode().splitlines()[0] for _ in range(3)]
            assert told == ["READY=1", "WATCHDOG=1", "WATCHDOG=1"]
            site.end()


def test_nobody_listens_but_who_was_told_to_and_he_only_on_this_machine(tmp_path: Path) -> None:
    with Site(tmp_path, f'[store]\nfolder = "{tmp_path}/memory"') as site:
        assert not listening(site.pid)
        site.end()
    port = free_port()
    with Site(tmp_path, f'[metrics]\naddress = "127.0.0.1:{port}"') as site:
        assert listening(site.pid) == [("0100007F", port)]
        site.end()


def listening(pid: int) -> list[tuple[str, int]]:
    """Addresses, as the system writes them, and ports at which a process listens."""
    own = {os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir()}
    out = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if state == "0A" and f"socket:[{rest[5]}]" in own:
                address, _, port = local.partition(":")
                out.append((address, int(port, 16)))
    return out


def test_new_settings_are_taken_up_and_bad_ones_leave_the_old(tmp_path: Path) -> None:
    with Site(tmp_path, f'[store]\nfolder = "{tmp_path}/memory"') as site:
        good = site.config.read_text()
        site.config.write_text(f"flase_alarms_per_day = 1\n{good}")
        os.kill(site.pid, signal.SIGHUP)
        site.until("the new settings cannot be used, the old ones stay")
        site.config.write_text(f'[metrics]\naddress = "nowhere"\n{good}')
        os.kill(site.pid, signal.SIGHUP)
        site.until("the new settings cannot be used, the old ones again")
        site.config.write_text(good + TAIL.format(path=site.table).replace("hall/air", "yard/air"))
        os.kill(site.pid, signal.SIGHUP)
        site.until("watching with hall/air, yard/air")
        assert site.end() == 0


def test_bad_settings_are_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text('[[sensors]]\nid = "a"\nkind = "audio.ulr"')
    command = [KIZASHI, "run", "--config", str(tmp_path / "site.toml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 3
    assert "did you mean 'audio.url'?" in done.stderr
    assert len(done.stderr.splitlines()) == 1
