"""The reference page says what the definitions say, and every definition says enough."""

from __future__ import annotations

from pathlib import Path

import pytest

from dujiang.insight.catalogue import Catalogue, presets
from dujiang.insight.dimensions import SHAPES
from dujiang.insight.reference import reference
from dujiang.people.profile import FIELDS

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"


@pytest.fixture(scope="module")
def metrics() -> Catalogue:
    return Catalogue(presets())


def test_the_page_is_current(metrics: Catalogue) -> None:
    assert PAGE.read_text("utf-8") == reference(metrics)


def test_no_preset_is_defined_twice() -> None:
    names = [one.name for one in presets()]
    assert len(names) == len(set(names))


def test_every_metric_speaks_both_languages(metrics: Catalogue) -> None:
    for metric in metrics:
        said = (metric.definition.title, metric.definition.description, metric.spec.formula)
        more = [texts for texts in (metric.spec.differs, metric.spec.caveat) if texts]
        assert all(texts.keys() == {"zh", "en"} and all(texts.values()) for texts in (*said, *more)), metric.name


def test_every_metric_can_be_divided_by_channel(metrics: Catalogue) -> None:
    assert all("channel" in metrics.dimensions(metric.name) for metric in metrics)


def test_ratios_and_people_are_never_additive(metrics: Catalogue) -> None:
    for metric in metrics:
        spec = metric.spec
        if spec.aggregate == "count_distinct" or spec.type in ("derived", "conversion"):
            assert metrics.additive_over(metric.name) == (), metric.name
        if spec.type == "ratio" and not spec.of_total:
            assert metrics.additive_over(metric.name) == (), metric.name


def test_the_profile_metric_averages_the_fields_of_the_person_page(metrics: Catalogue) -> None:
    assert metrics.get("profile_filled").spec.columns == FIELDS


def test_every_table_is_read_by_some_metric(metrics: Catalogue) -> None:
    assert {metric.spec.table for metric in metrics if metric.spec.type == "simple"} == set(SHAPES)
