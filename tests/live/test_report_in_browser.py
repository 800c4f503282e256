"""report.html in a real browser: it renders, fits the screen, follows the scheme, and runs nothing from names."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from fusion.recording import Label, Recording, SensorEntry
from fusion.report.page import write_page
from fusion.report.timeline import read_timeline
from sensors.types import NS

START_NS = 1_730_912_397 * NS
SCRIPT = "<script>document.title='run'</script>"
IMAGE = "\"><img src=x onerror=document.title='run'>"
COMMENT = "--><svg onload=document.title='run'>"
CHROMIUM = (
    "chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars --disable-dev-shm-usage"
).split()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    lines: list[dict[str, Any]] = []
    for tick in range(300):
        senses = {"audio": {"p_value": 1e-6 if 100 <= tick < 120 else 0.2, "share": 1.0, "top": SCRIPT}}
        missing = {IMAGE: SCRIPT} if tick > 200 else {}
        rate = None if tick < 50 else 0.01 if 100 <= tick < 120 else 3000.0
        at_ns = START_NS + tick * NS // 10
        lines.append({"at_ns": at_ns, "p_value": 0.1, "per_day": rate, "missing": missing, "senses": senses})
    channel = {"channel": SCRIPT, "p_value": 1e-6, "saturated": True, "value": 3.0, "usual": 1.0, "unit": IMAGE}
    incident = {
        "id": SCRIPT,
        "opened_ns": START_NS + 10 * NS,
        "closed_ns": None,
        "severity": "critical",
        "kind": IMAGE,
        "per_day": 0.01,
        "extrapolated": True,
        "why": f"Glass broke in the hall {SCRIPT}.",
        "parts": [{"sense": SCRIPT, "p_value": 1e-6, "share": 1.0, "channels": [channel]}],
        "missing": {COMMENT: IMAGE},
    }
    for name, items in (("verdicts", lines), ("incidents", [incident])):
        (folder / name).write_text("".join(json.dumps(item) + "\n" for item in items))
    sensors = (SensorEntry(IMAGE, "audio.file", Path("a")), SensorEntry(COMMENT, "video.file", Path("b")))
    labels = (Label(9, 12, SCRIPT, (IMAGE,)), Label(25, 26, COMMENT))
    recording = Recording(f"Night {SCRIPT}", START_NS, True, 7200, 30.0, sensors, labels)
    timeline = read_timeline(folder / "verdicts", folder / "incidents", start_ns=START_NS)
    write_page(folder / "report.html", timeline, recording, false_alarms_per_day=1.0)
    return folder / "report.html"


def browse(folder: Path, *arguments: str) -> str:
    command = [*CHROMIUM, f"--user-data-dir={folder / 'profile'}", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60, cwd=folder).stdout


def photograph(page: Path, folder: Path, width: int, *arguments: str) -> NDArray[np.uint8]:
    picture = folder / "page.png"
    browse(folder, f"--screenshot={picture}", f"--window-size={width},1800", *arguments, page.as_uri())
    return np.asarray(cv2.imread(str(picture)), np.uint8)


def colours(shot: NDArray[np.uint8]) -> int:
    return len(np.unique(shot.astype(np.int32) @ np.array([1, 256, 65_536], np.int32)))


def test_the_page_renders_light_and_dark(report: Path, tmp_path: Path) -> None:
    light = photograph(report, tmp_path, 1400)
    dark = photograph(report, tmp_path, 1400, "--blink-settings=preferredColorScheme=0")
    for shot in (light, dark):
        assert shot.shape == (1800, 1400, 3)
        assert colours(shot) > 50
    assert light.mean() > 200
    assert dark.mean() < 80


def test_a_narrow_screen_shows_the_page_without_scrolling_sideways(report: Path, tmp_path: Path) -> None:
    frame = tmp_path / "phone.html"
    # Headless windows are never narrower than 500 pixels; a frame is.
    frame.write_text(
        f'<body style="margin:0;background:#00f"><iframe src="{report.as_uri()}" '
        'style="width:390px;height:1800px;border:0;background:#fff"></iframe>'
    )
    shot = photograph(frame, tmp_path, 500)
    inside = shot[:1600, :390]
    assert colours(inside) > 50
    assert (inside[:, -6:] > 240).all()


def test_names_from_files_are_text_and_nothing_else(report: Path, tmp_path: Path) -> None:
    dom = browse(tmp_path, "--dump-dom", report.as_uri())
    assert "Glass broke in the hall" in dom
    assert "about once in 3 months" in dom
    assert "&lt;script&gt;" in dom
    assert "<title>run" not in dom
    tags = re.sub(r'="[^"]*"', '=""', dom)
    assert not re.search(r"<(script|img|iframe|object|link|form)\b", tags)
    assert not re.search(r"<[^>]*\son\w+=", tags)


def test_the_file_asks_for_nothing_outside_itself(report: Path) -> None:
    text = report.read_text(encoding="utf-8")
    assert not re.search(r"https?:|//[a-z]|@import|url\((?!#)", text)
