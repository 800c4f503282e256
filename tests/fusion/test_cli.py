"""The installed command, as people type it: exit codes, one line for what they can mend, nothing half-written."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fusion.sinks.folder import PARTIAL, finished_folder

Write = Callable[..., Path]
KIZASHI = Path(sysconfig.get_path("scripts")) / "kizashi"
AIR = "t_s,temperature_c\n" + "".join(f"{n},{20 + n % 7}\n" for n in range(60))
SCENARIO = 'start = 2024-01-01T00:00:00Z\n[[sensors]]\nid = "air"\nkind = "environment.csv"\npath = "air.csv"\n'
NOISE = np.random.default_rng(3).uniform(-0.5, 0.5, 48_000)


def kizashi(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(KIZASHI), *map(str, arguments)], capture_output=True, text=True, timeout=120)


def refused(done: subprocess.CompletedProcess[str], code: int = 3) -> str:
    """The one line that says what, where, and how to mend it."""
    assert done.returncode == code, done.stderr
    assert not done.stdout
    (line,) = done.stderr.splitlines()
    assert line.startswith("kizashi: ")
    assert "; " in line
    return line


class Site:
    """Makers of inputs that cannot be used: each returns the arguments of `kizashi`."""

    def __init__(self, folder: Path, text: Write, sound: Write, video: Write) -> None:
        self.folder, self.text, self.sound, self.video = folder, text, sound, video

    def good(self) -> Path:
        self.text("good/air.csv", AIR)
        return self.text("good/scenario.toml", SCENARIO).parent

    def missing_file(self) -> list[object]:
        return ["replay", self.folder / "none.wav"]

    def empty_file(self) -> list[object]:
        return ["replay", self.text("empty.wav", "")]

    def cut_flac(self) -> list[object]:
        return ["replay", self._cut(self.sound("a.flac", NOISE))]

    def cut_mp4(self) -> list[object]:
        return ["replay", self._cut(self.video("a.mp4", [n / 10 for n in range(50)], codec="libx264"))]

    def cut_flac_beside_good_air(self) -> list[object]:
        folder = self.good()
        self._cut(self.sound("good/a.flac", NOISE))
        more = '[[sensors]]\nid = "mic"\nkind = "audio.file"\npath = "a.flac"\n'
        self.text("good/scenario.toml", SCENARIO + more)
        return ["replay", folder]

    def text_named_wav(self) -> list[object]:
        return ["replay", self.text("a.wav", "hello, this is only text\n" * 50)]

    def table_without_time(self) -> list[object]:
        return ["replay", self.text("a.csv", "temperature_c,humidity\n20,50\n21,50\n")]

    def times_that_run_backwards(self) -> list[object]:
        rows = AIR.splitlines()
        return ["replay", self.text("a.csv", "\n".join([rows[0], *rows[30:40], *rows[1:20], *rows[20:25]]) + "\n")]

    def unknown_key(self) -> list[object]:
        folder = self.good()
        self.text("good/scenario.toml", SCENARIO + 'pth = "b.csv"\n')
        return ["replay", folder]

    def path_outside(self) -> list[object]:
        self.text("air.csv", AIR)
        return ["replay", self.text("in/scenario.toml", SCENARIO.replace("air.csv", "../air.csv")).parent]

    def unknown_setting(self) -> list[object]:
        return ["replay", self.good(), "--config", self.text("k.toml", "false_alarm_per_day = 2\n")]

    def baseline_of_another_version(self) -> list[object]:
        self.text("base/manifest.json", json.dumps({"version": 99}))
        return ["replay", self.good(), "--baseline", self.folder / "base"]

    def no_baseline(self) -> list[object]:
        return ["replay", self.good(), "--baseline", self.folder]

    def too_short_to_learn(self) -> list[object]:
        return ["learn", self.good()]

    def _cut(self, path: Path) -> Path:
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * 0.6)])
        return path


SAID = {
    "missing_file": "No such file",
    "empty_file": "empty",
    "cut_flac": "a.flac",
    "cut_mp4": "a.mp4",
    "cut_flac_beside_good_air": "a.flac",
    "text_named_wav": "a.wav",
    "table_without_time": "no time column",
    "times_that_run_backwards": "a.csv",
    "unknown_key": "did you mean 'path'?",
    "path_outside": "lies outside the recording folder",
    "unknown_setting": "did you mean 'false_alarms_per_day'?",
    "baseline_of_another_version": "version 99, not",
    "no_baseline": "there is no baseline",
    "too_short_to_learn": "too short to learn from",
}


@pytest.fixture
def site(tmp_path: Path, write_text: Write, write_sound: Write, write_video: Write) -> Site:
    return Site(tmp_path, write_text, write_sound, write_video)


@pytest.mark.parametrize("case", SAID)
def test_bad_input_is_told_in_one_line_and_leaves_nothing_behind(case: str, site: Site) -> None:
    arguments = getattr(site, case)()
    out = site.folder / "new" / "out"
    assert SAID[case] in refused(kizashi(*arguments, "--out", out))
    assert not out.parent.exists()


def test_a_folder_that_was_there_keeps_what_it_held(site: Site) -> None:
    kept = site.text("out/verdicts.jsonl", "mine\n")
    refused(kizashi(*site.cut_flac_beside_good_air(), "--out", kept.parent))
    assert [path.name for path in kept.parent.iterdir()] == ["verdicts.jsonl"]
    assert kept.read_text() == "mine\n"


def test_an_output_that_cannot_be_is_told_in_one_line(site: Site) -> None:
    file = site.text("file", "mine\n")
    assert "nothing can be written there" in refused(kizashi("replay", site.good(), "--out", file / "x"))
    site.text("out/report.html/mine", "")
    assert "in the way" in refused(kizashi("replay", site.good(), "--out", file.parent / "out"))
    assert [path.name for path in (file.parent / "out").iterdir()] == ["report.html"]


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--start", "2024-01-01T00:00:00", "no offset from UTC"),
        ("--start", "noon", "no date and time"),
        ("--false-alarms-per-day", "0", "no rate"),
        ("--senses", "smell", "choose from"),
    ],
)
def test_an_option_that_cannot_be_is_wrong_use(option: str, value: str, said: str, site: Site) -> None:
    assert said in refused(kizashi("replay", site.good(), option, value), 2)


def test_wrong_use_is_exit_two() -> None:
    assert kizashi("replay").returncode == 2
    done = kizashi("replai", "x")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_check_fails_with_one_where_a_sensor_gives_nothing(site: Site) -> None:
    site.good()
    site.text("good/a.wav", "hello, this is only text\n" * 50)
    more = '[[sensors]]\nid = "mic"\nkind = "audio.file"\npath = "a.wav"\n'
    bad = site.text("good/scenario.toml", SCENARIO + more).parent
    done = kizashi("check", bad, "--json")
    assert done.returncode == 1
    found = {line["what"]: line["fine"] for line in map(json.loads, done.stdout.splitlines())}
    assert found == {"settings": True, "alarm rate": True, "air": True, "mic": False}
    site.text("good/scenario.toml", SCENARIO)
    assert kizashi("check", bad).returncode == 0


def test_a_sensor_that_ends_early_or_has_a_gap_abstains_and_is_named(site: Site) -> None:
    rows = [f"{n},{20 + n % 7}" for n in range(300) if not 100 <= n < 200]
    site.text("short/gap.csv", "\n".join(["t_s,temperature_c", *rows]))
    site.text("short/end.csv", AIR)
    entries = [f'[[sensors]]\nid = "{i}"\nkind = "environment.csv"\npath = "{i}.csv"\n' for i in ("gap", "end")]
    folder = site.text("short/scenario.toml", "start = 2024-01-01T00:00:00Z\n" + "".join(entries)).parent
    done = kizashi("replay", folder, "--out", site.folder / "out")
    assert done.returncode == 0, done.stderr
    told = " ".join(done.stdout.split())
    assert re.search(r"gap was missing: .*silent for 1 min", told), told
    assert re.search(r"end was missing: .*silent for 3 min", told), told
    last = json.loads((site.folder / "out" / "verdicts.jsonl").read_bytes().splitlines()[-1])
    assert last["missing"]["end"] == "silent"
    assert "gap" not in last["missing"] or last["missing"]["gap"] != "silent"


def test_json_is_all_that_json_prints(site: Site) -> None:
    recording = site.good()
    site.text("good/labels.csv", "start_s,end_s,kind\n1,2,door\n")
    for command in ("replay", "evaluate", "check"):
        done = kizashi(command, recording, "--json")
        assert done.returncode == 0, done.stderr
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert all(isinstance(line, dict) for line in lines)
        assert lines or command == "replay"


def test_a_recording_without_a_start_says_so(site: Site) -> None:
    done = kizashi("replay", site.text("a.csv", AIR))
    assert done.returncode == 0
    assert "tells no start" in done.stderr
    told = kizashi("replay", site.folder / "a.csv", "--start", "2024-11-05T02:10:00+09:00")
    assert not told.returncode
    assert not told.stderr


def begun(site: Site, command: str, out: Path) -> subprocess.Popen[str]:
    """A run over a long recording that has begun to write."""
    rows = [f"{n},{20 + n % 7}" for n in range(200_000)]
    path = site.text("long.csv", "\n".join(["t_s,temperature_c", *rows]))
    # Why: whoever runs the tests with nohup ignores SIGHUP for all below, and a run respects that.
    words = ["env", "--default-signal=HUP", str(KIZASHI), command, str(path), "--out", str(out)]
    run = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    while not any(out.glob(f"{PARTIAL}*/*")):
        assert run.poll() is None, run.communicate()
    return run


@pytest.mark.parametrize(("command", "number"), [("replay", signal.SIGTERM), ("learn", signal.SIGHUP)])
def test_a_run_that_is_told_to_stop_leaves_nothing_behind(command: str, number: int, site: Site) -> None:
    out = site.folder / "new" / "out"
    run = begun(site, command, out)
    run.send_signal(number)
    said = run.communicate(timeout=60)[1]
    assert run.returncode == 128 + number
    assert "Traceback" not in said
    assert not out.parent.exists()


def test_the_next_run_removes_what_a_killed_one_left_and_nothing_else(site: Site) -> None:
    out = site.folder / "out"
    with finished_folder(out) as living:
        run = begun(site, "replay", out)
        run.kill()
        run.communicate(timeout=60)
        assert len(list(out.glob(f"{PARTIAL}*"))) == 2
        assert kizashi("replay", site.good(), "--out", out).returncode == 0
        assert list(out.glob(f"{PARTIAL}*")) == [living]
    assert not list(out.glob(f"{PARTIAL}*"))


def test_the_files_of_other_senses_need_not_be_there_and_change_nothing(site: Site) -> None:
    folder = site.good()
    site.sound("good/mic.wav", np.tile(NOISE, 20))
    site.text("good/labels.csv", "start_s,end_s,kind\n1,2,door\n")
    more = '[[sensors]]\nid = "mic"\nkind = "audio.file"\npath = "mic.wav"\n'
    site.text("good/scenario.toml", SCENARIO + more)

    def verdicts(out: str) -> bytes:
        done = kizashi("replay", folder, "--senses", "environment,", "--out", site.folder / out)
        assert done.returncode == 0, done.stderr
        return (site.folder / out / "verdicts.jsonl").read_bytes()

    whole = verdicts("whole")
    assert len(whole.splitlines()) > 500
    (folder / "mic.wav").unlink()
    assert verdicts("alone") == whole
    config = site.text("only.toml", 'senses = ["environment"]\n')
    assert kizashi("evaluate", folder, "--config", config).returncode == 0
    assert kizashi("check", folder, "--senses", "environment", "--false-alarms-per-day", "2").returncode == 0
    refused(kizashi("replay", folder))


def test_a_start_keeps_its_fraction(site: Site) -> None:
    site.text("a.csv", AIR)
    out = site.folder / "out"
    assert not kizashi("replay", site.folder / "a.csv", "--start", "2024-11-05T02:10:00.7Z", "--out", out).returncode
    first = json.loads((out / "verdicts.jsonl").read_bytes().splitlines()[0])
    assert 0 <= first["at_ns"] - 1_730_772_600_700_000_000 <= 1_000_000_000


@pytest.mark.parametrize("seconds", [40, 90])
def test_a_replay_ends_where_the_recording_ends(seconds: int, site: Site) -> None:
    folder, out = site.good(), site.folder / "out"
    site.text("good/scenario.toml", f"seconds = {seconds}\n{SCENARIO}")
    site.text("good/labels.csv", "start_s,end_s,kind\n1,2,door\n95,96,door\n")
    done = kizashi("replay", folder, "--out", out)
    assert done.returncode == 0
    assert "1 label after the end of the recording" in done.stderr
    lines = [json.loads(line) for line in (out / "verdicts.jsonl").read_bytes().splitlines()]
    assert lines[-1]["at_ns"] == (1_704_067_200 + seconds) * 1_000_000_000
    assert ("air" in lines[-1]["missing"] and lines[-1]["missing"]["air"] == "silent") == (seconds > 60)


def test_thorough_reads_on_where_a_first_look_is_content(site: Site) -> None:
    site.good()
    site.text("good/air.csv", AIR + "60,hot\n" * 5 + "10,20\n" * 60)
    assert kizashi("check", site.folder / "good").returncode == 0
    assert kizashi("check", site.folder / "good", "--thorough").returncode == 1


def test_a_full_disk_is_told_with_what_to_do(site: Site) -> None:
    site.good()
    limited = f"ulimit -f 8; trap '' XFSZ; exec {KIZASHI} replay {site.folder / 'good'} --out {site.folder / 'out'}"
    done = subprocess.run(["bash", "-c", limited], capture_output=True, text=True, timeout=120)
    assert f"{site.folder / 'out'}: File too large; free some space" in refused(done, 1)
    assert not (site.folder / "out").exists()


def test_version_is_said_and_help_speaks_of_the_whole() -> None:
    assert re.fullmatch(r"kizashi \d+\.\S+\n", kizashi("--version").stdout)
    assert "Watches a place" in kizashi("--help").stdout


def test_learning_replaces_a_baseline_and_nothing_else(site: Site) -> None:
    rows = [f"{n},{20 + n % 7}" for n in range(900)]
    quiet = site.text("quiet.csv", "\n".join(["t_s,temperature_c", *rows]))
    out = site.folder / "base"
    for _ in range(2):
        done = kizashi("learn", quiet, "--out", out)
        assert done.returncode == 0, done.stderr
        assert "learned 14 min 59 s of quiet/air into" in done.stdout
        assert "false alarms once a day: extrapolated; counted after" in done.stdout
    assert kizashi("check", quiet, "--baseline", out / "manifest.json").returncode == 0
    assert (out / "report.txt").read_text() in done.stdout
    told = json.loads(kizashi("learn", quiet, "--out", out, "--json").stdout)
    assert told == json.loads((out / "report.json").read_text())
    site.text("base/mine.txt", "mine")
    assert "'mine.txt' is there" in refused(kizashi("learn", quiet, "--out", out))


def test_results_of_several_recordings_never_lie_inside_each_other(site: Site) -> None:
    out = site.folder / "out"

    def told(*names: str) -> set[str]:
        for name in names:
            site.text(f"{name}/air.csv", AIR)
            site.text(f"{name}/scenario.toml", f'name = "{name}"\n{SCENARIO}')
        assert kizashi("replay", *(site.folder / name for name in names), "--out", out).returncode == 0
        return {str(path.parent.relative_to(out)) for path in out.rglob("verdicts.jsonl")}

    assert told("a/b", "c/d") == {"a/b", "c/d"}
    assert told("x", "x/y") - {"a/b", "c/d"} == {"x", "x-y"}


def test_where_nothing_could_be_judged_it_is_said_and_never_no_incidents(site: Site) -> None:
    done = kizashi("replay", site.good())
    assert "nothing could be judged in 1 min: too short to learn what is usual (give --baseline)" in done.stdout
    assert "incident" not in done.stdout
    done = kizashi("replay", site.good(), "--json")
    assert "nothing could be judged" in done.stderr
