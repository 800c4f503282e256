"""Network microphones by the library that others use."""

from __future__ import annotations

from typing import Any

import pytest

from sensors.audio.live.wyoming import WyomingSource
from sensors.backoff import Backoff
from sensors.errors import BadInputError
from sensors.types import Health, State
from tests.live.listening import Listening, assert_laws
from tests.live.servers import free_port, wyoming_server

PORT = free_port()


def quick() -> dict[str, Any]:
    return {"open_s": 1.5, "stall_s": 1.0, "backoff": Backoff(0.1, 0.5)}


def source(**options: Any) -> WyomingSource:
    return WyomingSource("attic/mic", f"tcp://127.0.0.1:{PORT}", **{**quick(), **options})


@pytest.mark.parametrize("role", ["mic", "satellite"])
def test_a_network_microphone_is_heard_killed_and_heard_again(role: str) -> None:
    with wyoming_server(PORT, role) as server, Listening(source()) as ear:
        ear.until(lambda: ear.hears(440))
        server.kill()
        ear.until_down("Connection refused")
        server.start()
        ear.until(lambda: ear.hears(440))
        ear.until_up()
    assert [state for state in ear.states() if state is State.UP] == [State.UP] * 2
    assert_laws(ear.chunks)


def test_a_network_microphone_that_hangs_is_told_and_found_again() -> None:
    with wyoming_server(PORT, "mic") as server, Listening(source()) as ear:
        ear.until_up()
        server.pause()
        ear.until_down("no sound for 1 s")
        server.resume()
        ear.until_up()
    assert_laws(ear.chunks)


def test_another_language_is_told_and_not_taken_for_silence() -> None:
    with wyoming_server(PORT, "rubbish"), Listening(source()) as ear:
        ear.until_down("does not speak Wyoming")
    assert not ear.chunks


def test_a_flood_is_dropped_from_its_beginning_counted_and_told() -> None:
    heard = source(open_s=30.0, queue_s=1.0)
    health: list[Health] = []
    heard.on_health = health.append
    with wyoming_server(PORT, "flood") as server:
        chunks = heard.chunks()
        kept = [next(chunks)]
        server.await_line("flooded")
        while heard.dropped < 300 * 16_000:
            kept.append(next(chunks))
        chunks.close()
    assert [told.state for told in health] == [State.UP, State.DEGRADED]
    assert "not taken in time" in health[-1].reason
    assert_laws(kept)


@pytest.mark.parametrize("address", ["", "udp://a:1", "a:b", "a:99999", "a b", "http://a/", "[::1", "a:1:2"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(BadInputError, match="address of 'attic/mic': this is no address"):
        WyomingSource("attic/mic", address)


@pytest.mark.parametrize("address", ["satellite.local", "tcp://10.0.0.9:10700", "10.0.0.9:1", "tcp://[::1]:10700/"])
def test_addresses_are_taken_as_people_write_them(address: str) -> None:
    assert WyomingSource("attic/mic", address).stream == "attic/mic"
