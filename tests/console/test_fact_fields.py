"""Every field that a fact may have is called something people understand."""

from __future__ import annotations

from dujiang.console.views.fact_fields import FIELDS
from dujiang.foundation.facts import FAMILIES

INNER = {"key", "content", "seq", "batch", "source", "received_at"}


def test_every_field_of_every_family_has_a_name_and_no_other() -> None:
    assert set(FIELDS) == {name for family in FAMILIES.values() for name in family.names} - INNER
