"""Facts thrown together: everything that may be missing sometimes is, and much of it is stated more than once."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from engine_kit import Fact, at, conversation, customer, event, line, mark, order, refund, spend, traffic

_RANGES = {"user": 60, "device": 60, "phone": 15, "recycled": 3, "virtual": 3}
_NAMES = tuple(f"{type_}:{number}" for type_, numbers in _RANGES.items() for number in range(1, numbers + 1))
_ORDERS = tuple(f"N{number}" for number in range(40))


class MadeUp:
    """Draws facts; the same from the same seed."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)

    def facts(self, count: int) -> list[Fact]:
        """``count`` facts of all families."""
        makers = (
            self._event,
            self._event,
            self._event,
            self._form,
            self._order,
            self._line,
            self._refund,
            *self._others(),
        )
        return [self._draw.choice(makers)() for _ in range(count)]

    def _others(self) -> tuple[Callable[[], Fact], ...]:
        return self._customer, self._conversation, self._spend, self._traffic, self._consent, self._tag

    def _event(self) -> Fact:
        kind = self._of("page", "page", "track", "identify")
        name = self._of("page_left", "share", "searched", "liked") if kind == "track" else kind
        stated = {
            "page": self._of(None, "/a", "/b", "/茶"),
            "dwell_ms": self._number(),
            "device": self._of(None, "ios"),
        }
        scroll = self._of(None, 0.25, 1 / 3)
        return event(*self._who(), moment=self._moment(), channel=self._channel(), kind=kind, name=name,
                     scroll_pct=scroll, **stated)  # fmt: skip

    def _form(self) -> Fact:
        if self._draw.random() < 0.2:
            return self._told("form_submitted", form=self._of("join", "survey"))
        field = self._draw.randrange(3)
        stated = {"form": self._of("join", "join", "survey"), "field": f"f{field}", "index": field}
        return self._told("form_step", **stated, action=self._of("reached", "filled", "corrected", "refused"))

    def _told(self, name: str, **properties: Any) -> Fact:
        names = {"kind": "track", "name": name, "properties": json.dumps(properties)}
        return event(*self._who(), moment=self._moment(), channel=self._channel(), **names)

    def _order(self) -> Fact:
        place = {"province": self._of(None, "浙江", "福建"), "city": self._of(None, "杭州")}
        paid_at = self._of(None, self._moment())
        return order(self._of(*_ORDERS), *self._who(), moment=self._of(None, self._moment()), paid_at=paid_at,
                     status=self._status(), channel=self._channel(), **self._money(), **place)  # fmt: skip

    def _line(self) -> Fact:
        return line(self._of(*_ORDERS), self._of("1", "2"), *self._who(), moment=self._of(None, self._moment()),
                    status=self._status(), channel=self._channel(), **self._money())  # fmt: skip

    def _refund(self) -> Fact:
        stated = {
            "amount_minor": self._number(),
            "status": self._of(None, "done", "open"),
            "day": self._of(None, self._day()),
        }
        number = self._of(*_ORDERS)
        case = f"{number}-{self._of('1', '2')}"
        return refund(number, case, *self._who(), moment=self._moment(), channel=self._channel(), **stated)

    def _customer(self) -> Fact:
        stated = {
            "gender": self._of(None, "female"),
            "points": self._number(),
            "joined_at": self._of(None, self._moment()),
        }
        tags = self._of(None, [], ["x"], ["y", "x"])
        return customer(self._of("1", "2", "3"), *self._who(), moment=self._moment(), tags=tags, **stated)

    def _conversation(self) -> Fact:
        stated = {"complaint": self._of(None, True, False), "resolved_at": self._of(None, self._moment())}
        moment = self._of(None, self._moment())
        return conversation(self._of("1", "2", "3"), *self._who(), moment=moment, rating=self._number(), **stated)

    def _spend(self) -> Fact:
        stated = {"account": self._of(None, "x"), "clicks": self._number(), "window": self._of("", "15d")}
        return spend(self._of("plan", "material"), self._of("1", "2"), self._day(), cost_minor=self._number(), **stated)

    def _traffic(self) -> Fact:
        level, unit = self._of("shop", "source", "product"), self._of("", "a", "a/b")
        return traffic(level, unit, self._day(), visitors=self._number(), shop=self._of(None, "s"))

    def _consent(self) -> Fact:
        said = {
            "purpose": self._of(None, "marketing"),
            "medium": self._of(None, "sms"),
            "basis": self._of(None, "form"),
        }
        return mark(
            "consent", *self._who(), moment=self._moment(), state=self._of("granted", "withdrawn", "unknown"), **said
        )

    def _tag(self) -> Fact:
        said = {"tag": self._of("x", "y"), "value": self._of(None, "1", "2"), "removed": self._of(None, True, False)}
        return mark("tag", *self._who(), moment=self._moment(), **said)

    def _who(self) -> list[str]:
        return self._draw.sample(_NAMES, self._draw.choice((0, 1, 1, 1, 1, 1, 1, 2)))

    def _moment(self) -> datetime:
        return at(5 * self._draw.randrange(5 * 24 * 12))

    def _day(self) -> date:
        return date(2026, 3, 1) + timedelta(self._draw.randrange(3))

    def _money(self) -> dict[str, Any]:
        return {"paid_minor": self._number(), "refunded_minor": self._number(), "units": self._number()}

    def _number(self) -> int | None:
        return self._draw.choice((None, 0, 1, 5, 1_000_003))

    def _status(self) -> str | None:
        return self._of(None, "valid", "cancelled", "unpaid")

    def _channel(self) -> str:
        return self._of("site", "shop")

    def _of(self, *values: Any) -> Any:
        return self._draw.choice(values)
