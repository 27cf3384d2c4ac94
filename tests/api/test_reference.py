"""The reference in the documentation is that of the code."""

from __future__ import annotations

from pathlib import Path

from dujiang.api.app import bare_api
from dujiang.api.reference import described, markdown

DOCS = Path(__file__).parents[2] / "docs" / "reference"


def test_the_reference_is_current() -> None:
    assert (DOCS / "api.md").read_text("utf-8") == markdown(), (
        "run: python -m dujiang.api.reference > docs/reference/api.md"
    )


def test_every_route_is_in_it_once() -> None:
    paths = bare_api().openapi()["paths"]
    routes = {(method.upper(), f"/api/v1{path}") for path, methods in paths.items() for method in methods}
    listed = [(one.method, one.path) for one in described()]
    assert len(listed) == len(set(listed))
    assert set(listed) == routes


def test_every_operation_says_what_it_does() -> None:
    for path, methods in bare_api().openapi()["paths"].items():
        for method, operation in methods.items():
            assert operation["description"], (method, path)
            assert operation["security"], (method, path)
