"""Pieces of HTML that page and cards share; what goes in is HTML already, escaped by the caller."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """A table that scrolls sideways where the screen is narrow; columns in `numbers` stand to the right."""

    def row(cells: Sequence[str], tag: str) -> str:
        marks = (' class="number"' if column in numbers else "" for column in range(len(cells)))
        return "".join(f"<{tag}{mark}>{cell}</{tag}>" for cell, mark in zip(cells, marks, strict=True))

    body = "".join(f"<tr>{row(cells, 'td')}</tr>" for cells in rows)
    return f'<div class="scroll"><table><thead><tr>{row(heads, "th")}</tr></thead><tbody>{body}</tbody></table></div>'


def section(title: str, body: str) -> str:
    """A part of the page under its title."""
    return f"<section><h2>{title}</h2>{body}</section>"


def note(body: str) -> str:
    """A remark set apart."""
    return f'<p class="note">{body}</p>'
