"""A segment in words, as an operations person would say it, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from dujiang.foundation.i18n import _, translate
from dujiang.people.behaviour import Statistic, Window
from dujiang.people.comparison import Comparison, Where
from dujiang.people.conditions import (
    All,
    Any_,
    Behaviour,
    Condition,
    Listed,
    Member,
    Near,
    Not,
    Profile,
    Sample,
    Sequence,
    Step,
    Tagged,
)
from dujiang.people.event_names import EVENT_LABELS

SOURCES: Final = {
    "events": _("events"), "orders": _("orders"), "order_lines": _("items bought"), "visits": _("site visits"),
    "refunds": _("refunds"), "conversations": _("service conversations"),
}  # fmt: skip
FIELD_LABELS: Final = {
    "gender": _("gender"), "birth_year": _("year of birth"), "age": _("age"), "province": _("province"), "city": _("city"),
    "member_level": _("member level"), "points": _("points"), "known": _("known by more than a device"),
    "identifiers": _("number of identifiers"), "channels": _("channels seen in"), "first_channel": _("first channel"),
    "first_day": _("first seen"), "last_day": _("last seen"), "joined_at": _("member since"),
    "added_at": _("contact since"), "orders": _("orders in all"), "paid_minor": _("amount paid in all"),
    "refunded_minor": _("amount refunded in all"), "first_order_day": _("first order"),
    "last_order_day": _("latest order"), "first_order_channel": _("channel of the first order"),
    "order_channels": _("channels bought in"), "visits": _("visits in all"), "events": _("events in all"),
    "tags": _("tags of the sources"),
}  # fmt: skip
AGGREGATES: Final = {
    "count": _("number of {what}"), "sum": _("total {column} of {what}"), "avg": _("average {column} of {what}"),
    "min": _("smallest {column} of {what}"), "max": _("largest {column} of {what}"),
    "first": _("{column} of the first of {what}"), "last": _("{column} of the latest of {what}"),
    "distinct": _("number of different values of {column} in {what}"), "mode": _("most frequent {column} of {what}"),
    "days_since_first": _("days since the first of {what}"), "days_since_last": _("days since the latest of {what}"),
}  # fmt: skip
_OPERATORS: Final = {
    "is": _("{what} is {value}"), "is_not": _("{what} is not {value}"), "among": _("{what} is one of {value}"),
    "not_among": _("{what} is none of {value}"), "at_least": _("{what} is at least {value}"),
    "at_most": _("{what} is at most {value}"), "above": _("{what} is more than {value}"),
    "below": _("{what} is less than {value}"), "between": _("{what} is between {value}"),
    "contains": _("{what} contains {value}"), "begins": _("{what} begins with {value}"),
    "within_days": _("{what} is at most {value} days ago"), "over_days": _("{what} is more than {value} days ago"),
    "includes": _("{what} includes any of {value}"), "excludes": _("{what} includes none of {value}"),
    "known": _("{what} is stated"), "unknown": _("{what} is not stated"),
}  # fmt: skip
_OF_TIMES: Final = {
    "at_least": _("{what} is {value} or later"), "at_most": _("{what} is {value} or earlier"),
    "above": _("{what} is after {value}"), "below": _("{what} is before {value}"),
}  # fmt: skip
_TIMES: Final = ("hour", "weekday", "day")
_WEEKDAYS: Final = dict(enumerate((_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")), 1))
CHANNEL_FIELDS: Final = ("channel", "channels", "first_channel", "first_order_channel", "order_channels")
_COUNTING: Final = ("count", "distinct", "days_since_first", "days_since_last")
"""Aggregates whose value is no value of the column."""
PERIOD_LABELS: Final = {
    "today": _("today"), "yesterday": _("yesterday"), "this_week": _("this week"), "last_week": _("last week"),
    "this_month": _("this month"), "last_month": _("last month"), "this_year": _("this year"),
    "last_year": _("last year"), "618": _("the last 618"), "double11": _("the last Double 11"),
}  # fmt: skip

Label = Callable[[str, str], str]
"""A name as people see it: ``("tag", "rfm_band")`` → its title."""


def sentence(tree: Condition, locale: str, label: Label = lambda _kind, name: name) -> str:
    """``tree`` as one sentence in ``locale``.

    >>> sentence(Not(of=Profile(field="city", value="Hangzhou")), "en")
    'Everybody but people whose city is “Hangzhou”.'
    """
    said = _Words(locale, label)
    if isinstance(tree, Not):
        return said(_("Everybody but people {rest}."), rest=said.tree(tree.of))
    return said(_("People {rest}."), rest=said.tree(tree))


def conditions(tests: tuple[Where, ...], locale: str, label: Label = lambda _kind, name: name) -> str:
    """Conditions on columns, in words.

    >>> conditions((Where(column="city", value="Hangzhou"), Where(column="units", op="above", value=2)), "en")
    'city is “Hangzhou” and units is more than 2'
    """
    return _Words(locale, label).where(tests)


class _Words:
    """One language."""

    def __init__(self, locale: str, label: Label) -> None:
        self._locale, self._label = locale, label

    def __call__(self, text: str, /, **values: Any) -> str:
        return translate(text, self._locale).format(**values)

    def tree(self, one: Condition, *, inner: bool = False) -> str:
        """One node; ``inner`` puts a group between brackets."""
        if isinstance(one, All | Any_):
            joint = self(_(" and ")) if isinstance(one, All) else self(_(" or "))
            text = joint.join(self.tree(part, inner=True) for part in one.of)
            return self(_("({group})"), group=text) if inner and len(one.of) > 1 else text
        if isinstance(one, Not):
            return self(_("not those ({group})"), group=self.tree(one.of))
        makers: dict[Any, Callable[[Any], str]] = {
            Profile: lambda it: self.whose(self(FIELD_LABELS[it.field]), it, it.field),
            Tagged: lambda it: self.whose(self(_("tag “{tag}”"), tag=self._label("tag", it.tag)), it, ""),
            Behaviour: self.behaviour,
            Sequence: self.sequence,
            Member: lambda it: self(_("who are in the segment “{name}”"), name=self._label("segment", it.segment)),
            Sample: lambda it: self(_("who are in a fixed sample of {percent}%"), percent=f"{it.percent:g}"),
            Listed: lambda it: self(_("who are on the list “{name}”"), name=self._label("tag", it.tag)),
            Near: self.near,
        }
        return makers[type(one)](one)

    def whose(self, what: str, one: Comparison, column: str) -> str:
        """A comparison of something that people have."""
        return self(_("whose {compared}"), compared=self.compared(what, one, column))

    def compared(self, what: str, one: Comparison, column: str) -> str:
        """A comparison; bounds of hours and weekdays as moments, not as amounts."""
        values = one.value if isinstance(one.value, tuple | list) else (one.value,)
        joint = self(_(" and ")) if one.op == "between" else self(_(", "))
        operators = _OPERATORS | _OF_TIMES if column in _TIMES else _OPERATORS
        return self(operators[one.op], what=what, value=joint.join(self.value(each, column) for each in values))

    def value(self, value: Any, column: str) -> str:
        """A value; money as money."""
        if isinstance(value, bool):
            return self(_("“{text}”"), text=self(_("yes")) if value else self(_("no")))
        if column == "hour" and isinstance(value, int):
            return f"{value}:00"
        if column == "weekday" and value in _WEEKDAYS:
            return self(_WEEKDAYS[value])
        if isinstance(value, int | float):
            return f"{value / 100:,.2f}" if column.endswith("_minor") else f"{value:,g}"
        if isinstance(value, str):
            return self(_("“{text}”"), text=self.named(value, column))
        return str(value)

    def named(self, value: str, column: str) -> str:
        """A word as people see it: channels by their title, well-known events by what was done."""
        if column == "name" and value in EVENT_LABELS:
            return self(EVENT_LABELS[value])
        return self._label("channel", value) if column in CHANNEL_FIELDS else value

    def behaviour(self, one: Behaviour) -> str:
        """What somebody did: plainly where it is only whether they did it."""
        what = self.doings(one.statistic)
        has, lacks = (_("who have {what}"), _("who have no {what}"))
        if _only_named(one.statistic):
            has, lacks = (_("who did {what}"), _("who did not do {what}"))
        if one.aggregate == "count" and (one.op, one.value) in (("at_least", 1), ("above", 0)):
            return self(has, what=what)
        if one.aggregate == "count" and (one.op, one.value) in (("is", 0), ("at_most", 0), ("below", 1)):
            return self(lacks, what=what)
        stated = self(AGGREGATES[one.aggregate], what=what, column=self.column(one.column))
        return self.whose(stated, one.comparison, "" if one.aggregate in _COUNTING else one.column)

    def doings(self, one: Statistic) -> str:
        """Which doings: source, conditions, days."""
        if _only_named(one):
            return self.value(one.where[0].value, "name") + self.window(one.window)
        what = self(SOURCES[one.source])
        if one.where:
            what = self(_("{what} whose {where}"), what=what, where=self.where(one.where))
        return what + self.window(one.window)

    def where(self, tests: tuple[Where, ...]) -> str:
        """Conditions on columns."""
        return self(_(" and ")).join(self.compared(self.column(one.column), one, one.column) for one in tests)

    def column(self, name: str) -> str:
        """A column in words; a property by its own name."""
        return self(COLUMN_LABELS[name]) if name in COLUMN_LABELS else name.removeprefix("properties.")

    def window(self, one: Window) -> str:
        """On which days; empty where all count."""
        if one.period:
            return self(_(" ({days})"), days=self(PERIOD_LABELS[one.period]))
        if one.days is not None and one.until_days:
            return self(_(" ({days} to {until} days ago)"), days=one.days, until=one.until_days)
        if one.days is not None:
            return self(_(" (today)")) if one.days == 0 else self(_(" (in the last {days} days)"), days=one.days)
        if one.until_days:
            return self(_(" (more than {days} days ago)"), days=one.until_days)
        if one.first and one.last:
            return self(_(" ({first} to {last})"), first=one.first, last=one.last)
        if one.first:
            return self(_(" (since {first})"), first=one.first)
        return self(_(" (until {last})"), last=one.last) if one.last else ""

    def sequence(self, one: Sequence) -> str:
        """Steps."""
        told = self(_(", then ")).join(self.step(step) for step in one.steps)
        if one.within_minutes is not None:
            told += self(_(", each within {time}"), time=self.time(one.within_minutes))
        if one.without:
            told += self(
                _(", without {what} in between"), what=self(_(" or ")).join(self.step(it) for it in one.without)
            )
        return self(_("who did: {steps}"), steps=told) + self.window(one.window)

    def step(self, one: Step) -> str:
        """One step: the bare name of the event where that is all it says."""
        if len(one.where) == 1 and one.where[0].column == "name" and one.where[0].op == "is":
            return self.value(one.where[0].value, "name")
        return self(_("an event whose {where}"), where=self.where(one.where))

    def time(self, minutes: int) -> str:
        """A length of time."""
        if minutes % 1440 == 0:
            return self(_("{n} days"), n=minutes // 1440)
        return self(_("{n} hours"), n=minutes // 60) if minutes % 60 == 0 else self(_("{n} minutes"), n=minutes)

    def near(self, one: Near) -> str:
        """A place."""
        place = f"{one.latitude:g}, {one.longitude:g}"
        return self(_("who were within {km} km of {place}"), km=f"{one.km:g}", place=place) + self.window(one.window)


def _only_named(one: Statistic) -> bool:
    """Whether the bare name of an event is all that is said of the doings."""
    return one.source == "events" and [(it.column, it.op) for it in one.where] == [("name", "is")]


COLUMN_LABELS: Final = {
    "": "", "name": _("name"), "kind": _("kind"), "channel": _("channel"), "source": _("source"), "page": _("page"),
    "page_title": _("page title"), "content_id": _("content"), "referrer": _("referrer"),
    "utm_source": _("campaign source"), "utm_medium": _("campaign medium"), "utm_campaign": _("campaign"),
    "device": _("device"), "dwell_ms": _("time spent"), "scroll_pct": _("scroll depth"), "value_minor": _("amount"),
    "day": _("day"), "hour": _("hour"), "weekday": _("weekday"), "shop": _("shop"), "status": _("status"),
    "gross_minor": _("list price"), "freight_minor": _("freight"), "discount_minor": _("discount"),
    "paid_minor": _("amount paid"), "lines": _("lines"), "units": _("units"), "store": _("store"), "guide": _("guide"),
    "promoter": _("promoter"), "traffic_source": _("traffic source"), "coupon": _("coupon"), "province": _("province"),
    "city": _("city"), "nth": _("number of the order"), "product_id": _("product id"), "sku_id": _("SKU"),
    "product": _("product"), "category": _("category"), "events": _("events"), "pages": _("pages"),
    "entry_page": _("entry page"), "exit_page": _("exit page"), "bounced": _("bounced"),
    "amount_minor": _("amount"), "reason": _("reason"), "agent": _("agent"), "topic": _("topic"),
    "first_response_ms": _("first response"), "resolution_ms": _("time to solution"), "complaint": _("complaint"),
    "rating": _("rating"),
}  # fmt: skip
