"""Attribution of five million rows of paths over sixty channels, from integer arrays.

python benchmarks/bench_attribution.py [PATHS]
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable

import numpy as np
from harness import Measurement, peak_megabytes, repeated

from dujiang.insight.attribution.bootstrap import spread
from dujiang.insight.attribution.markov import by_path, markov
from dujiang.insight.attribution.model import Credits, Paths
from dujiang.insight.attribution.rules import Last, Linear, Position, TimeDecay, by_rule
from dujiang.insight.attribution.shapley import shapley_conversions, shapley_rate

PATHS = 5_000_000
CHANNELS = 60
DAY = 86_400_000


def paths_of(count: int, channels: int = CHANNELS, seed: int = 1) -> Paths:
    """Paths of one to twelve touches, four on the average, over channels of very different size."""
    rng = np.random.default_rng(seed)
    length = np.minimum(rng.geometric(0.25, count), 12)
    offsets = np.concatenate([[0], np.cumsum(length)])
    share = 1 / np.arange(1, channels + 1)
    channel = rng.choice(channels, offsets[-1], p=share / share.sum()).astype(np.int32)
    converted = (rng.random(count) < 0.05 + 0.1 * (channel[offsets[1:] - 1] % 3 == 0)).astype(np.float64)
    value = converted * rng.gamma(2, 100, count).round(2)
    left = np.repeat(offsets[1:], length) - 1 - np.arange(offsets[-1])
    return Paths(offsets, channel, converted, value, 1 - converted, channels, left * (DAY // 2))


def measure(count: int = PATHS) -> list[Measurement]:
    """Seconds of each model, with the sum of its credits checked."""
    paths = paths_of(count)
    what = f"{count / 1e6:g} million paths, {len(paths.channel) / 1e6:.0f} million touches, {paths.channels} channels"

    def timed(name: str, model: Callable[[], Credits], aim: str = "", note: str = "") -> Measurement:
        found = model()
        assert np.isclose(found.conversions.sum(), paths.conversions)
        assert np.isclose(found.value.sum(), paths.value.sum())
        seconds = statistics.median(repeated(model, 3))
        return Measurement(f"{name}: {what}", f"{seconds:.2f} s", aim, note)

    def resampled() -> Credits:
        assert spread(paths, lambda one: markov(one).credits, np.random.default_rng(1), rounds=20) is not None
        return by_rule(paths, Last())

    return [
        timed("last touch", lambda: by_rule(paths, Last())),
        timed("linear", lambda: by_rule(paths, Linear())),
        timed("position", lambda: by_rule(paths, Position())),
        timed("time decay", lambda: by_rule(paths, TimeDecay(7 * DAY))),
        timed(
            "Markov order 1, exact",
            lambda: markov(paths).credits,
            "0.52 s",
            "a twentieth of the 10.4 s that ChannelAttribution 2.2.5 took for these paths, in an environment of its own; "
            "its simulation was up to 29% away from the exact credit of a channel",
        ),
        timed("Markov order 2, exact", lambda: markov(paths, order=2).credits, note="3,661 states"),
        timed("shares of each path", lambda: by_path(paths)),
        timed("Shapley of conversions, exact", lambda: shapley_conversions(paths).credits),
        timed(
            "Shapley of the rate, sampled",
            lambda: shapley_rate(paths, np.random.default_rng(1), pairs=20).credits,
            note="20 pairs of orders",
        ),
        timed(
            "intervals of Markov order 1",
            resampled,
            note=f"20 resamples; peak of all {peak_megabytes():,} MB until here",
        ),
    ]


if __name__ == "__main__":
    for row in measure(int(sys.argv[1]) if len(sys.argv) > 1 else PATHS):
        print(f"{row.what}: {row.value}  {row.note}")
