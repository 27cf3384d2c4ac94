"""Saved questions: the definition kind ``question``."""

from __future__ import annotations

from typing import Any, Final

from pydantic import field_validator

from dujiang.foundation.definitions import Spec, register
from dujiang.insight.questions.model import Asked
from dujiang.insight.questions.registry import parse_question

KIND: Final = "question"


class QuestionSpec(Spec):
    """A question in plain form, so that it is kept as it was written."""

    question: dict[str, Any]

    @field_validator("question")
    @classmethod
    def _sound(cls, plain: dict[str, Any]) -> dict[str, Any]:
        parse_question(plain)
        return plain

    @property
    def asked(self) -> Asked:
        """The question itself."""
        return parse_question(self.question)


register(KIND, QuestionSpec)
