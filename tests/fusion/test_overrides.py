"""Settings by environment go before the file, and are read as strictly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fusion.config import load_settings
from sensors.errors import BadInputError

Write = Callable[..., Path]
FILE = """
[timing]
budget_s = 0.4
[[sensors]]
id = "a"
kind = "audio.url"
"""


def test_the_environment_goes_before_the_file(write_text: Write) -> None:
    told = load_settings(
        write_text("k.toml", FILE),
        {
            "KIZASHI__TIMING__BUDGET_S": "0.3",
            "KIZASHI__STORE__FOLDER": "/var/lib/kizashi",
            "KIZASHI__SENSORS__0__URL": "rtsp://a/",
            "KIZASHI__SENSES": '["audio"]',
            "KIZASHI": "nothing of ours",
            "PATH": "/bin",
        },
    )
    assert told.timing.budget_s == 0.3
    assert told.store.folder == "/var/lib/kizashi"
    assert told.sensors == ({"id": "a", "kind": "audio.url", "url": "rtsp://a/"},)
    assert told.senses == ("audio",)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("KIZASHI__TIMING__BUDGET", "1", "did you mean 'budget_s'?"),
        ("KIZASHI__TIMING__BUDGET_S", "soon", "Expected `float`"),
        ("KIZASHI__SENSORS__7__URL", "s3cret", "leads to no setting"),
        ("KIZASHI__SENSORS__X__URL", "s3cret", "leads to no setting"),
        ("KIZASHI__TIMING__BUDGET_S__MORE", "s3cret", "leads to no setting"),
        ("KIZASHI__", "s3cret", "leads to no setting"),
    ],
)
def test_what_leads_nowhere_is_told_without_its_value(write_text: Write, name: str, value: str, why: str) -> None:
    with pytest.raises(BadInputError) as caught:
        load_settings(write_text("k.toml", FILE), {name: value})
    assert why in str(caught.value)
    assert "s3cret" not in str(caught.value)
