"""The journeys' question to the engine: touches and conversions, and what conversions tell of themselves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import numpy as np
import pyarrow as pa

from dujiang.insight.attribution.question import (
    DIRECT,
    GUIDE,
    OTHER,
    PROMOTER,
    SERVICE,
    Credit,
    JourneyQuestion,
    Touching,
    TouchKind,
)
from dujiang.insight.catalogue import channel_groups
from dujiang.insight.questions.scene import Scene
from dujiang.people.behaviour import AsOf
from dujiang.people.bound import Binder
from dujiang.people.counting import doings_text

_HOST: Final = "nullif(regexp_extract(referrer, '^[a-z]+://([^/:?#]+)', 1), '')"
_ORIGIN: Final = f"coalesce(utm_source, {_HOST}, '{DIRECT}')"
_UNLED: Final = "utm_source IS NULL AND utm_medium IS NULL AND utm_campaign IS NULL AND referrer IS NULL"


def _same(word: str, *asked: Credit) -> dict[Credit, str]:
    return dict.fromkeys(asked, f"'{word}'")


_KEYED: Final[dict[TouchKind, dict[Credit, str]]] = {
    "visits": {
        "channel": "channel",
        "origin": _ORIGIN,
        "campaign": f"coalesce(utm_campaign, '{DIRECT}')",
        "content": f"coalesce(entry_page, '{DIRECT}')",
        **_same(OTHER, "guide", "store"),
    },
    "events": {
        "channel": "channel",
        "origin": _ORIGIN,
        "campaign": f"coalesce(utm_campaign, '{DIRECT}')",
        "content": f"coalesce(content_id, page, '{DIRECT}')",
        **_same(OTHER, "guide", "store"),
    },
    "conversations": {
        "channel": "channel",
        **_same(SERVICE, "origin", "campaign", "content"),
        "guide": f"coalesce(agent, '{SERVICE}')",
        **_same(OTHER, "store"),
    },
    "guides": {
        **_same(GUIDE, "channel", "origin", "campaign", "content"),
        "guide": "guide",
        "store": f"coalesce(store, '{OTHER}')",
    },
    "promoters": {
        **_same(PROMOTER, "channel", "origin", "campaign", "content"),
        "guide": "promoter",
        **_same(OTHER, "store"),
    },
    "purchase": {
        "channel": "channel",
        "origin": f"coalesce(traffic_source, '{DIRECT}')",
        **_same(DIRECT, "campaign", "content"),
        **_same(OTHER, "guide"),
        "store": f"coalesce(store, '{OTHER}')",
    },
}
"""What credit goes to for each kind of touch: columns of its source, or a word."""

_AT: Final[dict[TouchKind, tuple[str, str, str]]] = {
    "visits": ("started_at", "0", _UNLED),
    "events": ('"at"', "seq", "false"),
    "conversations": ('"at"', "conversation_key", "false"),
}
"""Of what happens by itself: its moment, what tells those of one moment apart, and whether nothing led to it."""

_OWN: Final[dict[TouchKind, str]] = {"guides": "guide IS NOT NULL", "promoters": "promoter IS NOT NULL"}
"""Of what an order itself says: whether it says so."""


class Asking:
    """One question to the engine. What orders tell of stands behind the touches that happened by themselves.

    Attributes:
        question: what is asked.
        start_us: the period's beginning, in microseconds since 1970.
        end_us: its end, excluded.
        look_back_us: how far a touch may lie before its conversion.
        told: kinds of touches that a conversion tells of itself, in the order of the question.
        is_bare: whether nothing led to each of these; last to a conversion without any touch.
        channel: the column of :meth:`deeds` that says the channel of a touch.
    """

    def __init__(self, scene: Scene, question: JourneyQuestion) -> None:
        self.question = question
        self._scene, self._binder = scene, Binder()
        self._moments = scene.period.moments(scene.zone)
        self.start_us, self.end_us = (int(moment.timestamp()) * 1_000_000 for moment in self._moments)
        self.look_back_us = timedelta(question.look_back_days) // timedelta(microseconds=1)
        own = [one for one in question.touches if one.kind not in _AT]
        self._own = own if question.conversion.source == "orders" else []
        self.told: list[TouchKind] = [one.kind for one in self._own]
        self.is_bare = np.array([*(kind == "purchase" for kind in self.told), True])
        self.channel = "word" if question.credit == "channel" else "channel"
        self._as_of = AsOf(self._moments[1], scene.zone)
        self._among = "SEMI JOIN given_persons USING (person)" if scene.people is not None else ""

    def deeds(self) -> pa.Table:
        """Touches that happened by themselves, and conversions of the period and the look-back before it, in no order.

        The touches of those who did not convert in the period are left out where no journey can have them. Those of one
        person and moment (``at_us``) come by ``place``, ``tie`` and ``word``, conversions first.
        """
        tested = f"""touched >= {self._end} - {self._look_back}
            OR person IN (SELECT person FROM every WHERE moment >= {self._start})"""
        channel, none = ("", "") if self.channel == "word" else (", channel", ", CAST(NULL AS VARCHAR)")
        text = f"""WITH every AS ({self._every()}), touch AS ({self._touches()})
            SELECT person, epoch_us(touched) AS at_us, place, tie, word{channel}, direct FROM touch WHERE {tested}
            UNION ALL
            SELECT person, epoch_us(moment), -1, key, CAST(NULL AS VARCHAR){none}, false FROM every"""
        return self._answer(text)

    def sales(self) -> pa.Table:
        """The conversions of :meth:`deeds`, in their order, with what each of them tells of (``told0`` …)."""
        told = "".join(f", {self._of_order(place, one)} AS told{place}" for place, one in enumerate(self._own))
        text = f"""SELECT worth, conversion.channel AS channel, {self._seller()} AS own{told}
            FROM ({self._every()}) AS conversion {" ".join(self._fulfilling())} ORDER BY person, moment, key"""
        return self._answer(text)

    def touched(self) -> pa.Table:
        """Who was touched by what in the period."""
        text = f"""SELECT DISTINCT person, word FROM ({self._touches()})
            WHERE touched >= {self._start} AND touched < {self._end} AND person IS NOT NULL ORDER BY person, word"""
        return self._answer(text)

    def _answer(self, text: str) -> pa.Table:
        binder, self._binder = self._binder, Binder()
        return binder.question(text).answer(self._scene.con)

    @property
    def _start(self) -> str:
        return self._binder.bind(self._moments[0])

    @property
    def _end(self) -> str:
        return self._binder.bind(self._moments[1])

    @property
    def _look_back(self) -> str:
        return f"to_days({self._binder.bind(self.question.look_back_days)})"

    def _seller(self) -> str:
        """What the conversion names itself: who sold it. A guide sells at the till, and online only recommends."""
        credit, is_order = self.question.credit, self.question.conversion.source == "orders"
        if credit == "channel":
            return "conversion.channel"
        if credit == "guide" and is_order:
            tills = self._binder.bind([*channel_groups(self._scene.definitions).get("store", ())])
            sold = f"CASE WHEN list_contains({tills}::VARCHAR[], conversion.channel) THEN conversion.guide END"
            return f"coalesce({sold}, '{OTHER}')"
        return "conversion.store" if credit == "store" and is_order else "CAST(NULL AS VARCHAR)"

    def _every(self) -> str:
        """Conversions of the period and the look-back before it."""
        what = self.question.conversion
        rows = doings_text(what.source, what.where, self._as_of, self._binder)
        if what.source == "orders":
            key, columns = "order_key", "channel, store, guide, promoter, traffic_source"
            worth = f"{self.question.value}_minor"
        else:
            key, columns, worth = "seq", "channel", "value_minor"
        return f"""SELECT person, "at" AS moment, {key} AS key, {columns},
            CAST(greatest(coalesce({worth}, 0), 0) AS BIGINT) AS worth
            FROM {rows} {self._among} WHERE "at" >= {self._start} - {self._look_back}"""

    def _touches(self) -> str:
        """Touches that happen by themselves."""
        kinds = enumerate(self.question.touches)
        texts = [self._touch(place, one) for place, one in kinds if one.kind in _AT]
        nothing = f"SELECT 0::BIGINT AS person, {self._start} AS touched, 0 AS place, 0::BIGINT AS tie, '' AS word,"
        return " UNION ALL ".join(texts) or f"{nothing} '' AS channel, false AS direct WHERE false"

    def _touch(self, place: int, touching: Touching) -> str:
        at, tie, unled = _AT[touching.kind]
        rows = doings_text(touching.source, touching.where, self._as_of, self._binder)
        word = _KEYED[touching.kind][self.question.credit]
        return f"""SELECT person, {at} AS touched, {place} AS place, CAST({tie} AS BIGINT) AS tie, {word} AS word, channel,
            {unled} AS direct FROM {rows} {self._among} WHERE {at} >= {self._start} - {self._look_back}"""

    def _of_order(self, place: int, touching: Touching) -> str:
        """What the touch is called that a conversion tells of; null where it tells of none."""
        tests = [_OWN.get(touching.kind, "true"), *([f"fulfilling{place}.kept IS NOT NULL"] if touching.where else [])]
        return f"CASE WHEN {' AND '.join(tests)} THEN {_KEYED[touching.kind][self.question.credit]} END"

    def _fulfilling(self) -> Iterator[str]:
        """The orders that fulfil the conditions of touches that conversions tell of, joined to these."""
        for place, one in enumerate(self._own):
            if one.where:
                rows = doings_text("orders", one.where, self._as_of, self._binder)
                yield f"LEFT JOIN (SELECT order_key AS kept FROM {rows}) AS fulfilling{place} ON key = fulfilling{place}.kept"
