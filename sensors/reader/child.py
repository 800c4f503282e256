"""The reader from inside: order on stdin, `wire` messages on stdout.

It ends when its stdin does, so that nothing is left behind when the parent is killed. The order comes by stdin
and not as an argument, because everybody can read the arguments of a process and addresses may hold passwords.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from threading import Event, Thread
from typing import Any

from sensors.errors import BadInputError
from sensors.reader.faults import ReaderError
from sensors.reader.outlet import Outlet
from sensors.reader.wire import Kind, Message

GRACE_S = 0.5

NICE = 10
"""How much the parent goes before its readers where processors are short, see nice(2)."""


class Parent:
    """The other end of stdin.

    Attributes
    ----------
    order : mapping
        What to read and how; what it asks for later replaces its first wishes.
    """

    def __init__(self) -> None:
        self.order: Mapping[str, Any] = json.loads(sys.stdin.buffer.readline())
        self._gone = Event()
        Thread(target=self._watch, daemon=True).start()

    @property
    def gone(self) -> bool:
        """Whether nobody listens any more; then there is little time."""
        return self._gone.is_set()

    def _watch(self) -> None:
        for line in sys.stdin.buffer:
            self.order = {**self.order, **json.loads(line)}
        self._gone.set()
        time.sleep(GRACE_S)
        os._exit(0)


def serve(pass_on: Callable[[Parent, Outlet], str]) -> None:
    """Read until there is no more of it or of the parent; never returns.

    Parameters
    ----------
    pass_on : callable (Parent, Outlet) -> str
        Puts out all there is, and says why there is no more.
    """
    # Who judges goes first: two dozen readers that start at once would otherwise keep it from its bound for seconds.
    os.nice(NICE)
    parent = Parent()
    out = os.dup(1)
    # Libraries that print must not print into the messages.
    os.dup2(2, 1)
    outlet = Outlet(out, parent.order["queue"])
    reason = _reason(pass_on, parent, outlet)
    if not parent.gone:
        outlet.put(Message(Kind.FAULT, body=reason.encode()))
        outlet.close()
    os._exit(0)


def _reason(pass_on: Callable[[Parent, Outlet], str], parent: Parent, outlet: Outlet) -> str:
    """Why it ended, in words that name no address."""
    try:
        return pass_on(parent, outlet)
    except ReaderError as fault:
        return str(fault)
    except BadInputError as error:
        return f"{error.what}; {error.mend}"
    except OSError as error:
        return f"it cannot be read ({error.strerror or type(error).__name__})"
    except Exception as error:
        # Its text might hold the address.
        return f"the reader failed ({type(error).__name__})"
