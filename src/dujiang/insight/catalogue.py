"""All metrics that are in force: those that come with Dujiang, and the brand's own laid over them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final, NoReturn

from dujiang.engine.question import Column
from dujiang.foundation.definitions import Definition, load_yaml
from dujiang.foundation.errors import InvalidInput, NotFound
from dujiang.foundation.i18n import _
from dujiang.insight.dimensions import SHAPES, TIME, channel_column, column_type
from dujiang.insight.model import Condition, MetricSpec

DEPTH_MAX: Final = 8


@dataclass(frozen=True)
class Metric:
    """A metric with its name and the definition that it comes from."""

    name: str
    spec: MetricSpec
    definition: Definition

    def __hash__(self) -> int:
        return hash(self.name)

    def label(self, locale: str) -> str:
        """Its title in ``locale``."""
        return self.definition.label(locale)


@cache
def presets() -> tuple[Definition, ...]:
    """The definitions of the metrics that come with Dujiang, in the order of their files."""
    return _packaged("metrics")


@cache
def bands() -> tuple[Definition, ...]:
    """The definitions of the bands that come with Dujiang."""
    return _packaged("bands")


def _packaged(name: str) -> tuple[Definition, ...]:
    folder = resources.files("dujiang.insight") / name
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)
    return tuple(one for file in files for one in load_yaml(file.read_text("utf-8")))


class Catalogue:
    """Metrics by name, checked as a whole: every part exists, fits and leads to tables in the end."""

    def __init__(self, definitions: Iterable[Definition]) -> None:
        self._metrics: dict[str, Metric] = {}
        for one in definitions:
            spec = one.typed()
            assert isinstance(spec, MetricSpec)
            self._metrics[one.name] = Metric(one.name, spec, one)
        for metric in self._metrics.values():
            self._check(metric)

    def __iter__(self) -> Iterator[Metric]:
        return iter(self._metrics.values())

    def __len__(self) -> int:
        return len(self._metrics)

    def get(self, name: str) -> Metric:
        """The metric called ``name``.

        Raises:
            NotFound: ``metric.unknown``.
        """
        if name not in self._metrics:
            sentence = _("There is no metric “{name}”. The catalogue of metrics lists all names.")
            raise NotFound("metric.unknown", sentence, name=name[:80])
        return self._metrics[name]

    def leaves(self, name: str) -> list[Metric]:
        """The simple metrics at the bottom of ``name``, each once."""
        metric = self.get(name)
        if metric.spec.type == "simple":
            return [metric]
        below = (leaf for part in metric.spec.parts() for leaf in self.leaves(part))
        return list(dict.fromkeys(below))

    def dimensions(self, name: str) -> tuple[str, ...]:
        """What the metric may be divided by: what all its parts have in common."""
        spec = self.get(name).spec
        if spec.type == "simple":
            return SHAPES[spec.table].dimensions
        found = [self.dimensions(part) for part in ((spec.start,) if spec.type == "conversion" else spec.parts())]
        common = (one for one in found[0] if all(one in other for other in found[1:]))
        # What runs on from the beginning has no value of its own for one month or weekday.
        return tuple(one for one in common if spec.type != "cumulative" or one not in TIME)

    def additive_over(self, name: str) -> tuple[str, ...]:
        """Over what values may be summed: ``dimensions``, ``time``, both or neither."""
        spec = self.get(name).spec
        if spec.additive:
            return "dimensions", "time"
        if spec.type == "cumulative":
            return ("dimensions",) if self.get(spec.of).spec.additive else ()
        of_parts = spec.type == "ratio" and spec.of_total and self.get(spec.numerator).spec.additive
        return ("dimensions",) if of_parts else ()

    def people_of(self, name: str) -> tuple[str, str]:
        """The metrics whose people stand behind ``name``: those of the first without those of the second (or empty).

        Raises:
            InvalidInput: ``metric.no_people`` where the number is not made of people.
        """
        spec = self.get(name).spec
        if spec.people:
            return spec.people.of, spec.people.without
        if spec.type == "ratio":
            return self.people_of(spec.numerator)
        if spec.type == "derived" or (spec.type == "simple" and not SHAPES[spec.table].person):
            sentence = _("No people stand behind the metric “{name}”: it is not counted person by person.")
            raise InvalidInput("metric.no_people", sentence, name=name)
        return name, ""

    def _check(self, metric: Metric) -> None:
        self._check_parts(metric.name, metric, 0)
        if metric.spec.type == "simple":
            _check_simple(metric)
        if metric.spec.type in ("cumulative", "conversion"):
            for part in metric.spec.parts():
                spec = self.get(part).spec
                if spec.type != "simple" or spec.spread:
                    sentence = _("The metric “{name}” cannot be computed: its part {part} has to be a simple metric.")
                    _wrong(metric, sentence, part)
        if metric.spec.type == "conversion":
            for part in metric.spec.parts():
                if not SHAPES[self.get(part).spec.table].person:
                    _wrong(
                        metric,
                        _("The metric “{name}” cannot be computed: its part {part} is not about people."),
                        part=part,
                    )

    def _check_parts(self, name: str, metric: Metric, depth: int) -> None:
        if depth > DEPTH_MAX:
            _wrong(
                metric,
                _("The metric “{name}” cannot be computed: it is made of itself, or of too many levels."),
                part="",
            )
        people = metric.spec.people
        named = (*metric.spec.parts(), *((people.of,) if people else ()), *((people.without,) if people else ()))
        for part in filter(None, named):
            if part not in self._metrics:
                sentence = _("The metric “{name}” cannot be computed: it names a metric that does not exist, {part}.")
                _wrong(metric, sentence, part)
            self._check_parts(name, self._metrics[part], depth + 1)


def catalogue(own: Mapping[tuple[str, str], Definition]) -> Catalogue:
    """The presets with a brand's ``own`` metrics over them; a retired or paused one takes its preset away.

    Where a metric names channels by their group, the brand's channels of that group are put in.
    """
    chosen = {one.name: one for one in presets()}
    chosen |= {name: one for (kind, name), one in own.items() if kind == "metric"}
    groups = channel_groups(own)
    return Catalogue(_grouped(one, groups) for one in chosen.values() if one.status == "active")


def channel_groups(own: Mapping[tuple[str, str], Definition]) -> dict[str, tuple[str, ...]]:
    """The names of a brand's channels by group."""
    found: dict[str, list[str]] = {}
    for (kind, name), one in own.items():
        if kind == "channel" and one.status == "active":
            found.setdefault(str(one.spec.get("group", "own")), []).append(name)
    return {group: tuple(names) for group, names in found.items()}


def _grouped(definition: Definition, groups: Mapping[str, tuple[str, ...]]) -> Definition:
    where = definition.spec.get("where", ())
    if not any(one.get("op") == "of_group" for one in where):
        return definition
    named = [
        one | {"op": "among", "value": groups.get(one.get("value", ""), ())} if one.get("op") == "of_group" else one
        for one in where
    ]
    return definition.model_copy(update={"spec": definition.spec | {"where": named}})


def _check_simple(metric: Metric) -> None:
    spec = metric.spec
    if spec.table not in SHAPES:
        _wrong(metric, _("The metric “{name}” cannot be computed: there is no table {part}."), part=spec.table)
    shape = SHAPES[spec.table]
    channel = channel_column(shape, spec.channel)
    for column in filter(None, (spec.column, *spec.columns, channel, spec.spread, spec.date, spec.until)):
        if column_type(spec.table, column) is None:
            _wrong(metric, _("The metric “{name}” cannot be computed: the table has no column {part}."), part=column)
    kind = column_type(spec.table, spec.date)
    assert kind is not None
    if not (kind.is_date() or kind.is_timestamp()):
        _wrong(metric, _("The metric “{name}” cannot be computed: the column {part} is not a day."), part=spec.date)
    if spec.aggregate in ("sum", "avg", "max", "median", "p90") and not _numeric(column_type(spec.table, spec.column)):
        _wrong(
            metric, _("The metric “{name}” cannot be computed: the column {part} is not a number."), part=spec.column
        )
    for condition in spec.where:
        kind = column_type(spec.table, condition.column)
        if kind is None:
            _wrong(
                metric,
                _("The metric “{name}” cannot be computed: the table has no column {part}."),
                part=condition.column,
            )
        elif not fits(kind, condition):
            sentence = _("The metric “{name}” cannot be computed: a condition does not fit the column {part}.")
            _wrong(metric, sentence, condition.column)


def _numeric(kind: Column) -> bool:
    return kind is not None and kind.is_numeric()


def fits(kind: Column, condition: Condition) -> bool:
    """Whether the condition's value can be held against a column of this type."""
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    return condition.value is None or all(_fits_one(kind, value) for value in values)


def _fits_one(kind: Column, value: object) -> bool:
    if isinstance(value, bool):
        return kind.is_boolean()
    if isinstance(value, int | float):
        return kind.is_numeric()
    return kind.is_string() if isinstance(value, str) else kind.is_date()


def _wrong(metric: Metric, sentence: str, part: str) -> NoReturn:
    raise InvalidInput("metric.invalid", sentence, name=metric.name, part=part)
