"""Whom a segment holds: a tree of conditions, the same in YAML, JSON, the builder and the command line.

>>> tree = parse_condition({"type": "not", "of": {"type": "profile", "field": "city", "value": "杭州"}})
>>> tree.of.field
'city'
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from dujiang.foundation.definitions import NAME, Spec
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.reasons import Reason
from dujiang.people.behaviour import WHERE_MAX, Statistic, Window, column_kind
from dujiang.people.comparison import Comparison, Kind, Where

PARTS_MAX: Final = 20
STEPS_MAX: Final = 5
DEPTH_MAX: Final = 6
LEAVES_MAX: Final = 60
WITHIN_MINUTES_MAX: Final = 366 * 24 * 60

FIELDS: Final[dict[str, Kind]] = {
    "gender": "text", "birth_year": "number", "age": "number", "province": "text", "city": "text",
    "member_level": "text", "points": "number", "known": "yes", "identifiers": "number", "channels": "list",
    "first_channel": "text", "first_day": "day", "last_day": "day", "joined_at": "moment", "added_at": "moment",
    "orders": "number", "paid_minor": "number", "refunded_minor": "number", "first_order_day": "day",
    "last_order_day": "day", "first_order_channel": "text", "order_channels": "list", "visits": "number",
    "events": "number", "tags": "list",
}  # fmt: skip
"""The profile fields that may be compared, and their kinds; money is in minor units, ``tags`` are those of the sources."""


class All(Spec):
    """Every part holds."""

    type: Literal["all"] = "all"
    of: tuple[Condition, ...] = Field(min_length=1, max_length=PARTS_MAX)


class Any_(Spec):  # noqa: N801  (``Any`` is taken)
    """At least one part holds."""

    type: Literal["any"] = "any"
    of: tuple[Condition, ...] = Field(min_length=1, max_length=PARTS_MAX)


class Not(Spec):
    """The part does not hold."""

    type: Literal["not"] = "not"
    of: Condition


class Profile(Comparison):
    """A field of the profile (:data:`FIELDS`)."""

    type: Literal["profile"] = "profile"
    field: str

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.field not in FIELDS:
            sentence = _("there is no field “{field}”; there are {known}")
            raise InvalidInput("condition.field", sentence, field=self.field[:40], known=", ".join(FIELDS))
        self.fits(FIELDS[self.field])
        return self


class Tagged(Comparison):
    """The value of a tag; whether it fits the tag is known where tags are."""

    type: Literal["tag"] = "tag"
    tag: str = Field(pattern=NAME.pattern)


class Behaviour(Statistic):
    """A statistic compared with a number, text or day; unless told otherwise: did it at least once.

    ``op: is, value: 0`` on a count says that somebody did not do it.
    """

    type: Literal["behaviour"] = "behaviour"
    op: Literal[
        "is", "is_not", "among", "not_among", "at_least", "at_most", "above", "below", "between", "contains", "begins",
        "known", "unknown", "within_days", "over_days",
    ] = "at_least"  # fmt: skip
    value: Any = 1

    @model_validator(mode="after")
    def _comparable(self) -> Self:
        self.comparison.fits(self.kind)
        return self

    @property
    def comparison(self) -> Comparison:
        """What the statistic is compared with."""
        return Comparison.model_validate({"op": self.op, "value": self.value})

    @property
    def statistic(self) -> Statistic:
        """The statistic alone, so that conditions that differ only in the comparison share it."""
        return Statistic(
            source=self.source, where=self.where, window=self.window, aggregate=self.aggregate, column=self.column
        )


class Step(Spec):
    """Events that fulfil every condition."""

    where: tuple[Where, ...] = Field(min_length=1, max_length=WHERE_MAX)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        for one in self.where:
            one.fits(column_kind("events", one.column))
        return self


class Sequence(Spec):
    """Steps done one after the other.

    Attributes:
        steps: two to five; each has to come after the one before.
        within_minutes: at most so long after the one before; None for any time.
        without: none of these in between.
        window: on which days all of it has to happen.
    """

    type: Literal["sequence"] = "sequence"
    steps: tuple[Step, ...] = Field(min_length=2, max_length=STEPS_MAX)
    within_minutes: int | None = Field(default=None, ge=1, le=WITHIN_MINUTES_MAX)
    without: tuple[Step, ...] = Field(default=(), max_length=3)
    window: Window = Window()


class Member(Spec):
    """Is in another segment."""

    type: Literal["segment"] = "segment"
    segment: str = Field(pattern=NAME.pattern)


class Sample(Spec):
    """A share of everybody, always the same people for the same ``seed``."""

    type: Literal["sample"] = "sample"
    percent: float = Field(gt=0, lt=100)
    seed: str = Field(default="", max_length=80)


class Listed(Spec):
    """Is on an uploaded list: was given this tag by a file, a call or by hand."""

    type: Literal["list"] = "list"
    tag: str = Field(pattern=NAME.pattern)


class Near(Spec):
    """Was near a place: an event states coordinates at most ``km`` away (properties ``latitude`` and ``longitude``)."""

    type: Literal["near"] = "near"
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    km: float = Field(gt=0, le=1000)
    window: Window = Window()


Condition: TypeAlias = Annotated[
    All | Any_ | Not | Profile | Tagged | Behaviour | Sequence | Member | Sample | Listed | Near,
    Field(discriminator="type"),
]
Leaf: TypeAlias = Profile | Tagged | Behaviour | Sequence | Member | Sample | Listed | Near

for _model in (All, Any_, Not):
    _model.model_rebuild()

_CONDITION: Final[TypeAdapter[Any]] = TypeAdapter(Condition)


def parse_condition(plain: Mapping[str, Any]) -> Condition:
    """A checked tree from its plain form.

    Raises:
        InvalidInput: ``segment.invalid``, naming the field, or one of those of :func:`check_size`.
    """
    try:
        tree = _CONDITION.validate_python(plain)
    except ValidationError as error:
        field = _place(error.errors()[0]["loc"]) or "condition"
        sentence = _("The segment is wrong at {field}: {reason}.")
        raise InvalidInput("segment.invalid", sentence, field=field[:200], reason=Reason.of(error)) from None
    except RecursionError:
        raise _too_deep() from None
    check_size(tree)
    return tree


def _place(parts: tuple[int | str, ...]) -> str:
    """Where in the tree, without the types that a checker puts between a condition and its fields.

    >>> _place(("all", "of", 0, "tag", "tag"))
    'of.0.tag'
    """
    found: list[str] = []
    is_type = True
    for part in parts:
        if is_type and part in _TYPES:
            is_type = False
            continue
        is_type = part == "of" or (isinstance(part, int) and found[-1:] == ["of"])
        found.append(str(part))
    return ".".join(found)


_TYPES: Final = (
    "all", "any", "not", "profile", "tag", "behaviour", "sequence", "segment", "sample", "list", "near",
)  # fmt: skip


def check_size(tree: Condition) -> None:
    """Refuse what costs more than a segment may.

    Raises:
        InvalidInput: ``segment.too_deep`` or ``segment.too_large``.
    """
    if depth(tree) > DEPTH_MAX:
        raise _too_deep()
    found = sum(1 for _leaf in leaves(tree))
    if found > LEAVES_MAX:
        sentence = _("The segment has {found} conditions; at most {bound} are allowed. Make a segment of a part of it.")
        raise InvalidInput("segment.too_large", sentence, found=found, bound=LEAVES_MAX)


def _too_deep() -> InvalidInput:
    sentence = _("The segment has groups inside groups more than {bound} deep. Make a segment of a part of it.")
    return InvalidInput("segment.too_deep", sentence, bound=DEPTH_MAX)


def depth(tree: Condition) -> int:
    """Levels of groups, a single condition being one."""
    if isinstance(tree, All | Any_):
        return 1 + max(depth(part) for part in tree.of)
    return 1 + depth(tree.of) if isinstance(tree, Not) else 1


def leaves(tree: Condition) -> Iterator[Leaf]:
    """Its single conditions, in order."""
    if isinstance(tree, All | Any_):
        for part in tree.of:
            yield from leaves(part)
    elif isinstance(tree, Not):
        yield from leaves(tree.of)
    else:
        yield tree
