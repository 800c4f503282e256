"""Clips under lock: only their keys open them, what was dropped is gone for good, and no crash leaves anything half."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from fusion.vault.roots import LostKeyError, Roots
from fusion.vault.sealing import NONCE_BYTES, read_header, seal, unseal
from fusion.vault.segments import PARTIAL, SUFFIX, open_clip, read_clips
from sensors.errors import BadInputError
from sensors.types import NS
from tests.fusion.incidents import AT_NS
from tests.fusion.sealed import SAID, header, pieces, vault_in


def everything_under(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_what_was_sealed_comes_back_and_cannot_be_read_without_its_key() -> None:
    told = header()
    key, content = seal(told, pieces())
    assert unseal(content, key, "here") == (told, pieces())
    assert SAID not in content
    assert read_header(content, "here")[0] == told
    with pytest.raises(LostKeyError):
        unseal(content, bytes(len(key)), "here")


def test_no_key_and_no_nonce_comes_twice() -> None:
    sealed = [seal(header(name="same"), pieces()) for _ in range(200)]
    ends = [read_header(content, "here")[1] for _, content in sealed]
    nonces = {content[end : end + NONCE_BYTES] for (_, content), end in zip(sealed, ends, strict=True)}
    assert len({key for key, _ in sealed}) == len(nonces) == 200


def test_whatever_is_changed_in_a_segment_is_found() -> None:
    key, content = seal(header(), pieces(data=b"abc"))
    for place in range(len(content)):
        other = bytearray(content)
        other[place] ^= 1
        with pytest.raises((LostKeyError, BadInputError)):
            unseal(bytes(other), key, "here")
    for length in range(len(content)):
        with pytest.raises((LostKeyError, BadInputError)):
            unseal(content[:length], key, "here")


def test_one_segment_cannot_stand_in_for_another(tmp_path: Path) -> None:
    first, second = header(name="a" * 16), header(name="b" * 16, at_ns=AT_NS + NS)
    with closing(vault_in(tmp_path)) as vault:
        vault.put(first, pieces(), ["1a"])
        vault.put(second, pieces(AT_NS + NS), ["1a"])
    clips = tmp_path / "clips"
    shutil.copy(clips / f"{first.segment}{SUFFIX}", clips / f"{second.segment}{SUFFIX}")
    with pytest.raises(BadInputError, match="no key opens it, or it was changed"):
        list(open_clip(clips, Roots(tmp_path / "apart" / "keys"), "c1"))


def test_a_vault_tells_its_clips_and_opens_them_again(tmp_path: Path) -> None:
    with closing(vault_in(tmp_path)) as vault:
        size = vault.put(header(), pieces(), ["1a"])
        size += vault.put(header(at_ns=AT_NS + 5 * NS), pieces(), ["1a", "2b"])
        vault.put(header("c2", AT_NS + 9 * NS), pieces(), ["3c"])
        vault.link("c2", ["4d"])
        (one, two) = vault.clips()
        assert (one.clip, one.incidents, one.start_ns, one.end_ns) == ("c1", ("1a", "2b"), AT_NS, AT_NS + 6 * NS)
        assert one.size == size
        assert two.incidents == ("3c", "4d")
    assert read_clips(tmp_path / "clips") == [one, two]
    roots = Roots(tmp_path / "apart" / "keys")
    told = list(open_clip(tmp_path / "clips", roots, "c1"))
    assert [found.start_ns for found, _ in told] == [AT_NS, AT_NS + 5 * NS]
    assert all(content == pieces() for _, content in told)
    assert not read_clips(tmp_path / "nowhere")
    for path in (*(tmp_path / "clips").iterdir(), *(tmp_path / "apart" / "keys").iterdir()):
        assert path.stat().st_mode & 0o077 == 0 or path.name.startswith("index."), path
    assert SAID not in everything_under(tmp_path)


def test_without_the_secret_the_keys_open_nothing(tmp_path: Path) -> None:
    with closing(vault_in(tmp_path, b"hush")) as vault:
        vault.put(header(), pieces(), ["1a"])
    clips, keys = tmp_path / "clips", tmp_path / "apart" / "keys"
    assert list(open_clip(clips, Roots(keys, b"hush"), "c1"))
    with pytest.raises(BadInputError, match="secret_file"):
        list(open_clip(clips, Roots(keys), "c1"))
    with pytest.raises(BadInputError, match="these keys open nothing of what is here"):
        vault_in(tmp_path, b"hash")
    shutil.rmtree(keys)
    with pytest.raises(BadInputError, match="these keys open nothing of what is here"):
        vault_in(tmp_path, b"hush")


def test_a_deleted_clip_cannot_be_opened_by_an_old_copy_of_the_disk_and_the_present_keys(tmp_path: Path) -> None:
    keys, old = tmp_path / "apart" / "keys", tmp_path / "old"
    with closing(vault_in(tmp_path)) as vault:
        vault.put(header("gone"), pieces(), ["1a"])
        vault.put(header("stays"), pieces(), ["2b"])
    shutil.copytree(tmp_path / "clips", old / "clips")
    assert list(open_clip(old / "clips", Roots(keys), "gone"))
    with closing(vault_in(tmp_path)) as vault:
        vault.drop(["gone"])
        assert [clip.clip for clip in vault.clips()] == ["stays"]
    for clip in ("gone", "stays"):
        with pytest.raises(BadInputError, match="no key opens it"):
            list(open_clip(old / "clips", Roots(keys), clip))
    assert list(open_clip(tmp_path / "clips", Roots(keys), "stays"))
    assert len(list((tmp_path / "clips").glob(f"*{SUFFIX}"))) == 1
    # Old segments beside the present index: there is no row for what was dropped.
    for path in (old / "clips").glob(f"*{SUFFIX}"):
        shutil.copy(path, tmp_path / "clips")
    assert list(open_clip(tmp_path / "clips", Roots(keys), "gone")) == []


def test_of_a_dropped_key_nothing_is_left_in_any_file(tmp_path: Path) -> None:
    with closing(vault_in(tmp_path)) as vault:
        vault.put(header("gone"), pieces(), ["1a"])
        ((wrapped,),) = vault.index().execute("SELECT wrapped FROM segments").fetchall()
        root = (tmp_path / "apart" / "keys" / "root.json").read_bytes()
        assert wrapped in everything_under(tmp_path)
        vault.drop(["gone"])
        left = everything_under(tmp_path)
    (secret,) = msgspec.json.decode(root, type=dict[str, str]).values()
    assert wrapped not in left
    assert secret.encode() not in left


@pytest.mark.parametrize("leftover", ["root.before", "both"])
def test_who_was_killed_while_keys_turned_opens_all_again(tmp_path: Path, leftover: str) -> None:
    with closing(vault_in(tmp_path)) as vault:
        vault.put(header("a"), pieces(), ["1a"])
    keys = tmp_path / "apart" / "keys"
    if leftover == "both":
        Roots(keys).begin()
    else:
        shutil.copy(keys / "root.json", keys / "root.before")
    with closing(vault_in(tmp_path)) as vault:
        vault.put(header("b"), pieces(), ["1a"])
    assert [path.name for path in keys.iterdir()] == ["root.json"]
    assert len(msgspec.json.decode((keys / "root.json").read_bytes(), type=dict[str, str])) == 1
    for clip in ("a", "b"):
        assert list(open_clip(tmp_path / "clips", Roots(keys), clip))


def test_who_was_killed_before_the_new_root_key_took_its_place_goes_on_with_the_old_one(tmp_path: Path) -> None:
    keys = tmp_path / "apart" / "keys"
    with closing(vault_in(tmp_path)) as vault:
        vault.put(header("a"), pieces(), ["1a"])
    (keys / "root.before").hardlink_to(keys / "root.json")
    (keys / ".root.json-half").write_bytes(b"never used")
    with closing(vault_in(tmp_path)):
        pass
    assert [path.name for path in keys.iterdir()] == ["root.json"]
    assert list(open_clip(tmp_path / "clips", Roots(keys), "a"))


WRITER = """
import sys; from pathlib import Path
from tests.fusion.sealed import header, pieces, vault_in
vault = vault_in(Path(sys.argv[1])); print("begun", flush=True); number = 0
while True:
    number += 1
    vault.put(header(f"c{number // 3}"), pieces(), ["1a"])
    if number % 7 == 0:
        vault.drop([clip.clip for clip in vault.clips()[:-1]])
"""


def test_whoever_is_killed_while_writing_leaves_nothing_half_and_no_key_without_its_segment(tmp_path: Path) -> None:
    chance, home = random.Random(1), Path(__file__).resolve().parents[2]
    for _ in range(8):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], cwd=home, stdout=subprocess.PIPE, text=True
        )
        assert child.stdout
        assert child.stdout.readline() == "begun\n"
        time.sleep(chance.uniform(0.02, 0.15))
        child.send_signal(signal.SIGKILL)
        child.wait(30)
        child.stdout.close()
        clips = tmp_path / "clips"
        with closing(vault_in(tmp_path)) as vault:
            named = {name for (name,) in vault.index().execute("SELECT id FROM segments")}
            assert {path.stem for path in clips.glob(f"*{SUFFIX}")} == named
            assert not list(clips.glob(f"*{PARTIAL}"))
            for clip in vault.clips():
                for told, content in open_clip(clips, Roots(tmp_path / "apart" / "keys"), clip.clip):
                    assert (told.clip, content) == (clip.clip, pieces())
        assert [path.name for path in (tmp_path / "apart" / "keys").iterdir()] == ["root.json"]
    assert len(read_clips(tmp_path / "clips")) > 0


def test_a_disk_without_room_leaves_nothing_of_what_did_not_fit(tmp_path: Path) -> None:
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from tests.fusion.sealed import header, pieces, vault_in\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "vault = vault_in(Path(sys.argv[1])); vault.put(header('fits'), pieces(), ['1a'])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))\n"
        "try: vault.put(header('large'), pieces(data=bytes(300_000)), ['1a'])\n"
        "except OSError as error: print(error.errno)\n"
        "vault.put(header('fits'), pieces(), ['1a']); vault.drop(['none']); print(len(vault.clips()))"
    )
    home = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=home)
    assert done.stdout.split() == ["27", "1"], done.stderr
    assert not list((tmp_path / "clips").glob(f"*{PARTIAL}"))


@dataclass
class Broken:
    """What can be wrong with a root key."""

    content: bytes
    mode: int
    told: str


@pytest.mark.parametrize(
    "broken", [Broken(b"{", 0o600, "no root key"), Broken(b'{"1":"AA=="}', 0o640, "others may read it")]
)
def test_root_keys_that_cannot_be_trusted_are_not_used(tmp_path: Path, broken: Broken) -> None:
    (tmp_path / "keys").mkdir(mode=0o700)
    path = tmp_path / "keys" / "root.json"
    path.write_bytes(broken.content)
    path.chmod(broken.mode)
    with pytest.raises(BadInputError, match=broken.told):
        Roots(tmp_path / "keys")
    path.chmod(0o600)
    (tmp_path / "keys").chmod(0o755)
    with pytest.raises(BadInputError, match="others may look into it"):
        Roots(tmp_path / "keys")


def test_a_vault_that_another_keeps_open_can_be_read(tmp_path: Path) -> None:
    with closing(vault_in(tmp_path)) as vault:
        vault.put(header(), pieces(), ["1a"])
        assert list(open_clip(tmp_path / "clips", Roots(tmp_path / "apart" / "keys"), "c1"))
