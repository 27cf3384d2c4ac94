"""Timelines as questions see them: which rows are of which kinds, and what any column of the engine says of each row.

Names, channels, pages and moments lie in the timelines themselves. Any other column is asked of the engine once for each of its
states, and remembered (:meth:`View.said`): a condition is then asked of its different words alone (:meth:`View.choice`). Where
nearly every row says something else, the engine says which rows fulfil the condition (:meth:`View.mask`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dujiang.engine.columns import OTHERS, Columns
from dujiang.engine.contract import ALL
from dujiang.engine.kernels.steps import EVENTS, Flags, Lookup, Steps, Where, chosen, looked_up, masked, stepped
from dujiang.engine.question import compiled, mark
from dujiang.engine.remembered import Said
from dujiang.engine.timeline import Timeline
from dujiang.foundation.errors import InvalidInput, NotFound
from dujiang.foundation.i18n import _

THREADS: Final = 2
KINDS_MAX: Final = 32
WORDS_MAX: Final = 1_000_000
"""Different words of a column that can be told apart; more are nothing to break down by."""
EVER: Final = np.iinfo(np.int64)

Table = Literal["fact_event", "orders", "refunds", "conversation"]
_KEYS: Final[dict[Table, tuple[str, int]]] = {
    "fact_event": ("seq", EVENTS),
    "orders": ("order_key", OTHERS["@order"]),
    "refunds": ("refund_key", OTHERS["@refund"]),
    "conversation": ("conversation_key", OTHERS["@conversation"]),
}
"""The column that ``seq`` of a row repeats, and the code that stands in place of an event's name."""
_PROPERTY: Final = "properties."
Done = TypeVar("Done")


@dataclass(frozen=True, eq=False)
class Mask:
    """The rows of one table that fulfil a condition.

    Attributes:
        table: whose rows it decides about; rows of others pass.
        rows: keys of those that fulfil it.
    """

    table: Table
    rows: Lookup


@dataclass(frozen=True, eq=False)
class Choice:
    """The rows of one table of which a column says something that was chosen.

    Attributes:
        table: whose rows it decides about; rows of others pass.
        said: what the column says.
        flags: by code whether it is chosen; whether rows are of which it says nothing stands last.
    """

    table: Table
    said: Said
    flags: Flags


@dataclass(frozen=True, eq=False)
class Kind:
    """Which rows are of one kind: all that is given has to hold.

    Attributes:
        names: by code of the name, laid out as :meth:`View.words`; None for every event, and nothing that is none.
        channels: by code of the channel; None for every one.
        pages: by code of the page; None for every one and for none.
        choices: conditions on other columns.
        masks: conditions on columns that say too many different things, at most one for each table.
        from_ms: not before this moment, in milliseconds since 1970.
        to_ms: before this moment.
    """

    names: Flags | None = None
    channels: Flags | None = None
    pages: Flags | None = None
    choices: tuple[Choice, ...] = ()
    masks: tuple[Mask, ...] = ()
    from_ms: int = int(EVER.min)
    to_ms: int = int(EVER.max)


@dataclass(frozen=True, eq=False)
class Coded:
    """What a column says of each row, as codes.

    Attributes:
        parts: codes by part of the view and by row, as whole numbers of some size; -1 where the column says nothing.
        words: the word of each code. Negative codes find theirs from the end, the last is None.
    """

    parts: list[npt.NDArray[Any]]
    words: list[str | None]


class View:
    """The rows of one state of the engine.

    Args:
        timeline: what they are read from; it has to show the state that ``con`` sees (see :meth:`of`).
        con: where conditions and columns are asked that timelines do not hold.
        threads: parts that are passed over at the same time.

    Attributes:
        parts: the rows, as :meth:`dujiang.engine.timeline.Timeline.columns` gives them.
        mark: of the state.
    """

    def __init__(self, timeline: Timeline, con: duckdb.DuckDBPyConnection, threads: int = THREADS) -> None:
        self.mark, self._codes = timeline.mark, timeline.codes
        self.parts: list[Columns] = timeline.columns()
        self._con, self._threads, self._remembered = con, threads, timeline.remembered
        self._words: dict[str, list[str | None]] = {
            "name": self._codes.names,
            "channel": [*self._codes.channels, None],
        }
        if self._codes.pages is not None:
            self._words["page"] = [*self._codes.pages, None]

    @classmethod
    def of(cls, timeline: Timeline, con: duckdb.DuckDBPyConnection, threads: int = THREADS) -> View | None:
        """The rows of the state that ``con`` sees; None while ``timeline`` shows another, or the engine has none."""
        asked = mark(con)
        view = cls(timeline, con, threads)
        # Marks never come back: the same one before and after means that nothing changed in between.
        return view if asked and view.mark == asked and timeline.mark == asked else None

    def words(self, column: str) -> list[str | None]:
        """The words of the codes of ``name``, ``channel`` or ``page``; None stands last.

        Names end with those of :data:`dujiang.engine.columns.OTHERS`, so that negative codes find theirs from the end.

        Raises:
            NotFound: ``timeline.no_codes`` if there are no codes of this column: for pages, where too many differ.
        """
        if column not in self._words:
            raise NotFound("timeline.no_codes", _("Timelines have no codes of {column}."), column=column)
        return self._words[column]

    def among(self, column: str, words: Collection[str | None]) -> Flags:
        """Which codes of ``column`` stand for one of ``words``; words that nothing stands for are passed over."""
        wanted = set(words)
        return np.array([word in wanted for word in self.words(column)], np.bool_)

    def bits(self, kinds: Sequence[Kind]) -> list[Steps]:
        """For each part and row its kinds: the bit ``1 << k`` where it is of ``kinds[k]``.

        Rows that no longer hold are of no kind, so that whoever reads bits needs to know nothing of them.

        Raises:
            InvalidInput: ``timeline.too_many_kinds`` if there are more than :data:`KINDS_MAX`.
        """
        if len(kinds) > KINDS_MAX:
            raise InvalidInput(
                "timeline.too_many_kinds", _("{count} different steps are too many; {most} are the most."),
                count=len(kinds), most=KINDS_MAX,
            )  # fmt: skip
        where, choices = self._where(kinds), _together(kinds)

        def work(rows: Columns, part: int) -> Steps:
            found = stepped(rows, where)
            for choice, places in choices:
                family = _KEYS[choice.table][1]
                chosen(found, rows, places, family, choice.said.parts[part], choice.flags)
            for place, kind in enumerate(kinds):
                for mask in kind.masks:
                    masked(found, rows, place, _KEYS[mask.table][1], mask.rows)
            return found

        return self.each(work, self.parts, range(len(self.parts)))

    def mask(self, question: Any, values: Mapping[str, Any] | None = None, table: Table = "fact_event") -> Mask:
        """The rows that ``question`` answers with.

        Args:
            question: an Ibis expression, or text with the gaps that ``values`` fill; its one column is the key of ``table``:
                ``seq``, ``order_key``, ``refund_key`` or ``conversation_key``.
            values: by name of the gap.
            table: where the rows are from.
        """
        text = question if isinstance(question, str) else compiled(question)
        answer = self._con.sql(text, params=dict(values or {})).to_arrow_table()
        keys = answer.column(0).to_numpy()
        return Mask(table, Lookup.of(keys, np.zeros(len(keys), np.int32)))

    def codes(self, column: str, table: Table = "fact_event") -> Coded:
        """What ``column`` says of each row.

        Args:
            column: a text column of ``table``, or ``properties.<name>`` of events. ``name``, ``channel`` and ``page`` of
                events are codes of :meth:`words` and say something of rows that are no events, too.
            table: where the rows are from; the column says nothing of others.

        Raises:
            NotFound: ``timeline.no_column`` if there is no such column.
            InvalidInput: ``timeline.too_many_words`` if it says more than :data:`WORDS_MAX` different things.
        """
        own = {"name": "event", "channel": "channel", "page": "page"}
        if table == "fact_event" and column in own and column in self._words:
            return Coded([getattr(rows, own[column]) for rows in self.parts], self._words[column])
        text, values = _expression(column, table)
        said = self.said(text, values, table)
        if said is None:
            raise InvalidInput(
                "timeline.too_many_words",
                _("{column} says more than {most} different things; choose a column that says less."),
                column=column,
                most=WORDS_MAX,
            )
        return Coded(said.parts, [*said.words.to_pylist(), None])

    def said(self, text: str, values: Mapping[str, Any], table: Table = "fact_event") -> Said | None:
        """What an expression over ``table`` says of each row of a timeline: as remembered, else as the engine says.

        Args:
            text: the expression, with gaps that ``values`` fill.
            values: by name of the gap.
            table: where the rows are from; nothing is said of others.

        Returns:
            None if it says more than :data:`WORDS_MAX` different things.
        """
        name = (self.mark, table, text, sorted(values.items()), [len(rows.person) for rows in self.parts])
        return self._remembered.find(name) or self._asked(name, text, dict(values), table)

    def choice(self, said: Said, test: str, values: Mapping[str, Any], table: Table = "fact_event") -> Choice:
        """The rows of ``table`` of which ``said`` says something that passes ``test``.

        Args:
            said: what a column says.
            test: a condition on ``word`` that is true or false, also where that is null, with gaps that ``values`` fill.
            values: by name of the gap.
            table: what ``said`` is said of.
        """
        words = pa.concat_arrays([said.words, pa.nulls(1, said.words.type)])
        self._con.register("said_word", pa.table({"place": np.arange(len(words)), "word": words}))
        found = self._con.sql(f"SELECT place FROM said_word WHERE {test}", params=dict(values)).to_arrow_table()
        self._con.unregister("said_word")
        flags = np.zeros(len(words), np.bool_)
        flags[found["place"].to_numpy()] = True
        return Choice(table, said, flags)

    def each(self, work: Callable[..., Done], *parts: Sequence[Any]) -> list[Done]:
        """What ``work`` makes of each of ``parts`` (of several lists of them, of what stands at the same place in each)."""
        with ThreadPoolExecutor(self._threads) as pool:
            return list(pool.map(work, *parts))

    def _where(self, kinds: Sequence[Kind]) -> Where:
        def laid_out(of_kind: Callable[[Kind], Flags | None], default: Flags) -> Steps:
            flags = [of_kind(kind) for kind in kinds]
            bits = np.zeros(len(default), np.uint32)
            for place, known in enumerate(flags):
                bits |= (default if known is None else known).astype(np.uint32) << np.uint32(place)
            return bits

        events = np.ones(len(self._words["name"]), np.bool_)
        events[list(OTHERS.values())] = False
        every = np.ones(len(self._words["channel"]), np.bool_)
        pages = np.empty(0, np.uint32)
        if any(kind.pages is not None for kind in kinds):
            pages = laid_out(lambda kind: kind.pages, np.ones(len(self.words("page")), np.bool_))
        return Where.of(
            laid_out(lambda kind: kind.names, events),
            laid_out(lambda kind: kind.channels, every),
            pages,
            [(kind.from_ms, kind.to_ms) for kind in kinds],
        )

    def _asked(self, name: Sequence[Any], text: str, values: dict[str, Any], table: Table) -> Said | None:
        question = f"SELECT DISTINCT {text} AS word FROM {table} WHERE {text} IS NOT NULL LIMIT {WORDS_MAX + 1}"
        words = self._con.sql(f"FROM ({question}) ORDER BY word", params=values).to_arrow_table()["word"]
        if len(words) > WORDS_MAX:
            return None
        words = words.combine_chunks()
        key, family = _KEYS[table]
        self._con.register(
            "said_word", pa.table({"word": words, "code": pa.array(np.arange(len(words), dtype=np.int32))})
        )
        question = f"SELECT {key} AS seq, code FROM {table} JOIN said_word ON word = {text}"
        answer = self._con.sql(question, params=values).to_arrow_table()
        self._con.unregister("said_word")
        lookup = Lookup.of(answer["seq"].to_numpy(), answer["code"].to_numpy())
        del answer  # of a large brand it is gigabytes
        parts = self.each(lambda rows: looked_up(rows, family, lookup), self.parts)
        return self._remembered.keep(name, parts, words)


def _together(kinds: Sequence[Kind]) -> list[tuple[Choice, int]]:
    """Each choice once, with the kinds that it decides about as bits."""
    places: dict[int, int] = {}
    every = {id(choice): choice for kind in kinds for choice in kind.choices}
    for place, kind in enumerate(kinds):
        for choice in kind.choices:
            places[id(choice)] = places.get(id(choice), 0) | 1 << place
    return [(choice, places[known]) for known, choice in every.items()]


def _expression(column: str, table: Table) -> tuple[str, dict[str, Any]]:
    if table == "fact_event" and column.startswith(_PROPERTY):
        name = column.removeprefix(_PROPERTY).replace("~", "~0").replace("/", "~1")
        return "json_extract_string(properties, $v0)", {"v0": f"/{name}"}
    schema = ALL[table].columns
    if column not in schema.names or not pa.types.is_string(schema.field(column).type):
        raise NotFound("timeline.no_column", _("{table} has no text column {column}."), table=table, column=column)
    return f'"{column}"', {}
