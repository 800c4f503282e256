"""What Home Assistant is told keeps the rules of its MQTT integration, written down here once more."""

from __future__ import annotations

import re
from typing import Any

import pytest

from fusion.sinks.home_assistant import EXPIRE_S, discovery
from sensors.types import Modality

# The rules of `homeassistant.components.mqtt`: `schemas.DEVICE_DISCOVERY_SCHEMA`, and of each platform.
DEVICE = {
    "identifiers", "connections", "manufacturer", "model", "name", "hw_version", "serial_number", "sw_version",
    "via_device", "suggested_area", "configuration_url",
}  # fmt: skip
ROOT = {
    "device", "components", "origin", "state_topic", "command_topic", "qos", "encoding", "availability",
    "availability_mode", "availability_topic", "availability_template", "payload_available", "payload_not_available",
}  # fmt: skip
ENTITY = {
    "platform", "unique_id", "default_entity_id", "name", "device_class", "state_topic", "value_template", "qos",
    "json_attributes_topic", "json_attributes_template", "entity_category", "icon", "expire_after", "force_update",
}  # fmt: skip
PLATFORMS = {
    "sensor": {
        "unit_of_measurement",
        "state_class",
        "options",
        "suggested_display_precision",
        "last_reset_value_template",
    },
    "binary_sensor": {"payload_on", "payload_off", "off_delay"},
}
CLASSES = {"sensor": {"enum"}, "binary_sensor": {"problem", "safety", "tamper"}}
STREAMS = {"hall/mic": Modality.AUDIO, "hall/air": Modality.ENVIRONMENT, "Hof/Kamera+1": Modality.VIDEO}


@pytest.fixture
def told() -> tuple[str, dict[str, Any]]:
    return discovery("Shop, back", "kizashi/shop_back", STREAMS, "0.1.0")


def test_the_device_is_what_the_integration_allows(told: tuple[str, dict[str, Any]]) -> None:
    topic, payload = told
    assert re.fullmatch(r"homeassistant/device/[a-zA-Z0-9_-]+/config", topic)
    assert {"device", "components", "origin"} <= payload.keys() <= ROOT
    assert payload["device"].keys() <= DEVICE
    assert payload["device"]["identifiers"]
    assert payload["origin"]["name"]
    assert payload["origin"].keys() <= {"name", "sw_version", "support_url"}
    assert payload["qos"] in (0, 1, 2)


def test_each_entity_is_what_its_platform_allows(told: tuple[str, dict[str, Any]]) -> None:
    _, payload = told
    for key, entity in payload["components"].items():
        platform = entity["platform"]
        assert entity.keys() <= ENTITY | PLATFORMS[platform], key
        assert entity.get("device_class") in CLASSES[platform] | {None}
        assert entity.get("entity_category") in (None, "diagnostic")
        assert re.fullmatch(rf"{platform}\.[a-z0-9_]+", entity["default_entity_id"])
        assert entity["state_topic"].startswith("kizashi/shop_back/")
        # An enum has options and neither unit nor state class, which sensors of figures have.
        figures = entity.keys() & {"state_class", "unit_of_measurement"}
        assert bool(entity.get("options")) == (entity.get("device_class") == "enum")
        assert not (figures and "options" in entity)


def test_no_topic_holds_a_wildcard_whatever_sensors_are_called(told: tuple[str, dict[str, Any]]) -> None:
    topics = [value for entity in told[1]["components"].values() for key, value in entity.items() if "topic" in key]
    assert "kizashi/shop_back/sensor/Hof/Kamera%2B1" in topics
    assert not [topic for topic in topics if set(topic) & set("+#")]


def test_ids_are_unique_and_readings_expire(told: tuple[str, dict[str, Any]]) -> None:
    entities = told[1]["components"].values()
    assert len({entity["unique_id"] for entity in entities}) == len(entities)
    readings = [entity for entity in entities if entity.get("state_class")]
    assert readings
    assert all(entity["expire_after"] == EXPIRE_S for entity in readings)


def test_each_sensor_may_have_a_problem_or_be_tampered_with(told: tuple[str, dict[str, Any]]) -> None:
    entities = told[1]["components"]
    for stream in ("hall_mic", "hall_air", "hof_kamera_1"):
        assert entities[f"{stream}_problem"]["device_class"] == "problem"
        assert entities[f"{stream}_tamper"]["device_class"] == "tamper"
