"""Topics of MQTT: which filter a topic belongs to, and what its values are called when the payload does not say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sensors.environment.live.dialects import join
from sensors.environment.live.payloads import Form, Recipe, is_path
from sensors.errors import BadInputError

Topics = str | Sequence[str] | Mapping[str, str | Mapping[str, Any]]
"""A filter, several, or each with its quantity, or with settings: quantity, unit, path, time, form, on, off."""

_GENERIC = frozenset("state value sensor binary_sensor tele stat status data telemetry reading readings".split())
_SETTINGS = frozenset({"quantity", "unit", "path", "time", "form", "on", "off", "utc_offset_s"})


@dataclass(frozen=True, slots=True)
class Subscription:
    """A filter with its recipe; the recipe's names are completed by what the wildcards stand for."""

    filter: str
    recipe: Recipe
    label: str

    def match(self, topic: str) -> Recipe | None:
        """The recipe for a topic; None where it is not of this filter."""
        stood_for = captured(self.filter, topic)
        # Zigbee2MQTT tells of itself there, in numbers too.
        if stood_for is None or stood_for[:1] == ("bridge",):
            return None
        places = join(*(level for level in stood_for if level.lower() not in _GENERIC))
        own = self.recipe
        paths = {join(places, name): path for name, path in own.paths.items()}
        if own.name:
            return replace(own, name=join(places, own.name), prefix=places, paths=paths)
        if not is_wild(self.filter):
            return replace(own, name=self.label or _last(topic.split("/")), prefix=self.label)
        after = self.filter.split("/")[-1]
        tail = "" if after in ("+", "#") or after.lower() in _GENERIC else after
        return replace(own, name=join(places, tail) or _last(topic.split("/")), prefix=places, paths=paths)


def captured(pattern: str, topic: str) -> tuple[str, ...] | None:
    """The levels that the wildcards of a filter stand for; None where it does not match."""
    wanted, levels = pattern.split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in ("+", "#"):
        return None
    found: list[str] = []
    for number, level in enumerate(wanted):
        if level == "#":
            return (*found, *levels[number:])
        if number >= len(levels) or level not in ("+", levels[number]):
            return None
        if level == "+":
            found.append(levels[number])
    return tuple(found) if len(wanted) == len(levels) else None


def subscriptions(topics: Topics, base: Recipe, stream: str) -> tuple[Subscription, ...]:
    """The filters of a sensor, each with its recipe.

    Raises
    ------
    BadInputError
        If there is none, one is no filter, or a setting is unknown.
    """
    told = _settings(topics)
    where = f"topics of '{stream}'"
    if not told:
        raise BadInputError("no topic", where=where, mend='give topics = "zigbee2mqtt/hall" or several')
    for pattern in told:
        if not is_filter(pattern):
            mend = "'+' stands for a whole level, '#' for all that remain, at the end"
            raise BadInputError(f"'{pattern}' is no topic", where=where, mend=mend)
    fixed = [pattern for pattern in told if not is_wild(pattern)]
    labels = _labels(fixed) if len(fixed) > 1 else {}
    return tuple(
        Subscription(pattern, recipe_of(options, base, f"topic '{pattern}' of '{stream}'"), labels.get(pattern, ""))
        for pattern, options in told.items()
    )


def recipe_of(told: Mapping[str, Any], base: Recipe, where: str) -> Recipe:
    """A recipe of settings as a person writes them; an empty name where no quantity is told.

    Raises
    ------
    BadInputError
        If a setting, a form or a path is none.
    """
    for name in told:
        if name not in _SETTINGS:
            mend = f"known are {', '.join(sorted(_SETTINGS))}"
            raise BadInputError(f"unknown setting '{name}'", where=where, mend=mend)
    path = told.get("path", base.paths)
    quantity = told.get("quantity", "")
    paths = dict(path) if isinstance(path, Mapping) else {quantity or _last_key(path): path}
    for one in (*paths.values(), *filter(None, [told.get("time", base.time)])):
        if not isinstance(one, str) or not is_path(one):
            raise BadInputError(f"'{one}' is no path", where=where, mend='write it like "data.air[0].temperature"')
    name = quantity or (next(iter(paths)) if len(paths) == 1 else "")
    known = {key: told[key] for key in ("unit", "time", "on", "off", "utc_offset_s") if key in told}
    return replace(base, name=name, paths=paths, form=form_of(told.get("form", base.form), where), **known)


def form_of(name: str, where: str) -> Form:
    """The form of that name.

    Raises
    ------
    BadInputError
        If there is none.
    """
    try:
        return Form(name)
    except ValueError as error:
        raise BadInputError(f"no form '{name}'", where=where, mend=f"known are {', '.join(Form)}") from error


def is_wild(pattern: str) -> bool:
    """Whether a filter has wildcards."""
    return "+" in pattern or "#" in pattern


def is_filter(pattern: str) -> bool:
    """Whether this is a topic filter by the standard."""
    levels = pattern.split("/")
    whole = all(level in ("+", "#") or not {"+", "#"} & set(level) for level in levels)
    return bool(pattern) and "\0" not in pattern and whole and "#" not in levels[:-1] and len(pattern) < 65_536


def _settings(topics: Topics) -> dict[str, Mapping[str, Any]]:
    if isinstance(topics, Mapping):
        return {one: {"quantity": told} if isinstance(told, str) else told for one, told in topics.items()}
    return {one: {} for one in ([topics] if isinstance(topics, str) else topics)}


def _labels(patterns: Sequence[str]) -> dict[str, str]:
    """For each topic as few of its last levels as tell them all apart."""
    levels = {pattern: [one for one in pattern.split("/") if one.lower() not in _GENERIC] for pattern in patterns}
    longest = max(len(own) for own in levels.values())
    for count in range(1, longest + 1):
        labels = {pattern: join(*own[-count:]) for pattern, own in levels.items()}
        if len(set(labels.values())) == len(patterns):
            return labels
    return {pattern: pattern.replace("/", "_") for pattern in patterns}


def _last(levels: Sequence[str]) -> str:
    """The last level that says something."""
    return next((one for one in reversed(levels) if one and one.lower() not in _GENERIC), "value")


def _last_key(path: object) -> str:
    return str(path).replace("]", "").replace("[", ".").rpartition(".")[2].strip("\"'")
