"""Journeys: the touches before each conversion, and those of people who did not convert, asked from the engine.

They are joined by the engine, not listed by the pass over timelines (:mod:`dujiang.engine.kernels.touches`), because most
touches are visits and most conversions are orders. Timelines hold neither visits nor the moment an order was made, by which
metrics count it; and to look up what led to all visits ever made, anew after each refresh, takes as long by itself as to join
those of a month.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dujiang.engine.columns import Whole
from dujiang.engine.question import given
from dujiang.insight.attribution import kernels
from dujiang.insight.attribution.model import Codes, Paths, Reals
from dujiang.insight.attribution.question import (
    DIRECT,
    GUIDE,
    NONE,
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

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Journeys:
    """Every journey by itself: first those that converted by person and time, then those that did not by person.

    Attributes:
        keys: what credit goes to, by code.
        offsets: where the touches of each journey begin, and the number of touches at the end.
        code: key of each touch.
        at_ms: when it was, in milliseconds since 1970.
        direct: whether nothing led to it: neither a campaign nor another site.
        person: whose journey it is.
        end_ms: the conversion, or the end of the period.
        value: what each journey brought, in minor units; 0 for those that did not convert.
        converted: how many journeys converted; they stand first.
        own: key that the conversion of each journey names itself, such as the channel an order was made in; -1 for none.
    """

    keys: tuple[str, ...]
    offsets: Whole
    code: Codes
    at_ms: Whole
    direct: Flags
    person: Whole
    end_ms: Whole
    value: Reals
    converted: int
    own: Codes

    @property
    def is_converted(self) -> Flags:
        """Which journeys converted."""
        return np.arange(len(self.person)) < self.converted

    @property
    def lengths(self) -> Whole:
        """Touches of each journey."""
        return np.diff(self.offsets)

    def only(self, chosen: Flags) -> Journeys:
        """The journeys that ``chosen`` names."""
        length = self.lengths[chosen]
        offsets = np.concatenate([[0], np.cumsum(length)]).astype(np.int64)
        rows = np.repeat(self.offsets[:-1][chosen] - offsets[:-1], length) + np.arange(offsets[-1])
        return Journeys(
            self.keys, offsets, self.code[rows], self.at_ms[rows], self.direct[rows], self.person[chosen],
            self.end_ms[chosen], self.value[chosen], int(chosen[: self.converted].sum()), self.own[chosen],
        )  # fmt: skip

    @cached_property
    def sold(self) -> Journeys:
        """Those that converted."""
        count, touches = self.converted, int(self.offsets[self.converted])
        return Journeys(
            self.keys, self.offsets[: count + 1], self.code[:touches], self.at_ms[:touches], self.direct[:touches],
            self.person[:count], self.end_ms[:count], self.value[:count], count, self.own[:count],
        )  # fmt: skip

    def paths(self, *, timed: bool = True) -> Paths:
        """Each journey as a path of its own, with times unless nobody reads them."""
        is_converted = self.is_converted.astype(np.float64)
        before = np.repeat(self.end_ms, self.lengths) - self.at_ms if timed else None
        return Paths(self.offsets, self.code, is_converted, self.value, 1.0 - is_converted, len(self.keys), before)

    @cached_property
    def folded(self) -> Folded:
        """Journeys with the same touches as one path."""
        return folded(self.paths(timed=False), self.direct)


class Folded(NamedTuple):
    """Paths that several journeys share.

    Attributes:
        paths: without times.
        direct: of each touch of the paths.
    """

    paths: Paths
    direct: Flags


def folded(paths: Paths, direct: Flags) -> Folded:
    """Paths with the same touches as one, without times."""
    mark: Any = kernels.marks
    first, which = _alike(mark(paths.offsets, paths.channel, direct))
    length = np.diff(paths.offsets)[first]
    offsets = np.concatenate([[0], np.cumsum(length)]).astype(np.int64)
    rows = np.repeat(paths.offsets[first] - offsets[:-1], length) + np.arange(offsets[-1])
    converted, value, nulls = (
        np.bincount(which, amounts, len(first)).astype(np.float64)
        for amounts in (paths.converted, paths.value, paths.nulls)
    )
    return Folded(Paths(offsets, paths.channel[rows], converted, value, nulls, paths.channels), direct[rows])


def _alike(marks: npt.NDArray[np.uint64]) -> tuple[Whole, Whole]:
    """The first place of each different mark, by rising mark, and for each place which of them it is."""
    kernel: Any = kernels.alike
    first, which = kernel(marks)
    order = np.argsort(marks[first])
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return first[order], rank[which]


def journeys(scene: Scene, question: JourneyQuestion) -> Journeys:
    """The journeys that end in the scene's period.

    A journey that converted has the touches of ``look_back_days`` before its conversion (with ``restart`` only those since
    the conversion before), the touch at its very moment included. Whoever was touched in the last ``look_back_days`` of the
    period and did not convert afterwards has a journey without a conversion. A conversion without any touch has one of
    :data:`~dujiang.insight.attribution.question.NONE`, so that nothing is lost.
    """
    if scene.people is not None:
        given(scene.con, scene.people)
    converted = _Asking(scene, question).converted()
    others = _Asking(scene, question).others()
    rows = pa.concat_tables([converted, others])
    keys, code = _coded(rows["word"], question.keys_max)
    nth = np.concatenate([_whole(converted, "nth"), _whole(others, "nth") + _count(converted)])
    offsets = np.searchsorted(nth, np.arange(_count(converted) + _count(others) + 1)).astype(np.int64)
    start = offsets[:-1]
    own = np.full(len(start), -1, np.int32)
    own[: _count(converted)] = coded_as(converted["own"], keys)[start[: _count(converted)]]
    return Journeys(
        keys,
        offsets,
        code,
        _whole(rows, "touch_ms"),
        np.asarray(rows["direct"].to_numpy(), np.bool_),
        _whole(rows, "person")[start],
        _whole(rows, "end_ms")[start],
        _whole(rows, "worth")[start].astype(np.float64),
        _count(converted),
        own,
    )


@dataclass(frozen=True, eq=False)
class Touched:
    """Who was touched by what in the period, each person once for each key, whether or not a conversion followed.

    Attributes:
        keys: those of the journeys, then others that touched somebody.
        person: by person, then key.
        code: key, by its place in ``keys``; -1 where there are too many keys already.
    """

    keys: tuple[str, ...]
    person: Whole
    code: Codes


def touched(scene: Scene, question: JourneyQuestion, keys: tuple[str, ...]) -> Touched:
    """The people of the scene's period by what touched them by itself; what orders tell of lies in their journeys.

    Args:
        scene: what may be looked at.
        question: which touches count.
        keys: of the journeys; others are added up to ``keys_max``.
    """
    if scene.people is not None:
        given(scene.con, scene.people)
    rows = _Asking(scene, question).touched()
    others = sorted(set(rows["word"].unique().to_pylist()) - {*keys})
    keys = (*keys, *others[: max(question.keys_max - len(keys), 0)])
    return Touched(keys, _whole(rows, "person"), coded_as(rows["word"], keys))


def _count(rows: pa.Table) -> int:
    return int(_whole(rows, "nth")[-1]) + 1 if rows.num_rows else 0


def _whole(rows: pa.Table, name: str) -> Whole:
    return np.asarray(rows[name].to_numpy(), np.int64)


def _coded(words: pa.ChunkedArray, keys_max: int) -> tuple[tuple[str, ...], Codes]:
    """Keys by number of touches, the most touched first, and the code of each word; beyond ``keys_max`` they are others."""
    counts = words.value_counts().to_pylist()
    ranked = sorted(counts, key=lambda one: (-one["counts"], one["values"]))
    keys = [one["values"] for one in ranked]
    if len(keys) > keys_max:
        own = [one for one in keys[: keys_max - 1] if one != OTHER]
        keys = [*own, OTHER]
    return tuple(keys), coded_as(words, tuple(keys))


def coded_as(words: pa.ChunkedArray, keys: tuple[str, ...]) -> Codes:
    """The place of each word in ``keys``; others where others are among them, else -1, as for no word."""
    coded = words.combine_chunks().dictionary_encode()
    place = {word: code for code, word in enumerate(keys)}
    of_word = [place.get(word, place.get(OTHER, -1)) for word in coded.dictionary.to_pylist()]
    return np.array([*of_word, -1], np.int32)[coded.indices.fill_null(len(of_word)).to_numpy()]


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


class _Asking:
    """One question to the engine."""

    def __init__(self, scene: Scene, question: JourneyQuestion) -> None:
        self._scene, self._question, self._binder = scene, question, Binder()
        start, end = scene.period.moments(scene.zone)
        self._as_of = AsOf(end, scene.zone)
        self._start, self._end = self._binder.bind(start), self._binder.bind(end)
        self._look_back = f"to_days({self._binder.bind(question.look_back_days)})"
        self._among = "SEMI JOIN given_persons USING (person)" if scene.people is not None else ""

    def converted(self) -> pa.Table:
        """The touches of journeys that converted; a row without touch where there is none."""
        parts = [
            f"every AS MATERIALIZED ({self._every()})",
            f"""conversion AS MATERIALIZED (SELECT *, row_number() OVER (ORDER BY person, moment, key) - 1 AS nth
                FROM every WHERE moment >= {self._start})""",
            f"touch AS ({self._touches()})",
            f"met AS MATERIALIZED ({self._met()})",
            f"found AS (FROM met UNION ALL {' UNION ALL '.join(self._told())})",
        ]
        text = f"""WITH {", ".join(parts)}
            SELECT nth, person, epoch_ms(moment) AS end_ms, worth, epoch_ms(coalesce(touched, moment)) AS touch_ms,
                coalesce(word, '{NONE}') AS word, coalesce(direct, true) AS direct, {self._own()} AS own
            FROM conversion LEFT JOIN found USING (nth) ORDER BY nth, touch_ms, place, tie, word"""
        return self._binder.question(text).answer(self._scene.con)

    def others(self) -> pa.Table:
        """The touches of journeys that did not convert."""
        parts = [
            f"every AS ({self._every()})",
            f"touch AS ({self._touches()})",
            "latest AS (SELECT person, max(moment) AS moment FROM every GROUP BY person)",
            f"""found AS (SELECT touch.* FROM touch LEFT JOIN latest USING (person)
                WHERE touched >= {self._end} - {self._look_back} AND (moment IS NULL OR touched > moment))""",
            "numbered AS (SELECT person, row_number() OVER (ORDER BY person) - 1 AS nth FROM found GROUP BY person)",
        ]
        text = f"""WITH {", ".join(parts)}
            SELECT nth, person, epoch_ms({self._end}) AS end_ms, CAST(0 AS BIGINT) AS worth, epoch_ms(touched) AS touch_ms,
                word, direct, CAST(NULL AS VARCHAR) AS own
            FROM found JOIN numbered USING (person)
            WHERE {self._start} <= {self._end} ORDER BY nth, touch_ms, place, tie, word"""
        return self._binder.question(text).answer(self._scene.con)

    def touched(self) -> pa.Table:
        """Who was touched by what in the period."""
        text = f"""SELECT DISTINCT person, word FROM ({self._touches()})
            WHERE touched >= {self._start} AND touched < {self._end} AND person IS NOT NULL ORDER BY person, word"""
        return self._binder.question(text).answer(self._scene.con)

    def _own(self) -> str:
        """What the conversion names itself: who sold it. A guide sells at the till, and online only recommends."""
        credit, is_order = self._question.credit, self._question.conversion.source == "orders"
        if credit == "channel":
            return "conversion.channel"
        if credit == "guide" and is_order:
            tills = self._binder.bind([*channel_groups(self._scene.definitions).get("store", ())])
            sold = f"CASE WHEN list_contains({tills}::VARCHAR[], conversion.channel) THEN conversion.guide END"
            return f"coalesce({sold}, '{OTHER}')"
        return "conversion.store" if credit == "store" and is_order else "CAST(NULL AS VARCHAR)"

    def _every(self) -> str:
        """Conversions of the period and the look-back before it, each with the one before of the same person."""
        what = self._question.conversion
        rows = doings_text(what.source, what.where, self._as_of, self._binder)
        if what.source == "orders":
            key, columns = "order_key", "channel, store, guide, promoter, traffic_source"
            worth = f"{self._question.value}_minor"
        else:
            key, columns, worth = "seq", "channel", "value_minor"
        return f"""SELECT person, "at" AS moment, {key} AS key, {columns},
            CAST(greatest(coalesce({worth}, 0), 0) AS BIGINT) AS worth,
            lag("at") OVER (PARTITION BY person ORDER BY "at", {key}) AS earlier
            FROM {rows} {self._among} WHERE "at" >= {self._start} - {self._look_back}"""

    def _touches(self) -> str:
        """Touches that happen by themselves."""
        kinds = enumerate(self._question.touches)
        texts = [self._touch(place, one) for place, one in kinds if one.kind in _AT]
        nothing = f"SELECT 0::BIGINT AS person, {self._start} AS touched, 0 AS place, 0::BIGINT AS tie, '' AS word,"
        return " UNION ALL ".join(texts) or f"{nothing} '' AS channel, false AS direct WHERE false"

    def _touch(self, place: int, touching: Touching) -> str:
        at, tie, unled = _AT[touching.kind]
        rows = doings_text(touching.source, touching.where, self._as_of, self._binder)
        word = _KEYED[touching.kind][self._question.credit]
        return f"""SELECT person, {at} AS touched, {place} AS place, CAST({tie} AS BIGINT) AS tie, {word} AS word, channel,
            {unled} AS direct FROM {rows} {self._among} WHERE {at} >= {self._start} - {self._look_back}"""

    def _met(self) -> str:
        since = "AND (earlier IS NULL OR touched > earlier)" if self._question.restart else ""
        return f"""SELECT nth, touched, place, tie, word, touch.channel, direct FROM conversion JOIN touch USING (person)
            WHERE touched <= moment AND touched >= moment - {self._look_back} {since}"""

    def _told(self) -> list[str]:
        """Touches that the order itself tells of; at its moment, after those that happened by themselves."""
        asked = enumerate(self._question.touches, len(self._question.touches))
        own = [(place, one) for place, one in asked if one.kind not in _AT]
        if self._question.conversion.source != "orders":
            own = []
        return [self._of_order(place, one) for place, one in own] or ["SELECT * FROM met WHERE false"]

    def _of_order(self, place: int, touching: Touching) -> str:
        word = _KEYED[touching.kind][self._question.credit]
        unseen = "nth NOT IN (SELECT nth FROM met JOIN conversion USING (nth) WHERE met.channel = conversion.channel)"
        tests = [_OWN.get(touching.kind, unseen)]
        if touching.where:
            rows = doings_text("orders", touching.where, self._as_of, self._binder)
            tests.append(f"key IN (SELECT order_key FROM {rows})")
        return f"""SELECT nth, moment AS touched, {place} AS place, CAST(0 AS BIGINT) AS tie, {word} AS word, channel,
            {str(touching.kind == "purchase").lower()} AS direct FROM conversion WHERE {" AND ".join(tests)}"""


def persons_of(found: Journeys, chosen: Any) -> Whole:
    """The sorted persons of the journeys that ``chosen`` names."""
    return np.unique(found.person[chosen])
