"""Questions about segments: how many, who, since when, how they overlap and differ, and who can be reached."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pyarrow as pa

from dujiang.engine.question import Answers, Persons, Rows, ask, bounded, table
from dujiang.engine.timeline import Timeline
from dujiang.foundation.clock import Clock
from dujiang.foundation.definitions import Definition
from dujiang.foundation.errors import InvalidInput, NotFound
from dujiang.foundation.i18n import _
from dujiang.people.behaviour import AsOf
from dujiang.people.comparison import Kind
from dujiang.people.conditions import All, Any_, Condition, Not
from dujiang.people.model import Profile
from dujiang.people.profile import profile
from dujiang.people.segments.compare import differences, differences_of
from dujiang.people.segments.live import Live
from dujiang.people.segments.model import (
    KIND,
    Comparison,
    Counted,
    Difference,
    Overlap,
    Reach,
    SegmentSpec,
    SegmentSummary,
    SizeDay,
)
from dujiang.people.segments.sentence import sentence
from dujiang.people.segments.tags import TagKinds
from dujiang.people.segments.tree import expanded, trees, users

Key = tuple[str, str]
COMPARED_MAX: Final = 8
MEDIA: Final[dict[str, tuple[str, ...]]] = {
    "sms": ("mobile",), "email": ("email",), "wecom": ("wecom_external_id",),
    "wechat": ("wechat_openid", "wechat_unionid"), "app_push": ("device_id",),
}  # fmt: skip
"""Ways of reaching people, and the types of identifiers that are an address there."""

LIVE_SECONDS_MAX: Final = 30.0

_SAMPLE: Final = """
    SELECT p AS found FROM person AS p SEMI JOIN fulfilling USING (person)
    ORDER BY p.last_at DESC NULLS LAST, p.person LIMIT $limit
"""
_SIZES: Final = "SELECT segment, count(*) FROM segment_member GROUP BY segment"
_MOVES: Final = """
    SELECT segment, count(*) FILTER (WHERE entered), count(*) FILTER (WHERE NOT entered)
    FROM fact_membership WHERE "at" >= $since AND filled IS NOT true GROUP BY segment
"""
_HISTORY: Final = """
    WITH moved AS (
        SELECT day, count(*) FILTER (WHERE entered AND filled IS NOT true) AS entered,
            count(*) FILTER (WHERE NOT entered AND filled IS NOT true) AS gone,
            count(*) FILTER (WHERE entered AND filled) - count(*) FILTER (WHERE NOT entered AND filled) AS redefined
        FROM fact_membership WHERE segment = $segment GROUP BY day
    )
    SELECT day, entered, gone, redefined, CAST(sum(entered - gone + redefined) OVER (ORDER BY day) AS BIGINT) AS people
    FROM moved ORDER BY day
"""
_OVERLAP: Final = """
    SELECT segments, count(*) FROM (
        SELECT person, list(segment ORDER BY segment) AS segments FROM segment_member
        WHERE list_contains($segments, segment) GROUP BY person
    ) GROUP BY segments ORDER BY 2 DESC, segments
"""
_ADDRESSES: Final = """
    SELECT DISTINCT person, split_part(type, '@', 1) AS type FROM person_node
    SEMI JOIN (FROM segment_member WHERE segment = $segment) AS mine USING (person)
    WHERE to_at IS NULL AND role <> 'shared'
"""


class SegmentService:
    """Answers questions about segments.

    Args:
        answers: the engine.
        definitions: every definition in force, retired ones too.
        tags: the tags in force.
        zone: the brand's time zone.
        clock: tells the moment that live counts look from.
        timeline: sorted events, which answer many live counts faster than the engine.
    """

    def __init__(
        self,
        answers: Answers,
        definitions: Callable[[], Mapping[Key, Definition]],
        tags: Callable[[], TagKinds],
        zone: ZoneInfo,
        clock: Clock,
        timeline: Timeline | None = None,
    ) -> None:
        self._answers, self._definitions, self._tags = answers, definitions, tags
        self._zone, self._clock = zone, clock
        self._live = Live(timeline, tags)

    def list(self, locale: str = "en") -> list[SegmentSummary]:
        """Every segment that is not retired, by name."""
        current = self._definitions()
        since = self._clock.now() - timedelta(days=7)
        with bounded(self._answers) as con:
            sizes = dict(con.execute(_SIZES).fetchall())
            moves = {name: (came, went) for name, came, went in con.execute(_MOVES, {"since": since}).fetchall()}
        return [
            self._summary(one, current, sizes, moves, locale)
            for (kind, _name), one in sorted(current.items())
            if kind == KIND and one.status != "retired"
        ]

    def get(self, name: str, locale: str = "en") -> SegmentSummary:
        """One segment.

        Raises:
            NotFound: ``segment.unknown``.
        """
        for one in self.list(locale):
            if one.name == name:
                return one
        raise _unknown(name)

    def tree(self, name: str) -> Condition:
        """The condition of a segment.

        Raises:
            NotFound: ``segment.unknown``.
        """
        definition = self._definitions().get((KIND, name))
        if definition is None or definition.status == "retired":
            raise _unknown(name)
        return SegmentSpec.model_validate(definition.spec).condition

    def count(self, tree: Condition, locale: str = "en", path: tuple[str, ...] = ()) -> Counted:
        """How many people fulfil ``tree`` at this moment, and each of its parts alone.

        Args:
            tree: need not be saved.
            locale: language of the sentence.
            path: the name of the segment that it is to be, so that a circle is found.

        Raises:
            InvalidInput, NotFound: the tree names what is not there, or itself.
            Unavailable: ``engine.too_long``.
        """
        parts = list(_parts(self._whole(tree, path)))
        with bounded(self._answers, LIVE_SECONDS_MAX) as con:
            *counts, everybody = self._live.counts(con, parts, self._as_of())
        return Counted(counts[0], everybody, tuple(counts), self.sentence(tree, locale))

    def sample(self, tree: Condition, limit: int = 10, path: tuple[str, ...] = ()) -> list[Profile]:
        """Some who fulfil ``tree``: the latest seen."""
        whole = self._whole(tree, path)
        with bounded(self._answers, LIVE_SECONDS_MAX) as con:
            con.register("fulfilling", pa.table({"person": self._live.people(con, whole, self._as_of())}))
            rows = con.sql(_SAMPLE, params={"limit": limit}).to_arrow_table().to_pylist()
        return [profile(row["found"]) for row in rows]

    def fulfilling(self, con: duckdb.DuckDBPyConnection, tree: Condition) -> Persons:
        """The sorted persons who fulfil ``tree`` at this moment, seen by ``con``."""
        return self._live.people(con, self._whole(tree, ()), self._as_of())

    def sentence(self, tree: Condition, locale: str) -> str:
        """``tree`` in words, with titles of tags, segments and channels."""
        current = self._definitions()

        def label(kind: str, name: str) -> str:
            known = current.get((kind, name))
            return known.label(locale) if known else name

        return sentence(tree, locale, label)

    def tag_kinds(self) -> Mapping[str, Kind]:
        """The tags that conditions may name, and what they hold."""
        return self._tags().kinds

    def history(self, name: str) -> list[SizeDay]:
        """Days on which anybody came or went or the definition moved people, oldest first, as recorded."""
        with bounded(self._answers) as con:
            rows = con.execute(_HISTORY, {"segment": name}).fetchall()
        return [SizeDay(str(day), *counts) for day, *counts in rows]

    def overlap(self, names: tuple[str, ...]) -> list[Overlap]:
        """People by exactly which of the segments ``names`` they are in, the largest group first.

        Raises:
            InvalidInput: ``segment.too_many_compared``.
        """
        if len(names) > COMPARED_MAX:
            sentence_ = _("At most {bound} segments can be compared at once. Take some away.")
            raise InvalidInput("segment.too_many_compared", sentence_, bound=COMPARED_MAX)
        with bounded(self._answers) as con:
            rows = con.execute(_OVERLAP, {"segments": [*names]}).fetchall()
        return [Overlap(tuple(segments), people) for segments, people in rows]

    def reach(self, name: str) -> list[Reach]:
        """How many members have an address on each channel, and agreed to be written to there."""
        with bounded(self._answers) as con:
            stated = _has(con, "consent")
            return [self._reach(con, name, medium, stated=stated) for medium in MEDIA]

    def differences(self, name: str, other: str = "") -> list[Difference]:
        """What makes the members of ``name`` different from those of ``other`` (empty: from everybody else)."""
        self.tree(name)
        if other:
            self.tree(other)
        with bounded(self._answers) as con:
            return differences(con, name, other, self._tags().kinds)

    def compare(self, one: Rows | Persons, other: Rows | Persons | None = None) -> Comparison:
        """What makes any people different from others (None: from everybody else), whatever put them together."""
        with bounded(self._answers) as con:
            first = _persons(con, one)
            everybody = _persons(con, table("person").select("person")) if other is None else first
            second = np.setdiff1d(everybody, first) if other is None else _persons(con, other)
            found = differences_of(con, first, second, self._tags().kinds)
        both = len(np.intersect1d(first, second))
        return Comparison(len(first), len(second), both, tuple(found))

    def persons(self, people: Rows | Persons) -> Persons:
        """The different persons that a question or a set names, sorted."""
        with bounded(self._answers) as con:
            return _persons(con, people)

    def people(self, name: str) -> Rows:
        """A question with the column ``person``: the members at the last refresh.

        Raises:
            NotFound: ``segment.unknown``.
        """
        self.tree(name)
        rows = table("segment_member")
        return rows.filter(rows.segment == name).select("person")

    def members(self, name: str) -> Iterator[Profile]:
        """Every member, by number."""
        self.tree(name)
        text = (
            "SELECT p FROM person AS p SEMI JOIN (FROM segment_member WHERE segment = $segment) AS m USING (person)"
            " ORDER BY p.person"
        )
        with bounded(self._answers, 600.0) as con:
            for batch in con.sql(text, params={"segment": name}).to_arrow_reader(50_000):
                yield from (profile(row["p"]) for row in batch.to_pylist())

    def _summary(
        self,
        one: Definition,
        current: Mapping[Key, Definition],
        sizes: Mapping[str, int],
        moves: Mapping[str, tuple[int, int]],
        locale: str,
    ) -> SegmentSummary:
        came, went = moves.get(one.name, (0, 0))
        return SegmentSummary(
            name=one.name,
            title=one.title,
            description=one.description,
            owner=one.owner,
            status=one.status,
            people=sizes.get(one.name, 0),
            entered=came,
            left=went,
            sentence=self.sentence(SegmentSpec.model_validate(one.spec).condition, locale),
            used_by=users(one.name, current),
        )

    def _whole(self, tree: Condition, path: tuple[str, ...]) -> Condition:
        return expanded(tree, trees(self._definitions()), path)

    def _as_of(self) -> AsOf:
        return AsOf(self._clock.now(), self._zone)

    def _reach(self, con: duckdb.DuckDBPyConnection, name: str, medium: str, *, stated: bool) -> Reach:
        asked = {"segment": name, "types": [*MEDIA[medium]]}
        here = f"SELECT DISTINCT person FROM ({_ADDRESSES}) WHERE list_contains($types, type)"
        if not stated:
            ((address,),) = con.execute(f"SELECT count(*) FROM ({here})", asked).fetchall()
            return Reach(medium, address, None, 0)
        # What is said of every way counts for each, and the stricter wins.
        said = (
            "SELECT person, bool_or(state = 'withdrawn') AS refused, bool_or(state = 'granted') AS agreed"
            " FROM consent WHERE purpose = 'marketing' AND medium IN ('', $medium) GROUP BY person"
        )
        text = (
            "SELECT count(*), count(*) FILTER (WHERE agreed AND NOT refused), count(*) FILTER (WHERE refused)"
            f" FROM ({here}) LEFT JOIN ({said}) USING (person)"
        )
        ((address, agreed, refused),) = con.execute(text, {**asked, "medium": medium}).fetchall()
        return Reach(medium, address, agreed, refused)


def _parts(tree: Condition) -> Iterator[Condition]:
    yield tree
    if isinstance(tree, All | Any_):
        for part in tree.of:
            yield from _parts(part)
    elif isinstance(tree, Not):
        yield from _parts(tree.of)


def _has(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    question = "SELECT 1 FROM information_schema.tables WHERE table_name = ?"
    return bool(con.execute(question, [table]).fetchall())


def _unknown(name: str) -> NotFound:
    sentence_ = _("There is no segment “{name}”. The list of segments shows all of them.")
    return NotFound("segment.unknown", sentence_, name=name[:80])


def _persons(con: duckdb.DuckDBPyConnection, people: Rows | Persons) -> Persons:
    """The different persons of ``people``, sorted."""
    if isinstance(people, np.ndarray):
        return np.unique(people)
    return np.unique(ask(con, people)["person"].to_numpy())
