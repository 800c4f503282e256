"""Why a payload cannot be used: one of few names, by which it is counted."""

from __future__ import annotations

from enum import StrEnum


class Flaw(StrEnum):
    """What is wrong with a payload."""

    EMPTY = "empty"
    TOO_LARGE = "too large"
    TOO_MANY = "too many readings at once"
    TOO_DEEP = "nested too deep"
    NOT_TEXT = "not text"
    NOT_JSON = "not JSON"
    TRUNCATED = "truncated JSON"
    NOT_A_NUMBER = "not a number"
    NOT_FINITE = "NaN or infinite"
    NO_READING = "no reading in it"
    NO_SUCH_PATH = "no value at the path"
    NOT_SENML = "not SenML"
    SENML_NEWER = "SenML with features that are not known here"


class PayloadError(ValueError):
    """A payload of which nothing can be used."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw.value)
        self.flaw = flaw
