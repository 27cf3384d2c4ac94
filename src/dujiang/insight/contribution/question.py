"""The question of contribution: whose journeys, which model shares each conversion out, and which people stand behind it."""

from __future__ import annotations

from datetime import date
from typing import Final, Literal, Self

from pydantic import model_validator

from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.insight.attribution.question import JourneyQuestion, Model, ModelName
from dujiang.insight.questions.model import Pick

BY_JOURNEY: Final[frozenset[ModelName]] = frozenset(
    {"first", "last", "last_non_direct", "linear", "time_decay", "position", "custom", "shapley"}
)
"""Models that share out each journey by itself, so that parts of it can be told apart and periods added up."""

Role = Literal["any", "direct", "assist", "reached"]


class ContributionQuestion(JourneyQuestion):
    """What each key contributed to the conversions of the period: sold itself, helped with, and measured by a test.

    Attributes:
        model: how each conversion is shared out among those who took part. ``shapley``: evenly among the different ones.
            Models that only know averages of all journeys (``markov``, ``shapley_rate``) cannot tell closing from helping.
    """

    type: Literal["contribution"] = "contribution"
    model: Model = Model(name="shapley")

    @model_validator(mode="after")
    def _by_journey(self) -> Self:
        if self.model.name not in BY_JOURNEY:
            sentence = _("the model shares out each conversion by itself; choose one of {known}")
            raise InvalidInput("contribution.model", sentence, known=", ".join(sorted(BY_JOURNEY)))
        return self


class ContributionPick(Pick):
    """People behind a number of contribution.

    Attributes:
        key: whose contribution; empty for everybody with a conversion.
        role: who were ``reached`` by it, converted or not; or whose conversion it took part in (``any``), closed (``direct``)
            or helped another to close (``assist``).
        start: only conversions of the step of the line that begins on this day; needs the question's ``grain``.
    """

    key: str = ""
    role: Role = "any"
    start: date | None = None
