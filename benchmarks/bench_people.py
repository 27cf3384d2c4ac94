"""Every tag that comes with Dujiang for a million people and twenty million events: everybody, and one in a hundred."""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from harness import Measurement, peak_megabytes, stopwatch

from dujiang.engine.refresh import Change
from dujiang.engine.schema import create_own_tables, create_tables
from dujiang.people.tags.catalogue import Catalogue, presets
from dujiang.people.tags.follower import TagFollower

PEOPLE = int(os.environ.get("BENCH_PEOPLE", "1000000"))
NOW = datetime(2026, 11, 12, 1, tzinfo=UTC)
EVENTS, ORDERS, LINES, VISITS = 20, 2, 3, 5
"""Per person; lines per two orders."""

_AT = "TIMESTAMPTZ '2026-11-12 00:00:00+00' - to_seconds(hash({0}) % 31536000)"


def build(con: duckdb.DuckDBPyConnection, people: int) -> None:
    """Fill the tables that tags read; whom a row belongs to, and what it says, comes from a hash of its number."""
    create_tables(con)
    create_own_tables(con)
    at = _AT.format("i")
    fill = {
        "person_node": f"""SELECT i AS node, CASE WHEN i % 3 = 0 THEN 'mobile' ELSE 'member_no' END AS type, i AS person,
            'owner' AS role FROM range({people}) t(i)""",
        "person": f"""SELECT i AS person, {at} AS first_at, CAST({at} AS DATE) AS first_day, 'site' AS first_channel,
            {at} AS last_at, CAST({at} AS DATE) AS last_day, ['site', 'tmall'] AS channels, 2 AS identifiers,
            true AS known, 20 AS events, 5 AS visits, 2 AS orders, 20000 AS paid_minor, 0 AS refunded_minor,
            CAST({at} AS DATE) AS first_order_day, CAST({at} AS DATE) AS last_order_day, ['tmall'] AS order_channels,
            CASE WHEN i % 2 = 0 THEN 'female' END AS gender, 1970 + i % 40 AS birth_year, [] AS tags
            FROM range({people}) t(i)""",
        "fact_event": f"""SELECT hash(i) % {people} AS anchor, i AS seq, {at} AS at, CAST({at} AS DATE) AS day,
            'site' AS channel, 'site' AS source, CASE WHEN i % 3 = 0 THEN 'page' ELSE 'track' END AS kind,
            ['page_viewed', 'product_viewed', 'add_to_cart', 'like', 'share', 'article_viewed'][1 + i % 6] AS name,
            '/p/' || i % 300 AS page, 'c' || i % 1000 AS content_id FROM range({people * EVENTS}) t(i)""",
        "orders": f"""SELECT i AS order_key, hash(i) % {people} AS person, {at} AS at, CAST({at} AS DATE) AS day,
            ['tmall', 'douyin', 'store'][1 + i % 3] AS channel, 'valid' AS status, 9900 + i % 50000 AS paid_minor,
            12000 + i % 50000 AS gross_minor, i % 3000 AS discount_minor, 2 AS units, 'Zhejiang' AS province,
            'city' || i % 300 AS city, 'store' || i % 50 AS store FROM range({people * ORDERS}) t(i)""",
        "fact_order_line": f"""SELECT i AS key, i AS seq, i // 2 AS order_key, 'p' || i % 500 AS product_id,
            'product' || i % 500 AS product, 'category' || i % 20 AS category, 1 AS units, 5000 AS paid_minor
            FROM range({people * LINES}) t(i)""",
        "visit": f"""SELECT hash(i) % {people} AS person, 'site' AS channel, {at} AS started_at, CAST({at} AS DATE) AS day,
            3 AS pages, 60000 AS dwell_ms, 50.0 AS scroll_pct, ['mobile', 'app', 'mini_program'][1 + i % 3] AS device,
            i % 4 = 0 AS bounced, 'source' || i % 9 AS utm_source FROM range({people * VISITS}) t(i)""",
        "refunds": f"""SELECT i AS refund_key, hash(i) % {people} AS person, CAST({at} AS DATE) AS day,
            5000 AS amount_minor, 'reason' || i % 7 AS reason FROM range({people // 5}) t(i)""",
        "conversation": f"""SELECT i AS conversation_key, hash(i) % {people} AS person, {at} AS at,
            CAST({at} AS DATE) AS day, 'topic' || i % 12 AS topic, i % 5 + 1 AS rating, i % 20 = 0 AS complaint
            FROM range({people // 5}) t(i)""",
        "consent": f"""SELECT i AS person, 'marketing' AS purpose, 'sms' AS medium, 'granted' AS state
            FROM range({people}) t(i) WHERE i % 4 = 0""",
    }
    for table, question in fill.items():
        con.execute(f"INSERT INTO {table} BY NAME {question}")


def measure() -> list[Measurement]:
    """Everybody's tags, those of one in a hundred, and of a hundred people."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as folder:
        config = {"threads": 2, "memory_limit": "4GB", "temp_directory": folder}
        con = duckdb.connect(str(Path(folder) / "people.duckdb"), config=config)
        con.execute("SET TimeZone = 'UTC'")
        con.execute("SET preserve_insertion_order = false")
        build(con, PEOPLE)
        tags = Catalogue(presets())
        follower = TagFollower(lambda: tags)
        with stopwatch() as full:
            follower.follow(con, Change(True, NOW, "Asia/Shanghai"))
        some = [_followed(con, follower, number, PEOPLE // 100) for number in range(3)]
        few = [_followed(con, follower, number, 100) for number in range(3)]
    what = f"all {len(tags)} tags of {PEOPLE:,} people, {PEOPLE * EVENTS:,} events, {PEOPLE * ORDERS:,} orders"
    return [
        Measurement(what, f"{full.seconds:,.0f} s", "minutes", "facts already in the engine"),
        Measurement("the same, peak memory", f"{peak_megabytes():,} MB", "< 8,000 MB", "DuckDB may use 4,000 MB"),
        Measurement(f"all tags of {PEOPLE // 100:,} of them again", f"{min(some):.1f}–{max(some):.1f} s", "1–2 s"),
        Measurement("all tags of 100 of them again", f"{min(few):.1f}–{max(few):.1f} s", "1 s"),
    ]


def _followed(con: duckdb.DuckDBPyConnection, follower: TagFollower, first: int, people: int) -> float:
    """Seconds for the tags of ``people`` persons, spread over all."""
    step = PEOPLE // people
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE touched AS SELECT i AS person FROM range({first}, {PEOPLE}, {step}) t(i)"
    )
    with stopwatch() as watch:
        follower.follow(con, Change(False, NOW, "Asia/Shanghai"))
    return watch.seconds
