"""A camera of the network that answers to ONVIF's call, in a thread; with rubbish before its answer."""

from __future__ import annotations

import re
import socket
import struct
from threading import Thread
from typing import Self

from sensors.video.live.finding import GROUP

ANSWER = """<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"
 xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><s:Body><d:ProbeMatches><d:ProbeMatch>
<d:Scopes>onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/name/Door%20cam</d:Scopes>
<d:XAddrs>http://{host}/onvif/device_service http://[fe80::1]/onvif/device_service</d:XAddrs>
</d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>"""


class OnvifCamera:
    """Listens as long as the `with` lasts; `questions` are the messages that it was asked with.

    On a network of its own, by name of an interface, it is in the group that cameras are called by.
    """

    def __init__(self, host: str = "192.0.2.7", network: str = "") -> None:
        self.questions: list[str] = []
        self._answer = ANSWER.format(host=host).encode()
        self._ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._ear.bind(("", GROUP[1]) if network else ("127.0.0.1", 0))
        if network:
            group = struct.pack("=4s4si", socket.inet_aton(GROUP[0]), b"", socket.if_nametoindex(network))
            self._ear.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
        self._thread = Thread(target=self._serve)

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._ear.getsockname()
        return str(host), int(port)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self.address)
        self._thread.join()
        self._ear.close()

    def _serve(self) -> None:
        while True:
            question, asker = self._ear.recvfrom(1 << 16)
            if not question:
                return
            self.questions += re.findall(r"<w:MessageID>(uuid:[-0-9a-f]{36})<", question.decode())
            for answer in (b"\xff\x00", b"<XAddrs>ftp://a http://[", self._answer):
                self._ear.sendto(answer, asker)
