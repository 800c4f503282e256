"""Errors that a user can mend: each says what is wrong, where, and how to put it right."""

from __future__ import annotations


class KizashiError(Exception):
    """Base of all errors shown to the user as one line."""

    exit_code = 1


class BadInputError(KizashiError):
    """The input cannot be used as it is.

    Parameters
    ----------
    what : str
        What is wrong.
    where : str
        File, line, column or setting.
    mend : str
        What the user can do about it.
    """

    exit_code = 3

    def __init__(self, what: str, *, where: object, mend: str) -> None:
        super().__init__(f"{where}: {what}; {mend}")
        self.what, self.where, self.mend = what, str(where), mend


class WrongUseError(BadInputError):
    """An option of the command line has a value that it cannot have."""

    exit_code = 2
