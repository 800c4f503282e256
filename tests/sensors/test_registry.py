from __future__ import annotations

from pathlib import Path

import pytest

from sensors.errors import BadInputError
from sensors.registry import DETECTORS, EXTRACTORS, SOURCES, SUFFIXES, kinds, load, source_class
from sensors.types import Modality


@pytest.mark.parametrize("target", [*SOURCES.values(), *EXTRACTORS.values(), *DETECTORS.values()])
def test_everything_in_the_tables_exists(target: str) -> None:
    assert callable(load(target))


def test_every_sense_has_an_extractor_and_a_detector() -> None:
    assert set(EXTRACTORS) == set(DETECTORS) == set(Modality)


def test_every_suffix_leads_to_a_known_kind() -> None:
    assert set(SUFFIXES.values()) <= set(SOURCES)


def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(BadInputError, match=r"did you mean 'audio\.file'"):
        source_class("audio.fiel")
    with pytest.raises(BadInputError, match=r"scenario\.toml: no sensor of kind"):
        source_class("audio.fiel", "scenario.toml")


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A third party's distribution, as pip leaves it behind."""
    about = tmp_path / "geiger-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: geiger\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        "[kizashi.sources]\nenvironment.geiger = geiger_counter:GeigerSource\naudio.file = geiger_counter:Thief\n"
    )
    (tmp_path / "geiger_counter.py").write_text("class GeigerSource:\n    pass\n\n\nclass Thief:\n    pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.usefixtures("installed")
def test_a_third_party_adds_a_kind_and_replaces_none() -> None:
    assert source_class("environment.geiger").__name__ == "GeigerSource"
    assert kinds()["audio.file"] == SOURCES["audio.file"]
