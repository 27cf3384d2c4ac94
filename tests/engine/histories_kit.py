"""Random histories of facts, for tests that hold answers to what computing everything gives."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from engine_kit import at, conversation, customer, event, line, mark, order, refund, spend, traffic
from hypothesis import strategies as st

from dujiang.engine.contract import ALL
from dujiang.engine.duck import Engine
from dujiang.engine.schema import PENDING

_MOMENT = st.integers(0, 5 * 24 * 12).map(lambda step: at(step * 5))
_PEOPLE = ("user:1", "user:2", "phone:1", "phone:2", "recycled:1", "device:1", "device:2", "device:3", "virtual:1")
_WHO = st.lists(st.sampled_from(_PEOPLE), max_size=2, unique=True)
_CHANNEL = st.sampled_from(["site", "shop"])
_AMOUNT = st.none() | st.integers(0, 5)
_STATUS = st.sampled_from([None, "valid", "cancelled", "unpaid"])
_DAY = st.integers(0, 1).map(lambda days: date(2026, 3, 1) + timedelta(days))


@st.composite
def _event(draw: st.DrawFn) -> Any:
    kind = draw(st.sampled_from(["page", "page", "track", "identify"]))
    stated = {"page": draw(st.sampled_from([None, "/a", "/b"])), "dwell_ms": draw(_AMOUNT)}
    name = draw(st.sampled_from(["page_left", "share", "searched"])) if kind == "track" else kind
    return event(*draw(_WHO), moment=draw(_MOMENT), channel=draw(_CHANNEL), kind=kind, **{**stated, "name": name})


@st.composite
def _order(draw: st.DrawFn) -> Any:
    make = draw(st.sampled_from([order, line, refund]))
    number, moment = draw(st.sampled_from("AB")), draw(_MOMENT | st.none())
    stated: dict[str, Any] = {"status": draw(_STATUS), "channel": draw(_CHANNEL)}
    if make is refund:
        stated |= {"status": draw(st.sampled_from(["done", "open"])), "amount_minor": draw(_AMOUNT)}
        return refund(number, draw(st.sampled_from("12")), *draw(_WHO), moment=moment, **stated)
    stated |= {"paid_minor": draw(_AMOUNT), "refunded_minor": draw(_AMOUNT), "units": draw(_AMOUNT)}
    if make is line:
        return line(number, draw(st.sampled_from("12")), *draw(_WHO), moment=moment, **stated)
    stated |= {
        "province": draw(st.sampled_from([None, "Zhejiang", "Fujian"])),
        "city": draw(st.sampled_from([None, "Hangzhou"])),
    }
    return order(number, *draw(_WHO), moment=moment, paid_at=draw(st.none() | _MOMENT), **stated)


@st.composite
def _other(draw: st.DrawFn) -> Any:
    match draw(st.integers(0, 4)):
        case 0:
            stated: dict[str, Any] = {"gender": draw(st.sampled_from([None, "female"])), "points": draw(_AMOUNT)}
            tags = draw(st.none() | st.lists(st.sampled_from("xyz"), max_size=2))
            return customer(draw(st.sampled_from("12")), *draw(_WHO), moment=draw(_MOMENT), tags=tags, **stated)
        case 1:
            stated = {"complaint": draw(st.none() | st.booleans()), "resolved_at": draw(st.none() | _MOMENT)}
            return conversation(draw(st.sampled_from("12")), *draw(_WHO), moment=draw(_MOMENT | st.none()), **stated)
        case 2:
            level, unit, window = (draw(st.sampled_from(one)) for one in (["plan", "material"], "12", ["", "15d"]))
            return spend(
                level,
                unit,
                draw(_DAY),
                window=window,
                cost_minor=draw(_AMOUNT),
                account=draw(st.sampled_from([None, "x"])),
            )
        case 3:
            state = draw(st.sampled_from(["granted", "withdrawn", "unknown"]))
            said = {"purpose": "marketing", "medium": draw(st.sampled_from(["", "sms"])), "state": state}
            tag = {
                "tag": draw(st.sampled_from("xy")),
                "value": draw(st.sampled_from("12")),
                "removed": draw(st.booleans()),
            }
            family = draw(st.sampled_from(["consent", "tag"]))
            return mark(family, *draw(_WHO), moment=draw(_MOMENT), **(said if family == "consent" else tag))
        case _:
            level = draw(st.sampled_from(["shop", "source", "product"]))
            return traffic(level, draw(st.sampled_from(["", "a", "a/b"])), draw(_DAY), visitors=draw(_AMOUNT))


FACTS = st.lists(_event() | _event() | _order() | _other(), min_size=1, max_size=8)


def empty(engine: Engine) -> None:
    """Take every fact and answer away."""
    with engine.write() as con:
        for table in (*ALL, *PENDING, "loaded_part", "identifier_rule", "day_change"):
            con.execute(f"DELETE FROM {table}")
