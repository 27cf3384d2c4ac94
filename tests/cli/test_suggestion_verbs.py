"""``dujiang suggestions``: a pair is listed, accepted, put off, rejected and reopened; people follow at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dujiang.foundation.ids import person_id
from dujiang.identity.linkage.pair_id import pair_id
from dujiang.people.model import PeopleQuery
from dujiang.workspace import Workspace


def suggested(brand: Path, suggest_pair: Any) -> tuple[str, tuple[int, int]]:
    with Workspace.open(brand) as workspace:
        one, other = (found.person for found in workspace.people.list(PeopleQuery(known=True, limit=2)).people)
        pair = suggest_pair(workspace, one, other)
    return pair_id(*pair), pair


def owners(brand: Path, pair: tuple[int, int]) -> set[int]:
    with Workspace.open(brand) as workspace:
        return {workspace.people.get(node).profile.person for node in pair}


def test_a_suggestion_goes_from_review_to_one_person_and_back(run: Any, brand: Path, suggest_pair: Any) -> None:
    id_, pair = suggested(brand, suggest_pair)
    (listed,) = run("suggestions", "list", "-w", brand, "--json").json
    assert (listed["id"], listed["state"], listed["probability"]) == (id_, "open", 0.93)
    assert "演*一" in run("suggestions", "list", "-w", brand).out
    (about,) = run("suggestions", "list", "-w", brand, "--person", person_id(pair[1]), "--json").json
    assert about["id"] == id_
    assert run("suggestions", "list", "-w", brand, "--person", "nobody").code != 0
    assert run("suggestions", "accept", id_, "-w", brand, "--json").json["state"] == "accepted"
    assert len(owners(brand, pair)) == 1
    again = run("suggestions", "reject", id_, "-w", brand)
    assert again.code != 0
    assert "重新打开" in again.err
    assert run("suggestions", "reopen", id_, "-w", brand, "--json").json["state"] == "open"
    assert owners(brand, pair) == set(pair)
    assert run("suggestions", "later", id_, "-w", brand, "--json").json["state"] == "later"
    assert run("suggestions", "reject", id_, "-w", brand, "--json").json["state"] == "rejected"
    assert run("suggestions", "list", "-w", brand, "--json").json == []
    assert owners(brand, pair) == set(pair)
