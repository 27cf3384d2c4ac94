"""Attribution of the simulated brand against what its advertising really did."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pyarrow.parquet as pq
import pytest

from dujiang.cli.demo import bring_in
from dujiang.foundation.progress import silent
from dujiang.foundation.timewindows import Period
from dujiang.insight.attribution.question import AttributionQuestion
from dujiang.insight.questions.registry import parse_question
from dujiang.simulate import SimulationSpec, simulate
from dujiang.workspace import Workspace
from dujiang.workspace.demo import SOURCE_FOLDER
from dujiang.workspace.truth import truly_brought

pytestmark = pytest.mark.slow
PERIOD = Period(date(2026, 8, 1), date(2026, 11, 22))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A brand of two thousand people over eight months, with its truth beside it."""
    folder = tmp_path_factory.mktemp("truth")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DUJIANG_KEYS_FOLDER", str(folder / "keys"))
        with Workspace.create(folder / "brand") as workspace:
            spec = SimulationSpec(end=PERIOD.last, people=2_000, months=8, seed=5)
            bring_in(workspace, simulate(spec, folder / "brand" / SOURCE_FOLDER, silent), silent)
            yield workspace


def test_the_truth_counts_orders_of_people_whom_advertising_brought(demo: Workspace) -> None:
    truth = demo.layout.folder / SOURCE_FOLDER / "truth"
    people = {row["person"]: row for row in pq.read_table(truth / "person.parquet").to_pylist()}
    owner = {
        (row["channel"], row["order_no"]): people[row["person"]]
        for row in pq.read_table(truth / "order.parquet").to_pylist()
    }
    with demo.engine.read() as con:
        asked = "SELECT channel, order_no, person, nth, day FROM orders WHERE status = 'valid'"
        orders = con.execute(asked).fetchall()
    for new_only in (False, True):
        expected: Counter[str] = Counter()
        for channel, number, person, nth, day in orders:
            buyer = owner.get((channel, number))
            counts = person is not None and PERIOD.first <= day <= PERIOD.last and (nth == 1 or not new_only)
            if counts and buyer is not None and buyer["paid"]:
                expected[buyer["channel"]] += 1
        found = truly_brought(demo, PERIOD, new_only=new_only)
        assert found is not None
        assert {channel: one.orders for channel, one in found.items()} == dict(expected)
        assert sum(expected.values()) > 20


def test_forms_lose_people_where_they_truly_leave(demo: Workspace) -> None:
    """Before the bad release every step arrived, so that only visitors who are taken for others can make a difference."""
    last = PERIOD.last - timedelta(21)
    whole = {"first": date(2026, 3, 1), "last": last}
    table = pq.read_table(demo.layout.folder / SOURCE_FOLDER / "truth" / "form_field.parquet").to_pylist()
    end = datetime.combine(last + timedelta(1), datetime.min.time(), demo.zone)
    for form in ("tea_club", "address"):
        rows = [row for row in table if row["form"] == form and row["began_at"] < end]
        answer = demo.questions.ask(parse_question({"type": "form", "form": form, "period": whole})).result
        begun = [row for row in rows if row["place"] == 1]
        assert abs(answer.attempts - len(begun)) <= 1
        assert abs(answer.submitted - sum(row["sent"] for row in begun)) <= 1
        assert len(begun) > 50
        assert [one.field for one in answer.fields] == [name for name, _place in sorted(
            {(row["field"], row["place"]) for row in rows}, key=lambda one: one[1])]  # fmt: skip
        for one in answer.fields:
            true = [row for row in rows if row["field"] == one.field]
            assert abs(one.reached - len(true)) <= 1
            for name in ("filled", "corrected", "refused", "left"):
                assert abs(getattr(one, name) - sum(row[name] for row in true)) <= 1
            spent = statistics.median(row["spent_ms"] for row in true if row["spent_ms"] is not None)
            assert one.median_ms == pytest.approx(spent, rel=0.05)


def test_models_credit_advertising_with_more_than_it_brought(demo: Workspace) -> None:
    """None of them knows who would have come anyway; a model that came out right would be luck."""
    said = {"period": {"first": PERIOD.first, "last": PERIOD.last}, "rounds": 0}
    result = demo.questions.ask(AttributionQuestion.model_validate(said)).result
    truth = truly_brought(demo, PERIOD, new_only=False)
    assert truth is not None
    brought = sum(one.orders for one in truth.values())
    for one in result.models:
        credited = sum(share.conversions for key, share in zip(result.keys, one.shares, strict=True) if key in truth)
        assert credited > 1.5 * brought
