"""Settings to what puts clips away, and what it has to tell of itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from fusion.config import Settings
from fusion.labels import read_labels
from fusion.live.clipping import SLACK_NS, Clipper, Rolls
from fusion.live.ring import ring_for
from fusion.sinks.metrics import Sample
from fusion.store.database import read_database
from fusion.vault.audit import Audit
from fusion.vault.custody import CLIPS, custody
from fusion.vault.retention import Keep, Retention, oldest_unflagged_ns
from fusion.vault.segments import INDEX, Vault, read_clips
from sensors.types import NS, Modality

HOUR_NS = 3600 * NS
MB = 1_000_000


def has_vault(settings: Settings) -> bool:
    """Whether an earlier run kept clips: they have to go in time, whatever the settings say now."""
    return (Path(settings.store.folder) / CLIPS / INDEX).is_file()


def build_clipper(settings: Settings, streams: Mapping[str, Modality]) -> Clipper:
    """What puts clips of these streams away; of none where they are not `enabled`.

    Raises
    ------
    BadInputError, OSError, sqlite3.Error
        If folders, keys or secret cannot be used.
    """
    told, place = settings.evidence, custody(settings)

    def grades() -> dict[str, str]:
        return {line.id: line.grade for line in read_labels(place.store).values()}

    def false() -> set[str]:
        return {name for name, grade in grades().items() if grade == "false"}

    vault = Vault(place.clips, place.roots())
    retention = Retention(vault, keep_of(settings), false, Audit(place.store).note)
    senses = dict(streams) if told.enabled else {}
    ring = ring_for(senses, told.sound, round(told.pre_s * NS), SLACK_NS, round(told.ring_mb * MB))
    rolls = Rolls(
        round(told.pre_s * NS), round(told.post_s * NS), round(told.most_clip_mb * MB), round(told.most_mb * MB)
    )
    return Clipper(ring, vault, retention, rolls, grades)


def keep_of(settings: Settings) -> Keep:
    """How long what is kept."""
    store = settings.store
    return Keep(round(store.keep_h * HOUR_NS), round(store.keep_flagged_days * 24 * HOUR_NS))


def oldest_kept_ns(store: Path) -> int | None:
    """Event time of the oldest clip or export that nobody flagged, nanoseconds UTC."""
    folder = store / CLIPS
    if not (folder / INDEX).is_file():
        return None
    false = {line.id for line in read_labels(store).values() if line.grade == "false"}
    with closing(read_database(folder, INDEX)) as index:
        return oldest_unflagged_ns(index, read_clips(folder), false)


def clip_samples(clipper: Clipper) -> Iterator[Sample]:
    """What the clips have to tell."""
    tally, ring = clipper.tally, clipper.ring
    yield "kizashi_clips_total", "counter", "Clips begun.", {}, tally.clips
    yield "kizashi_clip_bytes_total", "counter", "Bytes of clips that were written.", {}, tally.written
    yield "kizashi_clip_failures_total", "counter", "Pieces of clips that could not be written.", {}, tally.failed
    yield "kizashi_clips_cut_total", "counter", "Clips that reached their largest size.", {}, tally.cut
    yield "kizashi_clips_crowded_total", "counter", "Clips that went for want of room.", {}, tally.crowded
    yield "kizashi_clips_stored_bytes", "gauge", "Bytes of all clips on disk.", {}, tally.stored
    yield "kizashi_ring_bytes", "gauge", "Sound and pictures of the last seconds, in memory.", {}, ring.size
    what = "Pieces that left the memory before their time: [evidence] ring_mb."
    yield "kizashi_ring_dropped_total", "counter", what, {}, ring.dropped
