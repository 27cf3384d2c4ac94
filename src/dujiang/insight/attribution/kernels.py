"""Compiled single passes over paths."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit


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
