"""Trying decisions over the API: what is misspelt is refused, not left out."""

from __future__ import annotations

from typing import Any


def test_a_dry_run_says_what_a_decision_would_do(api: Any) -> None:
    wish = {"kind": "distrust", "source": "nobody"}
    tried = api.ask("POST", "/identity/dry-run", "viewer", json={"decisions": [wish]})
    assert (tried["merges"], tried["splits"]) == (0, 0)
    assert tried["persons_before"] == tried["persons_after"] > 0


def test_fields_that_nobody_knows_are_refused(api: Any) -> None:
    wish = {"kind": "distrust", "source": "nobody"}
    for wrong in (wish, {"decisions": [wish | {"form": "x"}]}):
        assert api.problem("POST", "/identity/dry-run", "viewer", json=wrong)[:2] == (422, "request.invalid")
    assert api.problem("POST", "/identity/decisions", "operator", json=wish | {"until": "x"})[:2] == (
        422,
        "request.invalid",
    )
