"""Live sensors by settings: all that cannot be is told before anything runs, and no secret with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fusion.assemble import engine_settings
from fusion.config import load_settings
from fusion.events import Reliability
from fusion.labels import LabelLine, write_label
from fusion.live.recorder import Recorder
from fusion.live.site import build_site, live_watch
from fusion.live.state import State, save_state, take_state
from fusion.recording import load_recording
from fusion.severity import NIGHT, SeverityModel
from fusion.store.writer import Writer
from sensors.errors import BadInputError
from sensors.types import NS, Modality

Write = Callable[..., Path]
HEARD, SEEN = {"audio": 0.9, "video": 0.1}, {"audio": 0.1, "video": 0.9}
MIC = '[[sensors]]\nid = "hall/mic"\nkind = "audio.url"\nurl = "rtsp://me:s3cret@camera/live"\n'


def test_sensors_come_in_the_order_of_their_names_and_only_of_the_senses_wanted(write_text: Write) -> None:
    text = MIC + '[[sensors]]\nid = "a/air"\nkind = "environment.tail"\npath = "log"\n'
    site = build_site(load_settings(write_text("k.toml", text)), "k.toml")
    assert [sensor.stream for sensor in site.sensors] == ["a/air", "hall/mic"]
    assert site.engine.tick_ns == NS // 10
    assert site.start_ns % site.engine.tick_ns == 0
    alone = build_site(load_settings(write_text("k.toml", f'senses = ["audio"]\n{text}')), "k.toml")
    assert [sensor.modality for sensor in alone.sensors] == [Modality.AUDIO]


def test_what_was_learned_by_a_detector_of_another_version_is_learned_anew(
    write_text: Write, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = f'[store]\nfolder = "{tmp_path}/memory"\n{MIC}'
    site = build_site(load_settings(write_text("k.toml", text)), "k.toml")
    watch = live_watch(site)
    state = take_state(watch, watch.engine.snapshot(), site.engine, "hall", (site.start_ns, site.start_ns))
    wrong = {"hall/mic": {name: np.zeros((1, 1)) for name in state.detectors["hall/mic"]}}
    save_state(tmp_path / "memory", State(state.manifest, state.memory, wrong))
    again = build_site(load_settings(write_text("k.toml", text)), "k.toml")
    assert again.kept is not None
    assert set(live_watch(again).detectors) == {"hall/mic"}
    assert "does not fit these sensors" in caplog.text


def test_a_live_watch_knows_the_hour_of_its_place_and_its_recording_judges_alike(
    write_text: Write, tmp_path: Path
) -> None:
    settings = load_settings(write_text("k.toml", f'timezone = "Asia/Tokyo"\n{MIC}'))
    site = build_site(settings, "k.toml")
    assert site.engine.triage.hour(3600 * NS) == 10.0
    recorder = Recorder(tmp_path / "out", "hall", site.start_ns, 0.1, site.streams, site.utc_offset_s)
    recorder.close()
    recording = load_recording(tmp_path / "out")
    assert recording.start_ns == site.start_ns
    assert engine_settings(settings, 0.1, recording.utc_offset_s).triage == site.engine.triage


def test_labels_that_are_kept_there_say_how_severe_what_happens_live_is(write_text: Write, tmp_path: Path) -> None:
    text = f'[store]\nfolder = "{tmp_path}/memory"\n{MIC}'
    assert build_site(load_settings(write_text("k.toml", text)), "k.toml").engine.triage.model == SeverityModel()
    (tmp_path / "memory").mkdir()
    Writer(tmp_path / "memory").close()
    assert build_site(load_settings(write_text("k.toml", text)), "k.toml").engine.triage.model == SeverityModel()
    assert build_site(load_settings(write_text("k.toml", text)), "k.toml").engine.reliability == ()
    for number in range(8):
        write_label(tmp_path / "memory", LabelLine(str(number), "critical", counted={NIGHT: 1.0}, shares=SEEN))
        write_label(tmp_path / "memory", LabelLine(f"f{number}", "false", counted={NIGHT: 0.0}, shares=HEARD))
    taught = build_site(load_settings(write_text("k.toml", text)), "k.toml").engine
    assert taught.triage.model.weights[NIGHT] > SeverityModel().weights[NIGHT]
    assert taught.reliability == (Reliability(Modality.AUDIO, 0.52, 8, 8), Reliability(Modality.VIDEO, 1.0, 8, 0))


def test_a_recording_of_a_live_watch_knows_no_labels_and_neither_does_its_replay(
    write_text: Write, tmp_path: Path
) -> None:
    (tmp_path / "memory").mkdir()
    Writer(tmp_path / "memory").close()
    for number in range(8):
        write_label(tmp_path / "memory", LabelLine(str(number), "false", counted={NIGHT: 0.0}, shares=HEARD))
    settings = load_settings(write_text("k.toml", f'[store]\nfolder = "{tmp_path}/memory"\n{MIC}'))
    assert build_site(settings, "k.toml").engine.reliability
    recorded = build_site(settings, "k.toml", fresh=True).engine
    assert recorded.reliability == ()
    assert recorded.triage.model == SeverityModel()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "there are no sensors"),
        ('timezone = "Mars/Olympus"', "timezone 'Mars/Olympus' is unknown"),
        ("[[sensors]]\nkind = 'audio.url'", "no 'id'"),
        ("[[sensors]]\nid = '../a'\nkind = 'audio.url'", "is no id"),
        ("[[sensors]]\nid = 'a'", "no 'kind'"),
        ("[[sensors]]\nid = 'a'\nkind = 'audio.ulr'", "did you mean 'audio.url'?"),
        ("[[sensors]]\nid = 'a'\nkind = 'audio.url'\nurl = 's3cret'", "no address of a stream"),
        ("[[sensors]]\nid = 'a'\nkind = 'audio.url'\nurl = 7", "cannot be made of this"),
        ("[[sensors]]\nid = 'a'\nkind = 'audio.url'", "cannot be made of this"),
        ("[[sensors]]\nid = 'a'\nkind = 'audio.url'\nurl_file = '/nothing'", "this secret cannot be read"),
        (MIC + "stal_s = 1", "did you mean 'stall_s'?"),
        (MIC + "clock = 1", "unknown key 'clock'"),
        (MIC + MIC, "id 'hall/mic' twice"),
        ("baseline = 'nowhere'\n" + MIC, "there is no baseline"),
    ],
)
def test_what_cannot_be_is_told_with_its_place(write_text: Write, text: str, why: str) -> None:
    with pytest.raises(BadInputError) as caught:
        build_site(load_settings(write_text("k.toml", text)), "k.toml")
    assert why in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_secret_may_stand_in_a_file_or_among_the_credentials(
    write_text: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = write_text("camera_url", "rtsp://me:s3cret@camera/live\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    for name in (str(secret), "camera_url"):
        text = f"[[sensors]]\nid = 'a'\nkind = 'audio.url'\nurl_file = '{name}'"
        assert build_site(load_settings(write_text("k.toml", text)), "k.toml").sensors
