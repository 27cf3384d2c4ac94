"""Scheduled reports: what is sent, when and to whom; the definition kind ``report``.

A report names saved questions or a dashboard. When it is due is told in the brand's time zone, weeks begin on Monday. It goes
to addresses and to *names* of destinations: how a chat bot is reached is a secret, and no definition holds one.

>>> from datetime import UTC
>>> from dujiang.foundation.timewindows import zone
>>> monday = Schedule(every="week", day=1, at="09:00")
>>> monday.last_due(datetime(2026, 11, 25, tzinfo=UTC), zone()).isoformat()
'2026-11-23T01:00:00+00:00'
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from dujiang.foundation.definitions import NAME, Definition, Spec, register
from dujiang.foundation.errors import NotFound
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import bucket_start, day_of, following_start
from dujiang.insight.questions.model import When
from dujiang.insight.questions.registry import parse_question

KIND: Final = "report"
QUESTIONS_MAX: Final = 30
RECIPIENTS_MAX: Final = 50

_TIME: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_ADDRESS: Final = re.compile(r"[^@\s<>\"',;]{1,64}@[^@\s<>\"',;.]+(\.[^@\s<>\"',;.]+)+")
_LOOKS_SECRET: Final = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}|[0-9a-f]{24,}")
"""The keys by which WeCom, Feishu and DingTalk tell chat bots apart: a UUID, or many hexadecimal digits."""


class Schedule(Spec):
    """When a report is due, in the brand's time zone.

    Attributes:
        every: how often.
        day: of the week (1 is Monday) or of the month; in a month that is shorter, its last day. Days have none.
        at: time of the day as HH:MM. What the clock skips comes as much later; what it shows twice counts the first time.
    """

    every: Literal["day", "week", "month"] = "week"
    day: int = Field(default=1, ge=1, le=31)
    at: str = "09:00"

    @field_validator("at", mode="before")
    @classmethod
    def _as_told(cls, value: Any) -> Any:
        # YAML reads an unquoted 10:30 as the number 630.
        return f"{value // 60:02}:{value % 60:02}" if isinstance(value, int) and not isinstance(value, bool) else value

    @field_validator("at")
    @classmethod
    def _is_time(cls, value: str) -> str:
        if not _TIME.fullmatch(value):
            raise ValueError(_("a time of the day is written as HH:MM, such as 09:00"))
        return value

    @model_validator(mode="after")
    def _has_day(self) -> Self:
        if self.every == "week" and self.day > 7:
            raise ValueError(_("a day of the week is 1 (Monday) to 7 (Sunday)"))
        return self

    def last_due(self, now: datetime, zone: ZoneInfo) -> datetime:
        """The last moment up to ``now`` at which it was due."""
        start = bucket_start(day_of(now, zone), self.every)
        due = self._in_bucket(start, zone)
        return due if due <= now else self._in_bucket(bucket_start(start - timedelta(1), self.every), zone)

    def next_due(self, now: datetime, zone: ZoneInfo) -> datetime:
        """The first moment after ``now`` at which it is due."""
        start = bucket_start(day_of(now, zone), self.every)
        due = self._in_bucket(start, zone)
        return due if due > now else self._in_bucket(following_start(start, self.every), zone)

    def dues(self, after: datetime, until: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """Every moment after ``after`` and up to ``until`` at which it was due, in order."""
        due = self.next_due(after, zone)
        while due <= until:
            yield due
            due = self.next_due(due, zone)

    def _in_bucket(self, start: date, zone: ZoneInfo) -> datetime:
        last = following_start(start, self.every) - timedelta(1)
        day = min(start + timedelta(self.day - 1), last)
        return datetime.combine(day, time.fromisoformat(self.at), zone).astimezone(UTC)


class Recipients(Spec):
    """To whom a report goes; to nobody: it is kept to be downloaded.

    Attributes:
        email: addresses.
        wecom: names of chat bots of WeCom; the settings of the channel say how each is reached.
        feishu: the same of Feishu.
        dingtalk: the same of DingTalk.
    """

    email: tuple[str, ...] = Field(default=(), max_length=RECIPIENTS_MAX)
    wecom: tuple[str, ...] = Field(default=(), max_length=RECIPIENTS_MAX)
    feishu: tuple[str, ...] = Field(default=(), max_length=RECIPIENTS_MAX)
    dingtalk: tuple[str, ...] = Field(default=(), max_length=RECIPIENTS_MAX)

    @field_validator("email")
    @classmethod
    def _are_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(len(one) > 254 or not _ADDRESS.fullmatch(one) for one in value):
            raise ValueError(_("an address looks like team@example.com"))
        return value

    @field_validator("wecom", "feishu", "dingtalk")
    @classmethod
    def _are_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        # Never say what was written: where it is refused, it may well be a key.
        if any(not NAME.fullmatch(one) for one in value):
            raise ValueError(
                _("a chat bot is told by its name (small letters, digits, points and dashes), not by an address")
            )
        if any(_LOOKS_SECRET.search(one) for one in value):
            raise ValueError(_("this looks like the key of a chat bot; a definition holds its name only"))
        return value

    @property
    def channels(self) -> dict[str, tuple[str, ...]]:
        """Those of each channel that has any."""
        return {name: found for name in type(self).model_fields if (found := getattr(self, name))}


class ReportSpec(Spec):
    """What a report shows, when it is sent, to whom, and in which language.

    Attributes:
        dashboard: name of a dashboard, all tiles of which are shown.
        questions: names of saved questions, shown in this order, after the dashboard.
    """

    dashboard: str = ""
    questions: tuple[str, ...] = Field(default=(), max_length=QUESTIONS_MAX)
    when: Schedule = Schedule()
    to: Recipients = Recipients()
    language: Literal["zh", "en"] = "zh"

    @model_validator(mode="after")
    def _shows_something(self) -> Self:
        if not self.dashboard and not self.questions:
            raise ValueError(_("a report shows a dashboard, saved questions, or both"))
        if any(not NAME.fullmatch(one) for one in (*self.questions, *filter(None, (self.dashboard,)))):
            raise ValueError(_("dashboard and questions are told by their names"))
        return self


register(KIND, ReportSpec)


@dataclass(frozen=True)
class Report:
    """A report in force."""

    definition: Definition
    spec: ReportSpec

    @property
    def name(self) -> str:
        """The definition's name."""
        return self.definition.name


class Reports:
    """Reads reports.

    Args:
        definitions: those in force.
    """

    def __init__(self, definitions: Callable[[], Mapping[tuple[str, str], Definition]]) -> None:
        self._definitions = definitions

    def list(self) -> list[Report]:
        """Every report that is not retired, by name; only active ones are sent by themselves."""
        found = (one for (kind, _name), one in sorted(self._definitions().items()) if kind == KIND)
        return [_report(one) for one in found if one.status != "retired"]

    def get(self, name: str) -> Report:
        """One report.

        Raises:
            NotFound: ``report.unknown``.
        """
        found = self._definitions().get((KIND, name))
        if found is None or found.status == "retired":
            sentence = _("There is no report “{name}”. The list of reports shows all of them.")
            raise NotFound("report.unknown", sentence, name=name[:80])
        return _report(found)


def dated(plain: Mapping[str, Any], today: date) -> dict[str, Any]:
    """A question in plain form with its days written out as seen from ``today``: a report that comes late keeps its days.

    >>> dated({"type": "metric", "metrics": ["gmv"], "period": {"preset": "yesterday"}}, date(2026, 11, 23))["period"]
    {'first': '2026-11-22', 'last': '2026-11-22'}

    Raises:
        InvalidInput: as :func:`dujiang.insight.questions.registry.parse_question`.
    """
    asked = parse_question(plain)
    period = asked.period.period(today)
    whole = {**plain, "period": {"first": str(period.first), "last": str(period.last)}}
    if isinstance(asked.compare, When):
        against = asked.compare.period(today)
        whole["compare"] = {"first": str(against.first), "last": str(against.last)}
    return whole


def _report(definition: Definition) -> Report:
    return Report(definition, ReportSpec.model_validate(definition.spec))
