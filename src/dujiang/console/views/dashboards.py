"""Dashboards: the list, the grid of one, its tiles, and what arranging needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from dujiang.console.components import Card, Cards
from dujiang.console.sheets import Column, Sheet
from dujiang.console.views import ask
from dujiang.console.views.asked import Picture
from dujiang.console.visit import Visit
from dujiang.foundation.definitions import Definition
from dujiang.foundation.i18n import _
from dujiang.insight.questions.answer import Answer
from dujiang.insight.questions.dashboards import Dashboard, Tile

SHOWN: Final = {"picture": _("picture"), "table": _("table")}


@dataclass(frozen=True)
class Place:
    """A tile's place on the grid: classes that say where, its number, and the address that its content comes from."""

    number: int
    classes: str
    title: str
    href: str
    content: str


@dataclass(frozen=True)
class TileView:
    """What a tile shows: a picture or a table; ``note`` says on which days, ``problem`` why there is nothing."""

    title: str
    note: str
    picture: Picture | None = None
    sheet: str = ""
    problem: str = ""


def listing(visit: Visit, found: Sequence[Dashboard]) -> Sheet:
    """One row for each dashboard."""
    columns = (
        Column("dashboard", visit.text(_("Dashboard"))),
        Column("tiles", visit.text(_("Tiles")), "count"),
        Column("owner", visit.text(_("Owner"))),
    )
    rows = [(one.definition.label(visit.locale), len(one.spec.tiles), one.definition.owner) for one in found]
    links = [f"/dashboards/{one.name}" for one in found]
    return Sheet("dashboards", columns, rows, links, caption=visit.text(_("Dashboards")))


def places(visit: Visit, found: Dashboard, base: str) -> list[Place]:
    """Where each tile lies, in reading order; their contents come from below ``base``."""
    questions = {one.name: one for one in visit.workspace.questions.list()}
    return [
        Place(
            number=number,
            classes=f"x{tile.x} y{tile.y} w{tile.width} h{tile.height}",
            title=title_of(visit, questions.get(tile.question), tile),
            href=_question_address(visit, questions.get(tile.question), tile),
            content=visit.address(f"{base}/tiles/{number}"),
        )
        for number, tile in enumerate(found.spec.ordered, 1)
    ]


def _question_address(visit: Visit, question: Definition | None, tile: Tile) -> str:
    if question is None or not visit.may("metric.read"):
        return ""
    path = f"/ask/{question.spec['question']['type']}"
    if tile.own_days:
        return f"{path}?saved={tile.question}"
    return visit.address(path, saved=tile.question)


def title_of(visit: Visit, question: Definition | None, tile: Tile) -> str:
    """What a tile is called: as its question."""
    return question.label(visit.locale) if question else tile.question


def tile(visit: Visit, title: str, one: Tile, answer: Answer) -> tuple[list[Sheet], TileView]:
    """A tile's tables, of which one may be shown, and what it shows."""
    sheets, shown = ask.answered(visit, answer)
    note = f"{answer.period.first} – {answer.period.last}"
    pictures: list[Picture] = [_readable(visit, each) for each in shown["pictures"]]
    if one.show == "picture" and one.number <= len(pictures):
        return sheets, TileView(title, note, pictures[one.number - 1], pictures[one.number - 1].sheet)
    if one.show == "table" and one.number <= len(sheets):
        return sheets, TileView(title, note, sheet=sheets[one.number - 1].name)
    if one.show == "picture" and sheets and not pictures:  # an analysis that is shown as its tables
        return sheets, TileView(title, note, sheet=sheets[min(one.number, len(sheets)) - 1].name)
    what = visit.text(SHOWN[one.show])
    problem = visit.text(
        _("The answer has no {what} number {number}. Arrange the dashboard anew."), what=what, number=one.number
    )
    return sheets, TileView(title, note, problem=problem)


def _readable(visit: Visit, picture: Picture) -> Picture:
    """Without links, for somebody who may not follow them."""
    if isinstance(picture, Cards) and visit.reader is None:
        return replace(picture, cards=tuple(_plain(card) for card in picture.cards))
    return picture


def _plain(card: Card) -> Card:
    return replace(card, href="")


def arranging(visit: Visit, found: Dashboard) -> dict[str, Any]:
    """What the script that arranges reads: tiles with their titles, and the questions that can be added."""
    questions = visit.workspace.questions.list()
    return {
        "tiles": [tile.model_dump(mode="json") for tile in found.spec.ordered],
        "questions": {one.name: one.label(visit.locale) for one in questions},
        "shows": {key: visit.text(text) for key, text in SHOWN.items()},
    }
