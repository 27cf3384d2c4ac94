"""The mapping: how the columns of one kind of export file become facts. Definition kind ``mapping``.

A mapping is data. What it can say is small on purpose: which columns make a field and how they are read, what the
platform's words for an order's state mean, and which columns are left out.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from dujiang.foundation.definitions import Spec, register
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.facts import FAMILIES, Family
from dujiang.foundation.i18n import _

Reading = Literal[
    "text", "id", "yuan", "fen", "count", "number", "moment", "day", "year", "gender", "yes", "window", "seconds",
    "milliseconds", "minutes", "percent", "tags", "province", "city", "path", "sentiment", "sentiment_version",
]  # fmt: skip
DAY: Final = "|day"
Given = Literal["shop", "account", "day", "tag"]

NOT_A_FIELD: Final = frozenset({"key", "content", "seq", "batch", "source", "channel", "received_at", "identifiers"})


def _names(value: Any) -> Any:
    """A comma-separated header line is a list of names."""
    if isinstance(value, str):
        return tuple(name.strip() for name in value.replace("\n", "").split(",") if name.strip())
    return value


Names = Annotated[tuple[str, ...], BeforeValidator(_names)]


class Condition(Spec):
    """Holds for a row whose ``column`` is one of ``is``, contains one of ``contains``, or is filled or negative as said."""

    column: str
    is_: tuple[str, ...] = Field(default=(), alias="is")
    contains: tuple[str, ...] = ()
    sign: Literal["", "negative", "not_negative"] = ""
    filled: bool | None = None


class FieldRule(Spec):
    """Where one field of a fact comes from. Short forms: ``列名`` and ``[列一, 列二]`` mean ``first``.

    Exactly one of ``first``, ``plus``/``minus``, ``times``, ``join``, ``line`` and ``constant`` says what the value is;
    ``given`` steps in where it says nothing, and is put behind a ``constant``.
    """

    first: Names = ()
    """The first of these columns that is filled."""
    plus: Names = ()
    """The sum of these columns, less those of ``minus``; empty cells count as 0, all empty is empty."""
    minus: Names = ()
    times: Names = ()
    """The product of these columns, such as price and quantity."""
    join: Names = ()
    """These columns put together; ``列名|day`` takes only the day of a moment."""
    separator: str = "/"
    line: Names = ()
    """A line number made of these columns; when an order repeats them in the file, counted: ``sku``, ``sku#2``."""
    constant: str = ""
    given: Given | None = None
    """What the person who imports says, or the day in the file's name."""
    reading: Reading | None = Field(default=None, alias="as")
    """How cells are read; by default as the field's type asks."""
    values: dict[str, str] = Field(default_factory=dict)
    """Another word for a cell's text."""
    otherwise: str | None = None
    """The word for every other text; None leaves them as they are."""
    when: Condition | None = None
    """Only in these rows."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        sources = (self.first, self.plus or self.minus, self.times, self.join, self.line, self.constant)
        said = [one for one in sources if one]
        if len(said) > 1 or not (said or self.given):
            raise ValueError(_("say exactly one of first, plus, times, join, line, constant or given"))
        return self

    def columns(self) -> tuple[str, ...]:
        """Every column that the rule reads."""
        parts = (part.removesuffix(DAY) for part in (*self.join, *self.line))
        own = (*self.first, *self.plus, *self.minus, *self.times, *parts)
        return (*own, self.when.column) if self.when else own


def _rule(value: Any) -> Any:
    return {"first": value} if isinstance(value, str | list | tuple) else value


Rule = Annotated[FieldRule, BeforeValidator(_rule)]


class IdentifierRule(Spec):
    """A column that says whom a row is about."""

    column: str
    type: str
    """Identifier type, such as ``taobao_buyer``; with ``@app`` the scope is the app named at import."""
    split: bool = False
    """The cell may hold several, separated by commas or semicolons."""


class RecordRule(Spec):
    """Columns that describe the person beyond identifiers. They are kept in the vault alone, encrypted under the person's
    key, to find records of one person that no identifier connects; archive and engine never hold them."""

    name: Names = ()
    """The first of these columns that holds a name. A row without one is no record of a person."""
    address: Names = ()
    """Columns that together make the address, from the largest part to the smallest."""
    birthday: Names = ()
    gender: Names = ()

    def columns(self) -> tuple[str, ...]:
        """Every column that the rule reads."""
        return (*self.name, *self.address, *self.birthday, *self.gender)


class StatusRule(Spec):
    """What an order's state means: ``valid`` was paid whatever came later; ``cancelled`` closed and never paid.

    Evidence of payment comes first, then the words. Where neither says anything the order is ``otherwise``.
    """

    columns: Names = ()
    """The platform's word: the first of these columns that is filled."""
    paid: Names = ()
    """Columns that are filled, and not zero, only for an order that was paid."""
    valid: tuple[str, ...] = ()
    """Words (parts of the platform's text) beside the usual ones."""
    unpaid: tuple[str, ...] = ()
    cancelled: tuple[str, ...] = ()
    refund_columns: Names = ()
    """After-sale columns in which a finished refund proves that the order was paid."""
    otherwise: Literal["valid", "unpaid", "cancelled"] = "unpaid"


class Output(Spec):
    """Facts of one family that each row gives."""

    family: Family
    fields: dict[str, Rule]
    identifiers: tuple[IdentifierRule, ...] = ()
    record: RecordRule | None = None
    when: Condition | None = None
    split: str = ""
    """Column that may hold several line numbers joined by ``;``: each is a line, the first carries the amounts."""
    split_with: Names = ()
    """Columns that are joined in the same way, such as product names."""
    fallback: Names = ()
    """Columns that tell apart records without any identifier; kept only as a keyed hash."""
    rest: bool = True
    """Whether the columns that nothing uses are kept with these facts, as properties."""

    @model_validator(mode="after")
    def _fields_of_family(self) -> Self:
        known = set(FAMILIES[self.family].names) - NOT_A_FIELD
        if unknown := sorted(set(self.fields) - known):
            raise InvalidInput(
                "mapping.field", _("{family} has no field {field}"), family=self.family, field=unknown[0]
            )
        return self


class Match(Spec):
    """How files of this kind are recognised."""

    required: Names
    """Columns without which the file cannot be read by this mapping."""
    any_of: tuple[Names, ...] = ()
    """Of each of these groups at least one column has to be there."""
    absent: Names = ()
    """Columns that show that the file is of another kind."""
    header: Names = ()
    """The columns of the real export, as far as known."""
    minimum: int = Field(default=5, ge=1)
    """How many known columns a file has to have at least."""
    files: tuple[str, ...] = ()
    """Patterns of file names, such as ``ExportOrderList*``."""


class MappingSpec(Spec):
    """One kind of export file."""

    platform: str = ""
    channel: str = ""
    """Channel that its facts usually belong to."""
    group: Literal["orders", "refunds", "settlement", "spend", "traffic", "customers", "activity", "service", "totals"]
    version: str = ""
    """When the form was seen last: year, or year and month."""
    known: Literal["confirmed", "partly", "own"] = "own"
    """How well the form is known; ``own`` is Dujiang's own template or a user's."""
    encoding: str = ""
    """Encoding where it is not UTF-8 or gb18030."""
    match: Match
    aliases: dict[str, Names] = Field(default_factory=dict)
    """Other names of a column, by the name used here."""
    grain: Literal["order", "item", "row"] = "row"
    """What a row is. With ``item`` the order's facts of neighbouring rows are put together."""
    status: StatusRule | None = None
    outputs: tuple[Output, ...] = Field(min_length=1)
    drop: Names = ()
    """Columns that are never kept, beside those that look like personal data."""
    keep: Names = ()
    """Columns that are kept although their name looks like personal data."""
    ratios: bool = False
    """Leave out columns that are ratios or averages (rate, ROI, cost per …): they are computed again, never summed."""

    @model_validator(mode="after")
    def _status_where_needed(self) -> Self:
        for output in self.outputs:
            if output.family == "order" and not self.status and "status" not in output.fields:
                raise ValueError(_("an order needs a status: say what the platform's words mean under status"))
        return self

    def columns(self) -> tuple[str, ...]:
        """Every column that the mapping knows, each once: those of the real header first."""
        names = [*self.match.header, *self.match.required, *(name for group in self.match.any_of for name in group)]
        for output in self.outputs:
            names += [name for rule in output.fields.values() for name in rule.columns()]
            names += [one.column for one in output.identifiers]
            names += output.record.columns() if output.record else ()
        if self.status:
            names += [*self.status.columns, *self.status.paid, *self.status.refund_columns]
        return tuple(dict.fromkeys(names))


register("mapping", MappingSpec)
