"""The colours of picture and page, by meaning, in a light and a dark scheme.

Why one table: the picture is drawn once, in the light scheme; in the page each of its colours becomes a CSS variable
of the same name, so that the reader's scheme decides. Senses follow Okabe and Ito's colour-blind-safe set, severities
differ in lightness too and always stand beside a number or a word.
"""

from __future__ import annotations

import re

LIGHT = {
    "paper": "#ffffff",
    "card": "#f7f7f5",
    "ink": "#1f2328",
    "muted": "#5d6570",
    "rule": "#dfe2e6",
    "surface": "#fafaf9",
    "curve": "#4a525c",
    "absent": "#9aa1ab",
    "warming": "#eceae4",
    "truth": "#30363d",
    "setting": "#7a3e00",
    "audio": "#0069a8",
    "video": "#00845f",
    "environment": "#a0568a",
    "other": "#6b7078",
    "low": "#7f95ad",
    "medium": "#d99a00",
    "high": "#d25400",
    "critical": "#99103f",
}
DARK = {
    "paper": "#14171a",
    "card": "#1c2024",
    "ink": "#e8eaed",
    "muted": "#a2a9b2",
    "rule": "#343a41",
    "surface": "#191d21",
    "curve": "#b9c0c8",
    "absent": "#6d757f",
    "warming": "#262522",
    "truth": "#d3d8de",
    "setting": "#f0b072",
    "audio": "#57b4ec",
    "video": "#2fc79a",
    "environment": "#dd93c5",
    "other": "#a4a9b0",
    "low": "#8ea6c0",
    "medium": "#efb733",
    "high": "#ff8440",
    "critical": "#ff5c8d",
}
SENSES = ("audio", "video", "environment")
"""In the order in which they are shown."""


def sense_colour(sense: str) -> str:
    """Name of the colour of a sense."""
    return sense if sense in SENSES else "other"


def css_variables(scheme: dict[str, str]) -> str:
    """The scheme as CSS declarations."""
    return "".join(f"--{name}:{colour};" for name, colour in scheme.items())


def recoloured(svg: str) -> str:
    """The same SVG with each light colour of the table replaced by its CSS variable."""
    names = {colour: name for name, colour in LIGHT.items()}

    def variable(found: re.Match[str]) -> str:
        name = names.get(found[0].lower())
        return f"var(--{name})" if name else found[0]

    return re.sub(r"#[0-9a-fA-F]{6}\b(?=[\";])", variable, svg)
