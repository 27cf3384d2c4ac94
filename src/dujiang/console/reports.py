"""A report is pages of the console, written down: its tables are those that the pages show and export.

What cannot be answered says why in its place, so that one question never silences a report. What may name people is left out.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final, NoReturn

from starlette.requests import Request

from dujiang.console.components import Card, Cards
from dujiang.console.sheets import Column, Sheet, to_csv, workbook
from dujiang.console.templating import environment
from dujiang.console.views import ask, dashboards, sources
from dujiang.console.visit import Visit
from dujiang.foundation.errors import DujiangError, InvalidInput, NotFound
from dujiang.foundation.i18n import _
from dujiang.foundation.progress import Progress, silent
from dujiang.foundation.timewindows import Period, day_of
from dujiang.insight.questions.answer import Answer
from dujiang.insight.questions.dashboards import Dashboard, Tile, names_people
from dujiang.insight.questions.registry import parse_question
from dujiang.insight.questions.reports import Report, dated
from dujiang.store.jobs import Job
from dujiang.workspace import Workspace

log = logging.getLogger("dujiang.reports")

ROWS_MAX: Final = 50
"""Rows of a table that are read on the page; the files have all of them."""
GAP_DAYS_MAX: Final = 92
"""Silences of sources are looked for in so many days at most."""
_STRANGE: Final = re.compile(r"[^a-z0-9_.-]+")


@dataclass(frozen=True)
class Part:
    """One question of a report.

    Attributes:
        name: the saved question's.
        title: what people call it.
        days: the days it is about, and ``against`` those it is held against, in words; empty where there is no answer.
        cards: its large numbers with their changes.
        finding: what its first picture says, where it has no such numbers.
        notes: what a reader has to know.
        sheets: its tables.
        problem: why it could not be answered; empty where it was.
    """

    name: str
    title: str
    days: str = ""
    against: str = ""
    cards: tuple[Card, ...] = ()
    finding: str = ""
    notes: tuple[str, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    problem: str = ""
    period: Period | None = None
    fresh_at: datetime | None = None


@dataclass(frozen=True)
class Written:
    """A report, ready to be read.

    Attributes:
        title: what people call it.
        today: the day its figures look from.
        parts: its questions, in order.
        fresh: how current its data are, in words.
        gaps: where data are missing, in words.
        said: what a reader has to know before all else, such as times that were missed.
    """

    title: str
    today: date
    parts: tuple[Part, ...]
    fresh: str
    gaps: tuple[str, ...]
    said: tuple[str, ...]

    @property
    def unanswered(self) -> int:
        """How many questions have no answer."""
        return sum(1 for one in self.parts if one.problem)

    @property
    def body(self) -> dict[str, Any]:
        """In plain form, without the tables."""
        return {
            "title": self.title,
            "today": str(self.today),
            "fresh": self.fresh,
            "gaps": [*self.gaps],
            "said": [*self.said],
            "parts": [_plain(one) for one in self.parts],
            "unanswered": self.unanswered,
        }


def make_ready(workspace: Workspace, job: Job, progress: Progress) -> object:
    """``report``: make the delivery in the job's parameters ready, and tell that it is (a handler of the worker)."""
    delivery = workspace.postroom.get(job.params["delivery"])
    if delivery.delivered_at is None:
        report = workspace.reports.get(delivery.report)
        late = _freshen(workspace, progress)
        made = write(workspace, report, delivery.due, missed=delivery.missed, said=late, progress=progress)
        workspace.postroom.complete(delivery, files(workspace, report, made), made.body)
    return {"report": delivery.report, "delivery": delivery.id}


def write(
    workspace: Workspace,
    report: Report,
    due: datetime | None = None,
    *,
    missed: int = 0,
    said: Sequence[DujiangError] = (),
    language: str = "",
    progress: Progress = silent,
) -> Written:
    """A report as it reads now, with the days as they are seen from the day on which it was due.

    Args:
        workspace: the brand.
        report: which.
        due: when it was due; None: now.
        missed: earlier times that it stands for.
        said: what went wrong on the way and has to be said.
        language: ``zh`` or ``en`` instead of the report's own.
        progress: told after each question.
    """
    visit = _visit(workspace, language or report.spec.language, due)
    asked, parts = [*_asked(visit, report)], []
    for number, (name, title, ask_it) in enumerate(asked):
        progress("report", number, len(asked))
        parts.append(_answered(visit, name, title, ask_it))
    progress("report", len(asked), len(asked))
    return Written(
        title=report.definition.label(visit.locale),
        today=visit.today,
        parts=tuple(parts),
        fresh=_fresh(visit, parts),
        gaps=_gaps(visit, parts),
        said=(*_late(visit, due, missed), *(visit.error(one) for one in said)),
    )


def files(workspace: Workspace, report: Report, written: Written, language: str = "") -> dict[str, bytes]:
    """A report as files: to read (HTML), as plain text for a chat, all tables as one workbook, and each as CSV."""
    visit = _visit(workspace, language or report.spec.language, None)
    tables = [
        (
            f"{number:02}-{_STRANGE.sub('-', f'{part.name}-{sheet.name}'.lower())}.csv",
            part,
            sheet.named(visit.channel_label),
        )
        for number, (part, sheet) in enumerate(((one, each) for one in written.parts for each in one.sheets), 1)
    ]
    named = {id(sheet): (name, told) for (name, _part, told), sheet in zip(tables, _sheets(written), strict=True)}
    template = environment().get_template("report_file.html")
    page = template.render(visit=visit, report=written, named=lambda one: named[id(one)], rows_max=ROWS_MAX)
    pages = [(visit.text(_("Summary")), _headlines(visit, written))]
    pages += [(f"{name[:2]} {part.title}", sheet) for name, part, sheet in tables]
    return {
        "report.html": page.encode(),
        "summary.txt": text(visit, written).encode(),
        "report.xlsx": workbook(pages, workspace.zone),
        **{name: b"".join(to_csv(sheet, workspace.zone)) for name, _part, sheet in tables},
    }


def summary(workspace: Workspace, report: Report, written: Written, language: str = "") -> str:
    """A report as plain text."""
    return text(_visit(workspace, language or report.spec.language, None), written)


def text(visit: Visit, written: Written) -> str:
    """A report as plain text, for a chat."""
    lines = [f"{visit.brand} · {written.title}", *written.said, ""]
    for part in written.parts:
        lines.append(f"{part.title} ({part.days})" if part.days else part.title)
        lines += [f"  {line}" for line in (part.problem, part.finding, *map(_told, part.cards), *part.notes) if line]
    return "\n".join([*lines, "", *filter(None, (written.fresh,)), *written.gaps, ""])


def _told(card: Card) -> str:
    changed = " ".join(filter(None, (card.change, card.basis)))
    return f"{card.label}: {card.value}" + (f" ({card.missing or changed})" if card.missing or changed else "")


def _plain(part: Part) -> dict[str, Any]:
    keys = ("label", "value", "change", "basis", "missing")
    numbers = [{key: value for key, value in asdict(one).items() if key in keys} for one in part.cards]
    told = {"name": part.name, "title": part.title, "days": part.days, "against": part.against, "problem": part.problem}
    return told | {"numbers": numbers, "finding": part.finding, "notes": [*part.notes]}


def _visit(workspace: Workspace, language: str, due: datetime | None) -> Visit:
    """A visit of nobody, who sees no people, in ``language``, on the day of ``due``."""
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": f"lang={language}".encode()}
    visit = Visit(Request(scope), workspace, None)
    presence = workspace.present.state()
    if due is not None and presence.elsewhere is None:
        visit.presence = replace(presence, today=day_of(due, workspace.zone), calendar=day_of(due, workspace.zone))
    return visit


_Ask = Callable[[], tuple[Answer, tuple[Tile, ...]]]
"""Asks a question; its tiles where a dashboard shows it, none where all of its tables are shown."""


def _asked(visit: Visit, report: Report) -> Iterator[tuple[str, str, _Ask]]:
    """Name and title of each question of a report, and how it is asked."""
    workspace, board = visit.workspace, report.spec.dashboard
    titles = {one.name: one.label(visit.locale) for one in workspace.questions.list()}
    if board in {one.name for one in workspace.dashboards.list()}:
        found = workspace.dashboards.get(board)
        for tiles in _together(found.spec.ordered):
            name = tiles[0].question
            yield name, titles.get(name, name), partial(_ask_tiles, visit, found, tiles)
    elif board:
        yield board, board, partial(_ask_nothing, visit, board)
    for name in report.spec.questions:
        yield name, titles.get(name, name), partial(_ask_saved, visit, name)


def _together(tiles: Sequence[Tile]) -> list[tuple[Tile, ...]]:
    """Tiles that show the same answer, in the order of the first of each: numbers are said once, and tables follow."""
    found: dict[tuple[str, bool], list[Tile]] = {}
    for tile in tiles:
        found.setdefault((tile.question, tile.own_days), []).append(tile)
    return [tuple(same) for same in found.values()]


def _ask_tiles(visit: Visit, found: Dashboard, tiles: tuple[Tile, ...]) -> tuple[Answer, tuple[Tile, ...]]:
    return _ask(visit, visit.workspace.dashboards.question(found, tiles[0])), tiles


def _ask_nothing(visit: Visit, board: str) -> NoReturn:
    visit.workspace.dashboards.get(board)
    raise NotFound("dashboard.paused", _("The dashboard “{name}” is not in use at present."), name=board)


def _ask_saved(visit: Visit, name: str) -> tuple[Answer, tuple[Tile, ...]]:
    visit.workspace.questions.saved(name)
    return _ask(visit, visit.workspace.definitions.get("question", name).spec["question"]), ()


def _ask(visit: Visit, plain: Mapping[str, Any]) -> Answer:
    whole = dated(plain, visit.today)
    asked = parse_question(whole)
    if names_people(asked):
        raise InvalidInput("report.names_people", _("This may name people, so that it does not stand in a report."))
    visit.scope = ask.scope_of(visit, whole, own=True)
    return visit.workspace.questions.ask(asked)


def _answered(visit: Visit, name: str, title: str, ask_it: _Ask) -> Part:
    try:
        answer, tiles = ask_it()
        sheets, shown = ask.answered(visit, answer)
        views = [dashboards.tile(visit, title, one, answer)[1] for one in tiles]
        wanted = {one.sheet for one in views}
        only = [one for one in sheets if one.name in wanted] if tiles else sheets
        problem = next((one.problem for one in views if one.problem), "")
    except DujiangError as error:
        return Part(name, title, problem=visit.error(error))
    except Exception:
        log.exception("a question of a report failed")
        return Part(
            name, title, problem=visit.text(_("Something went wrong that should not. The log of the server says more."))
        )
    pictures = shown["pictures"]
    cards = tuple(card for one in pictures if isinstance(one, Cards) for card in one.cards)
    against = answer.comparison
    return Part(
        name=name,
        title=title,
        days=f"{answer.period.first} – {answer.period.last}",
        against=f"{against.first} – {against.last}" if against else "",
        cards=cards,
        finding=pictures[0].title if pictures and not cards else "",
        notes=tuple(shown["notes"]),
        sheets=tuple(only),
        problem=problem,
        period=answer.period,
        fresh_at=shown["fresh_at"],
    )


def _sheets(written: Written) -> list[Sheet]:
    return [sheet for part in written.parts for sheet in part.sheets]


def _headlines(visit: Visit, written: Written) -> Sheet:
    labels = (_("Question"), _("Days"), _("Number"), _("Value"), _("Relative change"), _("Note"))
    columns = tuple(Column(f"c{place}", visit.text(label)) for place, label in enumerate(labels))
    rows: list[tuple[Any, ...]] = []
    for part in written.parts:
        rows += [
            (part.title, part.days, one.label, one.value, one.change, one.missing or one.basis) for one in part.cards
        ]
        if part.problem or not part.cards:
            rows.append((part.title, part.days, "", "", "", part.problem or part.finding))
    for line in (*written.said, written.fresh, *written.gaps):
        rows.append(("", "", "", "", "", line))
    return Sheet("summary", columns, rows)


def _fresh(visit: Visit, parts: Sequence[Part]) -> str:
    newest = max((one.fresh_at for one in parts if one.fresh_at), default=None)
    if newest is None:
        return visit.text(_("There are no data yet.")) if any(not one.problem for one in parts) else ""
    return visit.text(_("Data up to {when}"), when=visit.show(newest, "moment"))


def _gaps(visit: Visit, parts: Sequence[Part]) -> tuple[str, ...]:
    """Silences of sources in the days that the report is about."""
    periods = [one.period for one in parts if one.period]
    if not periods:
        return ()
    last = min(max(one.last for one in periods), visit.today)
    first = max(min(one.first for one in periods), last - timedelta(GAP_DAYS_MAX))
    if first > last:
        return ()
    start, end = Period(first, last).moments(visit.workspace.zone)
    states = visit.workspace.completeness.sources(start, min(end, max(visit.now, start + timedelta(hours=1))))
    return tuple(f"{one.title} {one.sentence}" for one in sources.gaps(visit, states))


def _late(visit: Visit, due: datetime | None, missed: int) -> Iterator[str]:
    if due is not None and visit.now - due > timedelta(hours=1):
        yield visit.text(
            _("This was due on {due} and was made ready on {now}."),
            due=visit.show(due, "moment"),
            now=visit.show(visit.now, "moment"),
        )
    if missed:
        sentence = _("{n} earlier times were missed because nothing was running; only the latest is sent.")
        yield visit.text(sentence, n=missed)


def _freshen(workspace: Workspace, progress: Progress) -> list[DujiangError]:
    """Bring the answers up to date first; what hinders it is said in the report."""
    try:
        if workspace.has_news():
            workspace.refresh(progress)
    except DujiangError as error:
        return [error]
    return []
