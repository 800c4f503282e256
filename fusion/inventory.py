"""What an engine is made of: classes that hold something, and those that it is only made with."""

from __future__ import annotations

from fusion.agreement import PARTS as AGREEMENT
from fusion.align import PARTS as ALIGN
from fusion.calibrate import PARTS as CALIBRATE
from fusion.calm import PARTS as CALM
from fusion.combine import PARTS as COMBINE
from fusion.events import PARTS as EVENTS
from fusion.evidence import PARTS as EVIDENCE
from fusion.language.texts import Texts
from fusion.lately import PARTS as LATELY
from fusion.patterns import PARTS as PATTERNS
from fusion.patterns import Pattern
from fusion.rarity import PARTS as RARITY
from fusion.rules import PARTS as RULES
from fusion.rules import Rule, RuleTiming
from fusion.senses import PARTS as SENSES
from fusion.triage import PARTS as TRIAGE
from fusion.triage import TriageSettings
from sensors.types import Health, Modality, Quality, Score, State

HELD: tuple[type, ...] = (
    *AGREEMENT,
    *ALIGN,
    *CALIBRATE,
    *CALM,
    *COMBINE,
    *EVENTS,
    *EVIDENCE,
    *LATELY,
    *PATTERNS,
    *RARITY,
    *RULES,
    *SENSES,
    *TRIAGE,
    Health,
    Modality,
    Quality,
    Score,
    State,
)
"""All that may be kept of an engine, see `freezing`."""

MADE_WITH: tuple[type, ...] = (Pattern, Rule, RuleTiming, Texts, TriageSettings)
"""What settings say, and is not kept."""
