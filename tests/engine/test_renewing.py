"""What was asked for lately is known of a new state, too, and it is what the engine would say of it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine_kit import SHANGHAI, Archive, Components, Rules, at, event, order

from dujiang.engine import renewing
from dujiang.engine import timeline as timelines
from dujiang.engine.duck import Engine
from dujiang.engine.refresh import Refresher
from dujiang.engine.remembered import Asked
from dujiang.engine.timeline import Timeline
from dujiang.engine.view import MappedView, View

CAMPAIGN = Asked("fact_event", '"utm_campaign"')
SIZE = Asked("fact_event", "json_extract_string(properties, $v0)", {"v0": "/size"})
SHOP = Asked("orders", '"shop"')
COLUMNS = (CAMPAIGN, SIZE, SHOP)


class Brand:
    """A brand that goes on doing things, at random."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.engine = Engine.open(folder / "dujiang.duckdb", memory_mb=512, threads=1)
        self.timeline, self.archive = Timeline.open(folder / "timeline"), Archive()
        self.keeper = Refresher(self.engine, Components(), Rules(), SHANGHAI, 30, timeline=self.timeline, full_from=1e9)
        self.rng, self.batches = np.random.default_rng(seed), 0

    def goes_on(self, people: range, words: str, *, full: bool = False) -> None:
        """A few of ``people`` do something that is said in ``words``."""
        rng, facts = self.rng, list[Any]()
        for _ in range(150 if len(people) > 9 else 4):
            who, moment = f"user:{rng.choice(people)}", at(int(rng.integers(0, 900)))
            word = rng.choice([*words, ""]) or None
            size = {"size": str(rng.choice([*words]))} if rng.random() < 0.5 else {}
            facts.append(event(who, moment=moment, utm_campaign=word, properties=json.dumps(size)))
            number = int(rng.choice(people))
            facts.append(order(f"{number}", f"user:{number}", moment=at(5), status="valid", paid_minor=9, shop=word))
        self.batches += 1
        self.keeper.load(self.archive.batch(f"b{self.batches}", *facts))
        self.keeper.refresh(full=full)

    def view(self, con: Any) -> MappedView:
        view = View.of(self.timeline, con)
        assert isinstance(view, MappedView)
        return view


@pytest.fixture
def brand(tmp_path: Path) -> Iterator[Brand]:
    brand = Brand(tmp_path, 5)
    yield brand
    brand.engine.close()


def told(view: MappedView, asked: Asked) -> list[list[Any]]:
    said = view.said(asked.text, asked.values, asked.table)  # pyright: ignore[reportArgumentType]
    assert said is not None
    words = said.words.to_pylist()
    assert words == sorted(words)
    return [[words[code] if code >= 0 else None for code in part] for part in said.parts]


def test_nobody_waits_after_a_refresh(brand: Brand, monkeypatch: pytest.MonkeyPatch) -> None:
    brand.goes_on(range(30), "mno")
    with brand.engine.read() as con:
        for asked in COLUMNS:
            told(brand.view(con), asked)
    kept = brand.timeline.files()
    for words in ("m", "an", "zm", "no"):  # nothing new, something before, something behind
        with monkeypatch.context() as without:
            without.setattr(MappedView, "ask", None)
            without.setattr(renewing, "ANEW_FROM", 2.0)
            without.setattr(timelines, "FOLD_FROM", 9.0)
            brand.goes_on(range(3), words)
            with brand.engine.read() as con:
                found = [told(brand.view(con), asked) for asked in COLUMNS]
        brand.timeline.remembered.clear()
        with brand.engine.read() as con:
            assert found == [told(brand.view(con), asked) for asked in COLUMNS]
    assert set(kept) & set(brand.timeline.files()) and any(len(part.skip) for part in brand.timeline.columns())


def test_after_everything_was_computed_it_is_asked_anew(brand: Brand, monkeypatch: pytest.MonkeyPatch) -> None:
    brand.goes_on(range(30), "mno")
    with brand.engine.read() as con:
        told(brand.view(con), CAMPAIGN)
    brand.goes_on(range(30), "xy", full=True)
    monkeypatch.setattr(MappedView, "ask", None)
    with brand.engine.read() as con:
        assert {"m", "x"} <= {word for part in told(brand.view(con), CAMPAIGN) for word in part if word}


def test_what_nobody_asks_for_is_forgotten(brand: Brand, monkeypatch: pytest.MonkeyPatch) -> None:
    brand.goes_on(range(30), "mno")
    with brand.engine.read() as con:
        for asked in COLUMNS:
            told(brand.view(con), asked)
    remembered, moments = brand.timeline.remembered, [1_000, 2_000, 3_000]
    for asked, moment in zip(COLUMNS, moments, strict=True):
        os.utime(
            remembered._file(renewing.state(brand.timeline.mark, brand.timeline.columns()), asked), ns=(moment, moment)
        )
    monkeypatch.setattr(renewing.time, "time_ns", lambda: 2_000 + renewing.ASKED_WITHIN_NS)
    brand.goes_on(range(3), "m")
    state = renewing.state(brand.timeline.mark, brand.timeline.columns())
    assert [(asked, moment) for asked, _said, moment in remembered.lately(state)] == [(SHOP, 3_000), (SIZE, 2_000)]
    monkeypatch.setattr(renewing, "COLUMNS_MAX", 1)
    brand.goes_on(range(3), "m")
    state = renewing.state(brand.timeline.mark, brand.timeline.columns())
    assert [asked for asked, _said, _moment in remembered.lately(state)] == [SHOP]
