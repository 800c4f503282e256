"""Who may import whom: DESIGN's rules, held against the source and against fresh interpreters."""

from __future__ import annotations

import ast
import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

HOME = Path(__file__).resolve().parent.parent
LAYERS = [
    "cli",
    "commands.live_commands commands.incident_commands commands.user_commands",
    "commands.benching",
    "commands.costing",
    "daemon",
    "commands.recordings commands.checking commands.exporting commands.listening commands.models commands.readings "
    "commands.status commands.watching",
    "report.learned commands.incidents",
    "sinks.console baseline.learn feasible report.page report.table report.tradeoff",
    "live.site commands.beginning commands.trying commands.asking commands.media",
    "live.state live.telling",
    "live.moment",
    "live.outlets",
    "sinks.cap_folder",
    "sinks.cap",
    "sinks.push sinks.journald",
    "live.custody",
    "live.clipping",
    "sinks.lines sinks.webhook replay report.sweep report.picture report.cards report.judging report.sheet "
    "commands.film recall",
    "live.retrace",
    "runner report.lanes commands.drawing baseline.census",
    "live.listener live.vigil sinks.web sinks.syslog",
    "live.intake live.recorder store.keeper sinks.mqtt sinks.outbox",
    "sinks.home_assistant",
    "sinks.envelope",
    "live.ring vault.retention",
    "vault.exports vault.segments",
    "vault.sealing vault.custody",
    "vault.access vault.roots",
    "vault.audit vault.users",
    "vault.private",
    "assemble live.journal live.inbox live.shedding labels live.notify live.logs sinks.metrics sinks.post "
    "live.allocator sinks.jsonl store.writer weighing report.metrics report.timeline report.markup report.palette "
    "report.ticks",
    "baseline.fitting baseline.folder store.database baseline.spool config recording records",
    "rows baseline.findings",
    "engine overrides receivers grammar commands.inputs strict_toml sinks.folder",
    "inventory",
    "rules",
    "experience senses shifts explain triage",
    "lately",
    "agreement align evidence patterns rarity reliability severity words",
    "combine language.choice",
    "sinks.news sinks.phrase sinks.receipts section",
    "calibrate calm events freezing intervals language.english language.japanese",
    "language.texts language.vocabulary",
    ". baseline commands live language report sinks store vault",
]
"""All of fusion, highest first: a module imports from lines below its own only; a new one fails until it is here."""

PURE = frozenset(
    "events agreement calibrate calm align combine rarity triage engine senses shifts explain rows rules words "
    "evidence patterns severity reliability experience intervals lately freezing inventory language.texts "
    "language.english language.japanese language.vocabulary language.choice".split()
)
MATHS = frozenset(
    "__future__ array bisect collections collections.abc dataclasses enum fnmatch functools heapq itertools math "
    "operator re statistics typing numpy numpy.typing numpy.linalg sensors.base sensors.types".split()
)
LEARNERS = frozenset({"librosa", "numba", "pyod", "sklearn", "torch", "scipy.stats"})
HEAVY = frozenset("argon2 av cryptography cv2 matplotlib onnxruntime pyarrow scipy soundfile soxr".split()) | LEARNERS
SENSES = frozenset({"audio", "environment", "video"})
# Why recording, listening, readings and watching, which DESIGN does not name: a scenario names kinds of sensors, a
# folder holds files of many kinds, and only the registry knows them.
KNOW_THE_REGISTRY = frozenset(
    {
        "fusion.assemble",
        "fusion.commands.listening",
        "fusion.commands.readings",
        "fusion.recording",
        "fusion.commands.watching",
    }
)
TRAINING = "sensors.audio.training"
"""Makes models where torch is; nothing else of Kizashi needs it, and only the command line leads there."""
FITTING = "fusion.baseline.fitting"
"""Fits what learning asks for with PyOD, which loads when something is fitted."""
LEARNING = frozenset({"fusion.baseline.learn", "fusion.commands.readings"})
EXECUTE = frozenset({"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "multiprocessing"})
STARTS = frozenset({"sensors.audio.live.finding", "sensors.reader.process"})
"""Who starts processes, all of them our own interpreter with a module of ours."""
EMPTY_WORDS = frozenset({"utils", "util", "helpers", "helper", "common", "manager", "handler", "misc", "tools"})


@dataclass(frozen=True)
class Import:
    """One import: of what, and whether it runs with the module itself."""

    target: str
    at_once: bool


@lru_cache
def modules(*folders: str) -> dict[str, Path]:
    found = (path for folder in folders for path in sorted((HOME / folder).rglob("*.py")))
    return {".".join(path.relative_to(HOME).with_suffix("").parts).removesuffix(".__init__"): path for path in found}


@lru_cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[Import]:
    """Every import, those for the type checker too; `from a import b` counts as a.b where that is a module."""
    known = modules("fusion", "sensors")
    later = {
        id(node)
        for outer in ast.walk(tree(path))
        if isinstance(outer, ast.FunctionDef | ast.Lambda | ast.AsyncFunctionDef)
        or (isinstance(outer, ast.If) and ast.unparse(outer.test) == "TYPE_CHECKING")
        for node in ast.walk(outer)
    }
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            targets = [name if name in known or within(name, HEAVY) == name else str(node.module) for name in whole]
        else:
            continue
        yield from (Import(target, id(node) not in later) for target in targets)


def within(name: str, families: frozenset[str]) -> str | None:
    """The family that a module is of, if any: scipy.stats.distributions is of scipy.stats."""
    parts = name.split(".")
    whole = (".".join(parts[:n]) for n in range(len(parts), 0, -1))
    return next((name for name in whole if name in families), None)


def fresh(code: str, *arguments: object) -> set[str]:
    """What a fresh interpreter holds after some code."""
    script = f"import sys\n{code}\nimport json\nprint('\\n' + json.dumps(sorted(sys.modules)))"
    command = [sys.executable, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=HOME)
    assert not done.returncode, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def run_kizashi(*arguments: object) -> set[str]:
    code = "from fusion.cli import main\ntry: main()\nexcept SystemExit as end: assert not end.code"
    return fresh(code, *arguments)


def families(loaded: set[str]) -> set[str]:
    return {family for name in loaded if (family := within(name, HEAVY))}


def test_sensors_never_import_fusion() -> None:
    for name, path in modules("sensors").items():
        assert not [i.target for i in imports(path) if i.target.split(".")[0] == "fusion"], name


def test_senses_never_import_each_other_and_what_they_share_imports_none() -> None:
    for name, path in modules("sensors").items():
        own = name.split(".")[1:2]
        others = {i.target.split(".")[1] for i in imports(path) if i.target.startswith("sensors.")} & SENSES
        assert others <= set(own), name


def test_the_pure_core_imports_maths_and_itself_only() -> None:
    allowed = MATHS | {f"fusion.{name}" for name in PURE}
    for name in PURE:
        path = modules("fusion")[f"fusion.{name}"]
        assert not {i.target for i in imports(path)} - allowed, name
        names = {ast.unparse(node) for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute | ast.Name)}
        assert not names & {"open", "print", "input", "np.random", "np.load", "np.save", "np.memmap"}, name


def test_the_registry_is_known_to_those_who_build_sensors_only() -> None:
    for name, path in modules("fusion", "sensors").items():
        targets = {i.target for i in imports(path)}
        if name not in KNOW_THE_REGISTRY:
            assert "sensors.registry" not in targets, name
        if name != "sensors.registry":
            assert "importlib" not in targets, name


def test_every_module_of_fusion_has_one_place() -> None:
    placed = [name for line in LAYERS for name in line.split()]
    assert len(placed) == len(set(placed))
    assert {f"fusion.{name}" if name != "." else "fusion" for name in placed} == modules("fusion").keys()


def test_fusion_imports_downwards_only() -> None:
    heights = {f"fusion.{name}": row for row, line in enumerate(LAYERS) for name in line.split()}
    for name, path in modules("fusion").items():
        if name in heights:
            upwards = [i.target for i in imports(path) if heights.get(i.target, len(LAYERS)) <= heights[name]]
            assert not upwards, f"{name} (cli is highest)"


def test_packages_hold_nothing_but_their_story() -> None:
    for name, path in modules("fusion", "sensors").items():
        if path.name == "__init__.py":
            assert len(tree(path).body) == 1, name
            assert ast.get_docstring(tree(path)), name


def at_work() -> dict[str, Path]:
    """All modules but those that only train."""
    return {name: path for name, path in modules("fusion", "sensors").items() if not name.startswith(TRAINING)}


def test_only_the_command_line_leads_to_the_training() -> None:
    for name, path in at_work().items():
        led = [i for i in imports(path) if i.target.startswith(TRAINING)]
        assert not led or name == "fusion.cli", name
        assert not [i for i in led if i.at_once], name


def test_heavy_libraries_are_imported_where_they_are_needed() -> None:
    for name, path in at_work().items():
        assert not [i.target for i in imports(path) if i.at_once and within(i.target, HEAVY)], name


def test_nothing_that_watches_needs_what_learns() -> None:
    for name, path in at_work().items():
        if name != FITTING:
            assert not [i.target for i in imports(path) if within(i.target, LEARNERS)], name
        assert name in LEARNING or FITTING not in {i.target for i in imports(path)}, name


def test_nothing_read_can_be_executed() -> None:
    for name, path in modules("fusion", "sensors").items():
        assert not [i.target for i in imports(path) if i.target.split(".")[0] in EXECUTE], name
        for call in (node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)):
            assert ast.unparse(call.func) not in {"eval", "exec", "compile", "__import__", "os.system", "os.popen"}, (
                name
            )
            for keyword in call.keywords:
                assert keyword.arg != "shell", name
                assert keyword.arg != "allow_pickle" or ast.unparse(keyword.value) == "False", name
            if ast.unparse(call.func) == "np.load":
                assert "allow_pickle" in {keyword.arg for keyword in call.keywords}, name


def test_what_is_started_is_ourselves() -> None:
    for name, path in at_work().items():
        if "subprocess" in {i.target for i in imports(path)}:
            assert name in STARTS, name
            assert "sys.executable" in path.read_text(encoding="utf-8"), name
        used = {ast.unparse(node) for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute)}
        assert not [one for one in used if one.startswith(("os.exec", "os.spawn", "os.fork", "os.posix_spawn"))], name


def test_files_are_short_and_named_for_what_they_hold() -> None:
    everything = modules("fusion", "sensors", "tests", "benchmarks", "sample_streams")
    lengths = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in everything.items()}
    assert not {name: length for name, length in lengths.items() if length > 400}
    written = [path.read_text(encoding="utf-8").split("\n") for path in modules("fusion", "sensors").values()]
    assert statistics.median(sum(bool(line.strip()) for line in lines) for lines in written) <= 120
    assert not [name for name in everything if set(name.split(".")[-1].split("_")) & EMPTY_WORDS]


def test_help_answers_without_numbers_or_media() -> None:
    loaded = run_kizashi("--help")
    assert not families(loaded)
    assert not {"numpy", "msgspec", "rich"} & loaded
    assert "typer" in loaded


@pytest.mark.parametrize("sense", sorted(SENSES))
def test_a_sense_alone_brings_neither_fusion_nor_another_sense(sense: str) -> None:
    parts = [name for name in at_work() if name.startswith(f"sensors.{sense}")]
    loaded = fresh("\n".join(f"import {name}" for name in parts))
    assert set(parts) <= loaded
    assert not families(loaded)
    assert not [name for name in loaded if name.split(".")[0] == "fusion"]
    assert {name.split(".")[1] for name in loaded if name.startswith("sensors.")} & SENSES == {sense}


def test_a_whole_replay_needs_nothing_that_learns(
    tmp_path: Path, write_sound: Callable[..., Path], write_video: Callable[..., Path], write_text: Callable[..., Path]
) -> None:
    folder = tmp_path / "night"
    folder.mkdir()
    write_sound("night/a.flac", np.random.default_rng(1).uniform(-0.1, 0.1, 80_000))
    write_video("night/b.mp4", [n / 10 for n in range(50)], codec="libx264")
    write_text("night/c.csv", "t_s,temperature_c\n" + "".join(f"{n},{20 + n % 3}\n" for n in range(6)))
    write_text("night/labels.csv", "start_s,end_s,kind\n1,2,door\n")
    sensors = {"mic": ("audio.file", "a.flac"), "eye": ("video.file", "b.mp4"), "air": ("environment.csv", "c.csv")}
    told = [f'[[sensors]]\nid = "{i}"\nkind = "{kind}"\npath = "{file}"\n' for i, (kind, file) in sensors.items()]
    write_text("night/scenario.toml", "start = 2024-01-01T00:00:00Z\n" + "\n".join(told))
    loaded = run_kizashi("replay", folder, "--out", tmp_path / "out")
    assert {"av", "cv2", "matplotlib", "soundfile"} <= families(loaded)
    assert not {"scipy", *LEARNERS} & families(loaded)
