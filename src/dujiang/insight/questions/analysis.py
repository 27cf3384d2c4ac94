"""What each analysis offers, so that builder, API, command line and dashboards treat all of them alike."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from dujiang.engine.columns import Whole
from dujiang.engine.question import given
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.insight.questions.answer import Table
from dujiang.insight.questions.model import Asked, Pick
from dujiang.insight.questions.scene import Scene

Q = TypeVar("Q", bound=Asked)
P = TypeVar("P", bound=Pick)


@dataclass(frozen=True)
class Found:
    """The numbers of one period.

    Attributes:
        result: of the analysis's own type.
        rows: rows that were looked at.
        people: people they are about; None where the analysis is not about people.
        notes: codes of what a reader has to know.
    """

    result: Any
    rows: int
    people: int | None = None
    notes: tuple[str, ...] = ()


class Analysis(ABC, Generic[Q, P]):
    """One kind of question.

    Attributes:
        title: what it is called.
        question: type of its questions.
        pick: type of what names the people of one of its numbers.
        compares: whether it is asked once more about the days of the comparison; else it compares by itself.
    """

    title: ClassVar[str]
    question: type[Q]
    pick: type[P]
    compares: ClassVar[bool] = True

    @property
    def type(self) -> str:
        """The word in questions."""
        return self.question.model_fields["type"].default

    @abstractmethod
    def answer(self, scene: Scene, question: Q) -> Found:
        """The numbers of the scene's period."""

    @abstractmethod
    def tables(self, question: Q, result: Any, before: Any) -> tuple[Table, ...]:
        """The numbers as tables, the most important first."""

    def people(self, scene: Scene, question: Q, pick: P) -> Whole:  # noqa: ARG002
        """The sorted persons behind one number.

        Raises:
            InvalidInput: ``question.no_people`` where nobody stands behind it.
        """
        raise no_people()


def no_people() -> InvalidInput:
    """Nobody stands behind the number that was picked."""
    return InvalidInput(
        "question.no_people", _("No people stand behind this number: it is not counted person by person.")
    )


def limited(scene: Scene) -> str:
    """What limits a text to the people asked about, who are made known to the connection; empty for everybody."""
    if scene.people is None:
        return ""
    given(scene.con, scene.people)
    return "SEMI JOIN given_persons USING (person)"
