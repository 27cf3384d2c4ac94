"""How questions grow with the number of events, from results.json: a table for the docs, and a chart in their look.

python benchmarks/growth.py
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Final

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
DOCS = HERE.parent / "docs"
PAGE, CHART = DOCS / "concepts" / "questions.md", DOCS / "images" / "growth.svg"
BEGIN, END = "<!-- growth: written by benchmarks/growth.py -->", "<!-- end of growth -->"
DRAWN: Final = {
    "funnel of 3 steps": "Funnel of 3 steps",
    "3 steps, filter and breakdown": "Funnel, filtered, divided",
    "retention by week, 12 weeks": "Retention, 12 weeks",
    "first five events": "Top paths",
    "overlap of 12 channels": "Overlap of channels",
    "touch lists of 7 days: first, last, linear": "Touch lists of 7 days",
}
"""What the chart shows: one more line would hide another."""

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 760, 420, 56, 212, 20, 44
_TITLE: Final = "Seconds of a question by number of events: Dujiang (lines) and ClickHouse (dashed)"
_STYLE = """
    text { font: 13px "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", system-ui, sans-serif; fill: #56615b }
    .paper { fill: #ffffff } .grid { stroke: #e6e6e0 } .name { fill: #17201c; font-weight: 500 }
    .line { fill: none; stroke-width: 2; stroke-linejoin: round } .other { stroke-dasharray: 3 4; stroke-width: 1.5 }
    .s0 { --series: #394eb9 } .s1 { --series: #983501 } .s2 { --series: #15a3ac }
    .s3 { --series: #7a4b7d } .s4 { --series: #859e07 } .s5 { --series: #6b2937 }
    .line { stroke: var(--series) }
    .key { --series: #56615b } .dot { fill: var(--series) } .lead { stroke: var(--series); opacity: .5 }
    @media (prefers-color-scheme: dark) {
      text { fill: #a7b2ac } .paper { fill: #19201d } .grid { stroke: #2a332f } .name { fill: #e8edea }
      .s0 { --series: #07b1fe } .s1 { --series: #c38b03 } .s2 { --series: #31ddf6 }
      .key { --series: #a7b2ac } .s3 { --series: #c3498b } .s4 { --series: #9b7133 } .s5 { --series: #feb596 }
    }
"""


@dataclass(frozen=True)
class Point:
    """What one question took at one size, in seconds; ``other`` of ClickHouse, None where it was not asked."""

    events: float
    seconds: float
    other: float | None


Lines = dict[str, list[Point]]


def lines(rows: Iterable[dict[str, Any]]) -> Lines:
    """The points of each question, the smallest size first."""
    found: Lines = defaultdict(list)
    for row in rows:
        figures = row.get("figures") or {}
        if "seconds" in figures:
            name = row["what"].rsplit(": ", 1)[0]
            found[name].append(Point(figures["events"], figures["seconds"], figures.get("other_seconds")))
    return {name: sorted(points, key=lambda point: point.events) for name, points in found.items()}


def table(found: Lines) -> str:
    """A row for each question, a column for each size; behind it how many times longer ClickHouse took."""
    sizes = sorted({point.events for points in found.values() for point in points})
    heads = ["question", *(f"{_count(size)} events" for size in sizes)]
    rows = []
    for name, points in found.items():
        by_size = {point.events: _cell(point) for point in points}
        rows.append([name, *(by_size.get(size, "–") for size in sizes)])
    marks = ["---", *("---:" for _size in sizes)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, marks, *rows))


def _cell(point: Point) -> str:
    took = _seconds(point.seconds)
    return took if point.other is None else f"{took} ({point.other / point.seconds:.1f} ×)"


def _count(events: float) -> str:
    return f"{events / 1e6:g} million" if events >= 1e6 else f"{events:,.0f}"


def _seconds(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms" if seconds < 1 else f"{seconds:.3g} s"


def chart(found: Lines) -> str:
    """Seconds by events, both on scales of powers: what grows evenly is a straight line."""
    drawn = {name: found[name] for name in DRAWN if name in found}
    points = [point for line in drawn.values() for point in line]
    across = _scale([point.events for point in points], _LEFT, _WIDTH - _RIGHT)
    taken = [one for point in points for one in (point.seconds, point.other) if one]
    up = _scale(taken, _HEIGHT - _BOTTOM, _TOP)
    parts = [_grid(points, taken, across, up)]
    ends = _apart([up(line[-1].seconds) for line in drawn.values()])
    for place, ((name, line), end) in enumerate(zip(drawn.items(), ends, strict=True)):
        own = [(across(point.events), up(point.seconds)) for point in line]
        other = [(across(point.events), up(point.other)) for point in line if point.other]
        dots = "".join(f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in own)
        x, y = own[-1]
        parts.append(
            f'<g class="s{place}"><path class="line other" d="{_way(other)}"/><path class="line" d="{_way(own)}"/>{dots}'
            f'<path class="lead" fill="none" d="M{x + 6:.1f},{y:.1f}L{x + 18:.1f},{end:.1f}"/>'
            f'<text class="name" x="{x + 24:.1f}" y="{end + 4:.1f}">{escape(DRAWN[name])}</text></g>'
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{_TITLE}">\n'
        f'<title>{_TITLE}</title><style>{_STYLE}</style><rect class="paper" width="{_WIDTH}" height="{_HEIGHT}" rx="6"/>\n'
        + "\n".join([*parts, _legend()])
        + "\n</svg>\n"
    )


def _legend() -> str:
    x, y = _WIDTH - _RIGHT + 18, _HEIGHT - _BOTTOM
    return "".join(
        f'<path class="line key {kind}" d="M{x},{y - up}h22"/><text x="{x + 30}" y="{y - up + 4}">{name}</text>'
        for kind, name, up in (("", "Dujiang", 24), ("other", "ClickHouse", 4))
    )


def _grid(points: Sequence[Point], taken: Sequence[float], across: Any, up: Any) -> str:
    parts = []
    for events in sorted({point.events for point in points}):
        x = across(events)
        parts.append(f'<text x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 22}" text-anchor="middle">{_count(events)}</text>')
    for power in range(math.floor(math.log10(min(taken))), math.ceil(math.log10(max(taken))) + 1):
        y = up(10.0**power)
        if _TOP - 1 <= y <= _HEIGHT - _BOTTOM + 1:
            parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_seconds(10.0**power)}</text>')
    return "".join(parts)


def _scale(values: Sequence[float], first: float, last: float) -> Any:
    """Where a value lies between the smallest (``first``) and the largest (``last``), on a scale of powers."""
    low, high = math.log10(min(values)), math.log10(max(values))
    span = (high - low) or 1.0
    return lambda value: first + (math.log10(value) - low) / span * (last - first)


def _apart(places: Sequence[float], least: float = 20) -> list[float]:
    """``places`` moved so far that labels there do not overlap, in the same order."""
    found = [0.0] * len(places)
    before = -math.inf
    for number in sorted(range(len(places)), key=places.__getitem__):
        found[number] = before = max(places[number], before + least)
    over = max(0.0, before - (_HEIGHT - _BOTTOM))
    return [place - over for place in found]


def _way(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in points) if points else ""


def main() -> None:
    """Write both where the docs have their place for them; nothing where there are no sizes."""
    kept = json.loads(RESULTS.read_text("utf-8")).get("sequences", {"rows": []})
    found = lines(kept["rows"])
    if not found:
        return
    CHART.write_text(chart(found), "utf-8")
    page = PAGE.read_text("utf-8")
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    picture = f"![{_TITLE}](../images/{CHART.name})"
    text = f"{BEGIN}\n{picture}\n\n{kept['date']} · {kept['machine']}\n\n{table(found)}\n"
    PAGE.write_text(before + text + END + after, "utf-8")


if __name__ == "__main__":
    main()
