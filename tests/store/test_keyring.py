from __future__ import annotations

import hashlib
import hmac
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dujiang.foundation.errors import InvariantBroken, Unavailable
from dujiang.store.keyring import Keyring

anything = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_keys_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    first = Keyring.open(folder)
    second = Keyring.open(folder)
    assert first.token("mobile", "1") == second.token("mobile", "1")
    assert second.unseal(first.seal(b"x", "p"), "p") == b"x"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    assert {file.stem for file in folder.iterdir()} == {"token", "seal", "subjects"}
    first.close()
    second.close()


@anything
@given(type_=st.text(max_size=20), value=st.text(max_size=200))
def test_a_token_is_hmac_sha256_by_its_definition(keyring: Keyring, tmp_path: Path, type_: str, value: str) -> None:
    if "\0" in type_ + value:
        return
    key = (tmp_path / "keys" / "token.key").read_bytes()
    digest = hmac.new(key, type_.encode() + b"\0" + value.encode(), hashlib.sha256).digest()
    assert keyring.token(type_, value) == int.from_bytes(digest[:8], "big", signed=True)


def test_other_keys_give_other_tokens(tmp_path: Path) -> None:
    rings = [Keyring.open(tmp_path / name) for name in "ab"]
    assert rings[0].token("mobile", "1") != rings[1].token("mobile", "1")
    for ring in rings:
        ring.close()


@anything
@given(data=st.binary(max_size=300), flip=st.integers(0, 10_000))
def test_a_seal_opens_unchanged_and_breaks_at_any_flipped_bit(keyring: Keyring, data: bytes, flip: int) -> None:
    sealed = keyring.seal(data, "p")
    assert keyring.unseal(sealed, "p") == data
    place = flip % (len(sealed) * 8)
    broken = bytearray(sealed)
    broken[place // 8] ^= 1 << place % 8
    with pytest.raises(InvariantBroken):
        keyring.unseal(bytes(broken), "p")


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" + bytes(12), b"\x02" + bytes(40)])
def test_what_is_no_seal_does_not_open(keyring: Keyring, sealed: bytes) -> None:
    with pytest.raises(InvariantBroken):
        keyring.unseal(sealed, "p")


def test_a_seal_opens_for_its_purpose_only(keyring: Keyring) -> None:
    with pytest.raises(InvariantBroken):
        keyring.unseal(keyring.seal(b"x", "journal"), "dead_letter")


def test_threads_agree_on_the_keys_of_persons(keyring: Keyring) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: keyring.create_subject_keys(range(-500, 500)), range(8)))
    assert all(keys == found[0] for keys in found)
    assert len(set(found[0].values())) == 1_000


def test_a_destroyed_key_is_in_no_file(keyring: Keyring, tmp_path: Path) -> None:
    keys = keyring.create_subject_keys(range(1_000))
    assert keyring.destroy_subject_keys([7, 8, 99_999]) == 2
    on_disk = b"".join(file.read_bytes() for file in (tmp_path / "keys").iterdir())
    assert keys[6] in on_disk
    assert keys[7] not in on_disk
    assert keys[8] not in on_disk


def test_a_damaged_key_file_is_named(tmp_path: Path) -> None:
    Keyring.open(tmp_path / "keys").close()
    (tmp_path / "keys" / "seal.key").write_bytes(b"short")
    with pytest.raises(InvariantBroken, match=r"seal\.key is damaged: it has 5 bytes instead of 32"):
        Keyring.open(tmp_path / "keys")


def test_a_folder_that_cannot_be_is_an_error_without_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable) as caught:
        Keyring.open(tmp_path / "file" / "keys")
    assert str(tmp_path) not in str(caught.value)
