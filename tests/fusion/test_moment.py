"""Who begins again soon after goes on where it stood; after longer, or with others, with what was learned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fusion.config import load_settings
from fusion.events import Reliability
from fusion.live.moment import SOON_NS, Moment, Resumable, code_of, fits, read_moment, take_moment, write_moment
from fusion.live.site import Site, build_site, live_watch
from fusion.live.state import LEARNED, MOMENT, save_state, take_state
from sensors.base import Arrays
from sensors.types import NS, Chunk, Features, Modality

Write = Callable[..., Path]
AIR = '[[sensors]]\nid = "hall/air"\nkind = "environment.tail"\npath = "log"\n'


def built(write_text: Write, folder: Path, more: str = "") -> Site:
    text = f'{more}\n[store]\nfolder = "{folder}"\n{AIR}'
    return build_site(load_settings(write_text("k.toml", text)), "k.toml")


def rows(site: Site, first: int, last: int) -> list[Features]:
    """What the sensor of a site makes of readings, one a second."""
    (sensor,) = site.sensors
    told: list[Features] = []
    for number in range(first, last):
        value = np.array([[20 + number % 7]], np.float64)
        told += sensor.extractor.extract(Chunk("hall/air", number, number * NS, 1.0, value, ("temperature_c",)))
    return told


def ended(site: Site) -> Moment:
    """What is saved when a site ends."""
    watch = live_watch(site)
    moment = take_moment(watch.engine, site.engine, site.streams, site.sensors)
    assert moment is not None
    assert site.folder is not None
    span_ns = (site.start_ns, site.start_ns)
    save_state(site.folder, take_state(watch, watch.engine.snapshot(), site.engine, "hall", span_ns, moment))
    return moment


def state_of(site: Site) -> Arrays:
    (sensor,) = site.sensors
    assert isinstance(sensor.extractor, Resumable)
    return sensor.extractor.state()


def test_readings_after_a_restart_are_compared_with_those_before(write_text: Write, tmp_path: Path) -> None:
    uncut = built(write_text, tmp_path / "a")
    told = rows(uncut, 0, 40)
    before = built(write_text, tmp_path / "b")
    cut = rows(before, 0, 25)
    moment = ended(before)
    after = built(write_text, tmp_path / "b")
    engine = live_watch(after).engine
    cut += rows(after, 25, 40)
    assert [np.nan_to_num(f.values).tolist() for f in cut] == [np.nan_to_num(f.values).tolist() for f in told]
    assert engine.next_ns == after.start_ns >= moment.next_ns


def test_what_is_read_is_what_was_written(write_text: Write, tmp_path: Path) -> None:
    site = built(write_text, tmp_path / "a")
    rows(site, 0, 9)
    moment = ended(site)
    write_moment(tmp_path / "moment", moment)
    again = read_moment(tmp_path / "moment")
    assert again is not None
    assert (again.of, again.next_ns, again.engine) == (moment.of, moment.next_ns, moment.engine)
    assert again.readers.keys() == {"hall/air"}
    for name, array in state_of(site).items():
        assert np.array_equal(again.readers["hall/air"][name], array, equal_nan=True)


@pytest.mark.parametrize("damage", [b"", b"rubbish", None])
def test_what_is_broken_or_missing_is_no_moment(write_text: Write, tmp_path: Path, damage: bytes | None) -> None:
    site = built(write_text, tmp_path / "a")
    ended(site)
    path = tmp_path / "a" / LEARNED / MOMENT
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] if damage is None else damage)
    assert read_moment(path) is None
    assert read_moment(path.with_name("nowhere")) is None
    assert live_watch(built(write_text, tmp_path / "a")).engine.next_ns is not None


def test_other_settings_other_sensors_and_a_long_time_begin_with_what_was_learned(
    write_text: Write, tmp_path: Path
) -> None:
    site = built(write_text, tmp_path / "a")
    moment = ended(site)
    assert fits(moment, site.engine, site.streams, moment.next_ns + SOON_NS)
    assert not fits(moment, site.engine, site.streams, moment.next_ns + SOON_NS + 1)
    assert not fits(moment, site.engine, {}, moment.next_ns)
    assert not fits(moment, replace(site.engine, least_blocks=9), site.streams, moment.next_ns)
    assert built(write_text, tmp_path / "a", "false_alarms_per_day = 7").kept is not None


def test_what_labels_taught_meanwhile_is_what_counts_when_the_watch_goes_on(write_text: Write, tmp_path: Path) -> None:
    site = built(write_text, tmp_path / "a")
    moment = ended(site)
    taught = replace(site.engine, reliability=(Reliability(Modality.ENVIRONMENT, 0.5, 8, 8),))
    assert fits(moment, taught, site.streams, moment.next_ns)


def test_another_version_begins_with_what_was_learned(write_text: Write, tmp_path: Path) -> None:
    first = write_text("package/deep/one.py", "HELD = 1\n").parents[1]
    before = code_of([first])
    assert code_of([first]) == before
    write_text("package/deep/one.py", "HELD = 2\n")
    changed = code_of([first])
    (first / "deep" / "one.py").rename(first / "deep" / "two.py")
    assert len({before, changed, code_of([first])}) == 3
