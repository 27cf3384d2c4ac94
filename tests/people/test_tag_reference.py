"""The reference of tags is what its generator writes."""

from __future__ import annotations

from pathlib import Path

from dujiang.foundation.definitions import load_yaml
from dujiang.people.tags.catalogue import Catalogue, presets
from dujiang.people.tags.reference import reference

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_up_to_date() -> None:
    assert (DOCS / "reference" / "tags.md").read_text("utf-8") == reference(Catalogue(presets()))


def test_the_example_in_the_docs_is_a_tag() -> None:
    page = (DOCS / "concepts" / "tags.md").read_text("utf-8")
    (example,) = load_yaml(page.split("```yaml")[1].split("```")[0])
    assert len(Catalogue([*presets(), example])) == len(presets()) + 1
    assert f"[{len(presets())} tags]" in page
