from __future__ import annotations

import pytest
from argon2 import extract_parameters
from argon2.low_level import Type

from dujiang.store.passwords import new_token, password_hash, password_matches, token_hash


def test_a_password_is_hashed_as_owasp_asks_and_with_a_salt_of_its_own() -> None:
    one, two = password_hash("correct horse"), password_hash("correct horse")
    used = extract_parameters(one)
    assert (used.type, used.memory_cost >= 19 * 1024, used.time_cost >= 2) == (Type.ID, True, True)
    assert one != two
    assert password_matches(one, "correct horse")
    assert not password_matches(one, "correct hors")


@pytest.mark.parametrize("kept", ["", "plain text", "$argon2id$v=19$broken"])
def test_a_damaged_hash_matches_nothing(kept: str) -> None:
    assert not password_matches(kept, "")
    assert not password_matches(kept, kept)


def test_tokens_differ_and_hash_the_same_every_time() -> None:
    tokens = {new_token("dc_") for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) >= 45 for token in tokens)
    assert token_hash("a") == token_hash("a") != token_hash("b")
