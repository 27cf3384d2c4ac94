"""Trees of conditions as people hand them over: as definitions, alone, in YAML and JSON; and what is said of wrong ones."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest

from dujiang.foundation.definitions import load_yaml
from dujiang.foundation.errors import InvalidInput
from dujiang.people.conditions import parse_condition
from dujiang.people.segments.model import trees_of

TENTH: dict[str, Any] = {"type": "sample", "percent": 10}
LADIES: dict[str, Any] = {"type": "all", "of": [{"type": "profile", "field": "gender", "value": "female"}]}
DEFINED = "kind: segment\nname: tenth\nspec: {condition: {type: sample, percent: 10}}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (DEFINED, {"tenth": TENTH}),
        (json.dumps(TENTH), {"copied.json": TENTH}),
        (json.dumps(LADIES, indent=2), {"copied.json": LADIES}),
        (json.dumps({"condition": TENTH}), {"copied.json": TENTH}),
        (json.dumps({"condition": LADIES, "sample": 5}), {"copied.json": LADIES}),
        ("spec: {condition: {type: sample, percent: 10}}", {"copied.json": TENTH}),
        (DEFINED + "---\ntype: sample\npercent: 10\n", {"tenth": TENTH, "copied.json": TENTH}),
        ("{type: sample, percent: 10}\n---\n{type: sample, percent: 20}",
         {"copied.json": TENTH, "copied.json-2": TENTH | {"percent": 20}}),
        (DEFINED + "---\nkind: segment\nname: other\nspec: {condition: {type: sample, percent: 20}}\n",
         {"tenth": TENTH, "other": TENTH | {"percent": 20}}),
    ],
)  # fmt: skip
def test_a_tree_alone_is_as_good_as_a_definition(text: str, expected: dict[str, dict[str, Any]]) -> None:
    assert trees_of(text, "copied.json") == {name: parse_condition(tree) for name, tree in expected.items()}


@pytest.mark.parametrize("text", ["", "---\n", "kind: channel\nname: tmall\nspec: {}"])
def test_a_text_without_a_segment_is_refused(text: str) -> None:
    import dujiang.collect.model  # noqa: F401  (the kind of channels)

    with pytest.raises(InvalidInput) as refused:
        trees_of(text, "copied.json")
    assert refused.value.code == "segment.none_told"


@pytest.mark.parametrize(
    ("tree", "english", "chinese"),
    [
        ({"typ": "all"}, "at condition: the key 'type' is needed", "缺少 'type'"),
        ({"type": "al"}, "there is no type “al”; there are 'all', 'any', 'not'", "没有“al”这种类型"),
        ({"type": "all"}, "at of: this is needed.", "必须填写"),
        ({"type": "all", "of": []}, "at of: at least 1 are needed here.", "至少要有 1 个"),
        ({"type": "all", "of": [{"type": "tag", "tag": "A B", "value": 1}]}, "at of.0.tag: small letters", "小写字母"),
        ({"type": "not", "of": {"type": "segment", "segment": "!"}}, "at of.segment: small letters", "小写字母"),
        ({"type": "sample", "percent": 200}, "at percent: this has to be less than 100", "必须小于 100"),
        ({"type": "sample", "percent": 5, "sed": "a"}, "at sed: there is no such key here", "这里没有这个键"),
        ({"type": "behaviour", "source": "oders"}, "at source: this has to be 'events', 'orders'", "只能是 'events'"),
        ({"type": "profile", "field": "city", "value": 3}, "at condition: “3” is no text.", "“3”不是文本"),
    ],
)
def test_what_is_wrong_is_said_in_words(tree: dict[str, Any], english: str, chinese: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_condition(tree)
    assert english in str(refused.value)
    assert chinese in refused.value.text("zh")
    assert "Value error" not in str(refused.value)
    sent = pickle.loads(pickle.dumps(refused.value))  # noqa: S301 - our own
    assert sent.text("zh") == refused.value.text("zh")
    assert json.loads(json.dumps(refused.value.values)) == refused.value.values
    with pytest.raises(InvalidInput) as refused:
        load_yaml(json.dumps({"kind": "segment", "name": "mine", "spec": {"condition": tree}}))
    assert refused.value.code == "definition.invalid"
    assert chinese in refused.value.text("zh")


@pytest.mark.parametrize("text", [json.dumps(TENTH), "name: tenth", "spec: {condition: {type: sample, percent: 5}}"])
def test_what_is_no_definition_is_told_what_one_needs(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        load_yaml(text)
    assert refused.value.code == "definition.not_mapping"
    assert "kind" in refused.value.text("zh")
