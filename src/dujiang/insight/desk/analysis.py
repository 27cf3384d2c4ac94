"""Service as a question: conversations by channel, agent and topic, and the people behind each number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

import numpy as np
from pydantic import Field

from dujiang.engine.columns import Whole
from dujiang.engine.question import Column as Values
from dujiang.engine.question import Rows, ask, given, table
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import bucket_start
from dujiang.insight.dimensions import step_of
from dujiang.insight.intervals import wilson
from dujiang.insight.questions.analysis import Analysis, Found
from dujiang.insight.questions.answer import Column, Table
from dujiang.insight.questions.limits import only_channels, refuse_where
from dujiang.insight.questions.model import Asked, Pick
from dujiang.insight.questions.scene import Scene

PARTS: Final = ("channel", "agent", "topic")
NEGATIVE: Final = -0.3
"""A score of sentiment at or below this reads as annoyed, as in the metric ``negative_conversations``."""
Which = Literal["all", "complaints", "unresolved", "negative", "slow"]


class ServiceQuestion(Asked):
    """How conversations with customers went.

    Attributes:
        channels: only conversations in these; empty: in all.
        by: ``channel``, ``agent``, ``topic``, or several of them.
        slow_seconds: a first response after more than this is slow.
        rows_max: so many rows at most, those with most conversations first.
    """

    type: Literal["service"] = "service"
    channels: tuple[str, ...] = Field(default=(), max_length=50)
    by: tuple[str, ...] = Field(default=("channel",), max_length=3)
    slow_seconds: int = Field(default=180, ge=1, le=86_400)
    rows_max: int = Field(default=200, ge=1, le=2_000)

    def _check_where(self) -> None:
        refuse_where(self)

    def _check_by(self) -> None:
        for one in self.by:
            if one not in PARTS:
                sentence = _("service is divided by {known}; not by “{name}”")
                raise InvalidInput("question.by", sentence, known=", ".join(PARTS), name=one[:40])


class ServicePick(Pick):
    """The people of conversations, or of those of them that complain, are unresolved, read as annoyed, or were slow.

    ``start``: only those in the step of the line that begins then.
    """

    which: Which = "all"
    start: date | None = None


@dataclass(frozen=True)
class Desk:
    """The numbers of some conversations; what nothing states is None.

    Attributes:
        conversations: how many.
        first_response_ms: median.
        first_response_p90_ms: 90th percentile, interpolated.
        slow: share answered later than the question's bar, of those that state a first response.
        resolution_ms: median, of those resolved.
        resolved: share that state when they were resolved.
        complaints: share of complaints, with its 95% interval (Wilson).
        negative: share that reads as annoyed, of those with text, likewise.
        written: conversations with text.
        rating: mean of the ratings, and how many there are.
    """

    conversations: int
    first_response_ms: float | None
    first_response_p90_ms: float | None
    slow: float | None
    resolution_ms: float | None
    resolved: float | None
    complaints: float | None
    complaints_interval: tuple[float, float] | None
    negative: float | None
    negative_interval: tuple[float, float] | None
    written: int
    rating: float | None
    rated: int


@dataclass(frozen=True)
class Part:
    """Conversations with the same values of ``by``."""

    keys: tuple[str | None, ...]
    desk: Desk


@dataclass(frozen=True)
class Step:
    """A day, week or month of the line."""

    start: date
    desk: Desk


@dataclass(frozen=True)
class Service:
    """All conversations, their parts (most conversations first), and the line over time."""

    whole: Desk
    parts: tuple[Part, ...]
    line: tuple[Step, ...]
    left_out: int


class ServiceAnalysis(Analysis[ServiceQuestion, ServicePick]):
    """Asks the table of conversations."""

    title = _("Service quality")
    question = ServiceQuestion
    pick = ServicePick

    def answer(self, scene: Scene, question: ServiceQuestion) -> Found:
        """All, by part, and over time."""
        rows = _conversations(scene, question)
        whole = _desk(ask(scene.con, rows.aggregate(**_measures(rows, question))).to_pylist()[0])
        parts = self._parts(scene, rows, question) if question.by else []
        line = self._line(scene, rows, question)
        kept = tuple(parts[: question.rows_max])
        notes = ["sentiment_small_model"] if whole.written else ["sentiment_no_text"]
        notes += ["rows_left_out"] if len(kept) < len(parts) else []
        people = None if scene.people is None else len(scene.people)
        return Found(Service(whole, kept, line, len(parts) - len(kept)), whole.conversations, people, tuple(notes))

    @staticmethod
    def _parts(scene: Scene, rows: Rows, question: ServiceQuestion) -> list[Part]:
        found = rows.group_by(*question.by).aggregate(**_measures(rows, question))
        answer = ask(scene.con, found.order_by(found["n"].desc(), *question.by)).to_pylist()
        return [Part(tuple(row[name] for name in question.by), _desk(row)) for row in answer]

    @staticmethod
    def _line(scene: Scene, rows: Rows, question: ServiceQuestion) -> tuple[Step, ...]:
        if question.grain is None:
            return ()
        rows = rows.mutate(start=step_of(rows["day"], question.grain))
        found = rows.group_by("start").aggregate(**_measures(rows, question))
        by_start = {row["start"]: _desk(row) for row in ask(scene.con, found).to_pylist()}
        starts = scene.period.buckets(question.grain)
        return tuple(Step(start, by_start.get(start, NOBODY)) for start in starts)

    def tables(self, question: ServiceQuestion, result: Service, before: Service | None) -> tuple[Table, ...]:
        """By part, all together, over time."""
        whole = [(_("Now"), result.whole), *(((_("Before"), before.whole),) if before else ())]
        head = (Column("of", _("Days")),)
        tables = [_table("whole", head, [((of,), one) for of, one in whole], [{}])]
        if question.by:
            heads = tuple(
                Column(name, _HEADS[name], "channel" if name == "channel" else "text") for name in question.by
            )
            picks = [{"keys": [*one.keys]} for one in result.parts]
            tables.insert(0, _table("parts", heads, [(one.keys, one.desk) for one in result.parts], picks))
        if result.line:
            steps = [((one.start,), one.desk) for one in result.line]
            starts = [{"start": one.start.isoformat()} if one.desk.conversations else None for one in result.line]
            tables.append(_table("line", (Column("start", _("From"), "day"),), steps, starts))
        return tuple(tables)

    def people(self, scene: Scene, question: ServiceQuestion, pick: ServicePick) -> Whole:
        """Those who were in these conversations and are known."""
        rows = _conversations(scene, question)
        for name, key in zip(question.by, pick.keys, strict=False):
            rows = rows.filter(rows[name].isnull() if key is None else rows[name] == key)
        if pick.start is not None and question.grain is not None:
            rows = rows.filter(step_of(rows["day"], question.grain) == bucket_start(pick.start, question.grain))
        if pick.which != "all":
            rows = rows.filter(_which(rows, question)[pick.which])
        people = rows.filter(rows["person"].notnull()).select("person").distinct()
        return np.sort(ask(scene.con, people)["person"].to_numpy())


def _conversations(scene: Scene, question: ServiceQuestion) -> Rows:
    rows = table("conversation")
    rows = only_channels(rows.filter(rows["day"].between(scene.period.first, scene.period.last)), question.channels)
    return rows.semi_join(given(scene.con, scene.people), "person") if scene.people is not None else rows


def _which(rows: Rows, question: ServiceQuestion) -> dict[str, Values]:
    return {
        "complaints": rows["complaint"].fill_null(False),
        "unresolved": rows["resolution_ms"].isnull(),
        "negative": (rows["sentiment"] <= NEGATIVE).fill_null(False),
        "slow": (rows["first_response_ms"] > question.slow_seconds * 1000).fill_null(False),
    }


def _measures(rows: Rows, question: ServiceQuestion) -> dict[str, Values]:
    which = _which(rows, question)
    counts = {name: rows.count(where=flag) for name, flag in which.items()}
    return counts | {
        "n": rows.count(),
        "answered": rows.count(where=rows["first_response_ms"].notnull()),
        "written": rows.count(where=rows["sentiment"].notnull()),
        "rated": rows.count(where=rows["rating"].notnull()),
        "first_response_ms": rows["first_response_ms"].median(),
        "first_response_p90_ms": rows["first_response_ms"].quantile(0.9),
        "resolution_ms": rows["resolution_ms"].median(),
        "rating": rows["rating"].mean(),
    }


def _desk(row: dict[str, Any]) -> Desk:
    count = row["n"]

    def share(hits: int, of: int) -> float | None:
        return hits / of if of else None

    return Desk(
        conversations=count,
        first_response_ms=row["first_response_ms"],
        first_response_p90_ms=row["first_response_p90_ms"],
        slow=share(row["slow"], row["answered"]),
        resolution_ms=row["resolution_ms"],
        resolved=share(count - row["unresolved"], count),
        complaints=share(row["complaints"], count),
        complaints_interval=wilson(row["complaints"], count),
        negative=share(row["negative"], row["written"]),
        negative_interval=wilson(row["negative"], row["written"]),
        written=row["written"],
        rating=row["rating"],
        rated=row["rated"],
    )


NOBODY: Final = Desk(0, None, None, None, None, None, None, None, None, None, 0, None, 0)
"""A time in which nobody wrote."""
_HEADS: Final = {"channel": _("Channel"), "agent": _("Agent"), "topic": _("Topic")}
_COLUMNS: Final = (
    Column("conversations", _("Conversations"), "count"),
    Column("first_response", _("First response"), "duration"),
    Column("first_response_p90", _("First response, 90th percentile"), "duration"),
    Column("slow", _("Slow"), "percent"),
    Column("resolution", _("Resolution"), "duration"),
    Column("resolved", _("Resolved"), "percent"),
    Column("complaints", _("Complaints"), "percent"),
    Column("complaints_low", _("Complaints, low"), "percent"),
    Column("complaints_high", _("Complaints, high"), "percent"),
    Column("negative", _("Reads as annoyed"), "percent"),
    Column("rating", _("Rating"), "ratio"),
)


def _table(
    name: str,
    heads: tuple[Column, ...],
    rows: Sequence[tuple[tuple[Any, ...], Desk]],
    picks: Sequence[dict[str, Any] | None],
) -> Table:
    """Desks below each other; shares lead to those whom they are of."""
    named = [*zip(picks, (desk for _keys, desk in rows), strict=False)]
    cells = {
        which: [pick | {"which": which} if pick is not None and getattr(desk, which) else None for pick, desk in named]
        for which in ("slow", "complaints", "negative")
    }
    return Table(name, (*heads, *_COLUMNS), [(*keys, *_row(desk)) for keys, desk in rows], picks, cells)


def _row(one: Desk) -> tuple[Any, ...]:
    low, high = one.complaints_interval or (None, None)
    return (
        one.conversations, one.first_response_ms, one.first_response_p90_ms, one.slow, one.resolution_ms, one.resolved,
        one.complaints, low, high, one.negative, one.rating,
    )  # fmt: skip
