"""Whether Home Assistant would take what it is told of a site: its own rules, from its own package.

The package wants a Python and libraries of its own, so it lives in an environment apart, which is named here:

    python3.13 -m venv HA && HA/bin/pip install homeassistant paho-mqtt
    python -m benchmarks.home_assistant HA/bin/python
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from fusion.sinks.home_assistant import discovery
from sensors.types import Modality

RULES = Path(__file__).with_name("home_assistant_rules.py")
STREAMS = {"hall/mic": Modality.AUDIO, "hall/air": Modality.ENVIRONMENT, "Hof/Kamera+1": Modality.VIDEO}


def main() -> int:
    """Hand the payload over; the exit code is that of the rules."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("python", type=Path, help="a Python that has homeassistant")
    told = parser.parse_args()
    _, payload = discovery("Shop, back", "kizashi/shop_back", STREAMS, "0.1.0")
    # Apart from us: our folder of benchmarks must not be among its modules.
    command = [str(told.python), "-P", str(RULES)]
    ways = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(command, input=json.dumps(payload), text=True, check=False, env=ways).returncode


if __name__ == "__main__":
    sys.exit(main())
