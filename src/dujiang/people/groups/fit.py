"""Finds groups: features on a sample, the number of groups by stability, everybody assigned, ids kept over fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
from threadpoolctl import threadpool_limits

from dujiang.foundation.progress import Progress
from dujiang.people.groups import stability
from dujiang.people.groups.assigning import GroupModel, assign
from dujiang.people.groups.features import (
    FEATURES,
    Counts,
    Ints,
    Reals,
    chunks,
    prepare,
    read_chunk,
    read_sample,
)
from dujiang.people.groups.matching import crossed, matched
from dujiang.people.groups.model import Difference, FoundGroup, GroupBody, GroupRules, Move, Stability, State
from dujiang.people.groups.naming import named
from dujiang.people.groups.scaling import Scale, considered, fitted_scales, scaled

_DECIMALS: Final = 9
"""So many are kept: the last bits of a sum depend on the order in which people are added up."""


@dataclass(frozen=True)
class GroupFit:
    """What people are assigned with, and what is said of it; no model where no groups were found."""

    state: State
    model: GroupModel | None
    body: GroupBody


@dataclass(frozen=True)
class Before:
    """The fit before: its model and names by id, and every id ever given."""

    model: GroupModel | None
    names: Mapping[str, tuple[str, ...]]
    used: Sequence[str]


NOTHING_BEFORE: Final = Before(None, {}, ())


def fit_groups(
    con: duckdb.DuckDBPyConnection,
    day: date,
    zone: ZoneInfo,
    rules: GroupRules,
    channels: Mapping[str, tuple[str, ...]],
    before: Before,
    progress: Progress,
) -> GroupFit:
    """Find groups in what was known before ``day``; the same data, rules and fit before give the same groups.

    Args:
        con: a connection that may make temporary tables.
        day: the first day that is not known.
        zone: the brand's zone.
        rules: the rules of grouping.
        channels: channels by their group.
        before: the fit before, whose ids and names are kept for groups that are found again.
        progress: told of every step.
    """
    progress("features", 0, 0)
    people = prepare(con, day, zone, days=rules.window_days, least=rules.least_occasions, channels=channels)
    asked = considered(rules.subjects)
    empty = GroupBody(people, None, 0, (), asked, (), (), ())
    if people < rules.least_people:
        return GroupFit("too_little", None, replace(empty, needed=rules.least_people))
    counts = read_sample(con, rules.sample_people)
    scales = fitted_scales(counts, rules.prior_occasions, rules.subjects)
    used = tuple(one.feature for one in scales)
    empty = replace(
        empty, sample=len(counts), features=used, left_out=tuple(name for name in asked if name not in used)
    )
    if not scales:
        return GroupFit("unstable", None, empty)
    z = scaled(counts, scales)
    weights = np.array([one.weight for one in scales])
    # One thread: how many there are decides in which order sums are added up, and with that the last bits of every centre.
    with threadpool_limits(1):
        curve = _curve(z * np.sqrt(weights), rules, progress)
        stable = [one.groups for one in curve if one.stable]
        if not stable:
            return GroupFit("unstable", None, replace(empty, curve=curve))
        centres, overlaps = _centres(z, weights, max(stable), rules)
    model = _model(counts, z, centres, scales, rules, channels)
    return _finished(con, model, replace(empty, curve=curve), overlaps, before, progress)


def _curve(z: Reals, rules: GroupRules, progress: Progress) -> tuple[Stability, ...]:
    part = z[:: -(-len(z) // stability.STABILITY_PEOPLE)]
    found: list[Stability] = []
    progress("stability", 0, rules.groups_max - 1)
    for one in stability.curve(part, rules):
        found.append(one)
        progress("stability", len(found), rules.groups_max - 1)
    return tuple(found)


def _centres(z: Reals, weights: Reals, groups: int, rules: GroupRules) -> tuple[Reals, Reals]:
    """Centres on the common scale, the largest group first, and how well each is found again in resampled data."""
    weighed = z * np.sqrt(weights)
    whole = stability.grouped(weighed, groups, rules.seed, 2 * rules.starts)
    part: Any = weighed[:: -(-len(z) // stability.STABILITY_PEOPLE)]
    small = stability.grouped(part, groups, rules.seed, 2 * rules.starts)
    again = stability.resampled(part, small, rules).jaccard
    # The groups of the part stand for those of the whole that hold the same people.
    alike = stability.jaccard(whole.predict(part), small.labels_, groups).argmax(axis=1)
    order = np.argsort(-np.bincount(whole.labels_, minlength=groups), kind="stable")
    return np.round(whole.cluster_centers_[order] / np.sqrt(weights), _DECIMALS), again[alike][order]


def _model(
    counts: Counts,
    z: Reals,
    centres: Reals,
    scales: tuple[Scale, ...],
    rules: GroupRules,
    channels: Mapping[str, tuple[str, ...]],
) -> GroupModel:
    own = assign(z, centres, np.array([one.weight for one in scales])).own
    told = tuple(tuple(pooled(counts, one.feature, own == place) for one in scales) for place in range(len(centres)))
    return GroupModel(
        scales,
        rules.window_days,
        rules.least_occasions,
        {group: tuple(members) for group, members in sorted(channels.items())},
        tuple(f"new{place}" for place in range(len(centres))),
        tuple(tuple(centre) for centre in centres.tolist()),
        told,
        tuple(pooled(counts, one.feature, np.ones(len(counts), bool)) for one in scales),
    )


def pooled(counts: Counts, name: str, who: np.ndarray) -> float | None:
    """A feature of some people together: what they did over what it is divided by; the mean of a level."""
    above, below, _known = counts.parts(name)
    if not who.any():
        return None
    if FEATURES[name].form == "level":
        return float(above[who].mean())
    total = float(below[who].sum())
    return float(above[who].sum()) / total if total else None


def _finished(
    con: duckdb.DuckDBPyConnection,
    model: GroupModel,
    body: GroupBody,
    overlaps: Reals,
    before: Before,
    progress: Progress,
) -> GroupFit:
    """Everybody assigned, ids and names given."""
    many, old = len(model.ids), before.model
    sums, squares = np.zeros((many, len(model.scales))), np.zeros(len(model.scales))
    sizes, table = np.zeros(many, np.int64), np.zeros((len(old.ids) + 1 if old else 1, many + 1), np.int64)
    places = chunks(body.people)
    for done, (first, last) in enumerate(places):
        progress("assign", done, len(places))
        counts = read_chunk(con, first, last)
        z = model.scaled(counts)
        own = assign(z, np.array(model.centres), model.weights).own
        sizes += np.bincount(own, minlength=many)
        np.add.at(sums, own, z)
        squares += (z**2).sum(axis=0)
        table += crossed(_assigned_before(old, counts), own, len(old.ids) if old else 0, many)
    means = sums / np.maximum(sizes, 1)[:, None]
    everybody = sums.sum(axis=0) / body.people
    spread = np.sqrt(np.maximum(squares / body.people - everybody**2, 1e-12))
    effects = np.round((means - everybody) / spread, _DECIMALS)
    differences = [_differences(model, place, effects[place]) for place in range(many)]
    ids = matched(_overlap(table), old.ids if old else (), before.used)
    names = named(differences, [before.names.get(one, ()) if kept is not None else () for one, kept in ids])
    groups = tuple(
        FoundGroup(id_, name, int(sizes[place]), float(sizes[place] / body.people), float(overlaps[place]), kept, told)
        for place, ((id_, kept), name, told) in enumerate(zip(ids, names, differences, strict=True))
    )
    given = tuple(one.id for one in groups)
    moves = _moves(table, old.ids, given) if old else ()
    progress("assign", len(places), len(places))
    return GroupFit("fitted", replace(model, ids=given), replace(body, groups=groups, moves=moves))


def _assigned_before(old: GroupModel | None, counts: Counts) -> Ints:
    """Places of the groups of the model before; −1 where there is none."""
    if old is None:
        return np.full(len(counts), -1)
    return assign(old.scaled(counts), np.array(old.centres), old.weights).own


def _overlap(table: np.ndarray) -> Reals:
    """Jaccard of new groups (rows) with old ones, from the table of old by new."""
    both = table[:-1, :-1].astype(np.float64)
    either = both.sum(axis=1, keepdims=True) + both.sum(axis=0, keepdims=True) - both
    return (both / np.maximum(either, 1)).T


def _moves(table: np.ndarray, before: tuple[str, ...], after: tuple[str, ...]) -> tuple[Move, ...]:
    return tuple(
        Move(old, new, int(table[row, column]))
        for row, old in enumerate((*before, None))
        for column, new in enumerate((*after, None))
        if table[row, column]
    )


def _differences(model: GroupModel, place: int, effects: Reals) -> tuple[Difference, ...]:
    found = [
        Difference(one.feature, float(effect), own, everybody)
        for one, effect, own, everybody in zip(
            model.scales, effects, model.natural[place], model.everybody, strict=True
        )
    ]
    return tuple(sorted(found, key=lambda one: (-abs(one.effect), one.feature)))
