"""What a daemon opens to others, and what its settings can make it do: no door but those that were told, no command."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sensors.errors import BadInputError
from sensors.reader.address import require_address
from tests.live.hook_server import HookServer
from tests.live.servers import free_port, poll
from tests.live.site import Site

LISTENS, BOUND = "0A", "07"
"""States of sockets in /proc/net: of TCP that listens, of UDP that is bound."""

PUSH = """
[[sensors]]
id = "hall/pushed"
kind = "environment.push"
address = "127.0.0.1:{port}"
token_file = "{token}"
"""
COMMANDS = [
    "$(touch {0})",
    "`touch {0}`",
    "; touch {0} ;",
    "| touch {0}",
    "!touch {0}",
    "{{{{ cycler }}}}",
    "%(touch {0})s",
]


def doors(pid: int) -> Iterator[tuple[str, int]]:
    """Addresses, in hexadecimal, and ports at which a process can be reached."""
    own = {os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir() if path.is_symlink()}
    for table, state in (("tcp", LISTENS), ("tcp6", LISTENS), ("udp", BOUND), ("udp6", BOUND)):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            host, _, port = fields[1].partition(":")
            if fields[3] == state and f"socket:[{fields[9]}]" in own:
                yield host, int(port, 16)


def test_a_daemon_listens_nowhere_but_where_it_was_told_and_only_to_this_machine(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("a token that is long enough")
    figures, pushed = free_port(), free_port()
    with Site(
        tmp_path, f'[metrics]\naddress = ":{figures}"\n' + PUSH.format(port=pushed, token=tmp_path / "token")
    ) as site:
        poll(lambda: len(set(doors(site.pid))) == 2, "two doors")
        assert set(doors(site.pid)) == {("0100007F", figures), ("0100007F", pushed)}


def test_a_daemon_that_was_told_nothing_listens_nowhere(tmp_path: Path) -> None:
    with HookServer() as hook, Site(tmp_path, f'[[webhooks]]\nname = "a"\nurl = "{hook.url}"\n') as site:
        site.say(20)
        site.until("watching")
        assert not list(doors(site.pid))


def test_settings_are_words_and_never_commands(tmp_path: Path) -> None:
    told = [way.format(tmp_path / "touched") for way in COMMANDS]
    with HookServer() as hook:
        settings = (
            f'name = "{told[0][:60]}"\n[store]\nfolder = "{tmp_path}/kept"\n[cap]\nfolder = "{tmp_path}/cap"\n'
            f'[[webhooks]]\nname = "{told[1][:60]}"\nurl = "{hook.url}"\n'
        )
        rules = [f'[[rules]]\nname = "{name}"\nwhen = "temperature > {n} C"\n' for n, name in enumerate(told, 60)]
        with Site(tmp_path, settings + "".join(rules)) as site:

            def told_of_each() -> bool:
                # Again and again: a log is followed from its end, and what is said before that is of yesterday.
                site.say(90)
                return len(hook.events) >= len(told)

            poll(told_of_each, "an incident of each rule")
            poll(lambda: len(list((tmp_path / "cap").glob("*.xml"))) >= len(told), "a warning of each")
    assert {f"rule: {name}" for name in told} == {event["data"]["kind"] for event in hook.events}
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "concat:/etc/passwd", "pipe:0", "exec:touch x", "/etc/passwd", "data:text/plain,x", "fd:0"],
)
def test_only_streams_are_opened(url: str) -> None:
    with pytest.raises(BadInputError, match="no address of a stream"):
        require_address(url, "hall/mic")
