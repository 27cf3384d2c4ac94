"""Questions: every analysis in one language, the people behind each of its numbers, and what is shown as a file."""

from __future__ import annotations

from typing import Annotated, Any, get_args

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field

from dujiang.api.periods import IsWhole
from dujiang.api.problems import problems
from dujiang.api.security import OfWorkspace, needs
from dujiang.foundation.bounds import BOUNDS
from dujiang.foundation.ids import person_id
from dujiang.foundation.plain import plain
from dujiang.insight.questions.answer import Answer
from dujiang.insight.questions.model import Asked, Doing
from dujiang.insight.questions.registry import ANALYSES, parse_pick, parse_question
from dujiang.people.behaviour import COLUMNS
from dujiang.people.comparison import OPERATORS
from dujiang.people.conditions import FIELDS
from dujiang.people.segments.model import Difference
from dujiang.store.command import Actor
from dujiang.workspace import Workspace

router = APIRouter(prefix="/questions", tags=["questions"], responses=problems())

CanRead = Depends(needs("metric.read"))
Name = Annotated[str, Path(description="The name of a saved question", max_length=80)]


Locale = Annotated[str, Query(pattern="^(zh|en)$")]


class Kind(BaseModel):
    """One kind of question: the word for ``type``, and what its questions may say as a JSON schema."""

    type: str
    title: str
    question: dict[str, Any]


class Saved(BaseModel):
    """A saved question."""

    name: str
    title: dict[str, str]
    owner: str
    question: dict[str, Any]


class AskedFor(BaseModel):
    """A question in plain form: ``{"type": …}`` and what that type asks for."""

    question: dict[str, Any]


class Picked(AskedFor):
    """One number of the answer to a question, whose people are asked for."""

    pick: dict[str, Any] = {}
    limit: Annotated[int, Field(ge=1, le=BOUNDS.answer_rows_max), IsWhole] = 1000


class Compared(AskedFor):
    """Two numbers of the answer to a question, whose people are held against each other."""

    pick: dict[str, Any] = {}
    other: dict[str, Any] = {}


class Listing(AskedFor):
    """People behind a number, and the tag that puts them on a list."""

    pick: dict[str, Any] = {}
    tag: Annotated[str, Field(min_length=1, max_length=80)]


class TableColumn(BaseModel):
    """A column of a table: key, heading, unit (money in minor units, percent a fraction, duration in milliseconds)."""

    name: str
    label: str
    unit: str


class AnswerTable(BaseModel):
    """Numbers of an answer as a table; ``picks`` name the people of each row, ``cells`` those of single columns."""

    name: str
    columns: list[TableColumn]
    rows: list[list[Any]]
    picks: list[dict[str, Any] | None]
    cells: dict[str, list[dict[str, Any] | None]]


class Answered(BaseModel):
    """The answer: numbers as ``result`` (and ``before`` of the comparison) and as tables, with what they are about."""

    first: str
    last: str
    comparison_first: str | None
    comparison_last: str | None
    fresh_until: str | None
    rows: int
    people: int | None
    notes: list[str]
    result: Any
    before: Any
    tables: list[AnswerTable]

    @classmethod
    def of(cls, answer: Answer) -> Answered:
        """The plain form of an answer."""
        received, earlier = answer.freshness.received_at, answer.comparison
        return cls(
            first=answer.period.first.isoformat(),
            last=answer.period.last.isoformat(),
            comparison_first=earlier.first.isoformat() if earlier else None,
            comparison_last=earlier.last.isoformat() if earlier else None,
            fresh_until=received.isoformat() if received else None,
            rows=answer.rows,
            people=answer.people,
            notes=[*answer.notes],
            result=plain(answer.result),
            before=plain(answer.before),
            tables=[
                AnswerTable(
                    name=table.name,
                    columns=[TableColumn(name=one.name, label=one.label, unit=one.unit) for one in table.columns],
                    rows=[plain(row) for row in table.rows],
                    picks=[*table.picks],
                    cells={column: [*picks] for column, picks in table.cells.items()},
                )
                for table in answer.tables
            ],
        )


class Word(BaseModel):
    """A word, and how often it is in the data."""

    name: str
    count: int


class Titled(BaseModel):
    """A name, and what people call it."""

    name: str
    title: str


class MetricWord(Titled):
    """A metric, and what it can be divided by."""

    dimensions: list[str]


class QuestionWords(BaseModel):
    """What a builder can offer: words of the data and of the definitions, columns with their kinds, operators of each kind."""

    events: list[Word]
    properties: list[Word]
    channels: list[Titled]
    sources: dict[str, dict[str, str]]
    operators: dict[str, list[str]]
    fields: dict[str, str]
    tags: list[Titled]
    segments: list[Titled]
    metrics: list[MetricWord]


class People(BaseModel):
    """The people behind a number: how many, and the first of them."""

    count: int
    people: list[str]


class Listed(BaseModel):
    """How many people were put on a list."""

    people: int


@router.get("", dependencies=[CanRead])
def saved(workspace: OfWorkspace) -> list[Saved]:
    """Every saved question."""
    return [
        Saved(name=one.name, title=one.title, owner=one.owner, question=one.spec["question"])
        for one in workspace.questions.list()
    ]


@router.get("/types", dependencies=[CanRead])
def types() -> list[Kind]:
    """Every kind of question, and what it may say."""
    return [
        Kind(type=name, title=one.title, question=one.question.model_json_schema()) for name, one in ANALYSES.items()
    ]


@router.get("/words", dependencies=[CanRead])
def words(workspace: OfWorkspace, locale: Locale = "en") -> QuestionWords:
    """What a builder can offer."""
    found, metrics = workspace.questions.words(), workspace.metrics.catalogue()
    return QuestionWords(
        events=[Word(name=one.name, count=one.count) for one in found.events],
        properties=[Word(name=one.name, count=one.count) for one in found.properties],
        channels=_titled(workspace, "channel", locale),
        sources={source: {**COLUMNS[source]} for source in get_args(Doing)},
        operators={kind: [*operators] for kind, operators in OPERATORS.items()},
        fields={**FIELDS},
        tags=_titled(workspace, "tag", locale),
        segments=_titled(workspace, "segment", locale),
        metrics=[
            MetricWord(name=one.name, title=one.label(locale), dimensions=[*metrics.dimensions(one.name)])
            for one in metrics
        ],
    )


@router.get("/values", dependencies=[CanRead])
def values(workspace: OfWorkspace, source: Doing, column: Annotated[str, Query(max_length=200)]) -> list[Word]:
    """The most frequent values of a column."""
    return [Word(name=one.name, count=one.count) for one in workspace.questions.values(source, column)]


@router.post("/ask", dependencies=[CanRead])
def ask(workspace: OfWorkspace, asked: AskedFor) -> Answered:
    """The answer to a question."""
    return Answered.of(workspace.questions.ask(parse_question(asked.question)))


@router.get("/{name}/answer", dependencies=[CanRead])
def answer(workspace: OfWorkspace, name: Name) -> Answered:
    """The answer to a saved question."""
    return Answered.of(workspace.questions.ask(workspace.questions.saved(name)))


@router.post("/people", dependencies=[Depends(needs("person.read"))])
def people(workspace: OfWorkspace, picked: Picked) -> People:
    """The people behind one number of an answer."""
    found = _persons(workspace, parse_question(picked.question), picked.pick)
    return People(count=len(found), people=[person_id(int(one)) for one in found[: picked.limit]])


@router.post("/differences", dependencies=[Depends(needs("person.read"))])
def differences(workspace: OfWorkspace, compared: Compared) -> list[Difference]:
    """What makes the people of one number different from those of another: who converts, and who does not."""
    question = parse_question(compared.question)
    picks = parse_pick(question, compared.pick), parse_pick(question, compared.other)
    return workspace.questions.differences(question, *picks)


@router.post("/list")
def list_people(
    workspace: OfWorkspace, listing: Listing, actor: Annotated[Actor, Depends(needs("person.mark"))]
) -> Listed:
    """Put the people behind a number on a list: they get a tag that segments and exports can name."""
    found = _persons(workspace, parse_question(listing.question), listing.pick)
    workspace.list_people(found, listing.tag, actor=actor.name)
    return Listed(people=len(found))


def _titled(workspace: Workspace, kind: str, locale: str) -> list[Titled]:
    return [Titled(name=one.name, title=one.label(locale)) for one in workspace.definitions.current(kind).values()]


def _persons(workspace: Workspace, question: Asked, pick: dict[str, Any]) -> Any:
    return workspace.questions.people(question, parse_pick(question, pick))
