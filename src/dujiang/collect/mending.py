"""Rules that mend rejected events, and the steps they take. Pure: an event goes in, another one comes out."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any, Final, Literal

from pydantic import Field, field_validator, model_validator

from dujiang.collect.protocols.common import text
from dujiang.collect.protocols.moments import read_moment
from dujiang.collect.protocols.names import common_name
from dujiang.foundation.definitions import Spec, register
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.money import parse_decimal

_STEPS_MAX: Final = 50
_DEPTH_MAX: Final = 12


class Match(Spec):
    """Which letters a rule is for; what is empty matches all."""

    reason_code: str = ""
    field: str = ""
    source: str = ""
    event: str = ""
    """Event name, in any spelling."""


class Step(Spec):
    """One change of an event."""

    do: Literal["set", "rename", "drop", "cast"]
    at: str = Field(pattern=r"^(/[^/]*)+$")
    """JSON pointer of the field."""
    to: str = ""
    """``rename``: pointer of the new place. ``cast``: text, whole, number, boolean or moment."""
    value: Any = None
    """``set``: what it becomes."""

    @field_validator("at", "to")
    @classmethod
    def _shallow(cls, pointer: str) -> str:
        if pointer.count("/") > _DEPTH_MAX:
            raise InvalidInput("repair.deep", _("this is deeper than {bound} levels"), bound=_DEPTH_MAX)
        return pointer

    @model_validator(mode="after")
    def _complete(self) -> Step:
        if self.do == "rename" and not self.to.startswith("/"):
            raise ValueError(_("rename needs “to”, the pointer of the new place"))
        if self.do == "cast" and self.to not in _CASTS:
            raise InvalidInput("repair.cast", _("cast needs “to”: one of {known}"), known=", ".join(_CASTS))
        return self


class RuleSpec(Spec):
    """How to mend letters of one sort; definition kind ``dead_letter_rule``."""

    match: Match = Match()
    steps: tuple[Step, ...] = Field(min_length=1, max_length=_STEPS_MAX)


register("dead_letter_rule", RuleSpec)


def matches(match: Match, *, reason_code: str, field: str, source: str, event: Any) -> bool:
    """Whether a letter is one that ``match`` is for."""
    wanted = (match.reason_code, reason_code), (match.field, field), (match.source, source)
    return all(not want or want == have for want, have in wanted) and (
        not match.event or common_name(match.event) == event_name(event)
    )


def event_name(event: Any) -> str:
    """The common name of an event as it came; empty where it has none."""
    return common_name(text(event.get("event"))) if isinstance(event, dict) else ""


def mend(event: Any, steps: tuple[Step, ...]) -> Any:
    """The event after all steps; the one given is not changed. A step whose field is not there does nothing.

    Raises:
        InvalidInput: ``mend.cannot_cast``, ``mend.no_place``.

    >>> mend({"properties": {"qty": "2"}}, (Step(do="cast", at="/properties/qty", to="whole"),))
    {'properties': {'qty': 2}}
    """
    mended = deepcopy(event)
    for step in steps:
        _DOING[step.do](mended, step)
    return mended


def _parts(pointer: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _holder(event: Any, pointer: str, *, make: bool) -> tuple[Any, Any] | None:
    """The mapping or list that holds the field, and its key there; None if there is no such place."""
    *way, last = _parts(pointer)
    at = event
    for part in way:
        if make and isinstance(at, dict):
            at.setdefault(part, {})
        found = _key(at, part)
        if found is None:
            return None
        at = at[found]
    if isinstance(at, dict):
        return (at, last) if make or last in at else None
    found = _key(at, last)
    return None if found is None else (at, found)


def _key(holder: Any, part: str) -> Any:
    if isinstance(holder, dict) and part in holder:
        return part
    if isinstance(holder, list) and part.isascii() and part.isdigit() and int(part) < len(holder):
        return int(part)
    return None


def _put(event: Any, pointer: str, value: Any) -> None:
    place = _holder(event, pointer, make=True)
    if place is None:
        sentence = _("The event has no place {pointer}. Correct the rule.")
        raise InvalidInput("mend.no_place", sentence, pointer=pointer)
    place[0][place[1]] = value


def _set(event: Any, step: Step) -> None:
    _put(event, step.at, deepcopy(step.value))


def _rename(event: Any, step: Step) -> None:
    if place := _holder(event, step.at, make=False):
        value = place[0].pop(place[1])
        _put(event, step.to, value)


def _drop(event: Any, step: Step) -> None:
    if place := _holder(event, step.at, make=False):
        place[0].pop(place[1])


def _cast(event: Any, step: Step) -> None:
    place = _holder(event, step.at, make=False)
    if place is None:
        return
    value = place[0][place[1]]
    try:
        place[0][place[1]] = _CASTS[step.to](value)
    except (ValueError, OverflowError, TypeError):
        sentence = _("The value at {pointer} cannot be made a {type}.")
        raise InvalidInput("mend.cannot_cast", sentence, pointer=step.at, type=step.to) from None


def _whole(value: Any) -> int:
    number = parse_decimal(text(value))
    if number is None or number != number.to_integral_value():
        raise ValueError("not whole")
    return int(number)


def _number(value: Any) -> float:
    number = parse_decimal(text(value))
    if number is None:
        raise ValueError("no number")
    return float(number)


def _boolean(value: Any) -> bool:
    words = {"true": True, "yes": True, "1": True, "是": True, "false": False, "no": False, "0": False, "否": False}
    if isinstance(value, bool):
        return value
    if (word := text(value).lower()) not in words:
        raise ValueError("neither")
    return words[word]


def _moment(value: Any) -> str:
    """Text in the forms that people write, besides those that trackers send; without a zone it is UTC."""
    tidy = text(value).replace("年", "-").replace("月", "-").replace("日", "").replace("/", "-")
    moment = read_moment(tidy)
    if moment is None:
        raise ValueError("no moment")
    return moment.isoformat()


_CASTS: Final[dict[str, Callable[[Any], Any]]] = {
    "text": text,
    "whole": _whole,
    "number": _number,
    "boolean": _boolean,
    "moment": _moment,
}
_DOING: Final[dict[str, Callable[[Any, Step], None]]] = {
    "set": _set,
    "rename": _rename,
    "drop": _drop,
    "cast": _cast,
}
