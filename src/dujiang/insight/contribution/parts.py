"""Who closed each conversion and who helped: journeys whose touches say so, for the models of attribution to share out.

**Closed by** whoever the conversion names itself, if it is among the touches: by channel the channel that the order was made
in; by store its store; by guide the guide who sold it in a channel of the group ``store`` (what customers bought elsewhere on a
guide's word, the guide helped with). Else the last touch that something led to, else the last, both without recommendations,
as long as there are others. Everybody else who touched the journey **helped**.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from dujiang.insight.attribution import kernels
from dujiang.insight.attribution.journeys import Flags, Journeys
from dujiang.insight.attribution.model import Codes
from dujiang.insight.attribution.question import GUIDE, PROMOTER

RECOMMENDED = (GUIDE, PROMOTER)


def closed_by(found: Journeys) -> Codes:
    """The key that closed each journey."""
    if not len(found.person):
        return np.empty(0, np.int32)
    named = found.code == np.repeat(found.own, found.lengths)
    recommended = np.isin(found.code, [nth for nth, key in enumerate(found.keys) if key in RECOMMENDED])
    kernel: Any = kernels.last_of_others
    every = np.arange(len(found.code))
    led, own = (kernel(found.offsets, every, passed) for passed in (found.direct | recommended, recommended))
    last = np.where((found.direct | recommended)[led], own, led)
    return np.where(np.logical_or.reduceat(named, found.offsets[:-1]), found.own, found.code[last]).astype(np.int32)


def helping(found: Journeys, closer: Codes) -> Flags:
    """Which touches are not of the key that closed their journey."""
    return found.code != np.repeat(closer, found.lengths)


def divided(found: Journeys, closer: Codes) -> Journeys:
    """The same journeys with two keys in place of each: code ``2 k`` where key ``k`` closed, ``2 k + 1`` where it helped.

    In one journey a key either closed or helped, so that every model that shares out journey by journey gives a touch the same
    as before.
    """
    keys = tuple(key for key in found.keys for _part in range(2))
    return replace(found, keys=keys, code=(2 * found.code + helping(found, closer)).astype(np.int32))
