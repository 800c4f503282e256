"""Recall against false alarms: what a setting had found is what triage makes of the same verdicts at that setting."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from fusion.events import FusedScore
from fusion.recording import Label, Recording
from fusion.report.metrics import Hit, Outcome
from fusion.report.sweep import RATES, Heard, added, frontier, sweep
from fusion.report.tradeoff import DASHES, save_tradeoff
from fusion.triage import TriageSettings
from sensors.types import NS

SECONDS = 600.0
EVENTS = (Label(100.0, 110.0, "fall"), Label(300.0, 310.0, "fight"))
RECORDING = Recording("hall", 0, True, 0, SECONDS, (), EVENTS)


def verdicts(*strange: tuple[float, float]) -> list[FusedScore]:
    """One a second, ordinary but for three seconds from each of these moments, which have this rate a day."""
    rates = {int(at_s) + more: rate for at_s, rate in strange for more in range(3)}
    return [FusedScore(s * NS, 1e-4 if s in rates else 0.5, rates.get(s, 1e8)) for s in range(int(SECONDS))]


def test_a_rarer_event_is_found_at_every_setting_from_its_rate_on() -> None:
    swept = sweep(RECORDING, verdicts((102, 0.5), (302, 20), (500, 90)), TriageSettings(), SECONDS)
    assert tuple(swept) == RATES
    for rate, outcome in swept.items():
        assert len(outcome.delays_s) == (rate >= 0.5) + (rate >= 20)
        assert outcome.false_alarms == (rate >= 90)


def test_a_line_rises_with_false_alarms_and_leaves_out_what_costs_more_for_nothing() -> None:
    swept = sweep(RECORDING, verdicts((102, 0.5), (302, 200), (500, 90)), TriageSettings(), SECONDS)
    (none, half), (some, all_found) = frontier(swept.values())
    assert (none, half, all_found) == (0.0, 0.5, 1.0)
    assert some > 0


outcomes = st.builds(
    lambda found, false: Outcome(tuple(Hit(EVENTS[0], 1.0 if n < found else None) for n in range(5)), 0, false, 3600.0),
    st.integers(0, 5),
    st.integers(0, 9),
)


@given(st.lists(outcomes, max_size=12))
def test_no_setting_is_better_than_the_line(some: list[Outcome]) -> None:
    line = frontier(some)
    assert line == sorted(line)
    for outcome in some:
        false, recall = outcome.false_per(3600.0)[0], outcome.recall
        assert any(f <= false and r >= recall for f, r in line)


def test_recordings_add_up_rate_by_rate() -> None:
    one = sweep(RECORDING, verdicts((102, 0.5)), TriageSettings(), SECONDS)
    both = added(one, sweep(RECORDING, verdicts((500, 0.5)), TriageSettings(), SECONDS))
    assert (len(both[1.0].hits), len(both[1.0].delays_s), both[1.0].false_alarms) == (4, 1, 1)


def test_a_picture_is_the_same_twice_and_differs_with_what_is_drawn(tmp_path: Path) -> None:
    heard = Heard()
    for verdict in verdicts((102, 0.5), (302, 20), (500, 90)):
        heard.add("fused", verdict)
        heard.add("audio", FusedScore(verdict.at_ns, 0.5, 5e3))
    swept = {name: sweep(RECORDING, said, TriageSettings(), SECONDS) for name, said in heard.verdicts.items()}
    chosen = {name: by_rate[1.0] for name, by_rate in swept.items()}
    for name, shown in (("a", swept), ("b", swept), ("c", {"fused": swept["fused"]})):
        save_tradeoff(tmp_path / f"{name}.png", shown, chosen, "1 false alarm a day")
    pictures = [(tmp_path / f"{name}.png").read_bytes() for name in "abc"]
    assert pictures[0] == pictures[1] != pictures[2]
    assert pictures[0].startswith(b"\x89PNG")


def test_rules_are_told_apart(tmp_path: Path) -> None:
    """Whose line is whose can be seen: two of as many rules as are drawn exchange their lines, and it shows."""
    found = sweep(RECORDING, verdicts((102, 0.5)), TriageSettings(), SECONDS)
    nothing = sweep(RECORDING, verdicts(), TriageSettings(), SECONDS)
    for number in range(len(DASHES)):
        swept = {f"rule {n}": found if n == number else nothing for n in range(len(DASHES))}
        save_tradeoff(tmp_path / f"{number}.png", swept, {}, "1 false alarm a day")
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == len(DASHES)
