"""The question of attribution: which touches count, towards which conversions, and by which models credit is shared out."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from dujiang.foundation.definitions import Spec
from dujiang.foundation.i18n import _
from dujiang.insight.questions.model import Asked, Pick, What
from dujiang.people.behaviour import WHERE_MAX, Source, column_kind
from dujiang.people.comparison import Where

DAYS_MAX: Final = 400
MODELS_MAX: Final = 12
ROUNDS_MAX: Final = 1_000
KEYS_MAX: Final = 200

TouchKind = Literal["visits", "events", "conversations", "guides", "promoters", "purchase"]
Credit = Literal["channel", "origin", "campaign", "content", "guide", "store"]
ModelName = Literal[
    "first", "last", "last_non_direct", "linear", "time_decay", "position", "custom", "markov", "markov_path", "shapley",
    "shapley_rate",
]  # fmt: skip

DIRECT, GUIDE, PROMOTER, SERVICE, OTHER, NONE = ":direct", ":guide", ":promoter", ":service", ":other", ":none"
WORDS: Final[dict[str, str]] = {
    DIRECT: _("Direct"),
    GUIDE: _("Store guide"),
    PROMOTER: _("Promoter"),
    SERVICE: _("Customer service"),
    OTHER: _("Others"),
    NONE: _("No known touch"),
}
"""What credit goes to that has no name of its own."""

MODELS: Final[dict[ModelName, str]] = {
    "first": _("First touch"),
    "last": _("Last touch"),
    "last_non_direct": _("Last non-direct"),
    "linear": _("Linear"),
    "time_decay": _("Time decay"),
    "position": _("Position (U-shape)"),
    "custom": _("Own weights"),
    "markov": _("Markov"),
    "markov_path": _("Markov by path"),
    "shapley": _("Shapley"),
    "shapley_rate": _("Shapley by rate"),
}
_SOURCES: Final[dict[TouchKind, Source]] = {
    "visits": "visits", "events": "events", "conversations": "conversations", "guides": "orders", "promoters": "orders",
    "purchase": "orders",
}  # fmt: skip


class Touching(Spec):
    """Touches that count.

    Attributes:
        kind: ``visits`` to what is tracked; ``events`` that fulfil ``where`` (clicks on advertisements, messages opened,
            links that others shared); ``conversations`` with customer service; ``guides`` and ``promoters``: whoever the
            order itself names as having recommended it; ``purchase``: the channel of the order where nothing else was seen
            of this person in it, as on platforms that say nothing of visits.
        where: conditions on columns of the visits, events, conversations or orders; all of them hold.
    """

    kind: TouchKind
    where: tuple[Where, ...] = Field(default=(), max_length=WHERE_MAX)

    @property
    def source(self) -> Source:
        """What they are read from."""
        return _SOURCES[self.kind]

    @model_validator(mode="after")
    def _sound(self) -> Self:
        for one in self.where:
            one.fits(column_kind(self.source, one.column))
        if self.kind == "events" and not self.where:
            raise ValueError(_("touches of kind events need conditions that say which events"))
        return self


class Model(Spec):
    """A model and what it is told.

    Attributes:
        name: the model.
        half_life_days: of ``time_decay``.
        first: share of the first touch, of ``position``.
        last: share of the last touch, of ``position``.
        order: touches that a state of ``markov`` remembers.
        with_nulls: whether journeys without a conversion count, for ``markov``.
        weights: of ``custom``, by key; keys that are not named weigh 1.
    """

    name: ModelName
    half_life_days: float = Field(default=7.0, gt=0, le=DAYS_MAX)
    first: float = Field(default=0.4, ge=0, le=1)
    last: float = Field(default=0.4, ge=0, le=1)
    order: int = Field(default=1, ge=1, le=4)
    with_nulls: bool = True
    weights: dict[str, Annotated[float, Field(ge=0, le=1e6)]] = Field(default={}, max_length=KEYS_MAX)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.first + self.last > 1:
            raise ValueError(_("first and last are shares; together they are 1 at most"))
        return self


TOUCHES: Final = tuple(Touching(kind=one) for one in ("visits", "conversations", "guides", "promoters", "purchase"))
USUAL: Final = tuple(
    Model(name=one)
    for one in ("first", "last", "last_non_direct", "linear", "time_decay", "position", "markov", "shapley")
)


class JourneyQuestion(Asked):
    """Conversions of the period and the touches before them, whatever is asked about these journeys.

    Attributes:
        conversion: what counts as a conversion; only of people who are known. New customers are orders whose ``nth`` is 1.
        value: what a conversion is worth: ``net`` (paid − given back), ``paid``, or the ``value_minor`` of an event.
        touches: which touches count.
        look_back_days: touches so many days before the conversion count.
        restart: whether only touches since the conversion before count, so that each counts once.
        credit: what credit goes to: the channel of the touch; its origin (``utm_source``, else the site that referred);
            the campaign; the content; or the guide or store who recommended it.
        costs: what was spent in the period by key, in minor units; where nothing is said, advertising of the channel or
            campaign as its reports state it.
        keys_max: most keys that are told apart; smaller ones count as others.
        rounds: resamples behind intervals; 0 for none.
    """

    conversion: What = What(source="orders")
    value: Literal["net", "paid"] = "net"
    touches: tuple[Touching, ...] = Field(default=TOUCHES, min_length=1, max_length=10)
    look_back_days: int = Field(default=30, ge=1, le=DAYS_MAX)
    restart: bool = True
    credit: Credit = "channel"
    costs: dict[str, Annotated[int, Field(ge=0)]] = Field(default={}, max_length=KEYS_MAX)
    keys_max: int = Field(default=40, ge=1, le=KEYS_MAX)
    rounds: int = Field(default=100, ge=0, le=ROUNDS_MAX)

    @model_validator(mode="after")
    def _answerable(self) -> Self:
        if self.conversion.source not in ("orders", "events"):
            raise ValueError(_("a conversion is an order or an event"))
        if 0 < self.rounds < 20:
            raise ValueError(_("intervals need 20 rounds at least, or 0 for none"))
        return self

    def _check_where(self) -> None:
        if self.where:
            raise ValueError(_("touches and conversions carry their own conditions"))

    def _check_by(self) -> None:
        if self.by:
            raise ValueError(_("what credit is divided by is said in `credit`"))


class AttributionQuestion(JourneyQuestion):
    """Conversions of the period, shared out over the touches before them.

    Attributes:
        models: side by side.
    """

    type: Literal["attribution"] = "attribution"
    models: tuple[Model, ...] = Field(default=USUAL, min_length=1, max_length=MODELS_MAX)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({one.name for one in self.models}) < len(self.models):
            raise ValueError(_("each model is named once"))
        return self


class AttributionPick(Pick):
    """People behind a number of attribution.

    Attributes:
        key: who were touched by it; empty for everybody.
        role: touched at all, first, last, or before the last touch only (``assist``).
        path: those of one path; instead of ``key``.
        converted: whether the journeys ended in a conversion.
    """

    key: str = ""
    role: Literal["any", "first", "last", "assist"] = "any"
    path: tuple[str, ...] = Field(default=(), max_length=200)
    converted: bool = True
