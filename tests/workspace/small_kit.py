"""A brand of a few people, made fact by fact: every fact names identifiers as ``type:value``."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from copy import copy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dujiang.engine.contract import DERIVED
from dujiang.engine.schema import fingerprint
from dujiang.foundation.clock import FixedClock
from dujiang.foundation.definitions import load_yaml, parse
from dujiang.foundation.facts import FAMILIES
from dujiang.foundation.ids import hash64
from dujiang.people.tags.follower import TABLE as TAGS
from dujiang.workspace import Workspace

NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
SEGMENTS: dict[str, dict[str, Any]] = {
    "bought_twice": {"type": "behaviour", "source": "orders", "op": "at_least", "value": 2},
    "at_home": {"type": "tag", "tag": "has_household", "op": "is", "value": True},
}
DEFINITIONS = "\n---\n".join(
    json.dumps(one, ensure_ascii=False)
    for one in (
        {"kind": "channel", "name": "tmall", "title": {"zh": "天猫", "en": "Tmall"}, "spec": {"group": "marketplace"}},
        {"kind": "source", "name": "files", "title": {"zh": "文件"}, "spec": {"type": "files", "channel": "tmall"}},
        {
            "kind": "source",
            "name": "others",
            "title": {"zh": "别的文件"},
            "spec": {"type": "files", "channel": "tmall"},
        },
    )
)


class Small:
    """The brand, and how facts come to it."""

    def __init__(self, folder: Path, like: Small | None = None) -> None:
        """A new brand in ``folder``, or, ``like`` another, the copy of it that lies there."""
        self.clock = FixedClock(like.clock.now() if like else NOW)
        self._numbers = copy(like._numbers) if like else itertools.count()
        if like:
            self.workspace = Workspace.open(folder, clock=self.clock)
        else:
            self.workspace = Workspace.create(folder, clock=self.clock)
            self._define()
        self._tokeniser = self.workspace.tokeniser()

    def _define(self) -> None:
        definitions = self.workspace.definitions
        segments = [
            parse({"kind": "segment", "name": name, "spec": {"condition": one}}) for name, one in SEGMENTS.items()
        ]
        definitions.apply(definitions.plan([*load_yaml(DEFINITIONS), *segments]), actor="test")

    def node(self, name: str) -> int:
        """The node of ``type:value``."""
        type_, _colon, value = name.partition(":")
        found = self._tokeniser.identifier(type_, value)
        assert found is not None, name
        return found.node

    def fact(self, family: str, names: Iterable[str], day: int, source: str = "files", **told: Any) -> str:
        """State a fact about ``names``, ``day`` days before now; the batch that brought it."""
        number = next(self._numbers)
        at = NOW - timedelta(days=day)
        key = hash64(family, str(number))
        pairs = [(type_, value) for type_, _colon, value in (name.partition(":") for name in names)]
        identifiers = [{"type": one.type, "node": one.node} for one in self._tokeniser.identifiers(pairs)]
        with self.workspace.db.transaction() as tx:
            self.workspace.vault.put(tx, self._tokeniser.take_clear())
        row = {
            "key": key, "content": key, "source": source, "channel": "tmall", "at": at, "received_at": at,
            "identifiers": identifiers, "properties": "{}", "line": 0,
        }  # fmt: skip
        own = {"order": self._order, "event": self._event}.get(family, lambda _number, _at: {})
        row |= own(number, at) | told
        fields = [field for field in FAMILIES[family] if field.name not in ("seq", "batch")]
        schema = pa.schema([*fields, pa.field("line", pa.int64())])
        batch = f"imp_{number}"
        with self.workspace.sift.open(batch) as sieve:
            sieve.add({family: pa.Table.from_pylist([row], schema=schema)})
            settled = sieve.settle()
        self.workspace.refreshing.take_in(settled)
        return batch

    @staticmethod
    def _order(number: int, at: datetime) -> dict[str, Any]:
        told: dict[str, Any] = {"shop": "s", "order_no": f"N{number}", "status": "valid", "paid_at": at}
        return told | {"gross_minor": 1_000 + number, "paid_minor": 1_000 + number, "units": 1}

    @staticmethod
    def _event(number: int, _at: datetime) -> dict[str, Any]:
        return {"message_id": f"m{number}", "kind": "page", "name": "page_viewed", "page": "/"}

    def refresh(self) -> None:
        """Bring every answer up to date, a second later than the last time."""
        self.clock.advance(timedelta(seconds=1))
        self.workspace.refresh()

    def state(self) -> dict[str, tuple[int, int]]:
        """A fingerprint of every derived table and of the tags."""
        with self.workspace.engine.read() as con:
            found = fingerprint(con, tuple(DERIVED))
            names = [name for (name,) in con.execute(f"SELECT column_name FROM (DESCRIBE {TAGS})").fetchall()]
            columns = ", ".join(f'"{name}"' for name in sorted(names))
            question = f"SELECT count(*), coalesce(sum(hash({columns})::HUGEINT % 1000000007), 0) FROM {TAGS}"
            ((rows, total),) = con.execute(question).fetchall()
        return {**found, TAGS: (int(rows), int(total))}

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        """The answer to a question."""
        with self.workspace.engine.read() as con:
            return con.execute(question).fetchall()


@contextmanager
def small(folder: Path, like: Small | None = None) -> Iterator[Small]:
    """A brand in ``folder``, closed at the end: a new one, or a copy of one that was closed."""
    if like:
        shutil.copytree(like.workspace.layout.folder.parent, folder, dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DUJIANG_KEYS_FOLDER", str(folder / "keys"))
        made = Small(folder / "brand", like)
        try:
            yield made
        finally:
            made.workspace.close()
