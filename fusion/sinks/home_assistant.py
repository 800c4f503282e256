"""What Home Assistant is told of a site, once: one device, with an entity for each thing worth a switch or a graph.

MQTT device discovery (https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload). Readings expire, so
that none that is old is shown as if it were new; what explains an incident stands in its attributes.

Why no `sound_pressure` for loudness: that class is of calibrated decibels, and a microphone gives dB of full scale.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fusion.events import Severity
from fusion.sinks.envelope import slug
from sensors.types import Modality

EXPIRE_S = 30
"""Seconds after which a reading is unknown if no newer one comes."""


def discovery(
    site: str, base: str, streams: Mapping[str, Modality], version: str, prefix: str = "homeassistant"
) -> tuple[str, dict[str, Any]]:
    """Topic and payload.

    Parameters
    ----------
    site : str
        Name of the place.
    base : str
        What our own topics begin with.
    streams : mapping of str to Modality
        The sensors.
    version : str
        Of Kizashi.
    prefix : str
        What the topics of discovery begin with.
    """
    node = f"kizashi_{slug(site)}"
    entities = _incident(base) | _rarity(base)
    for sense in sorted(set(streams.values())):
        entities |= _sense(base, sense)
    for stream in sorted(streams):
        entities |= _sensor(base, stream)
    told = {
        "device": {"identifiers": [node], "name": site, "manufacturer": "Kizashi", "sw_version": version},
        "origin": {"name": "kizashi", "sw_version": version},
        "availability_topic": f"{base}/status",
        "qos": 1,
        "components": {
            key: {
                **entity,
                "unique_id": f"{node}_{key}",
                "default_entity_id": f"{entity['platform']}.{node}_{key}",
            }
            for key, entity in entities.items()
        },
    }
    return f"{prefix}/device/{node}/config", told


def sensor_topic(base: str, stream: str) -> str:
    """Where the condition of a sensor stands; what a topic must not hold (wildcards) is written as in a URL."""
    return f"{base}/sensor/{stream.replace('+', '%2B').replace('#', '%23')}"


def _incident(base: str) -> dict[str, dict[str, Any]]:
    topic = f"{base}/incident"
    return {
        "incident": {
            "platform": "binary_sensor", "name": "Incident", "device_class": "safety", "state_topic": topic,
            "value_template": "{{ 'ON' if value_json.open else 'OFF' }}", "json_attributes_topic": topic,
        },
        "severity": {
            "platform": "sensor", "name": "Severity", "device_class": "enum", "state_topic": topic,
            "options": ["none", *(severity.name.lower() for severity in Severity)],
            "value_template": "{{ value_json.severity if value_json.open else 'none' }}",
        },
    }  # fmt: skip


def _rarity(base: str) -> dict[str, dict[str, Any]]:
    return {
        "chance": {
            "platform": "sensor", "name": "Would occur by chance", "unit_of_measurement": "1/d",
            "state_class": "measurement", "state_topic": f"{base}/verdict", "expire_after": EXPIRE_S,
            "value_template": "{{ value_json.per_day }}", "entity_category": "diagnostic",
        },
    }  # fmt: skip


def _sense(base: str, sense: Modality) -> dict[str, dict[str, Any]]:
    return {
        f"{sense}_surprise": {
            "platform": "sensor", "name": f"Surprise, {sense}", "state_class": "measurement",
            "state_topic": f"{base}/verdict", "expire_after": EXPIRE_S,
            "value_template": f"{{{{ value_json.surprise.{sense} }}}}", "entity_category": "diagnostic",
        },
    }  # fmt: skip


def _sensor(base: str, stream: str) -> dict[str, dict[str, Any]]:
    topic, key = sensor_topic(base, stream), slug(stream)
    both = {
        "platform": "binary_sensor", "state_topic": topic, "json_attributes_topic": topic,
        "entity_category": "diagnostic",
    }  # fmt: skip
    return {
        f"{key}_problem": {
            **both, "name": f"{stream} problem", "device_class": "problem",
            "value_template": "{{ 'OFF' if value_json.state == 'up' else 'ON' }}",
        },
        f"{key}_tamper": {
            **both, "name": f"{stream} tampered", "device_class": "tamper",
            "value_template": "{{ 'ON' if value_json.state == 'tampered' else 'OFF' }}",
        },
    }  # fmt: skip
