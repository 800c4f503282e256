"""One TOML file to frozen settings; an unknown key is an error that names the nearest known one."""

from __future__ import annotations

import difflib
import typing
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Any

import msgspec

from fusion.events import Severity
from fusion.grammar import parse_condition, parse_rule
from fusion.language.texts import Language
from fusion.overrides import overridden
from fusion.receivers import CapOut, LogOut, PushOut
from fusion.rules import Rule
from fusion.section import Name, Positive, Section, Share, Span, require_zone
from fusion.strict_toml import read_toml, require_known
from sensors.errors import BadInputError, WrongUseError
from sensors.types import Modality
from sensors.video.detectors import CHANNELS, FUSED


class Timing(Section, frozen=True):
    """When verdicts fall.

    `tick_s`: seconds between verdicts; 0 chooses 0.1 where there is sound or picture, else the step of the readings.
    `budget_s`: seconds after a tick that a live sensor is waited for.
    """

    tick_s: typing.Annotated[float, msgspec.Meta(ge=0, le=3600)] = 0.0
    budget_s: Span = 0.2

    def __post_init__(self) -> None:
        """Refuse ticks so short that a box could not keep up."""
        if 0 < self.tick_s < 0.01:
            raise ValueError("tick_s is neither 0 nor at least 0.01")


class Windows(Section, frozen=True):
    """Corroboration window of each sense, seconds: how long what it noticed still counts when another sense follows."""

    audio_s: Positive = 5.0
    video_s: Positive = 5.0
    environment_s: Positive = 10.0


class TriageRules(Section, frozen=True):
    """How verdicts become incidents; seconds. See `fusion.triage.TriageSettings`."""

    patience_s: Span = 0.0
    release_factor: typing.Annotated[float, msgspec.Meta(ge=1)] = 20.0
    close_after_s: Positive = 4.0
    regroup_s: Span = 20.0
    longest_s: Positive = 60.0


class Learning(Section, frozen=True):
    """What is learned while running: nothing unless `enabled`; else what lies `after_s` seconds back and was quiet."""

    enabled: bool = True
    after_s: Positive = 15.0


class Audio(Section, frozen=True):
    """What hears: `model` is a classifier of `kizashi models list`."""

    model: typing.Annotated[str, msgspec.Meta(min_length=1)] = "builtin"


class RuleText(Section, frozen=True):
    """A rule of the user's, as `fusion.grammar` reads it.

    `when`: "co > 70 ppm for 60 s". `until`: when it is over, if not simply when `when` is. `severity`: low, medium,
    high or critical. `name`: for people; `when` by default.
    """

    when: str
    until: str = ""
    severity: str = "high"
    name: str = ""


class ZoneRule(Section, frozen=True):
    """A part of a camera's picture that has a rule.

    `points` are shares of the picture, x to the right and y down: the corners of an area that is `closed`, or the two
    ends of a `line` that is not to be crossed. From `begin` to `end`, wall time at `timezone`; without these, always.
    """

    name: typing.Annotated[str, msgspec.Meta(min_length=1)]
    sensor: typing.Annotated[str, msgspec.Meta(min_length=1)]
    points: typing.Annotated[tuple[tuple[Share, Share], ...], msgspec.Meta(min_length=2, max_length=100)]
    rule: typing.Literal["closed", "line"] = "closed"
    begin: time = time()
    end: time = time()
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        """Refuse shapes without an inside, and wall time of nowhere."""
        if self.rule == "line" and len(self.points) != 2:
            raise ValueError("a line has two ends")
        if self.rule == "closed" and len(self.points) < 3:
            raise ValueError("an area has at least three corners")
        require_zone(self.timezone)


class Video(Section, frozen=True):
    """What is watched for in pictures: `zones` are places with rules, `channels` what the fusion hears of it.

    Channels are those of `sensors.video.detectors.CHANNELS`; `intrusion` is heard wherever a camera has zones.
    """

    zones: tuple[ZoneRule, ...] = ()
    channels: typing.Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = FUSED

    def __post_init__(self) -> None:
        """Refuse what no eye can tell."""
        unknown = next((name for name in self.channels if name not in CHANNELS), None)
        if unknown is not None:
            near = difflib.get_close_matches(unknown, CHANNELS, 1) or [", ".join(CHANNELS)]
            raise ValueError(f"unknown channel '{unknown}': did you mean {near[0]}?")


class Storage(Section, frozen=True):
    """Where the daemon keeps what it must not forget: `folder`, on a disk of this machine; nothing without one.

    `keep_h`: hours after which what nobody flagged is gone. Flagged is what belongs to an incident, unless somebody
    said that it was none; that is gone after `keep_flagged_days`. `save_every_s`: seconds between two savings of what
    was learned.
    """

    folder: str = ""
    keep_h: Positive = 72.0
    keep_flagged_days: Positive = 30.0
    save_every_s: Positive = 600.0


class EvidenceRules(Section, frozen=True):
    """Clips of incidents, under lock: none unless `enabled`; without `sound` no microphone is kept, for people speak.

    `pre_s`, `post_s`: seconds before an incident and after it. `ring_mb`: most of what waits in memory, in all, 10^6
    bytes; `most_clip_mb` of one clip, `most_mb` of all on disk. `key_folder`: where the keys lie, `keys` in the store
    by default; better on another disk, in no backup. `secret_file`: a secret without which no key opens anything.
    """

    enabled: bool = False
    sound: bool = False
    pre_s: typing.Annotated[float, msgspec.Meta(ge=0, le=120)] = 10.0
    post_s: typing.Annotated[float, msgspec.Meta(ge=0, le=600)] = 10.0
    ring_mb: typing.Annotated[float, msgspec.Meta(ge=1, le=10_000)] = 16.0
    most_clip_mb: Positive = 50.0
    most_mb: Positive = 2000.0
    key_folder: str = ""
    secret_file: str | None = None


class LinesOut(Section, frozen=True):
    """Verdicts and incidents as JSON Lines in `folder`; at `most_mb` megabytes a file turns; two older stay."""

    folder: str = ""
    most_mb: Positive = 100.0


class MqttOut(Section, frozen=True):
    """The broker that is told, at `address`; `topic` is what its topics begin with, "kizashi/<name>" by default.

    `discovery_prefix`: where Home Assistant looks for devices; empty where there is none.
    """

    address: str = ""
    user: str = ""
    password_file: str | None = None
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    topic: str = ""
    discovery_prefix: str = "homeassistant"


class HookOut(Section, frozen=True):
    """A webhook: its address stands in `url`, or in a file where it holds a token; `secret_file` signs what is sent."""

    name: Name
    url: str = ""
    url_file: str | None = None
    secret_file: str | None = None


class MetricsOut(Section, frozen=True):
    """Figures for Prometheus, at `address`: "127.0.0.1:9464"; nobody listens without one."""

    address: str = ""


class Settings(Section, frozen=True):
    """All that can be set. One number matters: `false_alarms_per_day`.

    `name`: of the place. `timezone`: its wall time, "Europe/Berlin"; that of this machine without one. `sensors`: live
    ones, each with `id`, `kind` and what its source takes. `baseline`: what `kizashi learn` wrote, for the daemon to
    begin with.
    """

    name: Name = "kizashi"
    timezone: str = ""
    false_alarms_per_day: Positive = 1.0
    language: Language = Language.ENGLISH
    senses: typing.Annotated[tuple[Modality, ...], msgspec.Meta(min_length=1)] = tuple(Modality)
    timing: Timing = Timing()
    windows: Windows = Windows()
    triage: TriageRules = TriageRules()
    learning: Learning = Learning()
    audio: Audio = Audio()
    rules: tuple[RuleText, ...] = ()
    video: Video = Video()
    sensors: tuple[dict[str, typing.Any], ...] = ()
    baseline: str = ""
    store: Storage = Storage()
    evidence: EvidenceRules = EvidenceRules()
    jsonl: LinesOut = LinesOut()
    mqtt: MqttOut = MqttOut()
    webhooks: tuple[HookOut, ...] = ()
    pushes: tuple[PushOut, ...] = ()
    logs: tuple[LogOut, ...] = ()
    cap: CapOut = CapOut()
    metrics: MetricsOut = MetricsOut()

    def __post_init__(self) -> None:
        """Refuse wall time of nowhere."""
        if self.timezone:
            require_zone(self.timezone)


def load_settings(path: Path | None, environment: Mapping[str, str] | None = None) -> Settings:
    """Settings of a file, or the default ones; what the environment says goes before, see `fusion.overrides`.

    Raises
    ------
    BadInputError
        If the file is missing, no TOML, or holds an unknown key or an impossible value.
    """
    if path is None:
        return Settings()
    table = overridden(read_toml(path), environment or {})
    refuse_unknown(table, Settings, path)
    try:
        settings = msgspec.convert(table, Settings)
    except msgspec.ValidationError as error:
        raise BadInputError(str(error), where=path, mend="give a value of that kind and range") from error
    read_rules(settings, path)
    return settings


def settings_schema() -> bytes:
    """The JSON Schema of a settings file (draft 2020-12), as indented JSON."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(Settings)}
    return msgspec.json.format(msgspec.json.encode(schema, order="deterministic"), indent=2) + b"\n"


def read_rules(settings: Settings, where: object = "settings") -> tuple[Rule, ...]:
    """The user's rules, understood.

    Raises
    ------
    BadInputError
        For the first that cannot be; its number and the letter are named.
    """
    rules = []
    for number, told in enumerate(settings.rules, 1):
        place = f"{where}, rule {number}"
        when, for_ns = parse_rule(told.when, f"{place}, 'when'")
        until = parse_condition(told.until, f"{place}, 'until'") if told.until else None
        require_known([told.severity], (severity.name.lower() for severity in Severity), place, "severity")
        severity = Severity[told.severity.upper()]
        rules.append(Rule(told.name or told.when, told.when, when, severity, for_ns, until))
    return tuple(rules)


def refuse_unknown(table: Mapping[str, Any], section: type, path: Path, at: str = "") -> None:
    """Raise BadInputError for the first key, in any table, that the settings do not know."""
    known = typing.get_type_hints(section)
    require_known(table, known, f"{path}, [{at}]" if at else path)
    for key, value in table.items():
        if isinstance(value, dict) and isinstance(known[key], type) and issubclass(known[key], Section):
            refuse_unknown(value, known[key], path, key)
        inner = typing.get_args(known[key])[:1]
        if isinstance(value, list) and inner and isinstance(inner[0], type) and issubclass(inner[0], Section):
            for number, item in enumerate(value, 1):
                if isinstance(item, dict):
                    refuse_unknown(item, inner[0], path, f"{key} {number}")


def override(
    settings: Settings, senses: str | None, false_alarms_per_day: float | None, language: str | None = None
) -> Settings:
    """Settings with what the command line says instead.

    Raises
    ------
    WrongUseError
        If a sense is unknown or the rate is not above zero.
    """
    if false_alarms_per_day is not None:
        if not 0 < false_alarms_per_day <= 1e9:
            what = f"{false_alarms_per_day} is no rate"
            raise WrongUseError(what, where="--false-alarms-per-day", mend="give a number above 0")
        settings = msgspec.structs.replace(settings, false_alarms_per_day=float(false_alarms_per_day))
    if senses is not None:
        names = {name.strip() for name in senses.split(",")} - {""} or {""}
        if unknown := names - set(Modality):
            what = f"'{min(unknown)}' is no sense"
            raise WrongUseError(what, where="--senses", mend=f"choose from {','.join(Modality)}")
        settings = msgspec.structs.replace(settings, senses=tuple(sorted(map(Modality, names))))
    if language is not None:
        if language not in set(Language):
            what = f"'{language}' is no language that Kizashi speaks"
            raise WrongUseError(what, where="--language", mend=f"choose from {', '.join(Language)}")
        settings = msgspec.structs.replace(settings, language=Language(language))
    return settings
