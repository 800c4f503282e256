"""A script becomes a folder: media, readings, `scenario.toml`, `labels.csv`."""

from __future__ import annotations

import hashlib
from pathlib import Path

from sample_streams.encode import encoder_of, write_film, write_sound
from sample_streams.script import Script, Table, Truth
from sample_streams.sound import level_dba

LABELS = (
    "start_s", "end_s", "kind", "severity", "modalities", "note", "audio_start_s", "audio_end_s",
    "video_start_s", "video_end_s", "environment_start_s", "environment_end_s",
)  # fmt: skip


def scenario(script: Script) -> str:
    """Text of `scenario.toml`."""
    lines = [
        f'name = "{script.name}"',
        f"start = {script.start}",
        f"seconds = {script.seconds:.1f}",
        f'about = "{script.about}"',
    ]
    sensors = (
        ("mic", "audio.file", script.sound.path, script.sound.offset_s),
        ("camera", "video.file", script.film.path, script.film.offset_s),
        ("air", "environment.csv", script.air.path, script.air.offset_s),
    )
    for part, kind, path, offset_s in sensors:
        lines += ["", "[[sensors]]", f'id = "{script.place}/{part}"', f'kind = "{kind}"', f'path = "{path}"']
        lines.append(f"offset_s = {offset_s:.1f}")
    return "\n".join(lines) + "\n"


def label(truth: Truth) -> tuple[str, ...]:
    """One row of `labels.csv`."""
    spans = (truth.audio, truth.video, truth.environment)
    start, end = min(span[0] for span in spans), max(span[1] for span in spans)
    times = [f"{time:.3f}" for span in spans for time in span]
    return (f"{start:.3f}", f"{end:.3f}", truth.kind, truth.severity, "audio;video;environment", truth.note, *times)


def write_recording(script: Script, folder: Path) -> dict[str, dict[str, str]]:
    """Write all files of a recording into `folder`.

    Returns
    -------
    dict
        For each file name: `sha256` of its bytes, `content_sha256` of what went into the encoder, `encoder`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pcm = script.pcm()
    film = script.film.film()
    content = {
        script.sound.path: write_sound(folder / script.sound.path, pcm, script.sound.rate_hz),
        script.film.path: write_film(folder / script.film.path, film.frames(), film.fps, script.film.crf),
    }
    texts = {
        script.air.path: script.air.readings(level_dba(pcm, script.sound.rate_hz)).text(),
        "scenario.toml": scenario(script),
        "labels.csv": Table(LABELS, [label(truth) for truth in script.truths]).text(),
    }
    for name, text in texts.items():
        (folder / name).write_bytes(text.encode())
        content[name] = hashlib.sha256(text.encode()).hexdigest()
    return {name: describe(folder / name, content[name]) for name in sorted(content)}


def describe(path: Path, content_sha256: str) -> dict[str, str]:
    """What is kept about a file."""
    whole = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"sha256": whole, "content_sha256": content_sha256, "encoder": encoder_of(path)}
