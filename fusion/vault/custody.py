"""Where the settings have clips and keys lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fusion.assemble import read_secret
from fusion.config import Settings
from fusion.vault.roots import Roots
from sensors.errors import BadInputError

CLIPS, KEYS = "clips", "keys"


@dataclass(frozen=True)
class Custody:
    """Folders of store, clips and keys, and the operator's secret."""

    store: Path
    clips: Path
    keys: Path
    secret: bytes

    def roots(self, *, there: bool = False) -> Roots:
        """The root keys; `there` already, for those who only read.

        Raises
        ------
        BadInputError
            If they cannot be used.
        """
        return Roots(self.keys, self.secret, there=there)


def custody(settings: Settings) -> Custody:
    """Who keeps what.

    Raises
    ------
    BadInputError
        If there is no store, or the secret cannot be read.
    """
    told, store = settings.evidence, Path(settings.store.folder)
    if not settings.store.folder:
        mend = "add [store] with a folder to the settings"
        raise BadInputError("clips have no place to lie in", where="[evidence]", mend=mend)
    secret = read_secret(Path(told.secret_file)) if told.secret_file else ""
    if told.secret_file and not secret:
        mend = "write a long secret into it, once: without it no clip of then can be opened"
        raise BadInputError("the secret is empty", where=told.secret_file, mend=mend)
    return Custody(store, store / CLIPS, Path(told.key_folder) if told.key_folder else store / KEYS, secret.encode())
