"""What the tracking guide shows is true."""

from __future__ import annotations

import re
from pathlib import Path

from dujiang.collect.mending import RuleSpec
from dujiang.collect.tracking_plan import TrackingPlanSpec
from dujiang.foundation.bounds import BOUNDS
from dujiang.foundation.definitions import load_yaml

GUIDE = (Path(__file__).parents[3] / "docs" / "guides" / "tracking.md").read_text("utf-8")


def test_the_definitions_can_be_applied_as_they_stand() -> None:
    plan, rule = load_yaml("".join(re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)))
    assert isinstance(plan.typed(), TrackingPlanSpec)
    assert isinstance(rule.typed(), RuleSpec)


def test_the_limits_are_those_in_force() -> None:
    megabyte = 1024 * 1024
    assert f"{BOUNDS.request_bytes_max // megabyte} MiB a request" in GUIDE
    assert f"({BOUNDS.request_bytes_inflated_max // megabyte} MiB after decompression)" in GUIDE
    assert f"{BOUNDS.request_events_max:,} events a request" in GUIDE
    event = f"{BOUNDS.event_bytes_max // 1024} KiB, {BOUNDS.event_depth_max} levels and {BOUNDS.event_keys_max} keys an event"
    assert event in GUIDE
