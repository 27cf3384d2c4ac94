"""The same questions for ClickHouse, in the best ways found, on its own sorted table in this process (chdb)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from harness import Cost, cost
from sequences_brand import GAP, START, THREADS, WEEK, Brand, told

IN_ANY_ORDER = " SETTINGS optimize_aggregation_in_order = 0"
IN_ORDER = " SETTINGS optimize_aggregation_in_order = 1"
"""The only setting with which arrays that are not sorted are in the order of the table."""
FIVE = ["page_viewed", "product_viewed", "product_added", "order_completed", "liked"]

_STEPS = "name = 'page_viewed', name = 'product_viewed', name = 'product_added'"
_IN3 = "name IN ('page_viewed', 'product_viewed', 'product_added')"
_LEVELS = (
    "SELECT level, count() FROM (SELECT windowFunnel({window}{mode})(at, {steps}) AS level FROM event WHERE {only}"
)
_LEVELS += " GROUP BY person) WHERE level > 0 GROUP BY level ORDER BY level"


def theirs() -> dict[str, list[str]]:
    """For each question the ways in which ClickHouse may be asked it."""

    def levels(mode: str = "", steps: str = _STEPS, only: str = _IN3) -> list[str]:
        return [_LEVELS.format(window=WEEK, mode=f", '{mode}'" if mode else "", steps=steps, only=only)]

    five = ", ".join(f"name = '{one}'" for one in FIVE)
    in_five = f"name IN ({', '.join(repr(one) for one in FIVE)})"
    filtered = _LEVELS.format(window=WEEK, mode="", steps=_STEPS, only=f"{_IN3} AND (dwell = 0 OR dwell > 20000)")
    by_device = filtered.replace("SELECT level,", "SELECT device, level,").replace(
        "(SELECT windowFunnel", "(SELECT any(device) AS device, windowFunnel"
    )
    return {
        "funnel of 3 steps": levels(),
        "funnel of 5 steps": levels("", five, in_five),
        "3 steps, strict increase": levels("strict_increase"),
        "3 steps, strict order": levels("strict_order"),
        "3 steps, strict deduplication": levels("strict_deduplication"),
        "3 steps, filter and breakdown": [
            by_device.replace("GROUP BY level ORDER BY level", "GROUP BY ALL ORDER BY ALL")
        ],
        "retention by week, 12 weeks": [
            f"""SELECT c, toInt64(p) - c AS k, count() FROM (
                SELECT groupUniqArray(intDiv(at - {START}, {WEEK})) AS ps, toInt64(arrayMin(ps)) AS c
                FROM event GROUP BY person)
            ARRAY JOIN ps AS p WHERE k BETWEEN 1 AND 12 GROUP BY c, k ORDER BY c, k"""
        ],
        "visits by a pause of 30 minutes": [
            f"""SELECT sum(n) FROM (SELECT 1 + arrayCount(x -> x > {GAP},
                arrayDifference({sort}(groupArray(at)))) AS n FROM event GROUP BY person){asked}"""
            for sort, asked in (("arraySort", ""), ("", IN_ORDER))
        ],
        "first five events": [
            f"""SELECT count() AS c FROM (SELECT arrayMap(x -> x.3, {first}) AS p FROM event GROUP BY person)
                GROUP BY p ORDER BY c DESC LIMIT 20"""
            for first in (
                "arraySlice(arraySort(groupArray((at, seq, name))), 1, 5)",
                "groupArraySorted(5)((at, seq, name))",
            )
        ],
        "overlap of 12 channels": [
            """SELECT count() AS c FROM (SELECT groupBitOr(bitShiftLeft(toUInt16(1), channel)) AS m FROM event
                GROUP BY person) GROUP BY m ORDER BY c"""
        ],
        "touch lists of 7 days: first, last, linear": [
            f"""SELECT x.3 AS channel, sum(i = 1), sum(i = n), round(sum(1 / n), 3) FROM (
                SELECT arrayFilter(x -> x.1 <= c AND x.1 + {WEEK} >= c, t) AS l, length(l) AS n FROM (
                    SELECT arraySort(groupArrayIf((at, seq, channel), name = 'page_viewed')) AS t,
                        groupArrayIf(at, name = 'order_completed') AS cs
                    FROM event WHERE name IN ('page_viewed', 'order_completed') GROUP BY person HAVING length(cs) > 0)
                ARRAY JOIN cs AS c)
            ARRAY JOIN l AS x, arrayEnumerate(l) AS i GROUP BY channel ORDER BY channel"""
        ],
        "touch lists of 7 days: Markov": [
            f"""SELECT a, b, count() FROM (
                SELECT arrayConcat([toUInt8(0)], arrayMap(x -> toUInt8(x.3 + 1), l), [toUInt8(99)]) AS s FROM (
                    SELECT arrayFilter(x -> x.1 <= c AND x.1 + {WEEK} >= c, t) AS l FROM (
                        SELECT arraySort(groupArrayIf((at, seq, channel), name = 'page_viewed')) AS t,
                            groupArrayIf(at, name = 'order_completed') AS cs
                        FROM event WHERE name IN ('page_viewed', 'order_completed') GROUP BY person HAVING length(cs) > 0)
                    ARRAY JOIN cs AS c)
                WHERE length(l) > 0)
            ARRAY JOIN arrayPopBack(s) AS a, arrayPopFront(s) AS b GROUP BY a, b ORDER BY a, b"""
        ],
    }


@dataclass
class House:
    """ClickHouse in this process, with the same events in a sorted table."""

    session: Any

    @classmethod
    def filled(cls, folder: Path, brand: Brand) -> House:
        """A table with the rows of ``brand``, merged into one part."""
        from chdb import session

        house = cls(session.Session(str(folder / "house")))
        house.asked(
            """CREATE TABLE event (person Int64, at UInt64, name LowCardinality(String), channel UInt8,
            device LowCardinality(String), dwell UInt32, seq UInt64) ENGINE = MergeTree ORDER BY (person, at)"""
        )
        for part in brand.parts:
            file = folder / "part.parquet"
            pq.write_table(told(part), file)
            house.asked(f"INSERT INTO event SELECT * FROM file('{file}', Parquet)")
            file.unlink()
        house.asked("OPTIMIZE TABLE event FINAL")
        return house

    def asked(self, question: str) -> list[list[float]]:
        """The rows of the answer, numbers as they are and words left out."""
        answer = str(self.session.query(question, "TSV")).strip().splitlines()
        return [[float(cell) for cell in line.split("\t") if cell[:1].isdigit()] for line in answer]

    def best(self, ways: list[str], times: int) -> tuple[Cost, list[list[float]]]:
        """What the fastest way to ask costs, and the answer."""
        tried = []
        for way in ways:
            for settings in ("",) if way.endswith(IN_ORDER) else (IN_ANY_ORDER, IN_ORDER):
                text = f"{way}{settings}, max_threads = {THREADS}"
                tried.append((cost(lambda text=text: self.asked(text), 1).processors, text))
        text = min(tried)[1]
        return cost(lambda: self.asked(text), times), self.asked(text)
