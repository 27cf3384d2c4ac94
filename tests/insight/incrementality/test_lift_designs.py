"""Plans of hold-outs and switch-backs over the engine's tables, the lots they draw, and the checks of results."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, cast

import numpy as np
import pytest

from dujiang.foundation.timewindows import Period, zone
from dujiang.insight.incrementality.analysis import LiftAnalysis
from dujiang.insight.incrementality.answered import Lift
from dujiang.insight.incrementality.designs import (
    HoldoutPlans,
    LiftHoldoutAnalysis,
    LiftSwitchbackAnalysis,
    SwitchbackPlans,
)
from dujiang.insight.incrementality.holdout_design import SRM_P, ratio_p
from dujiang.insight.incrementality.model import Doubt
from dujiang.insight.incrementality.question import (
    HoldoutPick,
    LiftHoldoutQuestion,
    LiftQuestion,
    LiftSwitchbackQuestion,
    LiftTest,
)
from dujiang.insight.questions.registry import parse_question
from dujiang.insight.questions.scene import Scene

TODAY = date(2026, 11, 23)
PAST = Period(date(2026, 8, 1), TODAY - timedelta(1))
PEOPLE = 2_000


def scene_of(con: Any, people: Any = None) -> Scene:
    return Scene(con, cast(Any, None), cast(Any, None), zone(), TODAY, PAST, people)


def order(key: int, day: date, person: int, paid: int = 100, **said: Any) -> dict[str, Any]:
    return {
        "order_key": key, "channel": "tmall", "order_no": str(key), "day": day, "status": "valid", "net_minor": paid,
        "paid_minor": paid, "nth": 1, "person": person,
    } | said  # fmt: skip


@pytest.fixture
def brand(tables: Any) -> Any:
    """Two thousand people who each buy for 100 once in the last ten days if their number ends in 1, and before in tens, too."""
    tables.fill("person", [{"person": one, "first_day": date(2026, 7, 1)} for one in range(PEOPLE)])
    tables.fill("person", [{"person": 9_000 + one, "first_day": TODAY} for one in range(50)])
    rows = [
        order(tens * PEOPLE + one, TODAY - timedelta(1 + tens * 10), one)
        for tens in range(4)
        for one in range(1, PEOPLE, 10)
    ]
    tables.fill("orders", rows)
    return tables


def test_a_hold_out_is_planned_on_windows_of_its_own_length(brand: Any) -> None:
    asked = LiftHoldoutQuestion(shares=(0.1, 0.5), lengths=(10, 20), metric="orders", contact_minor=5, hoped=0.3)
    with brand.read() as con:
        found: HoldoutPlans = LiftHoldoutAnalysis().answer(scene_of(con), asked).result
        tables = LiftHoldoutAnalysis().tables(asked, found, None)
    assert found.people == PEOPLE + 50
    by = {(one.share, one.length): one for one in found.plans}
    # Those met today did nothing in the past because they were not there: they are not counted in it.
    assert by[0.1, 10].plan.base == pytest.approx(0.1)
    assert by[0.1, 20].plan.base == pytest.approx((0.2 + 0.2) / 2)
    assert by[0.1, 10].plan.control == 205
    assert by[0.1, 10].contact_minor == 1845 * 5
    assert by[0.1, 10].plan.forgone == pytest.approx(0.3 * 0.1 * 205)
    visible = [one.plan.detectable for one in found.plans]
    assert visible == sorted(cast(list[float], visible))
    # The same people buy again and again, so that twice as many days tell no more.
    assert (found.plans[0].share, found.plans[0].length) == (0.5, 10)
    assert [row[0] for row in tables[0].rows] == [one.share for one in found.plans]
    assert tables[0].picks[0] == {"group": "control", "share": 0.5}


def test_the_lot_is_drawn_from_the_salt_and_leaves_out_segments(brand: Any) -> None:
    analysis = LiftHoldoutAnalysis()
    brand.fill("segment_member", [{"segment": "staff", "person": one} for one in range(0, PEOPLE, 4)])
    asked = LiftHoldoutQuestion(shares=(0.2,), left_out=("staff",), salt="autumn")
    with brand.read() as con:
        control = analysis.people(scene_of(con), asked, HoldoutPick(group="control"))
        treated = analysis.people(scene_of(con), asked, HoldoutPick(group="treated"))
        again = analysis.people(scene_of(con), asked, HoldoutPick(group="control"))
        other = analysis.people(scene_of(con), asked.model_copy(update={"salt": "winter"}), HoldoutPick())
        few = analysis.people(scene_of(con, np.arange(100)), asked, HoldoutPick())
    taking = {one for one in (*range(PEOPLE), *range(9_000, 9_050)) if one >= PEOPLE or one % 4}
    assert {*control.tolist(), *treated.tolist()} == taking
    assert not {*control.tolist()} & {*treated.tolist()}
    assert control.tolist() == again.tolist()
    assert control.tolist() != other.tolist()
    assert {*few.tolist()} == {one for one in control.tolist() if one < 100}
    assert ratio_p(len(treated), len(control), 0.2) > SRM_P


def test_a_switch_back_is_planned_and_its_lots_are_those_of_the_salt(tables: Any) -> None:
    dice = np.random.default_rng(5)
    rows, key = [], 0
    for nth in range(PAST.days):
        for _order in range(dice.poisson(40)):
            rows.append(order(key, PAST.first + timedelta(nth), key % 50))
            key += 1
    tables.fill("orders", rows)
    asked = LiftSwitchbackQuestion(
        metric="orders", blocks=(1, 7), lengths=(28,), strata=("pair", "weekday"), spend_minor=1000, salt="autumn",
        first=date(2026, 12, 1),
    )  # fmt: skip
    with tables.read() as con:
        found: SwitchbackPlans = LiftSwitchbackAnalysis().answer(scene_of(con), asked).result
        again = LiftSwitchbackAnalysis().answer(scene_of(con), asked).result
    assert found == again
    # Blocks of a week in 28 days are too few; of days both ways to draw are judged.
    assert {(one.block_days, one.strata) for one in found.plans} == {(1, "pair"), (1, "weekday")}
    best = found.plans[0]
    assert best.detectable is not None
    assert best.detectable < 0.2
    assert (len(best.schedule), sum(one.treated for one in best.schedule), best.cost_minor) == (28, 14, 14_000)
    assert (best.schedule[0].first, best.schedule[-1].last) == (date(2026, 12, 1), date(2026, 12, 28))
    none = LiftSwitchbackQuestion(lengths=(28,), blocks=(7,))
    with tables.read() as con:
        assert LiftSwitchbackAnalysis().answer(scene_of(con), none).result == SwitchbackPlans((), (Doubt.FEW_UNITS,))


def test_a_hold_outs_groups_are_checked_against_the_lot_and_against_each_other_before(tables: Any) -> None:
    first = date(2026, 11, 1)
    tables.fill(
        "tagged", [{"person": one, "tag": "held" if one < 80 else "sent", "value": "yes"} for one in range(1_000)]
    )
    rows = [order(one, first + timedelta(one % 5), one, 1000) for one in range(0, 1_000, 4)]
    rows += [order(5_000 + one, first - timedelta(3), one, 400) for one in range(80)]  # those held out bought before
    tables.fill("orders", rows)
    plain = {"design": "holdout", "first": first, "last": date(2026, 11, 14), "treated": "sent", "control": "held"}
    results = []
    for said in ({"control_share": 0.08}, {"control_share": 0.2}, {}):
        test = LiftTest.model_validate({**plain, **said, "before_days": 14})
        with tables.read() as con:
            results.append(LiftAnalysis().answer(scene_of(con), LiftQuestion(test=test)).result)
    as_drawn, lost, unsaid = cast(list[Lift], results)
    assert as_drawn.ratio_p == pytest.approx(1.0)
    assert Doubt.SAMPLE_RATIO not in as_drawn.doubts
    assert lost.doubts[0] is Doubt.SAMPLE_RATIO
    assert lost.ratio_p == ratio_p(920, 80, 0.2)
    assert unsaid.ratio_p is None
    assert as_drawn.before is not None
    assert as_drawn.before.value == pytest.approx(-400)
    assert Doubt.UNBALANCED in as_drawn.doubts
    assert (as_drawn.start, len(as_drawn.line)) == (2, 4)
    assert as_drawn.line[1].start == first - timedelta(7)
    assert (as_drawn.line[1].observed, as_drawn.line[1].expected) == (0, 400)
    assert as_drawn.line[2].observed == pytest.approx(1000 * 230 / 920)


def test_strata_of_a_switch_back_are_those_of_its_lots(tables: Any) -> None:
    first, days = date(2026, 10, 5), 28
    rows = []
    for nth in range(days):  # a trend that would drown the effect unless neighbours are compared
        treated = nth % 4 in (0, 3)
        rows.append(order(nth, first + timedelta(nth), nth, 1000 * (nth // 2) + 50 * treated + nth % 3))
    tables.fill("orders", rows)
    plain = {"design": "switchback", "first": first, "last": first + timedelta(days - 1), "lots": [1, 0, 0, 1] * 7}
    found = []
    for strata in ("none", "pair"):
        with tables.read() as con:
            test = LiftTest.model_validate({**plain, "strata": strata})
            found.append(LiftAnalysis().answer(scene_of(con), LiftQuestion(test=test)).result.reading("each"))
    loose, strict = found
    assert loose.p > 0.1
    assert strict.p < 0.01
    assert strict.value == pytest.approx(50, abs=2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "lift_holdout", "shares": [1.5]},
        {"type": "lift_holdout", "by": ["channel"]},
        {"type": "lift_switchback", "blocks": [2], "washout_days": 2},
        {"type": "lift_switchback", "people": {"type": "profile", "field": "orders", "op": "at_least", "value": 1}},
    ],
)
def test_questions_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(Exception, match="question"):
        parse_question(wrong)
