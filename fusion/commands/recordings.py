"""The commands behind the command line: read, run, write, print."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import msgspec

from fusion.assemble import engine_settings
from fusion.baseline.findings import TOLD, read_findings
from fusion.baseline.folder import Baseline, load_baseline, require_room
from fusion.config import Settings, read_rules
from fusion.experience import Experience, gather
from fusion.feasible import misspelt, never
from fusion.labels import as_experience, read_labels
from fusion.language.choice import texts_of
from fusion.recording import Recording
from fusion.replay import FUSED, Account, replay_recording, strangers, write_incidents
from fusion.report.metrics import Outcome, alarm_between, match
from fusion.report.sweep import Heard, added, sweep
from fusion.report.table import format_table, outcome_facts
from fusion.report.timeline import why_unjudged
from fusion.sinks.console import incidents_table
from fusion.sinks.folder import finished_folder
from fusion.sinks.jsonl import incident_line
from fusion.words import counted, duration
from sensors.errors import BadInputError
from sensors.types import NS


def replay_all(
    recordings: Sequence[Recording],
    settings: Settings,
    baseline: Path | None,
    out: Path | None,
    as_json: bool,
    site: Path | None = None,
) -> None:
    """Replay recordings; tell incidents, and write the four files where a folder is given.

    Labels of the `site` folder say how severe what is, and how much senses weigh.
    """
    known = load_baseline(baseline) if baseline else None
    texts = texts_of(settings.language)
    experience = gather(as_experience(read_labels(site)) if site else ())
    names = _folders(recordings)
    for rule in read_rules(settings):
        if why := never(rule) or misspelt(rule):
            _tell(f"rule {rule.text}: {why}")
    for recording, name in zip(recordings, names, strict=True):
        if out is None:
            account = _replayed(recording, settings, known, experience, None)
        else:
            target = out / name if len(recordings) > 1 else out
            with finished_folder(target) as folder:
                account = _replayed(recording, settings, known, experience, folder / "verdicts.jsonl")
                write_incidents(folder / "incidents.jsonl", account)
                _draw(folder, recording, settings, experience)
        _tell_strangers(recording, settings, known)
        _tell_oddities(recording, account)
        if as_json:
            sys.stdout.buffer.write(b"".join(incident_line(incident) for incident in account.incidents.values()))
            sys.stdout.flush()
            if not account.judged:
                why = why_unjudged(chain.from_iterable(account.missing_ticks.values()), texts)
                _tell(f"{recording.name}: {texts.page.unjudged}: {why}")
        else:
            print(incidents_table(recording, account, texts), flush=True)
        if out is not None:
            _tell(f"\n{texts.console.report.format(path=target / 'report.html')}")


def learn_all(recordings: Sequence[Recording], settings: Settings, out: Path, as_json: bool = False) -> None:
    """Learn a baseline, and say what it can be used for, and what was found out."""
    from fusion.baseline.learn import learn_baseline
    from fusion.report.learned import findings_text

    require_room(out)
    texts = texts_of(settings.language)
    with finished_folder(out) as folder:
        progress = _tell if sys.stderr.isatty() else lambda text: None
        manifest = learn_baseline(recordings, settings, folder, progress, _tell)
        findings = read_findings(folder)
        told = findings_text(findings, texts)
        (folder / TOLD).write_text(f"{told}\n", encoding="utf-8")
    if as_json:
        print(msgspec.json.encode(findings).decode())
        return
    streams = texts.reasons.listed.join(sorted(manifest.sensors))
    print(texts.learned.done.format(seconds=duration(findings.seconds, texts), streams=streams, path=out))
    print(f"\n{told}")


def evaluate_all(
    recordings: Sequence[Recording],
    settings: Settings,
    baseline: Path | None,
    as_json: bool,
    plot: Path | None = None,
) -> dict[str, Outcome]:
    """Judge incidents against labels, all senses together and each alone, over all recordings; draw them where asked.

    The picture `plot` shows recall against false alarms at other settings, too.
    """
    known = load_baseline(baseline) if baseline else None
    total: dict[str, Outcome] = {}
    swept: dict[str, dict[float, Outcome]] = {}
    for recording in recordings:
        if recording.labels is None:
            raise BadInputError(
                "there are no labels", where=recording.name, mend="add a labels.csv (start_s,end_s,kind)"
            )
        heard = Heard()
        hear = heard.add if plot else None
        with _progress(recording) as progress:
            accounts = replay_recording(recording, settings, known, alone=True, progress=progress, hear=hear)
        _tell_strangers(recording, settings, known)
        _tell_oddities(recording, accounts[FUSED])
        for name, account in accounts.items():
            total[name] = total.get(name, Outcome()) + judge(recording, account)
        for name in accounts if plot else ():
            verdicts = heard.verdicts.get(name, [])
            triage = engine_settings(settings, accounts[name].tick_s).triage
            seconds = recording.seconds or accounts[name].seconds
            swept[name] = added(swept.get(name, {}), sweep(recording, verdicts, triage, seconds))
    if plot:
        _draw_tradeoff(plot, swept, total, settings)
    if as_json:
        for name, outcome in total.items():
            print(msgspec.json.encode({"senses": name, **outcome_facts(outcome)}).decode())
    else:
        print(f"{len(recordings)} recordings, set to {settings.false_alarms_per_day:g} false alarms per day")
        print(format_table(total))
    return total


def _draw_tradeoff(
    path: Path, swept: Mapping[str, Mapping[float, Outcome]], total: Mapping[str, Outcome], settings: Settings
) -> None:
    from fusion.report.picture import describe_setting
    from fusion.report.tradeoff import save_tradeoff

    try:
        save_tradeoff(path, swept, total, describe_setting(settings.false_alarms_per_day))
    except OSError as error:
        what = f"the picture cannot be written ({error.strerror})"
        raise BadInputError(what, where=path, mend="choose another place for --plot") from error


def judge(recording: Recording, account: Account) -> Outcome:
    """What the incidents of one watch are worth against the labels of a recording; the user's rules are left out."""
    seconds = recording.seconds or account.seconds
    judged = [incident for incident in account.incidents.values() if not incident.rule]
    alarms = [alarm_between(i.opened_ns, i.closed_ns, recording.start_ns, seconds) for i in judged]
    return match(recording.labels or (), alarms, seconds)


def _replayed(
    recording: Recording, settings: Settings, known: Baseline | None, taught: Experience, verdicts: Path | None
) -> Account:
    with _progress(recording) as progress:
        return replay_recording(
            recording, settings, known, model=taught.model, reliability=taught.reliability, verdicts=verdicts,
            progress=progress,
        )[FUSED]  # fmt: skip


def _draw(folder: Path, recording: Recording, settings: Settings, experience: Experience) -> None:
    from fusion.report.page import write_page
    from fusion.report.picture import save_picture
    from fusion.report.timeline import read_timeline

    timeline = read_timeline(folder / "verdicts.jsonl", folder / "incidents.jsonl", start_ns=recording.start_ns)
    rate, texts = settings.false_alarms_per_day, texts_of(settings.language)
    save_picture(folder / "timeline.png", timeline, recording, false_alarms_per_day=rate, texts=texts)
    page = folder / "report.html"
    write_page(page, timeline, recording, false_alarms_per_day=rate, texts=texts, experience=experience)


def _folders(recordings: Sequence[Recording]) -> list[str]:
    """A folder name for each recording below --out: as its name says, numbered where two are alike.

    Where one would lie inside another's, none has folders of its own: "a/b" becomes "a-b".
    """
    wanted = [
        "/".join(part for part in recording.name.split("/") if part not in ("", ".", "..")) or "recording"
        for recording in recordings
    ]
    if any(inner.startswith(f"{outer}/") for inner in wanted for outer in wanted):
        wanted = [name.replace("/", "-") for name in wanted]
    names: list[str] = []
    for first in wanted:
        name, number = first, 1
        while name in names:
            number += 1
            name = f"{first}-{number}"
        names.append(name)
    return names


def _tell_strangers(recording: Recording, settings: Settings, known: Baseline | None) -> None:
    for stream in strangers(recording, known, settings.senses) if known else ():
        _tell(f"{recording.name}: {stream} is not in the baseline: it warms up first")


def _tell_oddities(recording: Recording, account: Account) -> None:
    if not recording.start_known:
        _tell(f"{recording.name} tells no start: times count from the epoch (give one with --start)")
    seconds = recording.seconds or account.seconds
    if late := [label for label in recording.labels or () if label.start_s > seconds]:
        many = counted(len(late), "label")
        _tell(f"{recording.name}: {many} after the end of the recording ({duration(seconds)}), not counted")


def _tell(text: str) -> None:
    print(text, file=sys.stderr)


@contextmanager
def _progress(recording: Recording) -> Iterator[Callable[[int], None] | None]:
    """Seconds done, on a terminal only, at every tenth second of event time."""
    if not sys.stderr.isatty():
        yield None
        return
    shown = 0

    def show(reached_ns: int) -> None:
        nonlocal shown
        tens = reached_ns // (10 * NS)
        if tens != shown:
            shown = tens
            done = max(0, reached_ns - recording.start_ns) / NS
            whole = f" of {recording.seconds:.0f}" if recording.seconds else ""
            print(f"\r{recording.name}: {done:.0f}{whole} s ", end="", file=sys.stderr, flush=True)

    try:
        yield show
    finally:
        print("\r\033[K", end="", file=sys.stderr, flush=True)
