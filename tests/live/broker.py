"""A Mosquitto of our own: started, ended, killed, paused, and started again on the same port with what it kept."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.live.servers import Server, free_port, poll

PROGRAM = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
USER, PASSWORD = "skin", "s3cret"  # noqa: S105 - of a broker that lives for a test


class Mosquitto(Server):
    """A broker on this machine; `locked` it wants TLS and a password, and `ca`, `password` are the files for that."""

    def __init__(self, folder: Path, *, locked: bool = False) -> None:
        self.port, self.locked = free_port(), locked
        self.ca, self.password = folder / "ca.pem", folder / "password"
        lines = [
            f"listener {self.port} 127.0.0.1", f"allow_anonymous {str(not locked).lower()}", "user root",
            "persistence true", f"persistence_location {folder}/", "max_queued_messages 0", "log_dest stderr",
        ]  # fmt: skip
        if locked:
            make_certificates(folder)
            self.password.write_text(PASSWORD + "\n")
            told = subprocess.run(["mosquitto_passwd", "-b", "-c", str(folder / "users"), USER, PASSWORD], check=True)
            assert not told.returncode
            lines += [f"certfile {folder}/server.pem", f"keyfile {folder}/server.key", f"password_file {folder}/users"]
        (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")
        super().__init__(PROGRAM, "-c", str(folder / "mosquitto.conf"))

    @property
    def address(self) -> str:
        return f"{'mqtts' if self.locked else 'mqtt'}://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._child = subprocess.Popen(self._command, stdout=self._log, stderr=self._log, stdin=subprocess.DEVNULL)
        poll(self._answers, "mosquitto")

    def end(self) -> None:
        """Stop it in good order: what is retained is kept."""
        assert self._child
        self._child.terminate()
        self._child.wait(20)

    def publisher(self) -> Publisher:
        return Publisher(self)

    def publish(self, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
        with self.publisher() as client:
            client.publish(topic, payload, retain=retain)

    def _answers(self) -> bool:
        assert self._child
        assert self._child.poll() is None, self.lines()
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False


class Publisher:
    """Somebody who publishes, and knows that the broker has it."""

    def __init__(self, broker: Mosquitto) -> None:
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.max_inflight_messages_set(200)
        if broker.locked:
            self._client.tls_set_context(ssl.create_default_context(cafile=broker.ca))
            self._client.username_pw_set(USER, PASSWORD)
        self._port = broker.port

    def __enter__(self) -> Publisher:
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: str | bytes, *, retain: bool = False, wait: bool = True) -> Any:
        told = self._client.publish(topic, payload, qos=1, retain=retain)
        if wait:
            told.wait_for_publish(20)
        return told


def make_certificates(folder: Path) -> None:
    """A certificate authority, and a server's certificate of it for 127.0.0.1, by openssl."""
    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    ca = ["-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=A test"]
    signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-keyout", "server.key", "-out", "server.pem", "-subj", "/CN=broker"]
    extensions = ["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"]
    for more in (ca, [*signed, *extensions]):
        subprocess.run(["openssl", "req", "-x509", *new, *more], cwd=folder, check=True, capture_output=True)
