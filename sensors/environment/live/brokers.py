"""Where an MQTT broker is, how it is trusted, and how one signs in."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sensors.environment.live.reading import ReaderError
from sensors.errors import BadInputError
from sensors.files import require_file

PORT, TLS_PORT = 1883, 8883
VERSIONS = ("3.1.1", "5")
_MEND = "give one like mqtts://broker.local:8883"


class RememberingContext(ssl.SSLContext):
    """Remembers what it has wrapped: the library forgets to close what fails in the handshake."""

    opened: list[ssl.SSLSocket]

    def wrap_socket(self, *args: Any, **options: Any) -> ssl.SSLSocket:
        """As always."""
        wrapped = super().wrap_socket(*args, **options)
        self.opened.append(wrapped)
        return wrapped


@dataclass(frozen=True, slots=True)
class Broker:
    """Where a broker is, and how it is spoken to.

    Attributes
    ----------
    host : str
        Name or address.
    port : int
        Its port.
    tls : bool
        Whether the connection is encrypted, and the broker's certificate checked.
    version : str
        "3.1.1" or "5".
    user, client_id : str
        How to sign in; may be empty.
    password_file : Path or None
        Holds the password; read anew for each connection.
    ca_file, cert_file, key_file : Path or None
        Who vouches for the broker, other than those whom the system trusts; and our own certificate.
    keepalive_s : int
        After so much silence the broker is asked whether it is there, seconds; as long again, and it is not.
    connect_s : float
        How long a connection may take, seconds.
    """

    host: str
    port: int
    tls: bool
    version: str = "3.1.1"
    user: str = ""
    client_id: str = ""
    password_file: Path | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    keepalive_s: int = 15
    connect_s: float = 10.0

    def context(self) -> RememberingContext | None:
        """What checks its certificate; None where the connection is plain.

        Raises
        ------
        ReaderError
            If a certificate cannot be used.
        """
        if not self.tls:
            return None
        try:
            context = RememberingContext(ssl.PROTOCOL_TLS_CLIENT)
            context.opened = []
            if self.ca_file:
                context.load_verify_locations(self.ca_file)
            else:
                context.load_default_certs()
            if self.cert_file:
                context.load_cert_chain(self.cert_file, self.key_file)
        except (OSError, ValueError) as error:
            raise ReaderError(f"its certificates cannot be used ({cause_of(error)})") from error
        return context

    def password(self) -> str | None:
        """What is in the password's file.

        Raises
        ------
        ReaderError
            If it cannot be read.
        """
        if self.password_file is None:
            return None
        try:
            return self.password_file.read_text(encoding="utf-8").strip("\r\n")
        except (OSError, ValueError) as error:
            raise ReaderError(f"the password cannot be read ({cause_of(error)})") from error


def broker_address(address: str, where: str, *, secure: bool) -> tuple[str, int, bool]:
    """Host, port, and whether by TLS, which it is where `secure`.

    Raises
    ------
    BadInputError
        If this is no address of a broker, or holds a password.
    """
    try:
        parts = urlsplit(address if "://" in address else f"mqtt://{address}")
        known = parts.scheme in ("mqtt", "mqtts", "tcp", "ssl", "tls") and parts.path in ("", "/")
        host, port = parts.hostname, parts.port
    except ValueError:
        known, host, port = False, None, None
    if not known or not host or port == 0 or any(letter.isspace() for letter in address):
        raise BadInputError("this is no address of a broker", where=f"address of {where}", mend=_MEND)
    if parts.username or parts.password:
        mend = "give user and password_file, so that no password stands in the settings"
        raise BadInputError("a password in an address", where=f"address of {where}", mend=mend)
    tls = secure or parts.scheme not in ("mqtt", "tcp")
    return host, port or (TLS_PORT if tls else PORT), tls


def given_file(told: str | Path | None) -> Path | None:
    """The path of a file that is there, where one is told.

    Raises
    ------
    BadInputError
        If it cannot be read.
    """
    if told is None:
        return None
    require_file(Path(told))
    return Path(told)


def cause_of(error: Exception) -> str:
    """Why a connection failed, in few words."""
    return getattr(error, "verify_message", "") or getattr(error, "strerror", "") or str(error) or type(error).__name__
