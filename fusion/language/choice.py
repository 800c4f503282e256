"""The texts of a language by its name."""

from __future__ import annotations

from fusion.language.english import ENGLISH
from fusion.language.japanese import JAPANESE
from fusion.language.texts import Language, Texts

BY_NAME: dict[Language, Texts] = {texts.language: texts for texts in (ENGLISH, JAPANESE)}


def texts_of(language: Language) -> Texts:
    """All phrases of a language."""
    return BY_NAME[language]
