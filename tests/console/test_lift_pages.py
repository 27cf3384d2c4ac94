"""The pages of incrementality: a test is planned, registered as it was planned, and read."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from datetime import date

import httpx
import pytest

from dujiang.foundation.definitions import parse
from dujiang.insight.incrementality.holdout_design import ratio_p
from dujiang.insight.incrementality.question import LiftTest
from dujiang.insight.incrementality.switchback_design import Rhythm, drawn_lots
from dujiang.workspace import Workspace

pytestmark = pytest.mark.usefixtures("registered")
SWITCH = {"design": "switchback", "first": "2026-11-01", "last": "2026-11-20", "lots": [1, 0, 0, 1] * 5}
GEO = {"design": "geo", "first": "2026-11-01", "last": "2026-11-14", "markets": ["杭州市"]}


@pytest.fixture(scope="module")
def registered(workspace: Workspace) -> Iterator[None]:
    tests = [
        parse({"kind": "lift_test", "name": name, "title": {"zh": title, "en": name}, "spec": spec})
        for name, title, spec in (("coupon-days", "券日轮换", SWITCH), ("alone", "独此一城", GEO))
    ]
    workspace.definitions.apply(workspace.definitions.plan(tests), actor="test")
    yield
    gone = [one.model_copy(update={"status": "retired"}) for one in workspace.definitions.current("lift_test").values()]
    workspace.definitions.apply(workspace.definitions.plan(gone), actor="test")


def text(client: httpx.Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text[-500:]
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text)))


def test_a_test_that_cannot_be_read_yet_shows_what_was_registered_and_why(admin: httpx.Client) -> None:
    shown = text(admin, "/lift/alone?lang=en")
    assert "nothing to compare with" in shown
    assert "杭州市" in shown
    assert "2026-11-01 – 2026-11-14" in shown
    assert admin.get("/lift/no-such").status_code == 404


def test_every_day_of_a_switch_back_has_the_colour_of_what_was_done_on_it(admin: httpx.Client) -> None:
    page = admin.get("/lift/coupon-days?lang=en").text
    chart = json.loads(re.findall(r"data-chart.*?<script[^>]*>(.*?)</script>", page, re.S)[0])
    assert (chart["type"], [one["name"] for one in chart["series"]]) == ("bar", ["treated", "left alone"])
    lots = [1, 0, 0, 1] * 5
    for one, kind in zip(chart["series"], (1, 0), strict=True):
        assert [value is not None for value in one["values"]] == [lot == kind for lot in lots]
    rows = admin.get("/lift/coupon-days?lang=en&export=csv&sheet=line").content.decode("utf-8-sig").splitlines()
    assert rows[0] == "From,Observed,Treatment"
    assert [row.rpartition(",")[2] for row in rows[1:]] == [("left alone", "treated")[lot] for lot in lots]


def test_the_list_says_what_is_known_and_why_nothing_is(admin: httpx.Client) -> None:
    shown = text(admin, "/lift?lang=en")
    assert "coupon-days" in shown
    assert "Finished" in shown
    assert "nothing to compare with" in shown  # the brand of these tests sells in one city only


def test_a_switch_back_is_read_as_it_was_registered(admin: httpx.Client, workspace: Workspace) -> None:
    shown = text(admin, "/lift/coupon-days?lang=en")
    assert "10 / 20" in shown
    assert "Net sales" in shown
    with workspace.engine.read() as con:
        asked = """SELECT day - DATE '2026-11-01', sum(net_minor) FROM orders
            WHERE status = 'valid' AND day BETWEEN DATE '2026-11-01' AND DATE '2026-11-20' GROUP BY ALL"""
        sales = dict(con.execute(asked).fetchall())
    lots = [*SWITCH["lots"]]
    by_lot = [[float(sales.get(day, 0)) for day, lot in enumerate(lots) if lot == kind] for kind in (1, 0)]
    expected = (sum(by_lot[0]) - sum(by_lot[1])) / 10
    line = admin.get("/lift/coupon-days?lang=en&export=csv&sheet=estimates").content.decode("utf-8-sig").splitlines()[1]
    first = next(iter(re.findall(r"[-+]¥?[\d.,]+K?|-¥[\d.,]+K?", line)))
    assert (expected < 0) == first.startswith("-")


def test_plans_of_one_city_say_why_there_are_none(admin: httpx.Client) -> None:
    assert "No plan can be judged" in text(admin, "/lift/plan?lang=en")


def test_a_plan_is_registered_once(admin: httpx.Client, workspace: Workspace) -> None:
    form = {
        "name": "geo-1", "title": "杭州加投", "first": "2026-12-01", "length": "14", "metric": "orders", "unit": "city",
        "market": ["杭州市", "成都市"], "channel": ["tmall"], "cost": "120000",
    }  # fmt: skip
    answer = admin.post("/lift/register", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/lift/geo-1")
    test = LiftTest.model_validate(workspace.definitions.get("lift_test", "geo-1").spec)
    assert (test.first, test.last, test.metric) == (date(2026, 12, 1), date(2026, 12, 14), "orders")
    assert (test.markets, test.channels, test.cost_minor) == (("杭州市", "成都市"), ("tmall",), 120_000)
    assert "Planned" in text(admin, "/lift/geo-1?lang=en")
    again = admin.post("/lift/register", data={**form, "metric": "sales"})
    assert again.status_code == 400
    assert LiftTest.model_validate(workspace.definitions.get("lift_test", "geo-1").spec).metric == "orders"


def test_only_who_may_change_definitions_registers(viewer: httpx.Client) -> None:
    assert viewer.post("/lift/register", data={"name": "x", "first": "2026-12-01"}).status_code == 403


def asked_on(client: httpx.Client, path: str) -> str:
    found = re.search(r'name="q" value="([^"]*)"', client.get(path).text)
    assert found is not None
    return html.unescape(found[1])


def test_a_hold_out_is_drawn_and_registered_as_it_was_planned(admin: httpx.Client, workspace: Workspace) -> None:
    path = "/lift/plan/holdout?lang=en&metric=orders&shares=20&lengths=14&hoped=30"
    assert "Smallest visible effect" in text(admin, path)
    form = {"name": "spring-sms", "title": "春季短信", "first": "2026-12-01", "length": "14", "share": "0.2"}
    answer = admin.post("/lift/plan/holdout", data={**form, "q": asked_on(admin, path)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/lift/spring-sms")
    test = LiftTest.model_validate(workspace.definitions.get("lift_test", "spring-sms").spec)
    assert (test.design, test.metric, test.control_share, test.salt) == ("holdout", "orders", 0.2, "spring-sms")
    assert (test.treated, test.control, test.last) == ("spring-sms.treated", "spring-sms.control", date(2026, 12, 14))
    workspace.refresh()
    counted = "SELECT tag, count(DISTINCT person) FROM tagged WHERE tag LIKE 'spring-sms.%' GROUP BY 1"
    with workspace.engine.read() as con:
        groups = dict(con.execute(counted).fetchall())
        everybody = con.execute("SELECT count(*) FROM person").fetchall()[0][0]
    assert groups["spring-sms.treated"] + groups["spring-sms.control"] == everybody
    assert ratio_p(groups["spring-sms.treated"], groups["spring-sms.control"], 0.2) > 0.001
    wrong = {**form, "share": "2", "name": "other", "q": asked_on(admin, path)}
    assert admin.post("/lift/plan/holdout", data=wrong).status_code == 400


def test_a_switch_back_is_drawn_and_registered_with_its_lots(admin: httpx.Client, workspace: Workspace) -> None:
    path = "/lift/plan/switchback?lang=en&metric=orders&blocks=1&lengths=28&spend=10"
    assert "Smallest visible effect" in text(admin, path)
    form = {"name": "coupon-hours", "first": "2026-12-01", "length": "28", "block": "1", "strata": "pair"}
    answer = admin.post("/lift/plan/switchback", data={**form, "q": asked_on(admin, path)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/lift/coupon-hours")
    test = LiftTest.model_validate(workspace.definitions.get("lift_test", "coupon-hours").spec)
    rhythm = Rhythm(28, 1, strata="pair")
    assert test.lots == tuple(int(one) for one in drawn_lots(rhythm, "coupon-hours"))
    assert (test.strata, test.first, test.cost_minor) == ("pair", date(2026, 12, 1), 14_000)
    assert "left alone" in text(admin, "/lift/coupon-hours?lang=en")


def test_only_who_may_change_definitions_draws(viewer: httpx.Client) -> None:
    assert viewer.post("/lift/plan/holdout", data={"name": "x", "first": "2026-12-01"}).status_code == 403
    assert viewer.post("/lift/plan/switchback", data={"name": "x", "first": "2026-12-01"}).status_code == 403
