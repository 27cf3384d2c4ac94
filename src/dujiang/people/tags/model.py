"""What a tag is: definition kind ``tag``.

A tag is one value for each person: a statistic of what they did, a field of their profile, arithmetic over other tags, a rule
over other tags, a model's output, or what was put on them from outside.
"""

from __future__ import annotations

from typing import Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from dujiang.foundation.definitions import Spec, register
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.expression import parse
from dujiang.foundation.i18n import _
from dujiang.people.behaviour import Statistic
from dujiang.people.comparison import Comparison, Kind, Scalar
from dujiang.people.tags.fields import FIELDS
from dujiang.people.tags.outputs import OUTPUTS

KIND: Final = "tag"
Source = Literal["statistic", "field", "formula", "rule", "model", "given"]
Value = Literal["yes", "number", "money", "percent", "day", "text", "list"]
Group = Literal[
    "value", "recency", "frequency", "category", "price", "channel", "content", "community", "service", "lifecycle",
    "promotion", "place", "device", "referral", "returns", "time", "reach", "profile", "relation", "prediction", "brand",
]  # fmt: skip

KINDS: Final[dict[Value, Kind]] = {
    "yes": "yes", "number": "number", "money": "number", "percent": "number", "day": "day", "text": "text", "list": "list",
}  # fmt: skip
"""How each type of value is compared."""
CASES_MAX: Final = 30
TESTS_MAX: Final = 10


class TagTest(Comparison):
    """A comparison with the value of another tag."""

    tag: str


class Case(Spec):
    """``value`` for whoever fulfils every test in ``when``."""

    when: tuple[TagTest, ...] = Field(min_length=1, max_length=TESTS_MAX)
    value: Scalar


class ModelOutput(Spec):
    """What a model says of each person.

    Attributes:
        model: one of :data:`~dujiang.people.tags.outputs.OUTPUTS`.
        column: the value itself, or an end of its interval; nothing where there is no interval.
    """

    model: str
    column: Literal["value", "low", "high"] = "value"

    @field_validator("model")
    @classmethod
    def _known(cls, model: str) -> str:
        if model not in OUTPUTS:
            sentence = _("no model says “{name}”; there are {known}")
            raise InvalidInput("tag.model", sentence, name=model[:40], known=", ".join(OUTPUTS))
        return model


class TagSpec(Spec):
    """How one tag comes about.

    Attributes:
        type: where its value comes from; the attribute of that name says how (``given`` needs none: it is what files, calls
            and people put on somebody under the tag's name).
        group: subject, and with it the room that answers for it.
        value: type of the value; money is in minor units, a percent is a fraction.
        unit: of a number: ``days``, ``times`` …
        expression: arithmetic over other tags: names, numbers, ``+ - * /`` and brackets; undefined where one of them is, or
            a divisor is 0.
        cases: the first case that holds decides; ``otherwise`` is for everybody else.
        one_of: the values that a text may have; empty for any.
    """

    type: Source
    group: Group = "brand"
    value: Value = "number"
    unit: str = Field(default="", max_length=40)
    statistic: Statistic | None = None
    field: str = ""
    expression: str = ""
    cases: tuple[Case, ...] = Field(default=(), max_length=CASES_MAX)
    otherwise: Scalar | None = None
    model: ModelOutput | None = None
    one_of: tuple[str, ...] = Field(default=(), max_length=100)

    @model_validator(mode="after")
    def _says_how(self) -> Self:
        said = {
            "statistic": self.statistic, "field": self.field, "formula": self.expression, "rule": self.cases,
            "model": self.model,
        }  # fmt: skip
        wrong = [name for name, value in said.items() if bool(value) != (name == self.type)]
        if wrong:
            sentence = _("a tag of type {type} is described by that alone; look at {key}")
            raise InvalidInput("tag.described", sentence, type=self.type, key=wrong[0])
        if self.type == "field" and self.field not in FIELDS:
            sentence = _("there is no field “{field}”; there are {known}")
            raise InvalidInput("condition.field", sentence, field=self.field[:40], known=", ".join(FIELDS))
        if self.type == "formula":
            self.names()
        self._fitting()
        return self

    def names(self) -> tuple[str, ...]:
        """The tags that it is made of, each once."""
        if self.type == "formula":
            try:
                return tuple(dict.fromkeys(parse(self.expression).names()))
            except InvalidInput:
                raise ValueError(_("use names of tags, numbers, + - * / and brackets")) from None
        return tuple(dict.fromkeys(test.tag for case in self.cases for test in case.when))

    @property
    def kind(self) -> Kind:
        """How its value is compared."""
        return KINDS[self.value]

    def _fitting(self) -> None:
        made: Kind | None = None
        if self.statistic is not None:
            made = self.statistic.kind
        elif self.field:
            made = FIELDS[self.field].kind
        elif self.model is not None:
            made = OUTPUTS[self.model.model].kind
        elif self.type == "formula":
            made = "number"
        if made and made != self.kind and not (made == "number" and self.value == "yes") and made != "any":
            sentence = _("its value is of the kind {made}, which is no {value}")
            raise InvalidInput("tag.value", sentence, made=made, value=self.value)
        for one in (*(case.value for case in self.cases), self.otherwise):
            if one is not None:
                Comparison(op="includes" if self.value == "list" else "is", value=one).fits(self.kind)


register(KIND, TagSpec)
