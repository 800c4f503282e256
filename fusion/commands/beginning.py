"""`kizashi init`: looks for microphones, cameras and a broker, and writes a settings file to begin with.

What was found and can be used as it is stands ready; what needs a word of the user's (a password, a path) is written as
a comment with all that is known of it, and so is everything that was not found.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fusion.sinks.envelope import slug
from sensors.audio.live.finding import find_microphones, speaks_wyoming
from sensors.environment.live.finding import Door, find_broker
from sensors.errors import BadInputError
from sensors.video.live.finding import NetworkCamera, find_cameras, find_network_cameras

LOOPBACK = "127.0.0.1"
WYOMING, BROKER = 10_700, 1883
TOP = """# What Kizashi watches, and whom it tells. Every key: kizashi schema, or README.md.
# Try it with `kizashi check --config {file}`, then `kizashi run --config {file}`.

name = {name}
false_alarms_per_day = 1.0                # the one number: how many you can live with
# language = "ja"

# What was learned, incidents, events that wait: without a folder all is forgotten at the end. A disk of this machine.
# [store]
# folder = "/var/lib/kizashi"
"""
BOTTOM = """
# ---- whom it tells

{mqtt}
# [[webhooks]]
# name = "home"
# url = "https://example.org/hook"        # CloudEvents; with secret_file they are signed

# [[pushes]]
# name = "phone"
# url = "https://ntfy.sh/"
# fields = {{ topic = "what-nobody-guesses", title = "{{title}}", message = "{{message}}", priority = "{{priority}}" }}

# [[logs]]
# name = "system"
# address = "journal:"                    # or unix:/dev/log, udp://host, tcp://host

# [cap]
# folder = "/var/lib/kizashi/cap"         # warnings as CAP 1.2; their status is Test

# [metrics]
# address = "127.0.0.1:9464"              # for Prometheus

# ---- what you always want to be told

# [[rules]]
# when = "co > 70 ppm for 60 s"
# severity = "critical"
"""


@dataclass(frozen=True)
class Found:
    """What is there.

    Attributes
    ----------
    microphones : tuple of str
        Names, the system's choice first.
    cameras : tuple of (str, str)
        Device and name.
    network : tuple of NetworkCamera
        What answered to ONVIF's call.
    brokers : tuple of (str, Door)
        Hosts with a broker.
    wyoming : tuple of str
        Hosts with a network microphone.
    """

    microphones: tuple[str, ...] = ()
    cameras: tuple[tuple[str, str], ...] = ()
    network: tuple[NetworkCamera, ...] = ()
    brokers: tuple[tuple[str, Door], ...] = ()
    wyoming: tuple[str, ...] = ()


def begin_site(path: Path, name: str, hosts: tuple[str, ...], within_s: float, force: bool) -> None:
    """Look around, write the file, and print what was found.

    Raises
    ------
    BadInputError
        If the file is there and is not to be overwritten, or cannot be written.
    """
    if path.exists() and not force:
        raise BadInputError("this file is there already", where=path, mend="name another, or overwrite it with --force")
    found = look_around(hosts, within_s)
    try:
        path.write_text(site_text(found, name, path.name), encoding="utf-8")
    except OSError as error:
        what = f"it cannot be written ({error.strerror})"
        raise BadInputError(what, where=path, mend="name another file with --out") from error
    for line in report(found):
        print(line)
    print(f"{path}: written; try it with kizashi check --config {path}")


def look_around(hosts: tuple[str, ...], within_s: float) -> Found:
    """All that can be found from here; brokers and network microphones on this machine and the hosts that are told."""
    places = [_place(host) for host in dict.fromkeys((LOOPBACK, *hosts))]
    doors = [(host if port is None else f"{host}:{port}", find_broker(host, port or BROKER)) for host, port in places]
    return Found(
        find_microphones(),
        find_cameras(),
        find_network_cameras(within_s),
        tuple((host, door) for host, door in doors if door is not Door.NONE),
        tuple(host for host, port in places if speaks_wyoming(host, port or WYOMING)),
    )


def _place(told: str) -> tuple[str, int | None]:
    host, colon, port = told.rpartition(":")
    with suppress(ValueError):
        if colon and "]" not in port:
            return host.strip("[]"), int(port)
    return told.strip("[]"), None


def report(found: Found) -> Iterator[str]:
    """A line for each kind of thing."""
    cameras = [*(f"{device} ({name})" for device, name in found.cameras), *(camera.host for camera in found.network)]
    for what, those in (
        ("microphones", [*found.microphones, *found.wyoming]),
        ("cameras", cameras),
        ("brokers", [f"{host} ({door})" for host, door in found.brokers]),
    ):
        yield f"{what:<12} {', '.join(those) or 'none found'}"


def site_text(found: Found, name: str, file: str) -> str:
    """The settings file."""
    parts = [TOP.format(name=_quoted(name), file=file), "\n# ---- what it watches with\n"]
    base = slug(name)
    parts += _hearing(found, base)
    parts += _seeing(found, base)
    parts += _feeling(found, base)
    parts.append(BOTTOM.format(mqtt=_telling(found)))
    return "\n".join(parts)


def _hearing(found: Found, base: str) -> Iterator[str]:
    if found.microphones:
        others = [f"# device = {_quoted(name)}" for name in found.microphones]
        yield _sensor(f"{base}/mic", "audio.microphone", *others)
    else:
        yield _remark(_sensor(f"{base}/mic", "audio.microphone"))
    for number, host in enumerate(found.wyoming, 1):
        address = host if ":" in host else f"{host}:{WYOMING}"
        yield _remark(_sensor(f"{base}/mic{number}", "audio.wyoming", f"address = {_quoted(f'tcp://{address}')}"))


def _seeing(found: Found, base: str) -> Iterator[str]:
    for number, (device, name) in enumerate(found.cameras, 1):
        yield _sensor(f"{base}/camera{number}", "video.v4l2", f"device = {_quoted(device)}", f"# {_plain(name)}")
    for number, camera in enumerate(found.network or (NetworkCamera("camera.local"),), len(found.cameras) + 1):
        url = f'url = "rtsp://{camera.host}/stream"'
        told = f"# {_plain(camera.name or 'the camera')}: its papers tell the path; url_file where it holds a password"
        yield _remark(_sensor(f"{base}/camera{number}", "video.url", url, told))


def _feeling(found: Found, base: str) -> Iterator[str]:
    host = found.brokers[0][0] if found.brokers else "broker.local"
    topics = f'topics = "{base}/#"', "# user, password_file where it is locked"
    yield _remark(_sensor(f"{base}/air", "environment.mqtt", f"address = {_quoted(f'mqtt://{host}')}", *topics))


def _telling(found: Found) -> str:
    """The broker, ready where it is open."""
    comment = "# incidents, states, and a device in Home Assistant"
    host, door = next(iter(found.brokers), ("broker.local", Door.NONE))
    text = f"[mqtt]\naddress = {_quoted(f'mqtt://{host}')}  {comment}\n"
    return text if door is Door.OPEN else _remark(text + '# user = "kizashi"\n# password_file = "broker.password"\n')


def _sensor(stream: str, kind: str, *lines: str) -> str:
    return "\n".join(("[[sensors]]", f"id = {_quoted(stream)}", f"kind = {_quoted(kind)}", *lines, ""))


def _remark(text: str) -> str:
    """The text as a comment."""
    return "".join(f"{line if line.startswith('#') else f'# {line}'.rstrip()}\n" for line in text.splitlines())


def _plain(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())


def _quoted(text: str) -> str:
    """A string of TOML: its escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
