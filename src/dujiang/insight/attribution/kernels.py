"""Compiled single passes over paths."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numba import njit

_MIX: Final = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


_CHANCES: Final = np.cumsum([math.exp(-1) / math.factorial(times) for times in range(10)])
_BY_CHANCE: Final = np.searchsorted(_CHANCES, (np.arange(1 << 16) + 0.5) / (1 << 16)).astype(np.uint8)
"""A number of a Poisson distribution of mean 1 for each 16 bits."""


@njit(cache=True, nogil=True)
def normalise(offsets: Any, weight: Any) -> None:  # pragma: no cover - compiled
    """Make the weights of each path sum to one, in place; equal ones where all are zero."""
    for path in range(len(offsets) - 1):
        begin, end = offsets[path], offsets[path + 1]
        total = 0.0
        for touch in range(begin, end):
            total += weight[touch]
        for touch in range(begin, end):
            weight[touch] = weight[touch] / total if total > 0 else 1.0 / (end - begin)


@njit(cache=True, nogil=True)
def share_out(
    offsets: Any, channel: Any, weight: Any, converted: Any, value: Any, channels: Any
) -> Any:  # pragma: no cover - compiled
    """Conversions and value by channel, by weights that sum to one in each path."""
    credit = np.zeros((2, channels))
    for path in range(len(offsets) - 1):
        for touch in range(offsets[path], offsets[path + 1]):
            credit[0, channel[touch]] += weight[touch] * converted[path]
            credit[1, channel[touch]] += weight[touch] * value[path]
    return credit


@njit(cache=True, nogil=True)
def shared_out(
    starts: Any, channel: Any, share: Any, converted: Any, value_each: Any, channels: Any
) -> Any:  # pragma: no cover - compiled
    """What :func:`share_out` gives for each row of ``converted``, where each conversion of a path brings the same."""
    credit = np.zeros((len(converted), 2, channels))
    for row in range(len(converted)):
        for path in range(len(starts) - 1):
            times = converted[row, path]
            if times == 0:
                continue
            value = times * value_each[path]
            for place in range(starts[path], starts[path + 1]):
                credit[row, 0, channel[place]] += share[place] * times
                credit[row, 1, channel[place]] += share[place] * value
    return credit


@njit(cache=True, nogil=True)
def last_of_others(offsets: Any, channel: Any, is_passed: Any) -> Any:  # pragma: no cover - compiled
    """The row of each path's last touch whose channel is not passed over; its last touch where all are."""
    rows = np.empty(len(offsets) - 1, np.int64)
    for path in range(len(rows)):
        last = offsets[path + 1] - 1
        row = last
        while row >= offsets[path] and is_passed[channel[row]]:
            row -= 1
        rows[path] = row if row >= offsets[path] else last
    return rows


@njit(cache=True, nogil=True)
def transitions(
    offsets: Any, channel: Any, converted: Any, value: Any, nulls: Any, channels: Any, states: Any
) -> Any:  # pragma: no cover - compiled
    """How often each state was followed by each channel, by a conversion, by nothing, and the value that followed.

    A state is the last touches written as digits of base channels + 1, a digit being code + 1; ``states`` is base ** order.
    """
    base = channels + 1
    counts = np.zeros((states, channels + 3))
    for path in range(len(converted)):
        times = converted[path] + nulls[path]
        if times == 0:
            continue
        state = 0
        for touch in range(offsets[path], offsets[path + 1]):
            counts[state, channel[touch]] += times
            state = (state * base + channel[touch] + 1) % states
        counts[state, channels] += converted[path]
        counts[state, channels + 1] += nulls[path]
        counts[state, channels + 2] += value[path]
    return counts


@njit(cache=True, nogil=True)
def rises(offsets: Any, channel: Any, reach: Any, channels: Any) -> Any:  # pragma: no cover - compiled
    """For each touch how much it raised the probability ``reach`` of its state over that of the state before."""
    base, states = channels + 1, len(reach)
    weight = np.empty(len(channel))
    for path in range(len(offsets) - 1):
        state = 0
        for touch in range(offsets[path], offsets[path + 1]):
            after = (state * base + channel[touch] + 1) % states
            weight[touch] = max(0.0, reach[after] - reach[state])
            state = after
    return weight


@njit(cache=True, nogil=True)
def channel_sets(offsets: Any, channel: Any, channels: Any) -> Any:  # pragma: no cover - compiled
    """The distinct channels of each path in the order of their first touch: offsets and codes."""
    starts = np.zeros(len(offsets), np.int64)
    members = np.empty(len(channel), np.int32)
    seen_in = np.full(channels, -1, np.int64)
    filled = 0
    for path in range(len(offsets) - 1):
        for touch in range(offsets[path], offsets[path + 1]):
            code = channel[touch]
            if seen_in[code] != path:
                seen_in[code] = path
                members[filled] = code
                filled += 1
        starts[path + 1] = filled
    return starts, members[:filled].copy()


@njit(cache=True, nogil=True)
def completed_at(
    starts: Any, members: Any, amounts: Any, position: Any, channels: Any
) -> Any:  # pragma: no cover - compiled
    """Amounts of the sets that are complete once the first channels of an order have come: cumulated by position."""
    found = np.zeros((channels, amounts.shape[1]))
    for one in range(len(starts) - 1):
        latest = 0
        for row in range(starts[one], starts[one + 1]):
            latest = max(latest, position[members[row]])
        for kind in range(amounts.shape[1]):
            found[latest, kind] += amounts[one, kind]
    for place in range(1, channels):
        for kind in range(amounts.shape[1]):
            found[place, kind] += found[place - 1, kind]
    return found


@njit(cache=True, nogil=True)
def marks(offsets: Any, channel: Any, flag: Any) -> Any:  # pragma: no cover - compiled
    """A number of 64 bits for each path: the sum over its touches of a mix (splitmix64) of what was touched and its place."""
    found = np.zeros(len(offsets) - 1, np.uint64)
    for path in range(len(found)):
        for touch in range(offsets[path], offsets[path + 1]):
            place = np.uint64(touch - offsets[path])
            word = (place << np.uint64(32)) | (np.uint64(channel[touch]) << np.uint64(1)) | np.uint64(flag[touch])
            word = (word + np.uint64(1)) * _MIX[0]
            word = (word ^ (word >> np.uint64(30))) * _MIX[1]
            word = (word ^ (word >> np.uint64(27))) * _MIX[2]
            found[path] += word ^ (word >> np.uint64(31))
    return found


@njit(cache=True, nogil=True)
def alike(words: Any) -> Any:  # pragma: no cover - compiled
    """The first place of each different word of 64 bits, in their order, and for each place the number of its word."""
    bits = 1
    while 1 << bits < 2 * len(words):
        bits += 1
    slots = np.full(1 << bits, -1, np.int64)
    first, which, found = np.empty(len(words), np.int64), np.empty(len(words), np.int64), 0
    for place in range(len(words)):
        slot = np.int64((words[place] * _MIX[0]) >> np.uint64(64 - bits))
        while slots[slot] >= 0 and words[first[slots[slot]]] != words[place]:
            slot = (slot + 1) & ((1 << bits) - 1)
        if slots[slot] < 0:
            slots[slot], first[found] = found, place
            found += 1
        which[place] = slots[slot]
    return first[:found].copy(), which


@njit(cache=True, nogil=True)
def in_groups(which: Any, groups: Any, at: Any, place: Any, tie: Any, word: Any) -> Any:  # pragma: no cover - compiled
    """The rows by group, inside a group by moment, and those of one moment by ``place``, ``tie`` and ``word``."""
    ends = np.zeros(groups + 1, np.int64)
    for group in which:
        ends[group + 1] += 1
    ends = np.cumsum(ends)
    order, filled = np.empty(len(which), np.int64), ends[:-1].copy()
    for row in range(len(which)):
        order[filled[which[row]]] = row
        filled[which[row]] += 1
    for group in range(groups):
        begin, end = ends[group], ends[group + 1]
        if end - begin > 64:  # the sort below takes long where much is out of order
            rows = order[begin:end].copy()
            order[begin:end] = rows[np.argsort(at[rows], kind="mergesort")]
        for nth in range(begin + 1, end):
            row, to = order[nth], nth
            while to > begin and _is_before(row, order[to - 1], at, place, tie, word):
                order[to] = order[to - 1]
                to -= 1
            order[to] = row
    return order


@njit(cache=True, nogil=True)
def _is_before(row: Any, other: Any, at: Any, place: Any, tie: Any, word: Any) -> Any:  # pragma: no cover - compiled
    if at[row] != at[other]:
        return at[row] < at[other]
    if place[row] != place[other]:
        return place[row] < place[other]
    return tie[row] < tie[other] if tie[row] != tie[other] else word[row] < word[other]


@njit(cache=True, nogil=True)
def poissons(rng: Any, mean: Any, found: Any) -> None:  # pragma: no cover - compiled
    """Fill the rows of ``found`` with numbers of Poisson distributions.

    Where the mean is 1, as of whatever was seen once, they are looked up by 16 bits: a tenth of the work, and no chance differs
    by more than 0.00002 from what it has to be. Others are those of ``rng.poisson``.
    """
    low, bits, left = np.exp(-mean), np.int64(0), 0
    for row in range(len(found)):
        for place in range(len(mean)):
            if mean[place] == 1:
                if not left:
                    bits, left = np.int64(rng.random() * (1 << 48)), 3
                found[row, place] = _BY_CHANCE[bits & 0xFFFF]
                bits, left = bits >> 16, left - 1
                continue
            if mean[place] >= 10:
                found[row, place] = rng.poisson(mean[place])
                continue
            times, product = 0, 1.0
            while mean[place] > 0:
                product *= rng.random()
                if product <= low[place]:
                    break
                times += 1
            found[row, place] = times


@njit(cache=True, nogil=True)
def role_counts(offsets: Any, channel: Any, converted: Any, channels: Any) -> Any:  # pragma: no cover - compiled
    """By channel its touches, and the journeys that it touched at all, opened, closed, touched without closing, and touched
    without a conversion; those that converted are the first ``converted``.
    """
    counts = np.zeros((channels, 6), np.int64)
    seen_in = np.full(channels, -1, np.int64)
    for path in range(len(offsets) - 1):
        last = channel[offsets[path + 1] - 1]
        for touch in range(offsets[path], offsets[path + 1]):
            code = channel[touch]
            counts[code, 0] += 1
            if seen_in[code] == path:
                continue
            seen_in[code] = path
            if path < converted:
                counts[code, 1] += 1
                counts[code, 4] += code != last
            else:
                counts[code, 5] += 1
        if path < converted:
            counts[channel[offsets[path]], 2] += 1
            counts[last, 3] += 1
    return counts
