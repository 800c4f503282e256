"""`kizashi user`, `kizashi audit` and labels in a daemon's folder, as people type them."""

from __future__ import annotations

import json
import subprocess
import sysconfig
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from fusion.experience import Label
from fusion.labels import as_experience, read_labels
from fusion.sinks.news import Changed
from fusion.store.keeper import Keeper
from fusion.store.writer import Writer
from fusion.vault.audit import LOG
from fusion.vault.users import USERS
from tests.fusion.incidents import closed, opened
from tests.fusion.test_evidence import incident

KIZASHI = Path(sysconfig.get_path("scripts")) / "kizashi"
WORDS = "four words are better"


def kizashi(*arguments: object, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [str(KIZASHI), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, input=stdin)


def fine(*arguments: object, stdin: str = "") -> str:
    done = kizashi(*arguments, stdin=stdin)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(*arguments: object, stdin: str = "", code: int = 3) -> str:
    done = kizashi(*arguments, stdin=stdin)
    assert (done.returncode, done.stdout) == (code, "")
    (line,) = done.stderr.splitlines()
    return line


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A daemon's folder with three incidents, one of them a rule's, and two users."""
    folder = tmp_path / "store"
    folder.mkdir(mode=0o700)
    with closing(Writer(folder)) as writer:
        keeper = Keeper(writer, 1)
        for change in (opened("ruled"), closed("ruled"), opened("mild"), replace(opened(), incident=incident())):
            assert isinstance(change, Changed)
            keeper.deliver(change)
    (tmp_path / "words").write_text(WORDS + "\n")
    (tmp_path / "site.toml").write_text(f'[store]\nfolder = "{folder}"\n')
    return folder


def test_users_come_and_go_and_the_log_tells_who_did_it(store: Path, tmp_path: Path) -> None:
    words, at = tmp_path / "words", ("--config", tmp_path / "site.toml")
    assert "the first user has to manage" in refused("user", "add", "bert", "--role", "viewer", *at, stdin=WORDS)
    fine("user", "add", "anna", "--role", "admin", "--password-file", words, *at)
    assert "name a user with --as" in refused("user", "add", "bert", "--role", "auditor", *at)
    acting = ("--as", "anna", "--as-password-file", words)
    fine(
        "user", "add", "bert", "--role", "auditor", "--password-file", "-", *acting, *at, stdin="correct horse battery"
    )
    listed = [json.loads(line) for line in fine("user", "list", *at, "--json").splitlines()]
    assert listed == [{"name": "anna", "role": "admin"}, {"name": "bert", "role": "auditor"}]
    as_bert = ("--as", "bert", "--as-password-file", "-")
    told = refused("user", "remove", "anna", *as_bert, *at, stdin="correct horse battery")
    assert "a user of role auditor may not manage" in told
    assert "nobody would be left" in refused("user", "remove", "anna", *acting, *at)
    fine("user", "remove", "bert", *acting, *at)
    whole = fine("audit", "list", "--as", "anna", "--password-file", words, *at, "--json")
    told_of = [(entry["who"], entry["what"], entry["outcome"]) for entry in map(json.loads, whole.splitlines())]
    assert told_of == [
        ("nobody in particular", "add user", "done"),
        ("anna", "add user", "done"),
        ("bert", "manage", "refused"),
        ("anna", "remove user", "failed"),
        ("anna", "remove user", "done"),
    ]
    assert WORDS not in whole + (store / USERS).read_text()
    assert "whole: 5 lines" in fine("audit", "verify", "--as", "anna", "--password-file", words, *at)


def test_a_log_that_was_touched_is_told_with_its_line(store: Path) -> None:
    fine("user", "add", "anna", "--role", "admin", "--password-file", "-", "--store", store, stdin=WORDS)
    (store / LOG).write_bytes((store / LOG).read_bytes().replace(b"admin", b"clerk"))
    done = kizashi("audit", "verify", "--as", "anna", "--password-file", "-", "--store", store, stdin=WORDS)
    assert done.returncode == 1
    assert done.stdout.startswith("BROKEN: line 1 is not the one that was noted")


def test_what_cannot_be_done_is_told_in_a_line(store: Path, tmp_path: Path) -> None:
    at = ("--store", store)
    assert "--config and --store" in refused("user", "list", code=2)
    assert "choose from viewer" in refused("user", "add", "anna", "--role", "boss", *at, code=2)
    assert "nobody is there to ask" in refused("user", "add", "anna", "--role", "admin", *at)
    missing = ("--password-file", tmp_path / "none")
    assert "passphrase cannot be read" in refused("user", "add", "anna", "--role", "admin", *missing, *at)
    (tmp_path / "bare.toml").write_text("")
    assert "keep nothing" in refused("user", "list", "--config", tmp_path / "bare.toml")


def test_incidents_of_a_daemon_are_listed_shown_and_labelled(store: Path, tmp_path: Path) -> None:
    listed = [json.loads(line)["id"] for line in fine("incidents", "list", store, "--json").splitlines()]
    assert sorted(listed) == sorted([incident().id, "mild", "ruled"])
    assert incident().why in " ".join(fine("incidents", "show", store, incident().id).split())
    assert "[high]" in fine("incidents", "label", store, incident().id, "high", "--note", "glass")
    fine("incidents", "label", store, "ruled", "false")
    assert "[false]" in fine("incidents", "list", store)
    assert "false" in fine("incidents", "show", store, "ruled")
    (learned,) = as_experience(read_labels(store))
    assert isinstance(learned, Label)
    assert learned.grade == 3
    fine("user", "add", "anna", "--role", "admin", "--password-file", "-", "--store", store, stdin=WORDS)
    words = tmp_path / "words"
    acting = ("--as", "anna", "--as-password-file", words)
    bert = ("bert", "--role", "operator", "--password-file", words, *acting, "--store", store)
    fine("user", "add", *bert)
    assert "name a user with --as" in refused("incidents", "label", store, "mild", "low")
    fine("incidents", "label", store, "mild", "low", "--as", "bert", "--password-file", words)
    told = [json.loads(line) for line in (store / LOG).read_text().splitlines()]
    assert [(line["who"], line["of"]) for line in told if line["what"] == "label"] == [
        ("nobody in particular", f"incident {incident().id}, high"),
        ("nobody in particular", "incident ruled, false"),
        ("bert", "incident mild, low"),
    ]
