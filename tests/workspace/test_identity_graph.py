"""The graph of a person: own identifiers, every link with its decision, and the people behind refused links."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from small_kit import Small, small

from dujiang.people.identity_graph import IdentityGraph

ANN, BEA = ["member_no:M1", "mobile:13900000011"], ["member_no:M2", "mobile:13900000011"]


@pytest.fixture
def brand(tmp_path: Path) -> Iterator[Small]:
    with small(tmp_path) as made:
        yield made


def graph(brand: Small, name: str, nodes_max: int = 60) -> IdentityGraph:
    person = brand.rows(f"SELECT person FROM person_node WHERE node = {brand.node(name)}")[0][0]
    return brand.workspace.identity_graphs.of(person, brand.workspace.identifier_types, nodes_max)


def test_a_refused_link_leads_to_the_other_person(brand: Small) -> None:
    for day in (30, 20):
        brand.fact("customer", ANN, day, gender="female")
    brand.fact("customer", BEA, 10, gender="female")
    brand.refresh()
    found = graph(brand, "member_no:M1")
    member, phone, other = (brand.node(name) for name in ("member_no:M1", "mobile:13900000011", "member_no:M2"))
    assert [(one.node, one.kind, one.role, one.facts) for one in found.nodes] == [
        (member, "identifier", "owner", 2),
        (phone, "identifier", "owner", 3),
        (other, "person", "alone", 1),
    ]
    assert [one.known for one in found.nodes] == [False, False, True]
    said = {frozenset((one.a, one.b)): (one.evidence.reason, one.evidence.facts) for one in found.edges}
    assert said == {frozenset((member, phone)): ("same_record", 2), frozenset((phone, other)): ("limit:member_no", 1)}
    assert (found.identifiers_left_out, found.people_left_out, found.links_left_out) == (0, 0, 0)
    assert "139****0011" in {one.shown for one in found.nodes}
    assert "会员号" in found.edges[0].evidence.text(brand.workspace.identifier_types, "zh")


def test_a_hub_is_cut_down_and_says_what_is_left_out(brand: Small) -> None:
    for number in range(14):
        brand.fact("customer", [f"member_no:M{number}", "mobile:13900000011"], 30, gender="male")
    brand.fact("customer", ["member_no:M3", "mobile:13900000011"], 20, gender="male")
    brand.refresh()
    found = graph(brand, "mobile:13900000011", nodes_max=6)
    assert len(found.nodes) == 6
    assert len(found.edges) == 5
    assert (found.identifiers_left_out, found.people_left_out, found.links_left_out) == (0, 9, 9)
    # The one with most records stays.
    assert found.nodes[1].node == brand.node("member_no:M3")
    assert {one.evidence.reason for one in found.edges} == {"shared"}


def test_nobody_has_no_graph(brand: Small) -> None:
    found = brand.workspace.identity_graphs.of(12345, brand.workspace.identifier_types)
    assert (found.nodes, found.edges) == ((), ())
