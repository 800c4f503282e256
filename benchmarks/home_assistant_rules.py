"""Holds a discovery payload against Home Assistant's own rules; run by a Python that has `homeassistant`, alone.

Reads the payload of a device as JSON from stdin; prints a line for each entity and each broken rule; exits with 1.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any

FROM_DEVICE = ("availability_topic", "qos", "origin", "device")
"""What each entity has of its device."""


def main() -> int:
    """Validate the device, then each entity by the rules of its platform."""
    told: dict[str, Any] = json.load(sys.stdin)
    version = import_module("homeassistant.const").__version__
    print(f"homeassistant {version}")
    bad = 0
    # Whole devices since 2024.11; before, each entity was told of alone.
    if find_spec("homeassistant.components.mqtt.schemas"):
        bad += broken("device", import_module("homeassistant.components.mqtt.schemas").DEVICE_DISCOVERY_SCHEMA, told)
    shared = {key: told[key] for key in FROM_DEVICE if key in told}
    for key, entity in told["components"].items():
        rules = import_module(f"homeassistant.components.mqtt.{entity['platform']}").DISCOVERY_SCHEMA
        bad += broken(key, rules, {**shared, **{name: value for name, value in entity.items() if name != "platform"}})
    return int(bad > 0)


def broken(what: str, rules: Any, told: dict[str, Any]) -> bool:
    """Whether a rule is broken; and which keys these rules would silently leave out."""
    try:
        read = rules(dict(told))
    except Exception as error:  # noqa: BLE001 - of a library that is not here
        print(f"{what:<24} BROKEN: {error}")
        return True
    left_out = sorted(str(key) for key in told.keys() - read.keys())
    print(f"{what:<24} ok{f', not known to it: {left_out}' if left_out else ''}")
    return False


if __name__ == "__main__":
    sys.exit(main())
