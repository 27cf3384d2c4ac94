"""Journeys: the touches before each conversion, and those of people who did not convert.

The engine hands over touches and conversions as they lie (:mod:`dujiang.insight.attribution.asking`); they are brought together
by person and put in order here, and one pass over them lists what came before each conversion
(:mod:`dujiang.engine.kernels.touches`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dujiang.engine.columns import NOBODY, Whole, stretches
from dujiang.engine.kernels.touches import CONVERSION, TOUCH, TouchLists, touch_lists
from dujiang.engine.question import given
from dujiang.insight.attribution import kernels
from dujiang.insight.attribution.asking import Asking
from dujiang.insight.attribution.model import Codes, Paths, Reals
from dujiang.insight.attribution.question import NONE, OTHER, JourneyQuestion
from dujiang.insight.questions.scene import Scene

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

    @property
    def people(self) -> int:
        """Whose journeys they are: how many people."""
        person = np.sort(self.person)
        return int(np.count_nonzero(np.diff(person))) + bool(len(person))

    def only(self, chosen: Flags) -> Journeys:
        """The journeys that ``chosen`` names."""
        length = self.lengths[chosen]
        rows = stretches(self.offsets[:-1][chosen], length)
        return Journeys(
            self.keys, _offsets(length), self.code[rows], self.at_ms[rows], self.direct[rows], self.person[chosen],
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
    rows = stretches(paths.offsets[first], length)
    converted, value, nulls = (
        np.bincount(which, amounts, len(first)).astype(np.float64)
        for amounts in (paths.converted, paths.value, paths.nulls)
    )
    return Folded(Paths(_offsets(length), paths.channel[rows], converted, value, nulls, paths.channels), direct[rows])


def _alike(words: npt.NDArray[Any]) -> tuple[Whole, Whole]:
    """The first place of each different word of 64 bits, by rising word, and for each place which of them it is."""
    kernel: Any = kernels.alike
    first, which = kernel(words.view(np.uint64))
    order = np.argsort(words[first])
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
    asking, words = Asking(scene, question), _Words()
    deeds, sales = _Deeds.of(asking.deeds(), words), asking.sales()
    lists = _listed(deeds, asking)
    conversion = lists.conversion[lists.conversion >= 0]
    sold = sales.take(pa.array((np.cumsum(deeds.is_sale) - 1)[conversion]))
    told = _told(asking, words, deeds, sold, lists)
    end_us, value = np.full(len(lists.person), asking.end_us), np.zeros(len(lists.person))
    end_us[: len(conversion)], value[: len(conversion)] = deeds.at_us[conversion], _whole(sold, "worth")
    laid = _Laid.of(lists, told)
    code, own = laid.out(deeds.word, told[told >= 0]), np.full(len(lists.person), -1, np.int32)
    own[: len(conversion)] = words.coded(sold["own"])
    keys, moved = words.ranked(code, question.keys_max)
    return Journeys(
        keys,
        laid.offsets,
        moved[code],
        laid.out(deeds.at_us, np.repeat(end_us[: len(conversion)], laid.told)) // 1000,
        laid.out(deeds.direct, np.broadcast_to(asking.is_bare, told.shape)[told >= 0]),
        lists.person,
        end_us // 1000,
        value,
        len(conversion),
        moved[own],
    )


_BY_TURN: Final = ("person", "conversion", "rows")


class _Deeds(NamedTuple):
    """What happened by itself, by person and moment: touches and conversions."""

    person: Whole
    at_us: Whole
    is_sale: Flags
    word: Codes
    channel: Codes
    direct: Flags

    @classmethod
    def of(cls, rows: pa.Table, words: _Words) -> _Deeds:
        """The rows of :meth:`Asking.deeds`, sorted.

        There are many persons of few rows each: to find the rows of each takes less than to sort all of them.
        """
        person, at_us, place = (_whole(rows, name) for name in ("person", "at_us", "place"))
        word = words.coded(rows["word"])
        first, which = _alike(person)
        in_groups: Any = kernels.in_groups
        order = in_groups(which, len(first), at_us, place, _whole(rows, "tie"), words.alphabetic()[word])
        sorted_word = word[order]
        channel = words.coded(rows["channel"])[order] if "channel" in rows.column_names else sorted_word
        direct = _flags(rows, "direct")[order]
        return cls(person[order], at_us[order], (place < 0)[order], sorted_word, channel, direct)


class _Words:
    """Codes of words, in the order in which they come."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}

    def code(self, word: str) -> int:
        """The code of a word."""
        return self._codes.setdefault(word, len(self._codes))

    def coded(self, column: pa.ChunkedArray) -> Codes:
        """The code of each word of a column; -1 where it says nothing."""
        coded = column.dictionary_encode().unify_dictionaries().combine_chunks()
        codes = np.array([*(self.code(word) for word in coded.dictionary.to_pylist()), -1], np.int32)
        return codes[coded.indices.fill_null(-1).to_numpy()]

    def alphabetic(self) -> Whole:
        """The place of each code among all words in order; last, for what says nothing, before them."""
        order = np.argsort(np.array(list(self._codes), object)) if self._codes else np.empty(0, np.int64)
        rank = np.full(len(order) + 1, -1)
        rank[order] = np.arange(len(order))
        return rank

    def ranked(self, code: Codes, keys_max: int) -> tuple[tuple[str, ...], Codes]:
        """Keys by number of touches, the most touched first, and the place of each code among them; beyond ``keys_max`` they
        are others, as is what nothing was touched by; -1 where there are none, and last, for what says nothing.
        """
        counts = np.bincount(code, minlength=len(self._codes))
        found = [word for word, at in self._codes.items() if counts[at]]
        keys = sorted(found, key=lambda word: (-counts[self._codes[word]], word))
        if len(keys) > keys_max:
            keys = [*(one for one in keys[: keys_max - 1] if one != OTHER), OTHER]
        place = {word: at for at, word in enumerate(keys)}
        return tuple(keys), np.array([*(place.get(one, place.get(OTHER, -1)) for one in self._codes), -1], np.int32)


def _listed(deeds: _Deeds, asking: Asking) -> TouchLists:
    """The touches before each conversion, then those of people who did not convert."""
    bits, code = np.where(deeds.is_sale, CONVERSION, TOUCH).astype(np.uint32), np.zeros(len(deeds.person), np.int32)
    # Moments are in microseconds, which tell more of them apart: the pass only holds them against each other.
    turns = touch_lists(
        deeds.person, deeds.at_us, bits, code, from_ms=asking.start_us, to_ms=asking.end_us,
        look_back_ms=asking.look_back_us, restart=asking.question.restart,
    )  # fmt: skip
    found = [TouchLists(NOBODY, NOBODY, np.zeros(1, np.int64), NOBODY), *turns]
    person, conversion, rows = (np.concatenate([getattr(one, name) for one in found]) for name in _BY_TURN)
    length = np.concatenate([np.diff(one.offsets) for one in found])
    order = np.concatenate([np.flatnonzero(conversion >= 0), np.flatnonzero(conversion < 0)])
    rows = rows[stretches((np.cumsum(length) - length)[order], length[order])]
    return TouchLists(person[order], conversion[order], _offsets(length[order]), rows)


def _told(asking: Asking, words: _Words, deeds: _Deeds, sold: pa.Table, lists: TouchLists) -> Codes:
    """By conversion the code of each touch that it tells of itself, -1 for none; last, where no touch is known at all, that."""
    told = np.full((len(sold), len(asking.is_bare)), -1, np.int32)
    length = np.diff(lists.offsets)[: len(sold)]
    of = np.repeat(np.arange(len(sold)), length)
    for place, kind in enumerate(asking.told):
        told[:, place] = words.coded(sold[f"told{place}"])
        if kind == "purchase":  # says what is not known otherwise: nothing where its channel was met
            met = deeds.channel[lists.rows[: len(of)]]
            told[of[met == words.coded(sold["channel"])[of]], place] = -1
    told[(told < 0).all(axis=1) & (length == 0), -1] = words.code(NONE)
    return told


class _Laid(NamedTuple):
    """Where touches stand: of each journey those that happened by themselves, then those that its conversion tells of.

    Attributes:
        offsets: where the touches of each journey begin, and the number of touches at the end.
        rows: rows of those that happened by themselves.
        places: where these stand.
        told: how many each conversion tells of.
    """

    offsets: Whole
    rows: Whole
    places: Whole
    told: Whole

    @classmethod
    def of(cls, lists: TouchLists, told: Codes) -> _Laid:
        """By the lists, of which conversions stand first, and by what each of these tells of."""
        length = np.diff(lists.offsets)
        count = (told >= 0).sum(axis=1)
        offsets = _offsets(length + np.pad(count, (0, len(length) - len(count))))
        return cls(offsets, lists.rows, stretches(offsets[:-1], length), count)

    def out(self, of_rows: npt.NDArray[Any], of_told: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """What is said of all touches, from what is said of rows and of touches that are told of."""
        column, is_told = np.empty(self.offsets[-1], of_rows.dtype), np.ones(self.offsets[-1], np.bool_)
        is_told[self.places] = False
        column[self.places], column[is_told] = of_rows[self.rows], of_told
        return column


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
    rows = Asking(scene, question).touched()
    others = sorted(set(rows["word"].unique().to_pylist()) - {*keys})
    keys = (*keys, *others[: max(question.keys_max - len(keys), 0)])
    return Touched(keys, _whole(rows, "person"), coded_as(rows["word"], keys))


def _offsets(length: Whole) -> Whole:
    return np.concatenate([[0], np.cumsum(length)]).astype(np.int64)


def _flags(rows: pa.Table, name: str) -> Flags:
    return np.asarray(rows[name].to_numpy(), np.bool_)


def _whole(rows: pa.Table, name: str) -> Whole:
    return np.asarray(rows[name].to_numpy(), np.int64)


def coded_as(words: pa.ChunkedArray, keys: tuple[str, ...]) -> Codes:
    """The place of each word in ``keys``; others where others are among them, else -1, as for no word."""
    coded = words.combine_chunks().dictionary_encode()
    place = {word: code for code, word in enumerate(keys)}
    of_word = [place.get(word, place.get(OTHER, -1)) for word in coded.dictionary.to_pylist()]
    return np.array([*of_word, -1], np.int32)[coded.indices.fill_null(len(of_word)).to_numpy()]


def persons_of(found: Journeys, chosen: Any) -> Whole:
    """The sorted persons of the journeys that ``chosen`` names."""
    return np.unique(found.person[chosen])
