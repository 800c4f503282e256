"""`kizashi init`: finds what is there, writes what can be used, and never over what somebody wrote."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from typing import Any

import pytest

from fusion.commands.beginning import Found, site_text
from fusion.config import load_settings
from sensors.audio.live.finding import find_microphones, speaks_wyoming
from sensors.environment.live.finding import Door, find_broker
from sensors.video.live.finding import NetworkCamera, find_cameras, find_network_cameras
from tests.live.broker import Mosquitto
from tests.live.onvif_camera import OnvifCamera
from tests.live.servers import Pulse, free_port, wyoming_server

KIZASHI = str(Path(sysconfig.get_path("scripts")) / "kizashi")


def kizashi(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    ways = {**os.environ, **environment}
    return subprocess.run([KIZASHI, *map(str, arguments)], capture_output=True, text=True, timeout=90, env=ways)


def begun(path: Path, *options: object, **environment: str) -> dict[str, Any]:
    done = kizashi("init", "--out", path, "--seconds", 0.3, *options, **environment)
    assert not done.returncode, done.stderr
    return tomllib.loads(path.read_text(encoding="utf-8"))


def test_a_microphone_and_a_broker_are_found_and_the_file_passes_check(tmp_path: Path) -> None:
    (tmp_path / "broker").mkdir()
    path = tmp_path / "site.toml"
    with Pulse() as pulse, Mosquitto(tmp_path / "broker") as broker:
        pulse.plug()
        told = begun(path, "--name", "店", "--host", f"127.0.0.1:{broker.port}", **pulse.environment)
        checked = kizashi("check", "--config", path, **pulse.environment)
    assert told["name"] == "店"
    assert [sensor["kind"] for sensor in told["sensors"]] == ["audio.microphone"]
    assert told["mqtt"]["address"] == broker.address
    assert not checked.returncode, checked.stdout + checked.stderr
    assert "gave something" in checked.stdout


def test_without_anything_there_all_is_a_comment_and_the_file_passes_check(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(site_text(Found(), 'a "place"', "site.toml"))
    assert tomllib.loads(path.read_text()) == {"name": 'a "place"', "false_alarms_per_day": 1.0}
    assert not kizashi("check", "--config", path).returncode


def test_what_somebody_wrote_is_overwritten_only_by_force(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text("name = 'mine'")
    refused = kizashi("init", "--out", path, "--seconds", 0.1)
    assert (refused.returncode, path.read_text()) == (3, "name = 'mine'")
    assert "--force" in refused.stderr
    assert begun(path, "--force")["name"] == "My place"


def test_every_comment_of_the_file_is_a_setting_that_there_is(tmp_path: Path) -> None:
    found = Found(("a",), (("/dev/video0", "c"),), (NetworkCamera("192.0.2.7", "d"),), (("b", Door.LOCKED),), ("w",))
    lines = [line.removeprefix("# ") for line in site_text(found, "x", "site.toml").splitlines()]
    uncommented = [
        line for line in lines if line.startswith("[") or (" = " in line and line.split(" = ")[0].isidentifier())
    ]
    path = tmp_path / "site.toml"
    path.write_text("\n".join(line for line in uncommented if not line.startswith('device = "a')))
    settings = load_settings(path)
    kinds = ["audio.microphone", "audio.wyoming", "video.v4l2", "video.url", "environment.mqtt"]
    assert [sensor["kind"] for sensor in settings.sensors] == kinds
    assert (settings.pushes[0].name, settings.logs[0].address, settings.cap.status) == ("phone", "journal:", "Test")


def test_cameras_of_the_network_are_found_by_their_answer_whatever_else_comes() -> None:
    with OnvifCamera() as camera:
        found = find_network_cameras(0.3, camera.address)
    assert found == (NetworkCamera("192.0.2.7", "Door cam"), NetworkCamera("fe80::1", "Door cam"))
    assert camera.questions
    assert find_network_cameras(0.1, ("127.0.0.1", free_port())) == ()


def test_cameras_are_called_by_the_group_of_every_network() -> None:
    code = (
        "import subprocess; subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)\n"
        "from sensors.video.live.finding import find_network_cameras\n"
        "from tests.live.onvif_camera import OnvifCamera\n"
        "with OnvifCamera(network='lo') as camera:\n"
        "    found = find_network_cameras(0.5)\n"
        "print(*(one.host for one in found), len(camera.questions))\n"
    )
    command = ["unshare", "--net", sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=Path(__file__).parents[2])
    assert done.stdout.split() == ["192.0.2.7", "fe80::1", "1"], done.stderr


def test_cameras_of_this_machine_are_those_that_take_pictures(tmp_path: Path) -> None:
    for name, index in (("video0", 0), ("video1", 1), ("video2", 0), ("video3", 0)):
        (tmp_path / "sys" / name).mkdir(parents=True)
        (tmp_path / "sys" / name / "index").write_text(f"{index}\n")
        (tmp_path / "sys" / name / "name").write_text(f"Camera {name}\n")
    by_id = tmp_path / "dev" / "v4l" / "by-id"
    by_id.mkdir(parents=True)
    for name in ("video0", "video1", "video2"):
        (tmp_path / "dev" / name).touch()
    (by_id / "usb-Door-index0").symlink_to("../../video2")
    assert find_cameras(tmp_path / "sys", tmp_path / "dev") == (
        (str(tmp_path / "dev/video0"), "Camera video0"),
        (str(by_id / "usb-Door-index0"), "Camera video2"),
    )
    assert find_cameras(tmp_path / "nothing", tmp_path) == ()


def test_a_broker_is_open_locked_or_none(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    with Mosquitto(tmp_path / "open") as broker:
        assert find_broker("127.0.0.1", broker.port) is Door.OPEN
    assert find_broker("127.0.0.1", broker.port) is Door.NONE


def test_a_network_microphone_describes_itself_and_others_do_not() -> None:
    port = free_port()
    assert not speaks_wyoming("127.0.0.1", port)
    with wyoming_server(port, "satellite"):
        assert speaks_wyoming("127.0.0.1", port)
    with wyoming_server(port, "rubbish"):
        assert not speaks_wyoming("127.0.0.1", port, 0.5)


def test_a_machine_without_a_sound_server_has_no_microphones_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_SERVER", "unix:/nowhere")
    assert find_microphones() == ()
