"""Warnings in the Common Alerting Protocol: by its rules, in all languages, each with references to those before."""

from __future__ import annotations

import subprocess
import sysconfig
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as Tree
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.config import load_settings
from fusion.events import Change, Severity
from fusion.live.outlets import build_outlets
from fusion.receivers import CapOut
from fusion.records import IncidentLine
from fusion.sinks.cap import CATEGORIES, cap_document, moment
from fusion.sinks.jsonl import incident_line
from fusion.sinks.news import Changed
from sensors.clock import SystemClock
from sensors.errors import BadInputError
from sensors.types import NS
from tests.fusion.cap_rules import CAP, checked
from tests.fusion.test_evidence import incident
from tests.live.servers import poll

KIZASHI = str(Path(sysconfig.get_path("scripts")) / "kizashi")
LINE = msgspec.json.decode(incident_line(incident()), type=IncidentLine)


def told(alert: Tree.Element, name: str) -> str:
    return alert.findtext(f"{CAP}{name}") or ""


def infos(alert: Tree.Element) -> dict[str, Tree.Element]:
    return {told(info, "language"): info for info in alert.findall(f"{CAP}info")}


def test_a_warning_is_a_test_with_one_info_a_language() -> None:
    alert = checked(cap_document(LINE, 1, LINE.opened_ns, "Shop", CapOut()))
    assert (told(alert, "status"), told(alert, "msgType"), told(alert, "scope")) == ("Test", "Alert", "Private")
    both = infos(alert)
    assert list(both) == ["en", "ja"]
    assert "by chance" in told(both["en"], "description")
    assert told(both["ja"], "description") != told(both["en"], "description")
    assert told(both["en"], "onset") == told(both["ja"], "onset") == moment(LINE.opened_ns, ZoneInfo("UTC"))
    assert {told(info, "category") for info in both.values()} <= {*CATEGORIES.values(), "Other"}


def test_times_have_a_numeric_offset_and_never_a_letter() -> None:
    assert moment(0, ZoneInfo("UTC")) == "1970-01-01T00:00:00-00:00"
    assert moment(1_720_000_000 * NS, ZoneInfo("Asia/Tokyo")) == "2024-07-03T18:46:40+09:00"
    assert moment(1_720_000_000 * NS, ZoneInfo("Europe/London")) == "2024-07-03T10:46:40+01:00"


def test_changes_are_updates_the_end_is_a_cancel_and_all_refer_to_what_was_said(tmp_path: Path) -> None:
    config = tmp_path / "site.toml"
    config.write_text(
        f'name = "Shop"\n[cap]\nfolder = "{tmp_path}/cap"\nsender = "kizashi@shop.example"\ntimezone = "Asia/Tokyo"\n'
        'scope = "Restricted"\ncircle = [35.6, 139.7, 0.05]'
    )
    begun = replace(incident(), closed_ns=None)
    worse, over = replace(begun, severity=Severity.CRITICAL), replace(begun, closed_ns=begun.opened_ns + 60 * NS)
    for changes in ([(Change.OPENED, begun, 1), (Change.ESCALATED, worse, 2)], [(Change.CLOSED, over, 3)]):
        with ExitStack() as stack:
            (box,) = build_outlets(load_settings(config), {}, SystemClock(), 0, stack).outboxes
            for change in changes:
                box.deliver(Changed(*change))
            poll((tmp_path / "cap" / f"{begun.id}.{changes[-1][2]}.xml").exists, "the last of them")
    paths = sorted((tmp_path / "cap").iterdir())
    assert [path.name for path in paths] == [f"{begun.id}.{n}.xml" for n in (1, 2, 3)]
    first, second, third = (checked(path.read_bytes()) for path in paths)
    assert [told(alert, "msgType") for alert in (first, second, third)] == ["Alert", "Update", "Cancel"]
    names = [",".join(told(alert, part) for part in ("sender", "identifier", "sent")) for alert in (first, second)]
    assert told(second, "references") == names[0]
    assert told(third, "references") == " ".join(names)
    assert told(infos(second)["en"], "severity") == "Extreme"
    assert (told(infos(third)["en"], "urgency"), told(infos(third)["en"], "responseType")) == ("Past", "AllClear")
    assert told(first, "sent").endswith("+09:00")


@settings(deadline=None, derandomize=True, database=None)
@given(kind=st.text(), place=st.text(min_size=1), why=st.text(), name=st.text(min_size=1))
def test_whatever_things_are_called_the_rules_are_kept(kind: str, place: str, why: str, name: str) -> None:
    line = msgspec.structs.replace(LINE, kind=f"rule: {kind}", why=why, id=name, rule="any", parts=())
    alert = checked(cap_document(line, 1, 0, place.strip() or "x", CapOut()))
    assert told(infos(alert)["en"], "certainty") == "Observed"


def test_an_incident_of_a_folder_is_shown_as_a_warning(tmp_path: Path) -> None:
    (tmp_path / "incidents.jsonl").write_bytes(incident_line(incident()))
    (tmp_path / "site.toml").write_text('name = "Shop"\n[cap]\nstatus = "Exercise"\nscope = "Public"')
    command = [KIZASHI, "incidents", "show", str(tmp_path), "1", "--cap", "--config", str(tmp_path / "site.toml")]
    alert = checked(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)
    assert (told(alert, "status"), told(alert, "scope")) == ("Exercise", "Public")
    assert told(alert, "incidents") == incident().id


@pytest.mark.parametrize("table", ['sender = "a b"', 'status = "Real"', 'timezone = "Mars"', "circle = [91, 0, 1]",
                                   'scope = "Private"\naddresses = ""'])  # fmt: skip
def test_what_makes_no_warning_is_refused(tmp_path: Path, table: str) -> None:
    (tmp_path / "site.toml").write_text(f"[cap]\n{table}")
    with pytest.raises(BadInputError):
        load_settings(tmp_path / "site.toml")
