"""Clips of a daemon that hears and sees a real camera: put away while an incident lasts, whole after a SIGKILL."""

from __future__ import annotations

import json
import signal
import subprocess
import urllib.request
from contextlib import closing
from pathlib import Path

import av
import soundfile  # type: ignore[import-untyped]

from fusion.store.database import read_database
from fusion.vault.segments import INDEX, Kept, read_clips
from fusion.vault.users import Role, Users
from tests.live.servers import free_port, poll, rtsp_server
from tests.live.site import KIZASHI, Site

SETTINGS = """
[store]
folder = "{store}"
[evidence]
enabled = true
sound = {sound}
pre_s = 3
post_s = 1
[metrics]
address = "127.0.0.1:{metrics}"
[[rules]]
when = "temperature > 60 C"
severity = "critical"
[[sensors]]
id = "yard/mic"
kind = "audio.url"
url = "rtsp://127.0.0.1:{rtsp}/live"
[[sensors]]
id = "yard/camera"
kind = "video.url"
url = "rtsp://127.0.0.1:{rtsp}/clock"
"""
WORDS = "four words are better"


def figure(port: int, name: str) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return next((float(line.split()[1]) for line in lines if line.startswith(f"{name} ")), 0.0)


def streams(folder: Path) -> set[str]:
    with closing(read_database(folder, INDEX)) as index:
        return {stream for (stream,) in index.execute("SELECT stream FROM segments")}


def test_a_clip_of_sound_and_picture_survives_a_kill_and_can_be_exported(tmp_path: Path) -> None:
    store, rtsp, metrics = tmp_path / "memory", free_port(), free_port()

    def clips() -> list[Kept]:
        return read_clips(store / "clips")

    told = SETTINGS.format(store=store, sound="true", rtsp=rtsp, metrics=metrics)
    with rtsp_server(rtsp), Site(tmp_path, told) as site:
        poll(lambda: figure(metrics, "kizashi_ring_bytes") > 300_000, "seconds of sound and picture")

        def put_away() -> bool:
            site.say(70)
            return bool(clips()) and len(streams(store / "clips")) == 2

        poll(put_away, "a clip of both")
        site.end(signal.SIGKILL)
        (kept,) = clips()
        site.start()
        poll(lambda: figure(metrics, "kizashi_verdicts_total") > 5, "verdicts")
        assert clips()[0] == kept
        assert site.end() == 0
    assert not list((store / "clips").glob("*.partial"))
    Users(store, 64).add("anna", Role.AUDITOR, WORDS)
    command = [KIZASHI, "incidents", "export", kept.incidents[0], "--config", str(site.config)]
    command += ["--out", str(tmp_path / "out"), "--as", "anna", "--password-file", "-"]
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=120, input=WORDS)
    media = json.loads((tmp_path / "out" / "incident.json").read_bytes())["media"]
    assert {one["stream"] for one in media} == {"yard/mic", "yard/camera"}
    for one in media:
        if one["file"].endswith(".flac"):
            samples, rate_hz = soundfile.read(tmp_path / "out" / one["file"])
            assert len(samples) / rate_hz > 1
            assert abs(samples).max() > 0.01
        else:
            with av.open(str(tmp_path / "out" / one["file"])) as box:
                assert len(list(box.decode(video=0))) > 5
    with closing(read_database(store)) as database:
        (opened_ns,) = database.execute("SELECT min(opened_ns) FROM incidents").fetchone()
    assert kept.start_ns < opened_ns


def test_without_being_asked_nothing_is_kept_of_what_is_seen(tmp_path: Path) -> None:
    store, rtsp, metrics = tmp_path / "memory", free_port(), free_port()
    told = SETTINGS.format(store=store, sound="true", rtsp=rtsp, metrics=metrics).replace("enabled = true", "")
    with rtsp_server(rtsp), Site(tmp_path, told) as site:

        def happened() -> bool:
            site.say(70)
            return site.told("incident")

        poll(happened, "an incident")
        assert figure(metrics, "kizashi_ring_bytes") == 0
        assert site.end() == 0
    assert not (store / "clips").exists()
