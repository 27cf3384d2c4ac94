"""Sparklines: the shape of a series, as SVG paths in a box of 100 × 32."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 100.0
HEIGHT = 32.0
_PAD = 2.0


@dataclass(frozen=True)
class Spark:
    """Paths of a sparkline: the line, the area under it, and the earlier period's line ("" where there is none)."""

    now: str
    under: str
    then: str = ""


def spark(now: Sequence[float | None], then: Sequence[float | None] = ()) -> Spark | None:
    """The sparkline of ``now`` over ``then``; None where fewer than two values exist. Bottom is zero or the least value.

    >>> spark([0, 1]).now
    'M0 30 L100 2'
    """
    known = [value for value in (*now, *then) if value is not None]
    if sum(value is not None for value in now) < 2:
        return None
    low, high = min(0.0, *known), max(known)
    line = _path(now, low, high)
    return Spark(now=line, under=_area(now, low, high), then=_path(then, low, high))


def _points(values: Sequence[float | None], low: float, high: float) -> list[tuple[float, float] | None]:
    step = WIDTH / max(1, len(values) - 1)
    scale = (HEIGHT - 2 * _PAD) / ((high - low) or 1.0)
    return [
        None if value is None else (index * step, HEIGHT - _PAD - (value - low) * scale)
        for index, value in enumerate(values)
    ]


def _runs(points: Sequence[tuple[float, float] | None]) -> list[list[tuple[float, float]]]:
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(point)
    return [run for run in runs if run]


def _text(point: tuple[float, float]) -> str:
    return f"{point[0]:.2f}".rstrip("0").rstrip(".") + " " + f"{point[1]:.2f}".rstrip("0").rstrip(".")


def _path(values: Sequence[float | None], low: float, high: float) -> str:
    runs = _runs(_points(values, low, high))
    return " ".join("M" + " L".join(_text(point) for point in run) for run in runs)


def _area(values: Sequence[float | None], low: float, high: float) -> str:
    bottom = HEIGHT - _PAD - (0.0 - low) * (HEIGHT - 2 * _PAD) / ((high - low) or 1.0)
    parts = []
    for run in _runs(_points(values, low, high)):
        corners = [(run[0][0], bottom), *run, (run[-1][0], bottom)]
        parts.append("M" + " L".join(_text(point) for point in corners) + " Z")
    return " ".join(parts)
