"""The classifier of sentiment on sentences that it was never fitted on, and that no text outlives its score."""

from __future__ import annotations

from dujiang.collect.sentiment.classifier import LABELS, VERSION, chances, examples, fitted, score

HELD_OUT = examples("held_out.txt")
CORRECT_MIN = 0.75
"""Measured: 75 of 90, a share of 83% (95% interval 74% to 90%)."""


def test_it_is_right_for_most_sentences_that_it_has_not_seen() -> None:
    weights = fitted(examples())
    right = 0
    for one in HELD_OUT:
        likely = chances(one.text, weights)
        right += LABELS[likely.index(max(likely))] == one.label
    assert len(HELD_OUT) == 90
    assert right / len(HELD_OUT) >= CORRECT_MIN


def test_negative_and_positive_lie_on_either_side() -> None:
    mean = {label: sum(score(one.text) or 0.0 for one in HELD_OUT if one.label == label) / 30 for label in LABELS}
    assert mean["negative"] < -0.3 < mean["neutral"] < 0.3 < mean["positive"]


def test_no_sentence_is_in_both_files() -> None:
    assert not {one.text for one in examples()} & {one.text for one in HELD_OUT}


def test_what_is_not_written_has_no_score() -> None:
    assert (score(""), score("  12345 …"), score("😀")) == (None, None, None)


def test_the_same_text_has_the_same_score_and_the_version_names_the_examples() -> None:
    assert score("发货很快，谢谢") == score("发货很快，谢谢")
    assert VERSION.startswith("1.")
    assert len(VERSION) == 10
