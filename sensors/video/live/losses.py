"""What the library says was lost on the way.

Why by its words: nothing else tells. A packet that is missing leaves no mark on what is decoded next; the decoder goes
on with the picture before.
"""

from __future__ import annotations

from typing import Any, Self

_LOST = "RTP: missed"


class Losses:
    """Listens to FFmpeg in this thread, within `with`."""

    def __init__(self) -> None:
        self._capture: Any = None
        self._told: list[tuple[int, str, str]] = []

    def __enter__(self) -> Self:
        import av

        av.logging.set_level(av.logging.WARNING)
        av.logging.set_skip_repeated(False)
        self._capture = av.logging.Capture()
        self._told = self._capture.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._capture.__exit__(*error)

    def any(self) -> bool:
        """Whether something was lost since this was asked last."""
        lost = any(_LOST in text for _, _, text in self._told)
        self._told.clear()
        return lost
