"""Value, ready to be shown: the matrix, the grid of recency and frequency, and the concentration curve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dujiang.console.components import Card, Chart, Heat, HeatCell, Line
from dujiang.console.sheets import Column, Sheet
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.people.value.model import (
    LEAST_BUYERS,
    Concentration,
    Dimension,
    Estimate,
    MatrixCell,
    Threshold,
    ValuePage,
)

DIMENSIONS: Final[dict[Dimension, str]] = {
    "frequency": _("buys often"),
    "order_value": _("pays much per order"),
    "interaction": _("interacts much with content"),
}
_NOTHING_HIGH: Final = _("nothing stands out")


@dataclass(frozen=True)
class LayerView:
    """One layer of the matrix as a block; ``share`` of the people decides its width."""

    label: str
    people: str
    money: str
    share: float
    money_share: float
    sentence: str
    href: str


@dataclass(frozen=True)
class ValueView:
    """The page."""

    title: str
    layers: tuple[LayerView, ...]
    picture: Heat
    rules: tuple[tuple[str, str], ...]
    grid: Heat | None
    cards: tuple[Card, ...]
    curve: Chart | None
    note: str


def layer_label(visit: Visit, layer: str) -> str:
    """What people call a layer."""
    found = visit.workspace.value.rules()[1].layer(layer)
    return found.label(visit.locale) if found else layer


def value(visit: Visit, page: ValuePage, found: Concentration) -> ValueView:
    """The page of a day, and the concentration of a period."""
    few = visit.text(_("Fewer than {n} buyers: too few for intervals."), n=LEAST_BUYERS) if found.few else ""
    return ValueView(
        title=_finding(visit, found),
        layers=_layers(visit, page),
        picture=_picture(visit, page),
        rules=_rules(visit, page),
        grid=_grid(visit, page) if page.rfm else None,
        cards=_cards(visit, found),
        curve=_curve(visit, found) if found.curve else None,
        note=few or visit.text(_("Intervals are 95%. Orders of unknown buyers are left out.")),
    )


def _finding(visit: Visit, found: Concentration) -> str:
    if not found.top:
        return visit.text(_("How much of the sales lies with how few buyers"))
    share = visit.show(found.top[0.05].value, "percent")
    return visit.text(_("The best 5% of buyers bring {share} of the sales"), share=share)


def _layers(visit: Visit, page: ValuePage) -> tuple[LayerView, ...]:
    people, money = sum(one.people for one in page.matrix), sum(one.money_minor for one in page.matrix)
    views = []
    for layer in page.matrix_spec.layers:
        cells = [cell for cell in page.matrix if cell.layer == layer.name]
        count, paid = sum(cell.people for cell in cells), sum(cell.money_minor for cell in cells)
        share, money_share = (count / people if people else 0.0), (paid / money if money else 0.0)
        sentence = visit.text(
            _("{people} of the people, {money} of the sales"),
            people=visit.show(share, "percent"),
            money=visit.show(money_share, "percent"),
        )
        href = visit.address("/people", layer=layer.name, on=str(page.day))
        shown = visit.show(count, "count"), visit.show(paid, "money")
        views.append(LayerView(layer.label(visit.locale), *shown, share, money_share, sentence, href))
    return tuple(views)


def _picture(visit: Visit, page: ValuePage) -> Heat:
    """The matrix as it is drawn on paper: frequency to the right, order value upwards, those who interact beside the others."""
    cells: dict[frozenset[str], MatrixCell] = {frozenset(map(str, one.high)): one for one in page.matrix}
    most = max((one.money_minor for one in page.matrix), default=0)
    low = visit.text(_("rarely")), visit.text(_("often"))
    heads = [name if not often else f"{name} · {visit.text(_('interacts'))}" for name in low for often in (False, True)]
    rows = []
    for label, upper in ((_("pays much per order"), {"order_value"}), (_("pays less per order"), set())):
        line = []
        for right in (set(), {"frequency"}):
            for beside in (set(), {"interaction"}):
                cell = cells.get(frozenset(upper | right | beside))
                if cell is None:
                    line.append(HeatCell("", 0.0))
                    continue
                name, money = layer_label(visit, cell.layer), visit.show(cell.money_minor, "money")
                people = visit.show(cell.people, "count")
                title = visit.text(_("{layer}: {people} people, {money}"), layer=name, people=people, money=money)
                share = max(0.0, cell.money_minor / most) if most else 0.0
                href = visit.address("/people", layer=cell.layer, on=str(page.day))
                line.append(HeatCell(f"{name} {people}", share, title, href))
        rows.append((visit.text(label), tuple(line)))
    return Heat(
        tuple(heads), tuple(rows), visit.text(_("The matrix as a picture")), visit.text(_("order value ↑ frequency →"))
    )


def _rules(visit: Visit, page: ValuePage) -> tuple[tuple[str, str], ...]:
    """Where high begins, in numbers."""
    found = []
    kinds = {"frequency": "count", "order_value": "money", "interaction": "count"}
    for name, text in DIMENSIONS.items():
        threshold: Threshold = getattr(page.matrix_spec, name)
        edge = getattr(page.edges, name)
        shown = visit.show(edge, "money" if kinds[name] == "money" else "count")
        told = visit.text(_("from {value}"), value=shown)
        if edge is None:
            told = visit.text(_("nobody has any"))
        elif threshold.top_share is not None:
            share = visit.show(threshold.top_share, "percent")
            told = visit.text(_("from {value} (the best {share} of those who have any)"), value=shown, share=share)
        found.append((visit.text(text), told))
    return tuple(found)


def high_label(visit: Visit, high: tuple[Dimension, ...]) -> str:
    """Which dimensions are high, in words."""
    return " · ".join(visit.text(DIMENSIONS[name]) for name in high) or visit.text(_NOTHING_HIGH)


def matrix_sheet(visit: Visit, page: ValuePage) -> Sheet:
    """Every cell of the matrix."""
    people = sum(one.people for one in page.matrix)
    columns = (
        Column("layer", visit.text(_("Layer"))),
        Column("high", visit.text(_("What stands out"))),
        Column("people", visit.text(_("People")), "count"),
        Column("share", visit.text(_("Share of people")), "percent", bar=True),
        Column("money", visit.text(_("Net of refunds")), "money"),
    )
    rows = [
        (layer_label(visit, one.layer), high_label(visit, one.high), one.people, one.people / people, one.money_minor)
        for one in page.matrix
    ]
    links = [visit.address("/people", layer=one.layer, on=str(page.day)) for one in page.matrix]
    return Sheet("matrix", columns, rows, links, caption=visit.text(_("Value matrix")))


def _grid(visit: Visit, page: ValuePage) -> Heat:
    """Recency by frequency: shade is money, the number is people."""
    cells = {(one.r, one.f): one for one in page.rfm}
    most = max((one.money_minor for one in page.rfm), default=0)
    frequencies = range(1, page.rfm_spec.frequency.count + 1)
    rows = []
    for r in range(page.rfm_spec.recency.count, 0, -1):
        line = []
        for f in frequencies:
            cell = cells.get((r, f))
            if cell is None:
                line.append(HeatCell("", 0.0))
                continue
            title = visit.text(
                _("Recency {r}, frequency {f}: {people} people, {money}"),
                r=r,
                f=f,
                people=visit.show(cell.people, "count"),
                money=visit.show(cell.money_minor, "money"),
            )
            href = visit.address("/people", rfm=f"{r}.{f}", on=str(page.day))
            share = max(0.0, cell.money_minor / most) if most else 0.0
            line.append(HeatCell(visit.show(cell.people, "count"), share, title, href))
        rows.append((f"R{r}", tuple(line)))
    return Heat(
        tuple(f"F{f}" for f in frequencies),
        tuple(rows),
        visit.text(_("Recency and frequency")),
        visit.text(_("R ↓ F →")),
    )


def rfm_sheet(visit: Visit, page: ValuePage) -> Sheet:
    """The grid as a table."""
    columns = (
        Column("r", visit.text(_("Recency")), "number"),
        Column("f", visit.text(_("Frequency")), "number"),
        Column("people", visit.text(_("People")), "count"),
        Column("money", visit.text(_("Net of refunds")), "money"),
    )
    rows = [(one.r, one.f, one.people, one.money_minor) for one in page.rfm]
    links = [visit.address("/people", rfm=f"{one.r}.{one.f}", on=str(page.day)) for one in page.rfm]
    return Sheet("rfm", columns, rows, links, caption=visit.text(_("Recency and frequency")))


def _cards(visit: Visit, found: Concentration) -> tuple[Card, ...]:
    cards = [Card("buyers", visit.text(_("Buyers")), visit.show(found.buyers, "count"))]
    for share, estimate in found.top.items():
        label = visit.text(_("Best {share} of buyers"), share=f"{share:.0%}")
        href = visit.address("/people", top=str(share))
        shown = visit.show(estimate.value, "percent")
        cards.append(Card(f"top{share}", label, shown, basis=_interval(visit, estimate), href=href))
    if found.gini:
        low = f"{found.gini.low:.2f} – {found.gini.high:.2f}" if found.gini.low is not None else ""
        cards.append(Card("gini", visit.text(_("Gini coefficient")), f"{found.gini.value:.2f}", basis=low))
    return tuple(cards)


def _interval(visit: Visit, one: Estimate) -> str:
    if one.low is None or one.high is None:
        return ""
    return f"{visit.show(one.low, 'percent')} – {visit.show(one.high, 'percent')}"


def _curve(visit: Visit, found: Concentration) -> Chart:
    x = [f"{share:.0%}" for share, _held in found.curve]
    held = Line(visit.text(_("Share of the sales")), [value for _share, value in found.curve])
    even = Line(visit.text(_("If all paid the same")), [share for share, _held in found.curve], 2)
    return Chart(visit.text(_("Share of the sales by share of buyers, best first")), x, (held, even), "percent")


def curve_sheet(visit: Visit, found: Concentration) -> Sheet:
    """The curve as a table."""
    columns = (
        Column("buyers", visit.text(_("Share of buyers, best first")), "percent"),
        Column("sales", visit.text(_("Share of the sales")), "percent"),
    )
    return Sheet("curve", columns, list(found.curve), caption=visit.text(_("Concentration of sales")))
