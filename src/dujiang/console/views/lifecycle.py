"""The life cycle, ready to be shown: flows as a picture and a matrix, sizes over time, changes with reasons, the map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from dujiang.console.charts import river as drawing
from dujiang.console.charts.river import Box, RiverPicture
from dujiang.console.components import Card, Chart, Heat, HeatCell, Line, Tag
from dujiang.console.sheets import Column, Sheet
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import person_id
from dujiang.people.lifecycle.model import Figure, Flow, LifePage, MapCell, MapColumn, PersonLife, Transition
from dujiang.people.lifecycle.wording import condition_text, reason_text

WIDE: Final = Box(width=1120, height=360, left=190.0, right=190.0, top=34.0, node=10.0, gap=18.0)
NARROW: Final = Box(width=351, height=460, left=6.0, right=118.0, top=26.0, node=8.0, gap=34.0)
_NOT_MET: Final = _("Not met before")
_SMALL: Final = 30
_BEHIND: Final = 0.9
_OVER: Final = 1.05


@dataclass(frozen=True)
class StageView:
    """A stage with its rule in words."""

    label: str
    rule: str


@dataclass(frozen=True)
class LifeView:
    """The page; ``finding`` is the largest way down, in words."""

    finding: str
    cards: tuple[Card, ...]
    wide: RiverPicture
    narrow: RiverPicture
    heads: tuple[str, ...]
    matrix: Heat
    sizes: Chart
    stages: tuple[StageView, ...]
    is_empty: bool


def label(visit: Visit, stage: str | None) -> str:
    """What people call a stage; None is the time before somebody was met."""
    if stage is None:
        return visit.text(_NOT_MET)
    found = visit.workspace.life.spec().stage(stage)
    return found.label(visit.locale) if found else stage


def life(visit: Visit, page: LifePage) -> LifeView:
    """The page of a period."""
    return LifeView(
        finding=_finding(visit, page),
        cards=_cards(visit, page),
        wide=_picture(visit, page, WIDE),
        narrow=_picture(visit, page, NARROW),
        heads=(
            visit.text(_("Before {day}"), day=visit.scope.period.first),
            visit.text(_("On {day}"), day=visit.scope.period.last),
        ),
        matrix=_matrix(visit, page),
        sizes=_sizes(visit, page),
        stages=tuple(StageView(one.label(visit.locale), _rule(visit, one.when)) for one in page.stages),
        is_empty=not page.flows,
    )


def _rule(visit: Visit, when: Sequence[Any]) -> str:
    if not when:
        return visit.text(_("everybody the brand has met"))
    parts = [condition_text(one, visit.locale, visit.currency) for one in when]
    return visit.text(_(" and ")).join(parts)


def _finding(visit: Visit, page: LifePage) -> str:
    """The largest loss: of whom was anywhere before, where most came into the last stage from."""
    last = page.stages[-1].name
    losses = [flow for flow in page.flows if flow.end == last and flow.start not in (None, last)]
    largest = max(losses, key=lambda flow: flow.people, default=None)
    if largest is None or largest.people < _SMALL:
        return visit.text(_("How people moved between stages"))
    were = sum(flow.people for flow in page.flows if flow.start == largest.start)
    return visit.text(
        _("{n} of {start} ({share}) became {end}"),
        n=visit.show(largest.people, "count"),
        start=label(visit, largest.start),
        share=visit.show(largest.people / were, "percent"),
        end=label(visit, last),
    )


def _cards(visit: Visit, page: LifePage) -> tuple[Card, ...]:
    first, cards = {}, []
    for flow in page.flows:
        if flow.start is not None:
            first[flow.start] = first.get(flow.start, 0) + flow.people
    for stage in page.stages:
        now = page.sizes.people[stage.name][-1]
        before = first.get(stage.name, 0)
        change = visit.show((now - before) / before, "change") if before else ""
        cards.append(
            Card(
                stage.name,
                stage.label(visit.locale),
                visit.show(now, "count"),
                change=change,
                basis=visit.text(_("against the day before the period")) if change else "",
                definition=_rule(visit, stage.when),
                href=visit.address("/people", stage=stage.name, on=str(visit.scope.period.last)),
            )
        )
    return tuple(cards)


def people_address(visit: Visit, kind: str, flow: Flow) -> str:
    """Where the people of a flow (``moved``) or behind a number of changes (``changed``) are listed."""
    return visit.address("/people", life=kind, life_from=flow.start or "", life_to=flow.end)


def _picture(visit: Visit, page: LifePage, box: Box) -> RiverPicture:
    names: list[str | None] = [None, *(stage.name for stage in page.stages)]
    stops = []
    for column, pick in enumerate(("start", "end")):
        for place, name in enumerate(names):
            people = sum(flow.people for flow in page.flows if getattr(flow, pick) == name)
            if people:
                shown = visit.show(people, "count")
                stops.append(drawing.Stop(f"{column}:{name}", column, label(visit, name), people, shown, place))
    flows = [
        drawing.Flow(
            f"0:{flow.start}",
            f"1:{flow.end}",
            flow.people,
            title=_told(visit, flow),
            href=people_address(visit, "moved", flow),
        )
        for flow in page.flows
    ]
    return drawing.draw(stops, flows, box)


def _told(visit: Visit, flow: Flow) -> str:
    return visit.text(
        _("{start} → {end}: {n} people"),
        start=label(visit, flow.start),
        end=label(visit, flow.end),
        n=visit.show(flow.people, "count"),
    )


def _matrix(visit: Visit, page: LifePage) -> Heat:
    """Shares of each stage before that went where; every cell leads to its people."""
    names = [stage.name for stage in page.stages]
    counts = {(flow.start, flow.end): flow for flow in page.flows}
    rows = []
    for start in (None, *names):
        total = sum(flow.people for (begin, _end), flow in counts.items() if begin == start)
        cells = []
        for end in names:
            flow = counts.get((start, end))
            share = flow.people / total if flow and total else 0.0
            cells.append(
                HeatCell(visit.show(share, "percent"), share, _told(visit, flow), people_address(visit, "moved", flow))
                if flow
                else HeatCell("", 0.0)
            )
        rows.append((label(visit, start), tuple(cells)))
    return Heat(tuple(label(visit, name) for name in names), tuple(rows), visit.text(_("From ↓ to →")))


def _sizes(visit: Visit, page: LifePage) -> Chart:
    lines = [
        Line(stage.label(visit.locale), page.sizes.people[stage.name], place + 1)
        for place, stage in enumerate(page.stages)
    ]
    days = [day.isoformat() for day in page.sizes.days]
    return Chart(visit.text(_("People in each stage, day by day")), days, lines)


def sizes_sheet(visit: Visit, page: LifePage) -> Sheet:
    """Sizes of the stages by day."""
    columns = [Column("day", visit.text(_("Day")), "day")]
    columns += [Column(stage.name, stage.label(visit.locale), "count") for stage in page.stages]
    lines = [page.sizes.people[stage.name] for stage in page.stages]
    rows = [(day, *(line[place] for line in lines)) for place, day in enumerate(page.sizes.days)]
    return Sheet("sizes", tuple(columns), rows, caption=visit.text(_("People in each stage, day by day")))


def flows_sheet(visit: Visit, page: LifePage) -> Sheet:
    """Every flow with its share of where it began, and how often people changed that way within the period."""
    columns = (
        Column("from", visit.text(_("Stage before"))),
        Column("to", visit.text(_("Stage after"))),
        Column("people", visit.text(_("People")), "count"),
        Column("share", visit.text(_("Share of where they were")), "percent", bar=True),
        Column("changes", visit.text(_("Changes within the period")), "count"),
    )
    totals: dict[str | None, int] = {}
    for flow in page.flows:
        totals[flow.start] = totals.get(flow.start, 0) + flow.people
    changed = {(flow.start, flow.end): flow.people for flow in page.changes}
    rows = [
        (
            label(visit, flow.start),
            label(visit, flow.end),
            flow.people,
            flow.people / totals[flow.start],
            changed.get((flow.start, flow.end)),
        )
        for flow in page.flows
    ]
    links = [people_address(visit, "moved", flow) for flow in page.flows]
    return Sheet("flows", columns, rows, links, caption=visit.text(_("How people moved between stages")))


def changes_sheet(visit: Visit, changes: Sequence[Transition]) -> Sheet:
    """Changes with their reasons, each leading to its person."""
    columns = (
        Column("person", visit.text(_("Person")), "code"),
        Column("day", visit.text(_("Day")), "day"),
        Column("from", visit.text(_("Stage before"))),
        Column("to", visit.text(_("Stage after"))),
        Column("reason", visit.text(_("Reason"))),
    )
    rows = [
        (
            person_id(one.person),
            one.day,
            label(visit, one.start),
            label(visit, one.end),
            reason_text(one.reason, visit.locale, visit.currency),
        )
        for one in changes
    ]
    links = [f"/people/{person_id(one.person)}" for one in changes]
    return Sheet("changes", columns, rows, links, caption=visit.text(_("Latest changes")))


@dataclass(frozen=True)
class PersonLifeView:
    """Where one person stands, in words."""

    stage: str
    since: str
    next: str
    history: Sheet


def person_life(visit: Visit, found: PersonLife | None) -> PersonLifeView | None:
    """The block of a person's page."""
    if found is None:
        return None
    coming = ""
    if found.next_day and found.next_stage:
        sentence = _("If nothing happens: {stage} on {day}.")
        coming = visit.text(sentence, stage=label(visit, found.next_stage), day=visit.show(found.next_day, "day"))
    columns = (
        Column("day", visit.text(_("Day")), "day"),
        Column("to", visit.text(_("Stage"))),
        Column("reason", visit.text(_("Reason"))),
    )
    rows = [
        (one.day, label(visit, one.end), reason_text(one.reason, visit.locale, visit.currency)) for one in found.history
    ]
    return PersonLifeView(
        label(visit, found.stage),
        visit.text(_("since {day}"), day=visit.show(found.since, "day")),
        coming,
        Sheet("life", columns, rows, caption=visit.text(_("Stages of this person"))),
    )


# ── the map ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class FigureView:
    """One figure of a cell: ``share`` of the plan reached, from 0 to 1 for the bar; None without a plan."""

    label: str
    actual: str
    planned: str
    share: float | None
    tone: str


@dataclass(frozen=True)
class CellView:
    """One stage in one span."""

    figures: tuple[FigureView, ...]
    pace: float


@dataclass(frozen=True)
class MapView:
    """The map: a row for each stage, a column for each span."""

    spans: tuple[str, ...]
    notes: tuple[str, ...]
    rows: tuple[tuple[str, tuple[CellView, ...]], ...]


def life_map(visit: Visit, columns: Sequence[MapColumn]) -> MapView:
    """The map as a grid."""
    stages = visit.workspace.life.spec().stages
    rows = tuple(
        (stage.label(visit.locale), tuple(_cell(visit, column.cells[place]) for column in columns))
        for place, stage in enumerate(stages)
    )
    notes = tuple(
        visit.text(_("{amount} on no stage"), amount=visit.show(one.unassigned_minor, "money"))
        if one.unassigned_minor
        else ""
        for one in columns
    )
    return MapView(tuple(one.span.label(visit.locale) for one in columns), notes, rows)


def _cell(visit: Visit, cell: MapCell) -> CellView:
    figures = (
        _figure(visit, _("People"), cell.people, "count", 1.0),
        _figure(visit, _("Conversion"), cell.conversion, "percent", 1.0),
        _figure(visit, _("Amount paid"), cell.gmv_minor, "money", cell.pace),
        _figure(visit, _("Budget"), cell.spend_minor, "money", cell.pace, is_cost=True),
    )
    return CellView(tuple(one for one in figures if one), cell.pace)


def _figure(
    visit: Visit, name: str, figure: Figure, kind: Any, due: float, *, is_cost: bool = False
) -> FigureView | None:
    """Plan against actual; money is judged by how much of the time has passed."""
    if figure.planned is None and (figure.actual is None or is_cost):
        return None
    share = figure.actual / figure.planned if figure.actual is not None and figure.planned else None
    tone = "" if share is None or due == 0 else _tone(share / due, is_cost=is_cost)
    return FigureView(
        visit.text(name),
        visit.show(figure.actual, kind),
        visit.show(figure.planned, kind) if figure.planned is not None else "",
        share,
        tone,
    )


def _tone(pace: float, *, is_cost: bool) -> str:
    if is_cost:
        return "bad" if pace > _OVER else "good"
    return "good" if pace >= 1 else "warn" if pace >= _BEHIND else "bad"


def map_sheet(visit: Visit, columns: Sequence[MapColumn]) -> Sheet:
    """The map as a table, planned beside actual."""
    heads = (
        Column("span", visit.text(_("Span"))),
        Column("stage", visit.text(_("Stage"))),
        Column("people", visit.text(_("People")), "count"),
        Column("people_goal", visit.text(_("People, planned")), "count"),
        Column("conversion", visit.text(_("Conversion")), "percent"),
        Column("conversion_goal", visit.text(_("Conversion, planned")), "percent"),
        Column("gmv", visit.text(_("Amount paid")), "money"),
        Column("gmv_goal", visit.text(_("Amount paid, planned")), "money"),
        Column("spend", visit.text(_("Spent")), "money"),
        Column("budget", visit.text(_("Budget")), "money"),
        Column("pace", visit.text(_("Time passed")), "percent", bar=True),
        Column("state", visit.text(_("State")), "tag"),
    )
    rows = []
    for column in columns:
        for cell in column.cells:
            pairs = (cell.people, cell.conversion, cell.gmv_minor, cell.spend_minor)
            numbers = [value for one in pairs for value in (one.actual, one.planned)]
            rows.append(
                (column.span.label(visit.locale), label(visit, cell.stage), *numbers, cell.pace, _state(visit, cell))
            )
    return Sheet("map", heads, rows, caption=visit.text(_("Life-cycle map")))


def _state(visit: Visit, cell: MapCell) -> Tag:
    view = _cell(visit, cell)
    tones = {one.tone for one in view.figures}
    if "bad" in tones:
        return Tag(visit.text(_("off plan")), "bad")
    if "warn" in tones:
        return Tag(visit.text(_("slightly behind")), "warn")
    return Tag(visit.text(_("on plan")), "good") if "good" in tones else Tag(visit.text(_("no plan")))
