"""The circuit breaker: when a source joins far more people than it used to, in statistics.

A control chart for rates over blocks of facts (Laney's u′ chart, *Improved control charts for attributes*, Quality Engineering
14, 2002), which heeds that rates scatter more than pure chance would make them. A source is compared with itself alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import sqrt
from typing import Final

from pydantic import Field

from dujiang.foundation.definitions import Definition, Spec, register

KIND: Final = "circuit_breaker"
NAME: Final = "identity"
HISTORY_BLOCKS: Final = 200
"""How many of the newest sound blocks a source is compared with."""
_MEAN_OF_RANGE: Final = 1.128
"""Mean of the range of two standard normal values: turns moving ranges into a standard deviation."""


class BreakerSpec(Spec):
    """When a source is held; definition kind ``circuit_breaker``, name ``identity``."""

    enabled: bool = True
    facts_per_block: int = Field(default=200, ge=20, le=100_000)
    """Facts with two identifiers or more that are judged together."""
    blocks_min: int = Field(default=10, ge=2, le=HISTORY_BLOCKS)
    """Fewest complete blocks of the source's past; with fewer it is not judged."""
    sigma: float = Field(default=6.0, ge=1, le=100)
    """How many standard deviations above its past a source has to be."""
    times: float = Field(default=8.0, ge=1, le=1000)
    """How many times its usual rate it has to reach besides."""
    merges_min: int = Field(default=80, ge=1)
    """Fewest joins in the block: below that nothing is held."""


register(KIND, BreakerSpec)


def presets() -> tuple[Definition, ...]:
    """The thresholds that come with Dujiang."""
    title = {"zh": "来源熔断", "en": "Circuit breaker of sources"}
    told = {
        "zh": "某个来源把已知标识关联在一起的速度远超它自己的过去时，暂停采信它的新关联，等人确认。",
        "en": "A source that ties known identifiers together far faster than it used to is held until somebody has looked.",
    }
    return (Definition(kind=KIND, name=NAME, title=title, description=told, spec=BreakerSpec().model_dump()),)


@dataclass(frozen=True)
class Block:
    """Facts of one source that arrived one after the other.

    Attributes:
        source: name of the source.
        first_seq: the first of them in the archive; ``last_seq`` the last.
        facts: how many of them name two identifiers or more.
        merges: new links between identifiers that had both been seen before.
        at: when the last of them was counted.
    """

    source: str
    first_seq: int
    last_seq: int
    facts: int
    merges: int
    at: datetime

    @property
    def rate(self) -> float:
        """Joins per fact."""
        return self.merges / self.facts


@dataclass(frozen=True)
class Verdict:
    """How a block compares with the past of its source.

    Attributes:
        rate: joins per fact.
        usual: joins per fact in the past.
        bound: the rate from which a source is held.
        blocks: blocks of the past.
        tripped: the source is to be held.
    """

    rate: float
    usual: float
    bound: float
    blocks: int
    tripped: bool


def judge(block: Block, history: Sequence[Block], spec: BreakerSpec) -> Verdict | None:
    """Compare ``block`` with the blocks before it; None where there are too few of them.

    Args:
        block: what is judged; it may be incomplete.
        history: complete blocks of the same source, the earliest first, without any that is not believed.
        spec: thresholds.
    """
    if len(history) < spec.blocks_min:
        return None
    usual = (sum(one.merges for one in history) + 0.5) / sum(one.facts for one in history)
    scores = [(one.rate - usual) / sqrt(usual / one.facts) for one in history]
    moves = [abs(late - early) for early, late in pairwise(scores)]
    scatter = max(1.0, sum(moves) / len(moves) / _MEAN_OF_RANGE)
    bound = max(usual * spec.times, usual + spec.sigma * scatter * sqrt(usual / block.facts))
    tripped = block.merges >= spec.merges_min and block.rate > bound
    return Verdict(block.rate, usual, bound, len(history), tripped)
