"""Tags: one of each kind by hand, every preset on a small brand, circles, users, and the past."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dujiang.foundation.clock import FixedClock
from dujiang.foundation.definitions import Definition, parse
from dujiang.foundation.errors import Conflict, InvalidInput, NotFound
from dujiang.people.following import remember
from dujiang.people.tags import follower
from dujiang.people.tags.catalogue import Catalogue, presets
from dujiang.workspace import Workspace

NOW = datetime(2026, 6, 20, 4, 0, tzinfo=UTC)


def tag(name: str, **spec: Any) -> Definition:
    return parse({"kind": "tag", "name": name, "title": {"zh": name, "en": name}, "spec": spec})


def formula(name: str, expression: str) -> Definition:
    return tag(name, type="formula", expression=expression)


COUNT = {"type": "statistic", "statistic": {"source": "orders"}}
ORDERS = """订单编号,下单时间,支付时间,订单状态,商品金额,优惠金额,实付金额,手机号,省,市
A1,2026-05-02 09:00:00,2026-05-02 09:01:00,已完成,300,30,270,13871654023,浙江省,杭州市
A2,2026-06-18 23:30:00,2026-06-18 23:31:00,已完成,500,200,300,13871654023,浙江省,宁波市
B1,2026-06-01 10:00:00,2026-06-01 10:01:00,已完成,100,0,100,13871654024,福建省,厦门市
B2,2026-06-02 10:00:00,,已取消,100,0,0,13871654024,福建省,厦门市
"""


@dataclass
class House:
    """A brand with two customers, Lan and Bo."""

    workspace: Workspace
    clock: FixedClock

    def bring(self, name: str, text: str) -> None:
        upload = self.workspace.imports.upload(io.BytesIO(text.encode()), name)
        self.workspace.imports.run(upload)
        self.workspace.refresh()

    def define(self, *definitions: Definition, status: str = "active") -> None:
        wanted = [one.model_copy(update={"status": status}) for one in definitions]
        self.workspace.definitions.apply(self.workspace.definitions.plan(wanted), actor="test")
        self.workspace.refresh()

    def person(self, phone: str = "13871654023") -> int:
        (found,) = self.workspace.people.find(phone)
        return found

    def values(self, phone: str = "13871654023", at: datetime | None = None) -> dict[str, Any]:
        return {one.tag.name: one.value for one in self.workspace.tags.of_person(self.person(phone), at)}


@pytest.fixture(scope="module")
def _built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, clock = tmp_path_factory.mktemp("tags"), FixedClock(NOW)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DUJIANG_KEYS_FOLDER", str(folder / "keys"))
        with Workspace.create(folder / "brand", clock=clock) as workspace:
            House(workspace, clock).bring("自有订单.csv", ORDERS)
    return folder


@pytest.fixture
def house(_built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A copy of the brand that belongs to one test."""
    folder, clock = tmp_path / "tags", FixedClock(NOW)
    shutil.copytree(_built, folder)
    monkeypatch.setenv("DUJIANG_KEYS_FOLDER", str(folder / "keys"))
    with Workspace.open(folder / "brand", clock=clock) as workspace:
        yield House(workspace, clock)


def test_a_preset_of_each_kind_by_hand(house: House) -> None:
    lan, bo = house.values(), house.values("13871654024")
    assert (lan["paid_total"], lan["orders_total"], lan["order_value_last"]) == (57000, 2, 30000)
    assert (lan["days_since_order"], lan["order_gap_avg"], lan["last_order_day"]) == (2, 47, date(2026, 6, 18))
    assert lan["discount_share"] == pytest.approx(230 / 800)
    assert (lan["price_sensitivity"], lan["is_repeat_buyer"], lan["is_buyer_618"]) == ("middle", True, True)
    assert (lan["province"], lan["order_cities"], lan["night_orders"]) == ("浙江省", 2, 1)
    assert (lan["order_channels"], lan["age"], lan["reach_sms"]) == (["wechat_mini"], None, False)
    assert (bo["paid_total"], bo["cancelled_orders"], bo["is_repeat_buyer"], bo["order_gap_avg"]) == (
        10000,
        1,
        False,
        None,
    )


def test_a_tag_put_on_somebody_by_hand_and_taken_off(house: House) -> None:
    house.define(tag("vip", type="given", value="text"), tag("budget", type="given", value="money"))
    person = house.person()
    house.workspace.tag_person(person, "vip", "gold", actor="lan")
    house.workspace.tag_person(person, "budget", "12.5", actor="lan")
    house.workspace.refresh()
    assert (house.values()["vip"], house.values()["budget"]) == ("gold", 1250)
    house.workspace.tag_person(person, "vip", removed=True, actor="lan")
    house.workspace.refresh()
    assert house.values()["vip"] is None


def test_what_is_computed_cannot_be_put_on_by_hand(house: House) -> None:
    person = house.person()
    with pytest.raises(Conflict) as refused:
        house.workspace.tag_person(person, "paid_total", "5", actor="lan")
    assert refused.value.code == "tag.computed"
    with pytest.raises(Conflict):
        house.workspace.list_people(np.array([person], np.int64), "paid_total", actor="lan")


def test_a_consent_for_no_way_of_contact_is_refused(house: House) -> None:
    with pytest.raises(InvalidInput) as refused:
        house.workspace.state_consent(house.person(), "marketing", "pigeon", "withdrawn", actor="lan")
    assert refused.value.code == "consent.bad_medium"


def test_a_consent_makes_reachable_and_a_withdrawal_unmakes(house: House) -> None:
    person = house.person()
    house.workspace.state_consent(person, "marketing", "sms", "granted", actor="lan")
    house.workspace.refresh()
    assert (house.values()["reach_sms"], house.values()["reach_phone"]) == (True, False)
    house.clock.advance(timedelta(minutes=1))
    house.workspace.state_consent(person, "marketing", "", "withdrawn", actor="lan")
    house.workspace.refresh()
    assert (house.values()["reach_sms"], house.values()["consent_sms"]) == (False, "withdrawn")


def test_every_preset_is_written_in_both_languages_and_computed(house: House) -> None:
    assert len(presets()) >= 120
    for one in presets():
        assert set(one.title) == set(one.description) == {"zh", "en"}
    assert set(house.values()) == {one.name for one in presets()}
    assert house.workspace.tags.coverage()["orders_total"].share == 1.0


def test_tags_follow_touched_people_the_day_and_definitions(house: House) -> None:
    assert house.values()["days_since_order"] == 2
    house.clock.advance(timedelta(days=1))
    house.workspace.refresh()
    assert house.values()["days_since_order"] == 3
    house.bring("自有订单.csv", ORDERS + "A3,2026-06-20 23:30:00,2026-06-20 23:31:00,已完成,9,0,9,13871654023,,\n")
    fresh = house.workspace.tags.fresh()
    assert fresh is not None
    assert house.values()["orders_total"] == 3
    house.define(formula("half", "orders_total / 2"))
    assert house.values()["half"] == 1.5


def test_step_by_step_gives_what_a_rebuild_gives(house: House) -> None:
    house.bring("自有订单.csv", ORDERS + "A3,2026-06-19 23:30:00,2026-06-19 23:31:00,已完成,9,0,9,13871654024,,\n")
    question = "FROM person_tag ORDER BY person"
    with house.workspace.engine.read() as con:
        before = con.execute(question).fetchall()
    house.workspace.rebuild()
    with house.workspace.engine.read() as con:
        assert con.execute(question).fetchall() == before


def test_people_by_turns_have_the_tags_that_they_have_at_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    question = "FROM person_tag ORDER BY person"
    with house.workspace.engine.read() as con:
        at_once = con.execute(question).fetchall()
    assert len(at_once) > 1
    monkeypatch.setattr(follower, "AT_ONCE", 1)
    house.workspace.rebuild()
    with house.workspace.engine.read() as con:
        assert con.execute(question).fetchall() == at_once


def test_a_circle_is_named(house: House) -> None:
    house.define(formula("a", "orders_total + 1"), formula("b", "a + 1"))
    with pytest.raises(InvalidInput) as error:
        house.define(formula("a", "b + 1"))
    assert error.value.values["path"] in ("a → b → a", "b → a → b")
    assert house.values()["b"] == 4


def test_a_part_that_is_missing_or_does_not_fit_is_refused() -> None:
    for wrong in (formula("a", "nothing + 1"), formula("a", "t + 1")):
        with pytest.raises(InvalidInput):
            Catalogue([wrong, tag("t", type="given", value="text")])
    case = {"when": [{"tag": "t", "op": "above", "value": 3}], "value": True}
    with pytest.raises(InvalidInput):
        Catalogue([tag("t", type="given", value="text"), tag("a", type="rule", value="yes", cases=[case])])


def test_a_tag_in_use_is_not_taken_away(house: House) -> None:
    house.define(tag("mine", **COUNT), formula("double", "mine * 2"))
    with pytest.raises(Conflict) as error:
        house.define(tag("mine", **COUNT), status="retired")
    assert error.value.values["users"] == "tag double"
    assert house.workspace.tags.get("mine").lineage.used_by == (("tag", "double"),)
    house.define(formula("double", "mine * 2"), status="retired")
    house.define(tag("mine", **COUNT), status="retired")
    with pytest.raises(NotFound):
        house.workspace.tags.get("mine")


def test_lineage_names_the_tables_below(house: House) -> None:
    found = house.workspace.tags.get("spend_level").lineage
    assert (found.reads, found.tables) == (("net_total",), ("orders", "refunds"))


def test_tags_as_of_a_day_and_their_history(house: House) -> None:
    then = datetime(2026, 6, 1, 16, 0, tzinfo=UTC)  # midnight before 2 June in Shanghai
    assert (house.values(at=then)["orders_total"], house.values(at=then)["days_since_order"]) == (1, 31)
    turns = house.workspace.tags.history(house.person(), "orders_total", days=64, step=16)
    assert [(one.day, one.value) for one in turns] == [
        (date(2026, 4, 17), None),
        (date(2026, 5, 3), 1),
        (date(2026, 6, 20), 2),
    ]


def test_a_profile_as_of_a_day_is_that_of_a_brand_that_knew_no_more(
    house: House, tmp_path_factory: pytest.TempPathFactory
) -> None:
    head, *rows = ORDERS.splitlines(keepends=True)
    moment = datetime(2026, 6, 17, 16, 0, tzinfo=UTC)
    house.workspace.state_consent(house.person(), "marketing", "sms", "granted", actor="lan")
    house.workspace.refresh()
    past = house.workspace.people.get(house.person(), moment)
    values = house.values(at=moment)
    with Workspace.create(tmp_path_factory.mktemp("past") / "brand", clock=FixedClock(moment)) as earlier:
        other = House(earlier, FixedClock(moment))
        other.bring("自有订单.csv", head + "".join(row for row in rows if row[:2] in ("A1", "B1", "B2")))
        known = earlier.people.get(other.person())
        assert past.profile == known.profile
        assert (past.channels, past.orders) == (known.channels, known.orders)
        assert values == other.values()


def test_a_distribution_counts_everybody_who_has_a_value(house: House) -> None:
    page = house.workspace.tags.get("paid_total")
    assert [(bar.low, bar.high, bar.people) for bar in page.distribution] == [(10000, 10000, 1), (57000, 57000, 1)]
    assert {bar.label: bar.people for bar in house.workspace.tags.get("province").distribution} == {
        "浙江省": 1,
        "福建省": 1,
    }


def test_what_an_older_version_remembered_of_the_tags_is_not_computed_yet(house: House) -> None:
    """A state without the models was written before their outputs were tags: pages open, and the next refresh computes."""
    fresh = house.workspace.tags.fresh()
    assert fresh is not None
    with house.workspace.engine.write() as con:
        older = json.dumps({"definitions": fresh.definitions, "day": fresh.day, "at": fresh.at.isoformat()})
        remember(con, "tags", older)
    assert house.workspace.tags.fresh() is None
    assert house.workspace.tags.get("paid_total").fresh is None
    assert house.values()["paid_total"] == 57000
    house.clock.advance(timedelta(seconds=1))
    house.workspace.refresh()
    assert house.workspace.tags.fresh() is not None
