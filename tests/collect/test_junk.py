"""Values that mean nobody: the ready-made lists case by case, the brand's own, and the count of what was ignored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from dujiang.collect.identifier_types import IdentifierTypes
from dujiang.collect.identifiers import Ignored, Tokeniser
from dujiang.collect.ignored import IgnoredCount, add_ignored, ignored
from dujiang.collect.junk import KIND, Junk, presets
from dujiang.foundation.definitions import Definition, parse
from dujiang.foundation.errors import InvalidInput
from dujiang.store.database import Database

# fmt: off
POSTHOG = [
    "anonymous", "guest", "distinctid", "distinct_id", "id", "not_authenticated", "email", "undefined", "true", "false",
    "NaN", "None", "none", "null", "0",
]
# fmt: on
"""What PostHog refuses as an id, beside empty values and ``[object Object]``."""


@pytest.mark.parametrize("value", [*POSTHOG, "ANONYMOUS", "Guest", "[object Object]", "'undefined'", '"null"'])
def test_what_posthog_refuses_is_junk(value: str) -> None:
    tokeniser = Tokeniser(lambda _type, _value: 1, IdentifierTypes.of())
    assert tokeniser.identifier("user_id", value) is None
    assert tokeniser.rejected == {"junk": 1}


@pytest.mark.parametrize("value", ["0", "0000", "-", "0-0-0", "00000000-0000-0000-0000-000000000000", "-1"])
def test_what_segment_blocks_is_junk(value: str) -> None:
    assert Junk.of().of_type("user_id")(value) in ("zeroes", "repeated")


@pytest.mark.parametrize(
    ("kind", "value", "name"),
    [
        ("mobile", "13800138000", "made_up_mobiles"),
        ("mobile", "+86 138-0013-8000", "made_up_mobiles"),
        ("mobile", "11111111111", "made_up_mobiles"),
        ("mobile", "13999999999", "made_up_mobiles"),
        ("member_no", "11111111111", "repeated"),
        ("mobile", "13612345678", "made_up_mobiles"),
        ("email", "Test@Shop.cn", "made_up_emails"),
        ("email", "test@test.com", "made_up_emails"),
        ("email", "li@example.net", "made_up_emails"),
        ("user_id", "123456", "made_up_logins"),
        ("member_no", "123456", ""),
        ("card_no", "888888", ""),
        ("email", "contest@shop.cn", ""),
        ("mobile", "13600138000", ""),
        ("user_id", "10086", ""),
    ],
)
def test_ready_made_lists(kind: str, value: str, name: str) -> None:
    tokeniser = Tokeniser(lambda _type, _value: 1, IdentifierTypes.of())
    tokeniser.identifier(kind, value)
    assert tokeniser.ignored == (Counter({Ignored(kind, "junk", name): 1}) if name else Counter())


def _own(**spec: object) -> Definition:
    return parse({"kind": KIND, "name": "till", "spec": spec})


def test_own_values_and_patterns_for_some_types() -> None:
    types = IdentifierTypes.of([_own(types=["member_no"], values=["Walk-In"], patterns=["9{3,}[0-9]"])])
    tokeniser = Tokeniser(lambda _type, _value: 1, types)
    refused = [tokeniser.identifier("member_no", value) is None for value in ("WALK-IN", "9998", "998", "walk-in 2")]
    assert refused == [True, True, False, False]
    assert tokeniser.identifier("card_no", "walk-in") is not None
    assert tokeniser.take_ignored() == {Ignored("member_no", "junk", "till"): 2}
    assert tokeniser.take_ignored() == Counter()


def test_a_list_that_is_paused_or_replaced_is_not_heeded() -> None:
    words = next(one for one in presets() if one.name == "program_words")
    paused = words.model_copy(update={"status": "paused"})
    replaced = words.model_copy(update={"spec": {"values": ["nobody at all"]}})
    for changed in (paused, replaced):
        assert IdentifierTypes.of([changed]).junk.of_type("user_id")("undefined") == ""
    assert IdentifierTypes.of([replaced]).junk.of_type("user_id")("Nobody at all") == "program_words"


def test_a_pattern_has_to_be_one() -> None:
    with pytest.raises(InvalidInput, match="not a regular expression"):
        _own(patterns=["("])


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(f"sqlite:///{tmp_path / 'store.db'}")
    yield opened
    opened.close()


def test_what_is_ignored_is_counted_by_day_and_added_up(database: Database) -> None:
    junk, masked, blank = Ignored("mobile", "junk", "zeroes"), Ignored("mobile", "masked"), Ignored("email", "blank")
    days = [date(2026, 11, day) for day in (1, 2, 3)]
    for day in days:
        with database.transaction() as tx:
            add_ignored(tx, {("pos", day): Counter({junk: 2, blank: 9}), ("site", day): Counter({masked: 1})})
    with database.transaction() as tx:
        add_ignored(tx, {("pos", days[0]): Counter({junk: 5})})
    assert ignored(database, days[0], days[1]) == [
        IgnoredCount("pos", "mobile", "junk", "zeroes", 9),
        IgnoredCount("site", "mobile", "masked", "", 2),
    ]
    assert ignored(database, date(2026, 12, 1), date(2026, 12, 9)) == []
