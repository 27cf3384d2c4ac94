"""Rules of value as definitions, and what they say of people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from dujiang.foundation.definitions import NAME, Spec, register
from dujiang.foundation.i18n import _

Dimension = Literal["frequency", "order_value", "interaction"]
DIMENSIONS: Final[tuple[Dimension, ...]] = ("frequency", "order_value", "interaction")
LEAST_BUYERS: Final = 30
"""With fewer, an interval of concentration would pretend to know more than it does."""


class Bands(Spec):
    """How a number is divided: by ``edges``, or into ``quantiles`` bands that hold about as many people each.

    Attributes:
        quantiles: how many bands; equal values are never divided, so that bands may differ in size or be empty.
        edges: rising lower ends of band 2, 3 …; take the place of quantiles.
    """

    quantiles: int = Field(default=5, ge=2, le=10)
    edges: tuple[float, ...] = Field(default=(), max_length=9)

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if any(low >= high for low, high in zip(self.edges, self.edges[1:], strict=False)):
            raise ValueError(_("edges have to rise"))
        return self

    @property
    def count(self) -> int:
        """How many bands."""
        return len(self.edges) + 1 if self.edges else self.quantiles


class RfmSpec(Spec):
    """The definition kind ``rfm`` (name ``default``).

    Attributes:
        window_days: orders of the last so many days count.
        recency: bands of days since the last order; the fewer days, the higher the band (edges are in days, and rise).
        frequency: bands of the number of valid orders.
        money: bands of the amount paid less refunds, in minor units.
    """

    window_days: int = Field(default=365, ge=1, le=3_660)
    recency: Bands = Bands()
    frequency: Bands = Bands()
    money: Bands = Bands()


class Threshold(Spec):
    """From where on a dimension is high: a number, or the value of the best ``top_share`` of those who have any."""

    at_least: float | None = None
    top_share: float | None = Field(default=None, gt=0, lt=1)

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.at_least is None) == (self.top_share is None):
            raise ValueError(_("a threshold has either at_least or top_share"))
        return self


class Layer(Spec):
    """One layer of the matrix: any of the sets of dimensions that have to be high together."""

    name: str = Field(pattern=NAME.pattern)
    title: dict[str, str] = Field(default_factory=dict)
    any_of: tuple[tuple[Dimension, ...], ...] = ()

    def label(self, locale: str) -> str:
        """Its title in ``locale``, else in any language, else its name."""
        return self.title.get(locale) or next(iter(self.title.values()), self.name)


_LAYERS: Final = (
    Layer(name="strategic", title={"zh": "战略用户", "en": "Strategic"}, any_of=(("frequency", "order_value"),)),
    Layer(
        name="potential",
        title={"zh": "潜力用户", "en": "Potential"},
        any_of=(("frequency",), ("order_value",), ("interaction",)),
    ),
    Layer(name="long_tail", title={"zh": "长尾用户", "en": "Long tail"}),
)


class ValueMatrixSpec(Spec):
    """The definition kind ``value_matrix`` (name ``default``): who is worth which attention.

    Everybody who ordered, visited or interacted within the window is in the first layer that fits; the last layer is for
    all others. Nobody else has a layer.

    Attributes:
        window_days: what happened in the last so many days counts.
        frequency: valid orders.
        order_value: average amount paid per order, in minor units.
        interaction: likes, comments, favourites, shares and follows.
    """

    window_days: int = Field(default=365, ge=1, le=3_660)
    frequency: Threshold = Threshold(at_least=3)
    order_value: Threshold = Threshold(top_share=0.3)
    interaction: Threshold = Threshold(top_share=0.3)
    layers: tuple[Layer, ...] = Field(default=_LAYERS, min_length=2, max_length=8)

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        if self.layers[-1].any_of or not all(layer.any_of for layer in self.layers[:-1]):
            raise ValueError(_("every layer but the last says what has to be high, and the last says nothing"))
        if len({layer.name for layer in self.layers}) < len(self.layers):
            raise ValueError(_("two layers have the same name"))
        return self

    def layer(self, name: str) -> Layer | None:
        """The layer called ``name``, if there is one."""
        return next((layer for layer in self.layers if layer.name == name), None)


register("rfm", RfmSpec)
register("value_matrix", ValueMatrixSpec)


@dataclass(frozen=True)
class RfmCell:
    """People of one band of recency and one of frequency, and what they paid within the window."""

    r: int
    f: int
    people: int
    money_minor: int


@dataclass(frozen=True)
class MatrixCell:
    """People for whom the same dimensions are high, and what they paid within the window."""

    layer: str
    high: tuple[Dimension, ...]
    people: int
    money_minor: int


@dataclass(frozen=True)
class Edges:
    """Where bands and thresholds lie in numbers; None where nobody has any."""

    r: tuple[float, ...]
    f: tuple[float, ...]
    m: tuple[float, ...]
    frequency: float | None
    order_value: float | None
    interaction: float | None


@dataclass(frozen=True)
class Estimate:
    """A number with its 95% interval; the interval is None where there are too few people for one."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Concentration:
    """How much of the sales lies with how few buyers.

    Attributes:
        buyers: people with a valid order in the period.
        gmv_minor: what they paid.
        top: share of the sales of the best 1%, 5% and 20%, by that share of people.
        gini: 0 where all paid the same, towards 1 where one paid all.
        curve: the Lorenz curve from above: share of people, best first, and the share of sales that they hold.
        few: fewer than :data:`LEAST_BUYERS` buyers.
    """

    buyers: int
    gmv_minor: int
    top: dict[float, Estimate]
    gini: Estimate | None
    curve: tuple[tuple[float, float], ...]
    few: bool


@dataclass(frozen=True)
class ValuePage:
    """Value as of the end of a day."""

    day: date
    edges: Edges
    rfm: tuple[RfmCell, ...]
    matrix: tuple[MatrixCell, ...]
    rfm_spec: RfmSpec
    matrix_spec: ValueMatrixSpec
