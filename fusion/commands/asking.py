"""Whose store a command is about, and who types it: passphrases come from a file, from stdin or from a prompt."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path

from fusion.config import Settings, Storage, load_settings
from fusion.vault.access import Claim
from sensors.errors import BadInputError, WrongUseError

STDIN = Path("-")


def store_settings(config: Path | None, folder: Path | None) -> Settings:
    """Settings that name a store: those of a file, or the usual ones for a folder.

    Raises
    ------
    BadInputError
        If there is neither, or the settings keep nothing.
    """
    if (config is None) == (folder is None):
        raise WrongUseError("one of --config and --store is needed", where="kizashi", mend="name the settings file")
    if config is None:
        return Settings(store=Storage(folder=str(folder)))
    settings = load_settings(config, os.environ)
    if not settings.store.folder:
        mend = "add [store] with a folder to the settings"
        raise BadInputError("these settings keep nothing", where=f"{config}, [store] folder", mend=mend)
    return settings


def claim_of(name: str | None, file: Path | None) -> Claim | None:
    """Who somebody says to be; None where nobody says anything."""
    return Claim(name, lambda: passphrase_of(name, file)) if name else None


def passphrase_of(name: str, file: Path | None, *, new: bool = False) -> str:
    """A user's passphrase: the first line of the file, of stdin for "-", or what is typed; a `new` one twice.

    Raises
    ------
    BadInputError
        If it cannot be read, or what was typed differs.
    """
    if file == STDIN:
        return sys.stdin.readline().rstrip("\r\n")
    if file is not None:
        try:
            return (file.read_text(encoding="utf-8").splitlines() or [""])[0]
        except (OSError, UnicodeDecodeError) as error:
            mend = "check the path and its permissions"
            raise BadInputError("the passphrase cannot be read", where=file, mend=mend) from error
    if not sys.stdin.isatty():
        mend = "use --password-file, or - for stdin"
        raise BadInputError("nobody is there to ask for the passphrase", where=name, mend=mend)
    typed = getpass.getpass(f"Passphrase of {name}: ")
    if new and getpass.getpass("Once more: ") != typed:
        raise BadInputError("these were two different passphrases", where=name, mend="try again")
    return typed
