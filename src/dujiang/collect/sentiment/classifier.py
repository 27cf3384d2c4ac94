"""Score texts from -1 (negative) to 1 (positive) by logistic regression over runs of characters."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from math import exp
from typing import Any, Final, NamedTuple

LABELS: Final = ("negative", "neutral", "positive")
RUN_MAX: Final = 3
TEXT_MAX: Final = 2000
STRENGTH: Final = 4.0
"""Inverse strength of the penalty, chosen by cross-validation on the examples."""
_NOT_SAID: Final = re.compile(r"[^一-鿿a-z]+")


def _file(name: str) -> str:
    return (resources.files("dujiang.collect.sentiment") / name).read_text("utf-8")


VERSION: Final = "1." + hashlib.sha256(_file("examples.txt").encode()).hexdigest()[:8]
"""Changes with the examples that the classifier is fitted on."""


class Example(NamedTuple):
    """A text and its label."""

    text: str
    label: str


class Weights(NamedTuple):
    """What each run of characters adds to each label."""

    base: tuple[float, float, float]
    of: dict[str, tuple[float, float, float]]


def examples(name: str = "examples.txt") -> list[Example]:
    """Labelled examples: those it is fitted on, or those of ``held_out.txt``."""
    found, label = [], ""
    for line in _file(name).splitlines():
        if line.startswith("["):
            label = line.strip("[]")
        elif line and not line.startswith("#"):
            found.append(Example(line, label))
    return found


def runs(text: str) -> Iterator[str]:
    """Runs of one to three characters of the text's words.

    >>> sorted(runs("好喝!")), sorted(runs("12 号"))
    (['喝', '好', '好喝'], ['号'])
    """
    for words in _NOT_SAID.split(text.lower()[:TEXT_MAX]):
        for size in range(1, RUN_MAX + 1):
            for at in range(len(words) - size + 1):
                yield words[at : at + size]


def fitted(among: list[Example], strength: float = STRENGTH) -> Weights:
    """The classifier fitted on ``among``; the same examples give the same weights."""
    # Loaded when a text is met: most commands never read one.
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    analyzer: Any = runs
    counts = CountVectorizer(analyzer=analyzer, binary=True)
    seen = counts.fit_transform([one.text for one in among])
    model = LogisticRegression(C=strength, max_iter=1000).fit(seen, [LABELS.index(one.label) for one in among])
    names = counts.get_feature_names_out()
    columns = model.coef_.T.tolist()
    base = model.intercept_.tolist()
    return Weights((base[0], base[1], base[2]), {n: (a, b, c) for n, (a, b, c) in zip(names, columns, strict=True)})


@cache
def _weights() -> Weights:
    return fitted(examples())


def chances(text: str, weights: Weights) -> tuple[float, float, float]:
    """How likely each label is."""
    sums = list(weights.base)
    for run in set(runs(text)):
        for label, weight in enumerate(weights.of.get(run, (0.0, 0.0, 0.0))):
            sums[label] += weight
    most = max(sums)
    powers = [exp(one - most) for one in sums]
    whole = sum(powers)
    return powers[0] / whole, powers[1] / whole, powers[2] / whole


def score(text: str) -> float | None:
    """From -1 (surely negative) to 1 (surely positive): chance of positive less chance of negative.

    None where the text has no word in it.

    >>> score("发货太慢了，很失望") < -0.3, score("谢谢，味道很好") > 0.3, score("123 !")
    (True, True, None)
    """
    if next(runs(text), None) is None:
        return None
    negative, _neutral, positive = chances(text, _weights())
    return round(positive - negative, 3)
