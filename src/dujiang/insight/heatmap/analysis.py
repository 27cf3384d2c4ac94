"""Heat maps as a question: clicks, scroll depth and attention on one page, for one class of devices, and who clicked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import ibis
import numpy as np
from pydantic import Field

from dujiang.engine.columns import Whole
from dujiang.engine.expressions import milliseconds
from dujiang.engine.question import Column as Values
from dujiang.engine.question import Rows, ask, given, kept, table
from dujiang.foundation.i18n import _
from dujiang.insight.questions.analysis import Analysis, Found
from dujiang.insight.questions.answer import Column, Table
from dujiang.insight.questions.limits import only_channels, refuse_by, refuse_where
from dujiang.insight.questions.model import Asked, Pick
from dujiang.insight.questions.scene import Scene
from dujiang.insight.views import number_stated, owned, stated

CLICK: Final = "element_clicked"
LEFT: Final = ("page_left", "screen_left")
COLUMNS: Final = 20
"""Cells across a page: 5% of its width each."""
CELL_PX: Final = 40
"""Height of a cell."""
DEPTHS: Final = tuple(range(10, 101, 10))
_TOP_PX: Final = 12_000
_RAGE_MS: Final = 1_000
_RAGE_CLICKS: Final = 3
_RAGE_X: Final = 4.0
_RAGE_PX: Final = 40.0
_PAGES: Final = 50
_ELEMENTS: Final = 100
Which = Literal["clicks", "rage", "dead"]


@ibis.udf.scalar.builtin(name="json_keys", signature=(("string",), "array<string>"))
def _keys(text: Values) -> Values:
    """The engine's own function: the keys of an object in JSON."""


@ibis.udf.scalar.builtin(name="concat", signature=(("string", "string"), "string"))
def _joined(first: Values, second: Values) -> Values:
    """The engine's own function; its operator for it binds less than the one that reads JSON."""


class HeatmapQuestion(Asked):
    """What people do on one page.

    Attributes:
        page: its path; empty: the page with most clicks.
        device: ``desktop``, ``mobile``, ``tablet`` … ; empty: all of them. Pages look different on each, so that one is best.
        channels: only what happened in these; empty: in all.
    """

    type: Literal["heatmap"] = "heatmap"
    page: str = Field(default="", max_length=400)
    device: str = Field(default="", max_length=40)
    channels: tuple[str, ...] = Field(default=(), max_length=50)

    def _check_where(self) -> None:
        refuse_where(self)

    def _check_by(self) -> None:
        refuse_by(self)


class HeatmapPick(Pick):
    """Who clicked on an element or in a module, who clicked in rage, or whose click led to nothing."""

    which: Which = "clicks"
    selector: str = ""
    module: str = ""


@dataclass(frozen=True)
class Cell:
    """A cell of the page: ``column`` from the left (each a twentieth of the width), ``row`` from the top (40 pixels each)."""

    column: int
    row: int
    clicks: int


@dataclass(frozen=True)
class Element:
    """Something that was clicked.

    Attributes:
        selector: where it is in the page, stable over builds.
        module: the part of the page it lies in; empty where the page names none.
        text: what stands on it.
        x_pct: middle of the clicks, in percent of the width.
        y_px: and in pixels from the top.
        clicks: how many.
        people: of how many people.
        rage: bursts of three clicks within a second at one place.
        dead: clicks after which nothing happened on the page within a second.
        judged: clicks of which that is known.
    """

    selector: str
    module: str
    text: str
    x_pct: float
    y_px: float
    clicks: int
    people: int
    rage: int
    dead: int
    judged: int


@dataclass(frozen=True)
class Module:
    """A part of the page.

    Attributes:
        module: its name in the page.
        is_placed: whether the tracker says where it lies. Trackers before 1.2 do not; its place is then a guess from clicks.
        top_px: where it begins (median of what is said); guessed: where clicks in it begin, None without clicks.
        bottom_px: and where it ends.
        clicks: how many.
        share: of all clicks on the page.
        attention_ms: time that it was in view; None where the tracker states none.
        attention_share: of the time of all modules.
    """

    module: str
    is_placed: bool
    top_px: float | None
    bottom_px: float | None
    clicks: int
    share: float | None
    attention_ms: int | None
    attention_share: float | None


@dataclass(frozen=True)
class Heatmap:
    """One page.

    Attributes:
        page: its path.
        pages: pages with clicks, most first, and how many.
        devices: classes of devices that looked at it, most first, and how many views.
        views: how often it was looked at.
        visitors: by how many people.
        entered: visits that began on it.
        pages_deep: pages of such a visit on average; None without any.
        bounced: share of such visits that saw nothing else.
        clicks: clicks on it that state their place.
        clickers: people who clicked.
        rage: bursts of clicks, and dead clicks of those that are judged.
        depth: share of the times that it was left having been scrolled to 10%, 20% … 100%; None where nothing states it.
        dwell_ms: mean visible time until it was left; None likewise.
        height_px: how high the page is, as far as clicks tell.
    """

    page: str
    pages: tuple[tuple[str, int], ...]
    devices: tuple[tuple[str, int], ...]
    views: int
    visitors: int
    entered: int
    pages_deep: float | None
    bounced: float | None
    clicks: int
    clickers: int
    rage: int
    dead: int
    judged: int
    depth: tuple[float | None, ...]
    left: int
    dwell_ms: float | None
    height_px: int
    cells: tuple[Cell, ...]
    elements: tuple[Element, ...]
    modules: tuple[Module, ...]


class HeatmapAnalysis(Analysis[HeatmapQuestion, HeatmapPick]):
    """Asks clicks, views and leavings of the browser tracker."""

    title = _("Heat map")
    question = HeatmapQuestion
    pick = HeatmapPick

    def answer(self, scene: Scene, question: HeatmapQuestion) -> Found:
        """Everything about the page."""
        pages = _pages(scene, question)
        page = question.page or (pages[0][0] if pages else "/")
        # Whose each click is and what it states is found out once for all that is said of clicks.
        clicks = kept(scene.con, _clicks(scene, question, page), "clicks_on_page")
        leavings = kept(scene.con, _leavings(scene, question, page), "leavings_of_page")
        elements = tuple(Element(**row) for row in ask(scene.con, _elements(clicks)).to_pylist())
        total = ask(scene.con, _totals(clicks)).to_pylist()[0]
        result = Heatmap(
            page=page,
            pages=pages,
            **_views(scene, question, page),
            **total,
            **_depth(scene, leavings),
            cells=tuple(Cell(**row) for row in ask(scene.con, _cells(clicks)).to_pylist()),
            elements=elements,
            modules=_modules(scene, leavings, clicks, total["clicks"]),
        )
        return Found(result, result.views + result.clicks + result.left, result.visitors, _notes(question, result))

    def tables(self, question: HeatmapQuestion, result: Heatmap, before: Heatmap | None) -> tuple[Table, ...]:  # noqa: ARG002
        """Modules, elements, scroll depth, cells."""
        then = {one.module: one.share for one in before.modules} if before else {}
        modules = [
            Column("module", _("Module")), Column("clicks", _("Clicks"), "count"),
            Column("share", _("Share of clicks"), "percent"), Column("attention", _("Time in view"), "duration"),
            Column("attention_share", _("Share of the time"), "percent"), Column("top", _("Begins at, px"), "count"),
            Column("height", _("Height, px"), "count"),
        ]  # fmt: skip
        if before:
            modules.append(Column("before", _("Share of clicks before"), "percent"))
        module_rows = [
            (one.module, one.clicks, one.share, one.attention_ms, one.attention_share, *_extent(one),
             *((then.get(one.module),) if before else ()))
            for one in result.modules
        ]  # fmt: skip
        elements = (
            Column("selector", _("Element")), Column("module", _("Module")), Column("text", _("Text")),
            Column("clicks", _("Clicks"), "count"), Column("people", _("People"), "count"),
            Column("rage", _("Bursts of clicks"), "count"), Column("dead", _("Clicks without effect"), "count"),
        )  # fmt: skip
        element_rows = [
            (one.selector, one.module, one.text, one.clicks, one.people, one.rage, one.dead if one.judged else None)
            for one in result.elements
        ]
        badly = {
            which: [
                {"selector": one.selector, "which": which} if getattr(one, which) else None for one in result.elements
            ]
            for which in ("rage", "dead")
        }
        depth = [Column("to", _("Scrolled to"), "percent"), Column("share", _("Share of people"), "percent")]
        rows = [(to / 100, share) for to, share in zip(DEPTHS, result.depth, strict=True)]
        if before:
            depth.append(Column("before", _("Before"), "percent"))
            rows = [(*row, share) for row, share in zip(rows, before.depth, strict=True)]
        cells = (
            Column("column", _("Column"), "count"),
            Column("row", _("Row"), "count"),
            Column("clicks", _("Clicks"), "count"),
        )
        return (
            Table("modules", tuple(modules), module_rows, [{"module": one.module} for one in result.modules]),
            Table("elements", elements, element_rows, [{"selector": one.selector} for one in result.elements], badly),
            Table("depth", tuple(depth), rows),
            Table("cells", cells, [(one.column, one.row, one.clicks) for one in result.cells]),
        )

    def people(self, scene: Scene, question: HeatmapQuestion, pick: HeatmapPick) -> Whole:
        """Who clicked there."""
        pages = _pages(scene, question) if not question.page else ()
        rows = _clicks(scene, question, question.page or (pages[0][0] if pages else "/"))
        for name, value in (("selector", pick.selector), ("module", pick.module)):
            rows = rows.filter(rows[name] == value) if value else rows
        if pick.which != "clicks":
            rows = rows.filter(rows["rage" if pick.which == "rage" else "dead"].fill_null(False))
        people = rows.filter(rows["person"].notnull()).select("person").distinct()
        return np.sort(ask(scene.con, people)["person"].to_numpy())


def _events(scene: Scene, question: HeatmapQuestion) -> Rows:
    rows = table("fact_event")
    rows = only_channels(rows.filter(rows["day"].between(scene.period.first, scene.period.last)), question.channels)
    return rows.filter(rows["device"] == question.device) if question.device else rows


def _of_people(scene: Scene, rows: Rows) -> Rows:
    rows = owned(rows)
    return rows.semi_join(given(scene.con, scene.people), "person") if scene.people is not None else rows


def _pages(scene: Scene, question: HeatmapQuestion) -> tuple[tuple[str, int], ...]:
    rows = _events(scene, question)
    rows = rows.filter(rows["name"] == CLICK, rows["page"].notnull())
    found = rows.group_by("page").aggregate(n=rows.count())
    answer = ask(scene.con, found.order_by(found["n"].desc(), "page").limit(_PAGES)).to_pylist()
    return tuple((row["page"], row["n"]) for row in answer)


def _clicks(scene: Scene, question: HeatmapQuestion, page: str) -> Rows:
    """Clicks on the page that state their place, each with whether it completes a burst and whether nothing followed."""
    rows = _events(scene, question)
    rows = _of_people(scene, rows.filter(rows["name"] == CLICK, rows["page"] == page))
    rows = rows.select(
        "person",
        "anchor",
        "seq",
        at_ms=milliseconds(rows["at"]),
        x=number_stated(rows, "x_pct"),
        y=number_stated(rows, "y_px"),
        height=number_stated(rows, "page_px"),
        **{name: _told(rows, name) for name in ("selector", "module", "text")},
        dead=stated(rows["properties"], "/dead") == "true",
    )
    rows = rows.filter(rows["x"].between(0, 100), rows["y"] >= 0, rows["y"] < _TOP_PX)
    one = ibis.window(group_by="anchor", order_by=["at_ms", "seq"])
    before = [{name: rows[name].lag(back).over(one) for name in ("at_ms", "x", "y")} for back in range(1, _RAGE_CLICKS)]
    near = (rows["at_ms"] - before[-1]["at_ms"]) <= _RAGE_MS
    for earlier in before:
        near &= ((rows["x"] - earlier["x"]).abs() <= _RAGE_X) & ((rows["y"] - earlier["y"]).abs() <= _RAGE_PX)
    rows = rows.mutate(third=near.fill_null(False))
    return rows.mutate(rage=rows["third"] & ~rows["third"].lag().over(one).fill_null(False))


def _told(rows: Rows, name: str) -> Values:
    said: Any = stated(rows["properties"], f"/{name}")
    return said.fill_null("")


def _measures(rows: Rows) -> dict[str, Values]:
    return {
        "clicks": rows.count(),
        "rage": rows.count(where=rows["rage"]),
        "dead": rows.count(where=rows["dead"].fill_null(False)),
        "judged": rows.count(where=rows["dead"].notnull()),
    }


def _totals(rows: Rows) -> Rows:
    height = rows["height"].max().coalesce(rows["y"].max()).coalesce(0).cast("int64")
    return rows.aggregate(clickers=rows["person"].nunique(), height_px=height, **_measures(rows))


def _cells(rows: Rows) -> Rows:
    column = ibis.least((rows["x"] * COLUMNS / 100).floor(), COLUMNS - 1).cast("int64")
    rows = rows.mutate(column=column, row=(rows["y"] / CELL_PX).floor().cast("int64"))
    return rows.group_by("column", "row").aggregate(clicks=rows.count()).order_by("row", "column")


def _elements(rows: Rows) -> Rows:
    found = rows.group_by("selector").aggregate(
        module=rows["module"].max(),
        text=rows["text"].max(),
        x_pct=rows["x"].median(),
        y_px=rows["y"].median(),
        people=rows["person"].nunique(),
        **_measures(rows),
    )
    return found.order_by(found["clicks"].desc(), "selector").limit(_ELEMENTS)


def _views(scene: Scene, question: HeatmapQuestion, page: str) -> dict[str, Any]:
    rows = _events(scene, question)
    rows = _of_people(scene, rows.filter(rows["page"] == page, rows["kind"].isin(("page", "screen"))))
    rows = kept(scene.con, rows.select("person", "device"), "views_of_page")
    seen = ask(scene.con, rows.aggregate(views=rows.count(), visitors=rows["person"].nunique())).to_pylist()[0]
    devices = rows.filter(rows["device"].notnull()).group_by("device").aggregate(n=ibis._.count())
    found = ask(scene.con, devices.order_by(devices["n"].desc(), "device")).to_pylist()
    visits = table("visit")
    visits = visits.filter(visits["day"].between(scene.period.first, scene.period.last), visits["entry_page"] == page)
    visits = only_channels(visits, question.channels)
    visits = visits.filter(visits["device"] == question.device) if question.device else visits
    if scene.people is not None:
        visits = visits.semi_join(given(scene.con, scene.people), "person")
    entered = visits.aggregate(
        entered=visits.count(), pages_deep=visits["pages"].mean(), bounced=visits["bounced"].cast("float64").mean()
    )
    devices_seen = tuple((row["device"], row["n"]) for row in found)
    return {**seen, "devices": devices_seen, **ask(scene.con, entered).to_pylist()[0]}


def _leavings(scene: Scene, question: HeatmapQuestion, page: str) -> Rows:
    rows = _events(scene, question)
    rows = _of_people(scene, rows.filter(rows["name"].isin(LEFT), rows["page"] == page))
    said = {name: stated(rows["properties"], f"/{told}") for name, told in (("spent", "modules"), ("places", "places"))}
    return rows.select("scroll_pct", "dwell_ms", **said)


def _depth(scene: Scene, rows: Rows) -> dict[str, Any]:
    told = rows["scroll_pct"].notnull()
    reached = {f"d{to}": rows.count(where=rows["scroll_pct"] >= to) for to in DEPTHS}
    sums = rows.aggregate(left=rows.count(), told=rows.count(where=told), dwell_ms=rows["dwell_ms"].mean(), **reached)
    row = ask(scene.con, sums).to_pylist()[0]
    depth = tuple(row[f"d{to}"] / row["told"] if row["told"] else None for to in DEPTHS)
    return {"depth": depth, "left": row["left"], "dwell_ms": row["dwell_ms"]}


def _modules(scene: Scene, leavings: Rows, clicks: Rows, total: int) -> tuple[Module, ...]:
    clicked = clicks.filter(clicks["module"] != "")
    found = clicked.group_by("module").aggregate(
        top=clicked["y"].min(), bottom=clicked["y"].max(), clicks=clicked.count()
    )
    by_clicks = {row["module"]: row for row in ask(scene.con, found).to_pylist()}
    seen, places = _attention(scene, leavings), _places(scene, leavings)
    whole = sum(seen.values())
    modules = []
    for name in {*by_clicks, *seen, *places}:
        row = by_clicks.get(name, {"top": None, "bottom": None, "clicks": 0})
        ends = places.get(name, (row["top"], row["bottom"]))
        share = row["clicks"] / total if total else None
        spent = seen.get(name)
        part = spent / whole if spent is not None and whole else None
        modules.append(Module(name, name in places, *ends, row["clicks"], share, spent, part))
    return tuple(sorted(modules, key=lambda one: (one.top_px is None, one.top_px or 0.0, one.module)))


def _attention(scene: Scene, leavings: Rows) -> dict[str, int]:
    """Milliseconds that each module was in view, as the tracker states when a page is left."""
    each = _by_module(leavings, "spent")
    each = each.mutate(ms=_said(each, "spent").try_cast("int64"))
    sums = each.group_by("module").aggregate(ms=each["ms"].sum().cast("int64"))
    return {row["module"]: row["ms"] for row in ask(scene.con, sums).to_pylist() if row["ms"] is not None}


def _places(scene: Scene, leavings: Rows) -> dict[str, tuple[float, float]]:
    """Where each module begins and ends, as the tracker states when a page is left: medians, since windows differ."""
    each = _by_module(leavings, "places")
    each = each.mutate(place=_said(each, "places"))
    numbers: dict[str, Any] = {name: stated(each["place"], f"/{name}") for name in ("top", "height")}
    each = each.mutate(top=numbers["top"].try_cast("float64"), high=numbers["height"].try_cast("float64"))
    each = each.filter(each["top"] >= 0, each["high"] > 0, each["top"] + each["high"] <= _TOP_PX)
    found = each.group_by("module").aggregate(top=each["top"].median(), high=each["high"].median())
    return {row["module"]: (row["top"], row["top"] + row["high"]) for row in ask(scene.con, found).to_pylist()}


def _by_module(leavings: Rows, column: str) -> Rows:
    """A row for each module that ``column``, an object in JSON, says something of."""
    rows = leavings.select(column).filter(ibis._[column].notnull())
    names: Any = _keys(rows[column])
    return rows.select(column, module=names.unnest())


def _said(each: Rows, column: str) -> Any:
    key = each["module"].replace("~", "~0").replace("/", "~1")
    return stated(each[column], _joined(ibis.literal("/"), key))


def _extent(one: Module) -> tuple[float | None, float | None]:
    """Top and height, as far as they are no guess."""
    if not one.is_placed or one.top_px is None or one.bottom_px is None:
        return None, None
    return one.top_px, one.bottom_px - one.top_px


def _notes(question: HeatmapQuestion, result: Heatmap) -> tuple[str, ...]:
    notes = []
    if not result.clicks:
        notes.append("no_clicks")
    if not question.device and len(result.devices) > 1:
        notes.append("devices_mixed")
    if result.clicks and not result.judged:
        notes.append("dead_unknown")
    if result.left and not any(one.attention_ms for one in result.modules):
        notes.append("no_attention")
    if any(not one.is_placed and one.top_px is not None for one in result.modules):
        notes.append("places_guessed")
    return tuple(notes)
