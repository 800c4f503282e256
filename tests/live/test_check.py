"""`kizashi check` on live sensors: each is tried, all at once, and what is wrong is said of each."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.live.servers import free_port, rtsp_server
from tests.live.site import KIZASHI

SETTINGS = """
[[sensors]]
id = "yard/mic"
kind = "audio.url"
url = "rtsp://127.0.0.1:{port}/live"
[[sensors]]
id = "yard/camera"
kind = "video.url"
url = "rtsp://user:s3cret@127.0.0.1:{nobody}/clock"
[[rules]]
when = "temperature > 60 C and temperature < 50 C"
"""


def test_each_live_sensor_is_tried_and_no_password_is_told(tmp_path: Path) -> None:
    port = free_port()
    with rtsp_server(port):
        (tmp_path / "site.toml").write_text(SETTINGS.format(port=port, nobody=free_port()))
        command = [KIZASHI, "check", "--config", str(tmp_path / "site.toml"), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    told = {line["what"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 1
    assert told["yard/mic"]["fine"] is True
    assert told["yard/camera"]["fine"] is False
    assert "Connection refused" in told["yard/camera"]["detail"]
    assert told["rule 1"]["fine"] is False
    assert "s3cret" not in done.stdout + done.stderr
