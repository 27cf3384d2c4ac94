"""Timelines as questions see them: which rows are of which kinds, and what any column of the engine says of each row.

Names, channels, pages and moments lie in the timelines themselves. Any other column is asked of the engine once for each of its
states, and remembered: a condition is then asked of its different words alone (:meth:`View.chosen`). Where nearly every row
says something else, and on other engines, the engine says which rows fulfil the condition (:meth:`View.mask`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, TypeVar, cast

import duckdb
import numpy as np
import pyarrow as pa

from dujiang.engine.columns import OTHERS, Code, Columns, Whole
from dujiang.engine.contract import ALL
from dujiang.engine.kernels.among import only
from dujiang.engine.kernels.steps import EVENTS, Flags, Lookup, Steps, Where, chosen, looked_up, masked, stepped
from dujiang.engine.question import Reader, ask_text, compiled, mark
from dujiang.engine.remembered import Asked, Said, state
from dujiang.engine.timeline import Timeline
from dujiang.engine.timeline_facts import Codes
from dujiang.foundation.errors import InvalidInput, NotFound
from dujiang.foundation.i18n import _

THREADS: Final = 2
KINDS_MAX: Final = 32
WORDS_MAX: Final = 1_000_000
"""Different words of a column that can be told apart; more are nothing to break down by."""
EVER: Final = np.iinfo(np.int64)

Table = Literal["fact_event", "orders", "refunds", "conversation"]
KEYS: Final[dict[Table, tuple[str, int]]] = {
    "fact_event": ("seq", EVENTS),
    "orders": ("order_key", OTHERS["@order"]),
    "refunds": ("refund_key", OTHERS["@refund"]),
    "conversation": ("conversation_key", OTHERS["@conversation"]),
}
"""The column that ``seq`` of a row repeats, and the code that stands in place of an event's name."""
_PROPERTY: Final = "properties."
Done = TypeVar("Done")


class Text(Protocol):
    """Text with gaps, and what fills them."""

    @property
    def text(self) -> str:
        """With gaps as ``$name``."""
        ...

    @property
    def values(self) -> Mapping[str, Any]:
        """By name of the gap."""
        ...


@dataclass(frozen=True, eq=False)
class Mask:
    """The rows of one table that fulfil a condition.

    Attributes:
        table: whose rows it decides about; rows of others pass.
        rows: what its view knows them by.
    """

    table: Table
    rows: Any


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
    """What a column says of each row, or of each person, as codes.

    Attributes:
        parts: codes by part of the view and by row (whole numbers of some size; -1 where the column says nothing), or
            :class:`ByPerson`; for :meth:`View.each`.
        words: the word of each code. Negative codes find theirs from the end, the last is None.
    """

    parts: Any
    words: list[str | None]


@dataclass(frozen=True, eq=False)
class ByPerson:
    """Codes of persons.

    Attributes:
        persons: sorted.
        codes: of each; -1 where nothing is said.
    """

    persons: Whole
    codes: Code

    def of(self, persons: Whole) -> Code:
        """The codes of ``persons``; -1 for others."""
        if not len(self.persons):
            return np.full(len(persons), -1, np.int32)
        place = np.minimum(np.searchsorted(self.persons, persons), len(self.persons) - 1)
        return np.where(self.persons[place] == persons, self.codes[place], np.int32(-1))


class View(ABC):
    """The rows of one state of the engine, in parts: all rows of a person that count lie in one of them.

    What is known of the parts (:attr:`parts`, :meth:`bits`, :meth:`codes`) lies where they do, and goes into :meth:`each`.

    Attributes:
        mark: of the state.
        parts: the rows, sorted by person and time, with whom to pass over.
    """

    mark: str
    parts: Any

    def __init__(self, codes: Codes) -> None:
        self._words: dict[str, list[str | None]] = {"name": codes.names, "channel": [*codes.channels, None]}
        if codes.pages is not None:
            self._words["page"] = [*codes.pages, None]

    @staticmethod
    def of(timeline: Timeline, con: duckdb.DuckDBPyConnection | Reader, threads: int = THREADS) -> View | None:
        """The rows of the state that ``con`` sees; None while ``timeline`` shows another, or the engine has none."""
        if not isinstance(con, duckdb.DuckDBPyConnection):
            return con.view()
        asked = mark(con)
        view = MappedView(timeline, con, threads)
        # Marks never come back: the same one before and after means that nothing changed in between.
        return view if asked and view.mark == asked and timeline.mark == asked else None

    @property
    @abstractmethod
    def rows(self) -> int:
        """How many rows there are."""

    @abstractmethod
    def each(self, work: Callable[..., Done], *known: Any) -> list[Done]:
        """What ``work`` makes of each part.

        Args:
            work: a function of plain values, which may run elsewhere; it is given what is known of the part.
            known: :attr:`parts`, :meth:`bits`, or ``parts`` of :class:`Coded`.
        """

    @abstractmethod
    def _marked(self, kinds: Sequence[Kind], where: Where, people: Whole | None) -> Any:
        """The bits of :meth:`bits`."""

    @abstractmethod
    def mask(self, question: Any, values: Mapping[str, Any] | None = None, table: Table = "fact_event") -> Mask:
        """The rows that ``question`` answers with.

        Args:
            question: an Ibis expression, or text with the gaps that ``values`` fill; its one column is the key of ``table``:
                ``seq``, ``order_key``, ``refund_key`` or ``conversation_key``.
            values: by name of the gap.
            table: where the rows are from.
        """

    def chosen(self, column: Text, test: Text, table: Table = "fact_event") -> Choice | None:  # noqa: ARG002
        """The rows of ``table`` of which an expression says something that passes a test.

        Args:
            column: the expression.
            test: a condition on ``word`` that is true or false, also where that is null.
            table: where the rows are from.

        Returns:
            None where that is not remembered, and a :meth:`mask` has to tell.
        """
        return None

    @abstractmethod
    def _coded(self, text: str, values: Mapping[str, Any], table: Table, column: str) -> Coded:
        """What an expression of ``table`` says of each row."""

    @abstractmethod
    def of_persons(self, text: str, table: str) -> Coded:
        """What the expression ``text`` of ``table``, which has one row for each person, says of persons, as words."""

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

    def bits(self, kinds: Sequence[Kind], people: Whole | None = None) -> Any:
        """For each part and row its kinds: the bit ``1 << k`` where it is of ``kinds[k]``.

        Rows that no longer hold are of no kind, so that whoever reads bits needs to know nothing of them.

        Args:
            people: sorted; rows of others are of no kind. None for everybody.

        Raises:
            InvalidInput: ``timeline.too_many_kinds`` if there are more than :data:`KINDS_MAX`.
        """
        if len(kinds) > KINDS_MAX:
            raise InvalidInput(
                "timeline.too_many_kinds", _("{count} different steps are too many; {most} are the most."),
                count=len(kinds), most=KINDS_MAX,
            )  # fmt: skip
        return self._marked(kinds, self._where(kinds), people)

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
            return Coded(self._own(own[column]), self._words[column])
        text, values = _expression(column, table)
        return self._coded(text, values, table, column)

    @abstractmethod
    def _own(self, column: str) -> Any:
        """The column of that name of each part."""

    def _where(self, kinds: Sequence[Kind]) -> Where:
        def laid_out(of_kind: Callable[[Kind], Flags | None], default: Flags) -> Steps:
            flags = [of_kind(kind) for kind in kinds]
            bits = np.zeros(len(default), np.uint32)
            for place, known in enumerate(flags):
                bits |= (default if known is None else known).astype(np.uint32) << np.uint32(place)
            return bits

        events = np.ones(len(self._words["name"]), np.bool_)
        events[list(OTHERS.values())] = False
        channels = pages = np.empty(0, np.uint32)
        if any(kind.channels is not None for kind in kinds):
            channels = laid_out(lambda kind: kind.channels, np.ones(len(self._words["channel"]), np.bool_))
        if any(kind.pages is not None for kind in kinds):
            pages = laid_out(lambda kind: kind.pages, np.ones(len(self.words("page")), np.bool_))
        return Where.of(
            laid_out(lambda kind: kind.names, events),
            channels,
            pages,
            [(kind.from_ms, kind.to_ms) for kind in kinds],
        )


class MappedView(View):
    """The rows of timelines that are mapped into memory, with what DuckDB knows beside them.

    Args:
        timeline: what they are read from; it has to show the state that ``con`` sees (see :meth:`View.of`).
        con: where conditions and columns are asked that timelines do not hold.
        threads: parts that are passed over at the same time.
    """

    parts: list[Columns]

    def __init__(self, timeline: Timeline, con: duckdb.DuckDBPyConnection, threads: int = THREADS) -> None:
        super().__init__(timeline.codes)
        self.mark, self.parts = timeline.mark, timeline.columns()
        self._con, self._threads, self._remembered = con, threads, timeline.remembered

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return sum(len(part.person) for part in self.parts)

    def each(self, work: Callable[..., Done], *known: Any) -> list[Done]:
        """What ``work`` makes of each part, several at a time."""
        with ThreadPoolExecutor(self._threads) as pool:
            return list(pool.map(work, *known))

    def mask(self, question: Any, values: Mapping[str, Any] | None = None, table: Table = "fact_event") -> Mask:
        """The rows that ``question`` answers with."""
        text = question if isinstance(question, str) else compiled(question)
        keys = ask_text(self._con, text, values).column(0).to_numpy()
        return Mask(table, Lookup.of(keys, np.zeros(len(keys), np.int32)))

    def of_persons(self, text: str, table: str) -> Coded:
        """What an expression says of persons."""
        found = ask_text(self._con, f"SELECT person, {text} AS word FROM {table} ORDER BY person")
        coded = found["word"].combine_chunks().dictionary_encode()
        codes = coded.indices.fill_null(-1).to_numpy().astype(np.int32)
        told = ByPerson(found["person"].to_numpy(), codes)
        return Coded([told] * len(self.parts), [*coded.dictionary.to_pylist(), None])

    def chosen(self, column: Text, test: Text, table: Table = "fact_event") -> Choice | None:
        """The rows of which an expression says something that passes a test, from what is remembered of its column."""
        said = self.said(column.text, column.values, table)
        return said and self.choice(said, test.text, test.values, table)

    def said(self, text: str, values: Mapping[str, Any], table: Table = "fact_event") -> Said | None:
        """What an expression over ``table`` says of each row of a timeline: as remembered, else as the engine says.

        Args:
            text: the expression, with gaps that ``values`` fill.
            values: by name of the gap.
            table: where the rows are from; nothing is said of others.

        Returns:
            None if it says more than :data:`WORDS_MAX` different things.
        """
        asked = Asked(table, text, values)
        return self._remembered.find(state(self.mark, self.parts), asked) or self.ask(asked)

    def ask(self, asked: Asked, asked_ns: int | None = None) -> Said | None:
        """Ask the engine what a column says of each row, and remember it.

        Args:
            asked: the column.
            asked_ns: when somebody last wanted to know, in nanoseconds since 1970; None for now.

        Returns:
            None if it says more than :data:`WORDS_MAX` different things.
        """
        table = cast(Table, asked.table)
        words = different(self._con, asked.text, asked.values, table)
        if words is None:
            return None
        key, family = KEYS[table]
        self._con.register(
            "said_word", pa.table({"word": words, "code": pa.array(np.arange(len(words), dtype=np.int32))})
        )
        question = f"SELECT {key} AS seq, code FROM {table} JOIN said_word ON word = {asked.text}"
        answer = self._con.sql(question, params=dict(asked.values)).to_arrow_table()
        self._con.unregister("said_word")
        lookup = Lookup.of(answer["seq"].to_numpy(), answer["code"].to_numpy())
        del answer  # of a large brand it is gigabytes
        parts = self.each(lambda rows: looked_up(rows, family, lookup), self.parts)
        return self._remembered.keep(state(self.mark, self.parts), asked, parts, words, asked_ns)

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

    def _marked(self, kinds: Sequence[Kind], where: Where, people: Whole | None) -> list[Steps]:
        choices = _together(kinds)

        def work(rows: Columns, part: int) -> Steps:
            found = stepped(rows, where)
            for choice, places in choices:
                chosen(found, rows, places, KEYS[choice.table][1], choice.said.parts[part], choice.flags)
            for place, kind in enumerate(kinds):
                for mask in kind.masks:
                    masked(found, rows, place, KEYS[mask.table][1], mask.rows)
            if people is not None:
                only(found, rows.person, people)
            return found

        return self.each(work, self.parts, range(len(self.parts)))

    def _own(self, column: str) -> list[Code]:
        return [getattr(rows, column) for rows in self.parts]

    def _coded(self, text: str, values: Mapping[str, Any], table: Table, column: str) -> Coded:
        said = self.said(text, values, table)
        if said is None:
            raise too_many_words(column)
        return Coded(said.parts, [*said.words.to_pylist(), None])


def different(con: duckdb.DuckDBPyConnection | Reader, text: str, values: Mapping[str, Any], table: str) -> Any:
    """The different words that an expression over ``table`` says, rising; None for more than :data:`WORDS_MAX`."""
    question = f"SELECT DISTINCT {text} AS word FROM {table} WHERE {text} IS NOT NULL LIMIT {WORDS_MAX + 1}"
    words = ask_text(con, f"FROM ({question}) ORDER BY word", values)["word"]
    return None if len(words) > WORDS_MAX else words.combine_chunks()


def too_many_words(column: str) -> InvalidInput:
    """A column says too many different things."""
    sentence = _("{column} says more than {most} different things; choose a column that says less.")
    return InvalidInput("timeline.too_many_words", sentence, column=column, most=WORDS_MAX)


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
