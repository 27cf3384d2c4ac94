"""Consents and tags on their way in: by calls, by files and by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dujiang.collect.identifiers import Identifier
from dujiang.collect.marks import Consent, Tagged, state_of, tracked
from dujiang.foundation.errors import InvalidInput
from dujiang.workspace import Workspace

AT = datetime(2026, 11, 11, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "state"),
    [("同意", "granted"), (True, "granted"), ("退订", "withdrawn"), ("", "unknown"), (None, "unknown")],
)
def test_words_for_a_consent(said: object, state: str) -> None:
    assert state_of(said) == state


@pytest.fixture
def house(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    folder = tmp_path_factory.mktemp("marks")
    monkeypatch.setenv("DUJIANG_KEYS_FOLDER", str(folder / "keys"))
    with Workspace.create(folder / "brand") as workspace:
        yield workspace


def answer(workspace: Workspace, text: str) -> list[tuple[object, ...]]:
    with workspace.engine.read() as con:
        return con.execute(text).fetchall()


def upload(workspace: Workspace, name: str, text: str) -> str:
    import io

    waiting = workspace.imports.upload(io.BytesIO(text.encode()), name)
    found = workspace.imports.run(waiting)
    workspace.refresh()
    return found.id


def test_a_list_of_tags_from_a_file_can_come_twice_and_be_taken_back(house: Workspace) -> None:
    text = "手机号,标签,标签值\n13871654023,高净值,A\n13871654024,高净值,B\n"
    first = upload(house, "标签名单.csv", text)
    upload(house, "标签名单2.csv", text + "13871654025,高净值,C\n,高净值,D\n")
    assert answer(house, "SELECT tag, value FROM tagged ORDER BY value") == [
        ("高净值", "A"),
        ("高净值", "B"),
        ("高净值", "C"),
    ]
    house.imports.undo(first, actor="test")
    house.refresh()
    before = answer(house, "FROM tagged ORDER BY person")
    house.rebuild()
    assert answer(house, "FROM tagged ORDER BY person") == before


def test_consents_from_a_file(house: Workspace) -> None:
    upload(
        house, "同意记录.csv", "手机号,用途,触达方式,同意状态,时间\n13871654023,营销,短信,退订,2026-11-01 10:00:00\n"
    )
    assert answer(house, "SELECT purpose, medium, state FROM consent") == [("marketing", "sms", "withdrawn")]


def test_marks_by_hand_are_kept_once_for_one_moment(house: Workspace) -> None:
    who = (Identifier("mobile", 77),)
    marks = [Tagged(who, "vip", "gold", at=AT), Consent(who, "marketing", "granted", "sms", at=AT)]
    assert house.mark(marks, "lan").facts == 2
    assert house.mark(marks, "lan").facts == 0


@pytest.mark.parametrize(
    "mark", [Tagged((), "vip"), Tagged((Identifier("mobile", 1),), " "), Tagged((Identifier("mobile", 1),), "x" * 201)]
)
def test_marks_without_a_name_or_about_nobody_are_refused(house: Workspace, mark: Tagged) -> None:
    with pytest.raises(InvalidInput):
        house.marks.enter([mark])


def test_calls_state_consents_and_tags(house: Workspace) -> None:
    from dujiang.collect.decode import decode
    from dujiang.collect.model import SourceSpec
    from dujiang.store.journal import JournalRow

    body = (
        b'{"batch":[{"type":"track","event":"Consent Changed","userId":"u1","messageId":"1",'
        b'"properties":{"purpose":"marketing","medium":"email","state":"opt_out","text_version":"v3"}},'
        b'{"type":"identify","userId":"u1","messageId":"2","traits":{"tags":{"vip":"gold","old":null},'
        b'"consents":[{"purpose":"profiling","state":true}]}}]}'
    )
    row = JournalRow("web", "key_1", AT, "/v1/batch", "application/json", body, 2, 1)
    found = tracked(decode(row, tokeniser=house.tokeniser(), source=SourceSpec(channel="site")).events)
    consents = found["consent"].select(["purpose", "medium", "state", "text_version", "line"]).to_pylist()
    assert [tuple(one.values()) for one in consents] == [
        ("marketing", "email", "withdrawn", "v3", 0),
        ("profiling", "", "granted", "", 1),
    ]
    tags = found["tag"].sort_by("tag").select(["tag", "value", "removed"]).to_pylist()
    assert [tuple(one.values()) for one in tags] == [("old", "", True), ("vip", "gold", False)]
