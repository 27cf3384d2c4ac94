"""Whatever is sent, every route answers as the API's description says: schemathesis with all of its checks."""

from __future__ import annotations

from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig

from dujiang.api.app import PREFIX, bare_api

CONFIG = SchemathesisConfig.from_dict(
    {
        # What no schema can say (a metric that is not defined, a file that is no table) is refused with 400.
        "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "400", "404", "409"]}},
        # The key is ours; a made-up one beside it would only be a second opinion on who calls.
        "generation": {"with-security-parameters": False},
    }
)
schema = schemathesis.openapi.from_dict(bare_api().openapi(), config=CONFIG)


@schema.parametrize()
@settings(max_examples=10, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_answers_are_as_described(case: Any, api: Any) -> None:
    key = {"Authorization": api.keys["admin"]["authorization"]}
    case.call_and_validate(headers=key, base_url=api.address + PREFIX)
