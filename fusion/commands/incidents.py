"""What `kizashi incidents` does: list what was found, show why, and take in what an operator says of it."""

from __future__ import annotations

import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from fusion.commands.asking import claim_of
from fusion.config import Settings
from fusion.experience import trust
from fusion.explain import describe_kind, describe_weight
from fusion.labels import GRADES, LabelLine, as_experience, in_store, is_store, read_labels, write_label
from fusion.language.texts import Texts
from fusion.recall import explained
from fusion.records import EvidenceLine, IncidentLine, rank_incidents, read_lines
from fusion.reliability import even_shares
from fusion.sinks.cap import cap_document
from fusion.sinks.console import columns, wrapped
from fusion.store.database import read_database
from fusion.vault.access import Gate
from fusion.vault.users import Act
from fusion.weighing import tell_severity
from fusion.words import duration, rarity
from sensors.clock import SystemClock
from sensors.errors import BadInputError, WrongUseError
from sensors.types import NS

INCIDENTS = "incidents.jsonl"
WIDTH = 100
NAME_ONE = "name what replay --out wrote, or a daemon's [store] folder"
LEAST_SHARE = 5e-4
"""Channels that contribute less are not listed."""


def list_incidents(folder: Path, site: Path | None, texts: Texts, as_json: bool) -> None:
    """Print the incidents of a folder, gravest first, with what was said of them and what that taught of senses."""
    labels = read_labels(site or folder)
    for number, line in enumerate(read_incidents(folder), 1):
        grade = labels[line.id].grade if line.id in labels else None
        if as_json:
            facts = {"id": line.id, "severity": line.severity, "kind": line.kind, "opened_ns": line.opened_ns}
            sys.stdout.buffer.write(msgspec.json.encode({**facts, "per_day": line.per_day, "label": grade}) + b"\n")
        else:
            rate = rarity(line.per_day, texts) if line.per_day is not None else texts.page.your_rule
            told = f"  [{texts.word(grade)}]" if grade else ""
            print(f"{number:>3}  {line.id}  {headline(line, texts)}  {rate}{told}")
    for one in () if as_json else trust(as_experience(labels)):
        if one.weight != 1:
            print(f"     {describe_weight(one, texts).strip()}")


def show_incident(folder: Path, name: str, site: Path | None, texts: Texts, as_json: bool) -> None:
    """Print one incident: why, how much of it is whose, what it had been without, and why it is so severe."""
    line = find_incident(folder, name)
    label = read_labels(site or folder).get(line.id)
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode({**msgspec.to_builtins(line), "label": label}) + b"\n")
        return
    print("\n".join(told_of(line, label, texts)))


def told_of(line: IncidentLine, label: LabelLine | None, texts: Texts) -> list[str]:
    """Lines that say why, how much of it is whose, what it had been without, why it is so severe, and what was said."""
    words = texts.page
    lines = [f"{line.id}  {headline(line, texts)}", *wrapped(explained(line, texts), WIDTH)]
    if line.evidence:
        lines += ["", *_shares(line, line.evidence, texts)]
        for sense, without in line.evidence.without.items():
            rate = rarity(without.per_day, texts) if without.per_day is not None else texts.reasons.unknown_rate
            lines.append(f"  {words.without.format(sense=texts.word(f'without {sense}'), rate=rate)}")
    if line.assessment:
        lines += ["", *wrapped(tell_severity(line.assessment, texts), WIDTH)]
    if label:
        lines += ["", *wrapped(words.said.format(grade=texts.word(label.grade), note=label.note).rstrip(), WIDTH)]
    return lines


def warn_of_incident(folder: Path, name: str, settings: Settings) -> None:
    """Print one incident as a CAP 1.2 warning: of when it ended, or was strangest."""
    line = find_incident(folder, name)
    at_ns = line.closed_ns or (line.evidence.at_ns if line.evidence else line.opened_ns)
    sys.stdout.buffer.write(cap_document(line, 1, at_ns, settings.name, settings.cap))


def label_incident(
    folder: Path, name: str, grade: str, note: str, site: Path | None, texts: Texts,
    acting: tuple[str | None, Path | None] = (None, None),
) -> None:  # fmt: skip
    """Keep what an operator says of an incident, in its folder or in the site's."""
    if grade not in GRADES:
        raise WrongUseError(f"'{grade}' is no label", where="incidents label", mend=f"choose from {', '.join(GRADES)}")
    line, kept = find_incident(folder, name), site or folder
    if not line.assessment and not is_store(kept):
        raise BadInputError("a rule of yours opened it: there is nothing to learn", where=line.id, mend="label another")
    counted = {each.name: each.value for each in line.assessment.counted} if line.assessment else {}
    own = even_shares(line.evidence.senses) if line.evidence else {}
    label = LabelLine(line.id, grade, line.opened_ns, line.kind, counted, note, own)
    if is_store(kept):
        gate, of = Gate(kept, SystemClock()), f"incident {line.id}, {grade}"
        with gate.noted(gate.admit(Act.LABEL, of, claim_of(*acting)), Act.LABEL, of):
            write_label(kept, label)
    else:
        write_label(kept, label)
    print(f"{line.id}  {headline(line, texts)}  [{texts.word(grade)}]")


def read_incidents(folder: Path) -> tuple[IncidentLine, ...]:
    """Incidents of a folder, gravest first; of one that is told again and again, as a daemon does, the last state."""
    if is_store(folder):
        with in_store(folder), closing(read_database(folder)) as database:
            rows = database.execute("SELECT line FROM incidents").fetchall()
            return rank_incidents(msgspec.json.decode(line, type=IncidentLine) for (line,) in rows)
    path = folder / INCIDENTS
    if not path.is_file():
        raise BadInputError("there are no incidents here", where=folder, mend=NAME_ONE)
    return rank_incidents({line.id: line for line in read_lines(path, IncidentLine)}.values())


def find_incident(folder: Path, name: str) -> IncidentLine:
    """An incident by its name, or by its number in the list."""
    lines = read_incidents(folder)
    by_name = {line.id: line for line in lines} | {str(number): line for number, line in enumerate(lines, 1)}
    if name not in by_name:
        raise BadInputError(f"no incident '{name}'", where=folder, mend="see kizashi incidents list")
    return by_name[name]


def headline(line: IncidentLine, texts: Texts) -> str:
    """Severity, when, what and how long."""
    severity = texts.word(line.rank.name.lower()).upper()
    opened = f"{datetime.fromtimestamp(line.opened_ns // NS, UTC):%Y-%m-%d %H:%M:%S}Z"
    lasted = texts.console.still_open
    if line.closed_ns is not None:
        lasted = duration(max(0, line.closed_ns - line.opened_ns) / NS, texts)
    told = texts.page.listed.join((describe_kind(line.kind, texts), lasted))
    return f"{severity}{' ' * max(0, 8 - columns(severity))}  {opened}  {told}"


def _shares(line: IncidentLine, evidence: EvidenceLine, texts: Texts) -> list[str]:
    """A line a sense, and below it one for each channel that counts."""
    told = []
    for part in sorted(line.parts, key=lambda part: -part.share):
        weight = (evidence.weights or {}).get(part.sense)
        weighed = f"  × {weight.weight:g}" if weight else ""
        told.append(f"  {part.share:>6.1%}  {texts.word(f'lane {part.sense}')}{weighed}")
        own = evidence.voices.get(part.sense, {})
        told += [
            f"  {share:>6.1%}    {name}" for name, share in evidence.shares.items() if name in own and share >= 5e-4
        ]
    return told
