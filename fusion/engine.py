"""The pure core: calibrate, align, combine, triage, in a row.

For each tick of event time, once every stream has reached it or its deadline has passed:

1. `align` asks every stream what it said since the last tick;
2. `senses` ranks that against each channel's past (`calibrate`) and gives one p-value a sense;
3. `combine` makes one of the senses present, and `rarity` ranks it against its own past;
4. `triage` opens, escalates and closes incidents;
5. `rules` does the same for what the user wants to be told, whatever else is known or missing;
6. what is old enough and was quiet is learned.

Nothing here knows files, clocks or threads: the same pushes give the same verdicts, in whatever order streams arrive.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from fusion.agreement import Agreement
from fusion.align import NEVER, Aligner
from fusion.calm import ALLOWANCE, Calm, Disturbances
from fusion.combine import Dependence, shares
from fusion.events import Change, Evidence, FusedScore, Incident, Missing, Part, Reliability, Voice, Without
from fusion.evidence import Recollection
from fusion.explain import explain
from fusion.freezing import Tree, freeze, thaw
from fusion.inventory import HELD, MADE_WITH
from fusion.language.english import ENGLISH
from fusion.language.texts import Texts
from fusion.patterns import Patterns
from fusion.rarity import DAY_NS, Rarity
from fusion.rules import Rule, Rules, RuleTiming
from fusion.senses import Senses
from fusion.triage import Triage, TriageSettings
from sensors.types import NS, Health, Modality, Score

STRANGERS = "learning what is usual with the others"
"""Why a sense takes no part that is known only by itself."""

WINDOWS_NS = {Modality.AUDIO: 5 * NS, Modality.VIDEO: 5 * NS, Modality.ENVIRONMENT: 10 * NS}


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How the engine works; times in nanoseconds.

    Attributes
    ----------
    tick_ns : int
        Distance of verdicts.
    budget_ns : int
        How long after a tick a stream that has not reached it is waited for (live only).
    windows_ns : mapping
        Corroboration window of each sense.
    hold_ns : int
        A score speaks for at least this long.
    block_ns : int
        Block of the fused statistic's past.
    learn_every_ns : int
        Scores of a channel closer than this are not learned: neighbours say the same.
    learn_after_ns : int
        Distance between verdict and learning.
    lead_ns : int
        How long before an incident opened its onset may have begun: not learned either.
    least_scores, least_blocks : int
        Length of past below which a channel, or the fused statistic, says nothing.
    blackout_ns : int
        After so long without a word from any sensor verdicts become rare; a multiple of `tick_ns`.
    accept_after_ns : int
        What stays strange this long without change is the new normal, and learned.
    learning : bool
        Whether anything is learned at all.
    triage : TriageSettings
        How verdicts become incidents.
    rules : tuple of Rule
        What the user wants to be told besides.
    reliability : tuple of Reliability
        How much senses weigh, as labels taught; those that are not named weigh 1.
    texts : Texts
        The language of what people read.
    """

    tick_ns: int = NS // 10
    budget_ns: int = NS // 5
    windows_ns: Mapping[Modality, int] = field(default_factory=lambda: WINDOWS_NS)
    hold_ns: int = NS
    block_ns: int = 10 * NS
    learn_every_ns: int = NS // 2
    learn_after_ns: int = 15 * NS
    lead_ns: int = 10 * NS
    least_scores: int = 24
    least_blocks: int = 12
    blackout_ns: int = 60 * NS
    accept_after_ns: int = 900 * NS
    learning: bool = True
    triage: TriageSettings = field(default_factory=TriageSettings)
    rules: tuple[Rule, ...] = ()
    reliability: tuple[Reliability, ...] = ()
    texts: Texts = ENGLISH


@dataclass(frozen=True, slots=True)
class Memory:
    """What an engine has learned, as arrays.

    Attributes
    ----------
    channels : mapping of str to ndarray (n,)
        Past raw scores of each channel, and its windows by name and suffix, oldest first: see `senses`.
    blocks : mapping of str to ndarray (n,)
        Past block maxima of the fused statistic, by senses: "audio+video".
    moments : mapping of str to ndarray (4,)
        Count, means and covariance of pairs of senses, as in `combine.Dependence`.
    agreement : mapping of str to ndarray
        Which sensors go together, as in `agreement.Agreement`.
    """

    channels: Mapping[str, NDArray[np.float64]]
    blocks: Mapping[str, NDArray[np.float64]]
    moments: Mapping[str, NDArray[np.float64]]
    agreement: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """What one tick brought: its verdict, what it changed, and who is suspected from now on, or trusted again."""

    verdict: FusedScore
    changes: tuple[tuple[Change, Incident], ...]
    health: tuple[Health, ...] = ()


class Engine:
    """Scores in, verdicts and incidents out.

    Parameters
    ----------
    settings : EngineSettings
        See there.
    streams : mapping of str to Modality
        The sensors to expect.
    start_ns : int or None
        Event time of the first tick, rounded up to the grid of ticks; None to begin with what comes first.
    memory : Memory or None
        What was learned before.
    """

    def __init__(
        self,
        settings: EngineSettings,
        streams: Mapping[str, Modality],
        start_ns: int | None = None,
        memory: Memory | None = None,
    ) -> None:
        self._settings = settings
        self._aligner = Aligner(settings.hold_ns)
        for stream, modality in streams.items():
            self._aligner.add(stream, modality)
        self._senses = Senses(
            streams, settings.windows_ns, settings.least_scores, settings.learn_every_ns, self._aligner.hold_until
        )
        self._dependence = Dependence([str(sense) for sense in self._senses.order])
        self._weigh()
        self._rarity = Rarity(
            settings.block_ns, settings.tick_ns, settings.least_blocks, settings.triage.false_alarms_per_day
        )
        self._patterns, self._agreement = Patterns(), Agreement()
        self._recollection = Recollection(settings.windows_ns)
        say = partial(explain, texts=settings.texts)
        self._triage = Triage(settings.triage, self._senses.order, say, self._patterns.seen_since)
        timing = RuleTiming(settings.hold_ns, settings.triage.close_after_ns, settings.triage.regroup_ns)
        self._rules = Rules(settings.rules, timing, settings.texts)
        self._nearly = settings.triage.false_alarms_per_day * settings.triage.release_factor
        self._next_ns = self._on_grid(start_ns) if start_ns is not None else None
        self._first_ns: int | None = None
        self._moments: deque[tuple[int, dict[int, float]]] = deque()
        self._disturbances = Disturbances(settings.lead_ns, ALLOWANCE * settings.triage.false_alarms_per_day / DAY_NS)
        if memory:
            self._restore(memory)

    @property
    def order(self) -> Sequence[Modality]:
        """The senses, in the order in which they are numbered."""
        return self._senses.order

    @property
    def late(self) -> int:
        """Scores that came after their tick was answered."""
        return self._aligner.late

    @property
    def watermark_ns(self) -> int:
        """Every stream has been read to here."""
        return self._aligner.watermark_ns

    def push(self, item: Score | Health) -> None:
        """Take what a sensor said."""
        self._aligner.push(item)
        if isinstance(item, Score):
            if self._settings.rules:
                self._rules.take(item)
            self._agreement.take(item)
        if self._next_ns is None:
            at_ns = item.end_ns if isinstance(item, Score) else item.at_ns
            self._first_ns = at_ns if self._first_ns is None else min(self._first_ns, at_ns)

    def reach(self, stream: str, until_ns: int) -> None:
        """Nothing of this stream that ends by `until_ns` will come any more."""
        self._aligner.reach(stream, until_ns)

    def advance(self, until_ns: int, now_ns: int = NEVER) -> Iterator[Step]:
        """Answer all ticks up to `until_ns` for which nobody is waited for any more; iterate to the end.

        While no sensor has said anything for `blackout_ns`, there is one verdict in every `blackout_ns` only: a month
        without data is not two million times news.

        Parameters
        ----------
        until_ns : int
            Event time of the last tick to answer.
        now_ns : int
            Present moment of a live run; NEVER in a replay, which waits for every stream.
        """
        if self._next_ns is None:
            if self._first_ns is None or self.watermark_ns == NEVER:
                return
            self._next_ns = self._on_grid(self._first_ns)
        while self._next_ns <= until_ns and self._aligner.ready(self._next_ns, now_ns, self._settings.budget_ns):
            tick_ns = self._next_ns
            self._next_ns += self._settings.tick_ns
            if self._aligner.silent_since(tick_ns, self._settings.blackout_ns) and tick_ns % self._settings.blackout_ns:
                continue
            yield self._tick(tick_ns)

    def finish(self) -> list[tuple[Change, Incident]]:
        """Close what is open, because the streams end."""
        if self._next_ns is None:
            return []
        return [*self._triage.finish(self._next_ns), *self._rules.finish(self._next_ns)]

    @property
    def next_ns(self) -> int | None:
        """Event time of the tick that is next; None before the first."""
        return self._next_ns

    @property
    def occupied(self) -> bool:
        """Whether an incident is open."""
        return self._triage.current is not None or self._rules.occupied

    def pass_over(self, start_ns: int) -> None:
        """Give no verdict on ticks before `start_ns`: nobody was there to listen."""
        self._next_ns = max(self._on_grid(start_ns), self._next_ns or NEVER)

    def quiet(self, at_ns: int) -> bool:
        """Whether nothing alarmed at that time, nor was about to."""
        return self._disturbances.calm(at_ns) is Calm.QUIET

    def snapshot(self) -> Memory:
        """What was learned so far."""
        blocks = {self._name_of(senses): values for senses, values in self._rarity.pasts().items()}
        return Memory(self._senses.pasts(), blocks, self._dependence.state(), self._agreement.state())

    def whole(self) -> Tree:
        """All that it holds, open windows and what waits included, as plain data: see `freezing`."""
        return freeze(self, (EngineSettings, *MADE_WITH))

    def resume(self, whole: Tree) -> None:
        """Go on where an engine with the same settings and streams stood, as if nothing had been between.

        What labels taught may differ: what these settings say counts.

        Raises
        ------
        KeyError, IndexError, TypeError, ValueError
            If that is not whole; the engine is then of no use.
        """
        thaw(self, whole, (Engine, *HELD))
        self._weigh()

    def _weigh(self) -> None:
        self._dependence.weigh({str(one.sense): one.weight for one in self._settings.reliability})

    def _restore(self, memory: Memory) -> None:
        self._senses.restore(memory.channels)
        self._dependence.restore(memory.moments)
        self._agreement.restore(memory.agreement)
        masks = {self._name_of(senses): senses for senses in range(1, 1 << len(self._senses.order))}
        self._rarity.restore({masks[name]: values for name, values in memory.blocks.items() if name in masks})

    def _on_grid(self, at_ns: int) -> int:
        return -(-at_ns // self._settings.tick_ns) * self._settings.tick_ns

    def _name_of(self, senses: int) -> str:
        return "+".join(sense for i, sense in enumerate(self._senses.order) if senses >> i & 1)

    def _tick(self, tick_ns: int) -> Step:
        said, missing = self._listen(tick_ns)
        statistics = self._dependence.statistics(said)
        self._recollection.note(tick_ns, self._senses.strange)
        self._patterns.note(tick_ns, self._senses.strange, [self._senses.order[i] for i in said])
        health = self._agreement.judge(tick_ns)
        verdict = self._judge(tick_ns, said, statistics, tuple(missing))
        if self._agreement.suspected:
            verdict = replace(verdict, suspected=self._agreement.suspected)
        changes = [*self._triage.judge(verdict), *self._rules.judge(tick_ns)]
        self._mark(tick_ns)
        if self._settings.learning:
            self._note(tick_ns, said, statistics)
            self._learn(tick_ns - self._settings.learn_after_ns)
        else:
            self._senses.forget()
            self._agreement.forget()
        return Step(verdict, tuple(changes), tuple(health))

    def _listen(self, tick_ns: int) -> tuple[dict[int, float], list[Missing]]:
        """The p-values of the senses that are there, and who is missing."""
        return self._senses.listen(tick_ns, self._aligner.join(tick_ns))

    def _judge(
        self, tick_ns: int, said: Mapping[int, float], statistics: Mapping[int, float], missing: tuple[Missing, ...]
    ) -> FusedScore:
        if not said:
            return FusedScore(tick_ns, None, None, (), missing, bool(missing))
        order = self._senses.order
        heard = self._rarity.best_known(statistics)
        heard_p = {i: p for i, p in said.items() if heard >> i & 1}
        if len(heard_p) < len(said):
            missing += tuple(Missing(str(order[i]), STRANGERS) for i in said if i not in heard_p)
        per_day, extrapolated = self._rarity.per_day(heard, statistics[heard])
        share = shares(heard_p, self._dependence.weights)
        parts = [Part(order[i], p, share[i], self._senses.reasons(order[i])) for i, p in heard_p.items()]
        if len(parts) > 1:
            parts.sort(key=lambda part: (-part.share, part.sense))
        p_value = 10 ** -statistics[heard]
        near = per_day is not None and per_day <= self._nearly
        evidence = self._evidence(heard, statistics, parts) if near else None
        return FusedScore(tick_ns, p_value, per_day, tuple(parts), missing, bool(missing), extrapolated, evidence)

    def _evidence(self, heard: int, statistics: Mapping[int, float], parts: Sequence[Part]) -> Evidence:
        """What a verdict rests on, and what it had been with any one sense missing."""
        order, without = self._senses.order, []
        for part in parts:
            others = heard & ~(1 << order.index(part.sense))
            if others:
                rate = self._rarity.per_day(others, statistics[others])
                without.append(Without(part.sense, 10 ** -statistics[others], *rate))
        senses = sorted(part.sense for part in parts)
        voices = tuple(Voice(sense, *said) for sense in senses for said in self._senses.voices(sense).items())
        weighed = (one for one in self._settings.reliability if one.sense in senses and one.weight != 1)
        weights = tuple(weighed) if len(parts) > 1 else ()
        return Evidence(voices, self._recollection.of(senses), tuple(without), weights)

    def _mark(self, tick_ns: int) -> None:
        """Keep the spans that must not be learned: incidents with their onset, and what outlasts them unchanged."""
        latched = self._triage.latched_since_ns
        accepted = latched is not None and tick_ns - latched >= self._settings.accept_after_ns
        disturbed = self._triage.current is not None or (latched is not None and not accepted)
        self._disturbances.mark(tick_ns, disturbed)

    def _note(self, tick_ns: int, said: dict[int, float], statistics: Mapping[int, float]) -> None:
        self._rarity.observe(tick_ns, statistics)
        if said and (not self._moments or tick_ns - self._moments[-1][0] >= NS):
            self._moments.append((tick_ns, said))

    def _learn(self, until_ns: int) -> None:
        self._senses.learn(until_ns, self._disturbances.calm)
        self._agreement.settle(until_ns, self._disturbances.calm)
        while self._moments and self._moments[0][0] <= until_ns:
            at_ns, said = self._moments.popleft()
            if self.quiet(at_ns):
                self._dependence.learn(said)
        self._rarity.settle(until_ns, self._disturbances)
        self._disturbances.forget(until_ns - self._settings.accept_after_ns)
