"""Devices follow the people who use them; one that several people use belongs to none of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dujiang.identity.kernels import connected
from dujiang.identity.model import Flags, Indexes


@dataclass(frozen=True)
class Placed:
    """The final group of every identifier, strong ones too, and which devices several people use."""

    group: Indexes
    shared: Flags


def place_devices(strong: Indexes, machine: Flags, device: Indexes, user: Indexes, a: Indexes, b: Indexes) -> Placed:
    """Give each device to its only user.

    Devices that were seen together form a cluster, which goes to the one person that any of them was seen with. Where that
    would be several persons, the devices of the cluster are looked at one by one.

    Args:
        strong: of each identifier its group after strong links were joined; a device is its own, unless it was joined with
            others by hand: then all of them are looked at as the one that represents them.
        machine: which identifiers are to be placed.
        device: of each link between device and person, the device.
        user: the group of the person.
        a: of each link between two devices, one.
        b: the other.
    """
    itself = np.arange(len(strong), dtype=np.int32)
    lowest, highest = _extremes(itself, device, user)
    cluster = connected(len(strong), a, b)
    low, high = _extremes(itself, cluster[device], user)
    quarrel = (low < high)[cluster]
    low, high = np.where(quarrel, lowest, low[cluster]), np.where(quarrel, highest, high[cluster])
    nobody = np.where(quarrel, itself, cluster)
    group = np.where(high < 0, nobody, np.where(low == high, low, itself))
    disputed = (high >= 0) & (low != high)
    return Placed(np.where(machine, group[strong], strong).astype(np.int32), machine & disputed[strong])


def _extremes(itself: Indexes, at: Indexes, user: Indexes) -> tuple[Indexes, Indexes]:
    """Of each node the lowest and the highest group it was seen with; equal: there is one; highest -1: there is none."""
    lowest, highest = np.full_like(itself, len(itself)), np.full_like(itself, -1)
    np.minimum.at(lowest, at, user)
    np.maximum.at(highest, at, user)
    return lowest, highest
