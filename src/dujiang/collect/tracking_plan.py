"""The tracking plan: what a brand agreed its trackers should send, and what happens to events that do not keep to it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal, NamedTuple

from pydantic import Field, field_validator

from dujiang.collect.protocols.moments import read_moment
from dujiang.collect.protocols.names import common_name
from dujiang.foundation.definitions import Spec, register
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _

Action = Literal["accept", "flag", "reject"]
Type = Literal["text", "whole", "number", "boolean", "moment", "list", "object"]

_TEXT_MATCHED_MAX: Final = 4_096
"""Longer texts fail a pattern unread, so that no pattern can be made slow from outside."""


class PropertyRule(Spec):
    """What one property has to be."""

    type: Type | None = None
    required: bool = False
    pattern: str = ""
    """Regular expression that the whole text has to match."""
    allowed: tuple[str | int | float | bool, ...] = ()
    """Values that it may have; empty for any."""
    minimum: float | None = None
    maximum: float | None = None
    description: str = ""

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise InvalidInput("pattern.wrong", _("not a regular expression: {reason}"), reason=error) from None
        return pattern


class EventRule(Spec):
    """What one event has to carry."""

    properties: dict[str, PropertyRule] = Field(default_factory=dict)
    on_violation: Action | None = None
    """None: as the plan says."""
    description: str = ""


class TrackingPlanSpec(Spec):
    """The rules of a source's events; definition kind ``tracking_plan``."""

    events: dict[str, EventRule] = Field(default_factory=dict)
    """By event name, in any spelling."""
    on_violation: Action = "flag"
    unknown_events: Action = "accept"
    """What happens to events that the plan does not name. Calls without a name of their own (identify …) are never unknown."""


register("tracking_plan", TrackingPlanSpec)


class Violation(NamedTuple):
    """One thing that is not as agreed: the property (empty for the event itself) and a code."""

    property: str
    code: str

    def __str__(self) -> str:
        return f"{self.property}:{self.code}" if self.property else self.code


class Verdict(NamedTuple):
    """What a plan says of an event."""

    action: Action
    violations: tuple[Violation, ...]


ACCEPTED: Final = Verdict("accept", ())


@dataclass(frozen=True)
class TrackingPlan:
    """A plan ready for use."""

    spec: TrackingPlanSpec

    @cached_property
    def _events(self) -> dict[str, EventRule]:
        return {common_name(name): rule for name, rule in self.spec.events.items()}

    def check(self, name: str, properties: Mapping[str, Any], *, named: bool = True) -> Verdict:
        """Hold an event against the plan.

        Args:
            name: its common name.
            properties: as sent, before anything personal is taken out.
            named: the call gave the name itself; page views and the like are never unknown.

        >>> plan = TrackingPlan(TrackingPlanSpec.model_validate(
        ...     {"events": {"Order Paid": {"properties": {"units": {"type": "whole", "required": True, "minimum": 1}}}}}))
        >>> plan.check("order_paid", {"units": 0})
        Verdict(action='flag', violations=(Violation(property='units', code='below_minimum'),))
        """
        rule = self._events.get(name)
        if rule is None:
            action = self.spec.unknown_events if named else "accept"
            return ACCEPTED if action == "accept" else Verdict(action, (Violation("", "unknown_event"),))
        found = tuple(
            Violation(key, code)
            for key, wanted in rule.properties.items()
            if (code := _violation(wanted, properties.get(key))) is not None
        )
        return Verdict(rule.on_violation or self.spec.on_violation, found) if found else ACCEPTED


def _violation(rule: PropertyRule, value: Any) -> str | None:
    if value is None or value == "":
        return "missing" if rule.required else None
    if rule.type is not None and not _has_type(rule.type, value):
        return "wrong_type"
    if rule.allowed and not any(_same(value, one) for one in rule.allowed):
        return "not_allowed"
    if rule.pattern and not (len(shown := str(value)) <= _TEXT_MATCHED_MAX and re.fullmatch(rule.pattern, shown)):
        return "pattern"
    return _out_of_range(rule, value)


def _out_of_range(rule: PropertyRule, value: Any) -> str | None:
    if rule.minimum is None and rule.maximum is None:
        return None
    size = value if isinstance(value, int | float) else len(value)
    if rule.minimum is not None and size < rule.minimum:
        return "below_minimum"
    return "above_maximum" if rule.maximum is not None and size > rule.maximum else None


def _has_type(wanted: Type, value: Any) -> bool:
    if wanted == "moment":
        return _is_moment(value)
    if isinstance(value, bool):
        return wanted == "boolean"
    if wanted == "whole":
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    kinds: dict[str, Any] = {"text": str, "number": int | float, "boolean": bool, "list": list, "object": dict}
    return isinstance(value, kinds[wanted])


def _is_moment(value: Any) -> bool:
    try:
        return read_moment(value) is not None
    except (ValueError, OverflowError):
        return False


def _same(value: Any, allowed: object) -> bool:
    return value == allowed and isinstance(value, bool) == isinstance(allowed, bool)
