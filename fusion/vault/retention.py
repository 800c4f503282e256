"""What of clips and exports has to go, and the oldest that nobody flagged.

Flagged is what belongs to an incident of which nobody said that it was none. Of incidents that are not known any more
nobody said anything: a database that was set aside must not take the clips with it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection
from dataclasses import dataclass

from fusion.vault.audit import KIZASHI
from fusion.vault.exports import Export, registered, remove
from fusion.vault.segments import Kept, Vault

Note = Callable[[int, str, str, str, str, str], None]
"""`Audit.note`."""


@dataclass(frozen=True, slots=True)
class Keep:
    """How long: what nobody flagged, and what somebody did; nanoseconds."""

    unflagged_ns: int
    flagged_ns: int


class Retention:
    """Lets clips and exports of a vault go in time.

    Parameters
    ----------
    vault : Vault
        Whose.
    keep : Keep
        How long.
    false : callable () -> collection of str
        Incidents that were none.
    note : callable
        Told of what went, as `Audit.note`.
    """

    def __init__(self, vault: Vault, keep: Keep, false: Callable[[], Collection[str]], note: Note) -> None:
        self._vault, self._keep, self._false, self._note = vault, keep, false, note

    def expire(self, now_ns: int, sparing: str = "") -> int:
        """Let go what is too old, but for the clip that is being written; how many clips went.

        Raises
        ------
        OSError, sqlite3.Error
            If that cannot be written; it is tried again the next time.
        """
        false = self._false()
        gone = [
            clip
            for clip in self._vault.clips()
            if clip.clip != sparing and self._over(clip.end_ns, now_ns, is_flagged(clip.incidents, false))
        ]
        self._vault.drop([clip.clip for clip in gone])
        for clip in gone:
            self.tell(now_ns, clip, "too old")
        for export in registered(self._vault.index()):
            if self._over(export.about_ns, now_ns, export.incident not in false):
                self._remove(export, now_ns)
        return len(gone)

    def oldest_unflagged_ns(self) -> int | None:
        """Event time of the oldest clip or export that nobody flagged."""
        return oldest_unflagged_ns(self._vault.index(), self._vault.clips(), self._false())

    def tell(self, now_ns: int, clip: Kept, why: str) -> None:
        """Note that a clip went."""
        self._note(now_ns, KIZASHI, "delete clip", f"incident {', '.join(clip.incidents)}", "done", why)

    def _over(self, at_ns: int, now_ns: int, flagged: bool) -> bool:
        return at_ns < now_ns - (self._keep.flagged_ns if flagged else self._keep.unflagged_ns)

    def _remove(self, export: Export, now_ns: int) -> None:
        left = remove(self._vault.index(), export)
        outcome, why = ("failed", f"beyond us: {', '.join(left)}") if left else ("done", "too old")
        of = f"incident {export.incident} in {export.folder}"
        self._note(now_ns, KIZASHI, "delete export", of, outcome, why)


def is_flagged(incidents: Collection[str], false: Collection[str]) -> bool:
    """Whether somebody has to look at what belongs to these."""
    return any(incident not in false for incident in incidents)


def oldest_unflagged_ns(index: sqlite3.Connection, clips: Collection[Kept], false: Collection[str]) -> int | None:
    """Event time of the oldest clip or export that nobody flagged, nanoseconds UTC."""
    times = [clip.end_ns for clip in clips if not is_flagged(clip.incidents, false)]
    times += [export.about_ns for export in registered(index) if export.incident in false]
    return min(times, default=None)
