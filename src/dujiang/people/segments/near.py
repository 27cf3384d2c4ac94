"""Who was near a place."""

from __future__ import annotations

from typing import Final

from dujiang.people.behaviour import AsOf
from dujiang.people.bound import Binder, Question
from dujiang.people.conditions import Near

EARTH_KM: Final = 6371.0088


def near(one: Near, as_of: AsOf, among: str = "") -> Question:
    """The persons (of the table ``among``; empty for everybody) with an event near enough, by the haversine formula."""
    binder = Binder()
    latitude, longitude = (
        f"TRY_CAST(json_extract_string(properties, '/{name}') AS DOUBLE)" for name in ("latitude", "longitude")
    )
    own = (binder.bind(one.latitude), binder.bind(one.longitude))
    half = (
        f"pow(sin(radians({latitude} - {own[0]}) / 2), 2)"
        f" + cos(radians({own[0]})) * cos(radians({latitude})) * pow(sin(radians({longitude} - {own[1]}) / 2), 2)"
    )
    tests = [f'"at" < {binder.bind(as_of.at)}']
    first, last = one.window.bounds(as_of.today)
    tests += [f"day >= {binder.bind(first)}"] if first else []
    tests += [f"day <= {binder.bind(last)}"] if last else []
    owners = f'(FROM person_node SEMI JOIN "{among}" USING (person))' if among else "person_node"
    return binder.question(
        f"SELECT DISTINCT mine.person FROM fact_event JOIN {owners} AS mine ON mine.node = fact_event.anchor"
        ' AND (from_at IS NULL OR "at" >= from_at) AND (to_at IS NULL OR "at" < to_at)'
        f" WHERE {' AND '.join(tests)} AND 2 * {EARTH_KM} * asin(least(1, sqrt({half}))) <= {binder.bind(one.km)}"
    )
