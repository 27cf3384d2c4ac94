"""All definitions in force: those that come with Dujiang, overlaid by the brand's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from dujiang.foundation.definitions import Definition, PlannedChange, kinds, plan
from dujiang.foundation.errors import NotFound
from dujiang.foundation.i18n import _
from dujiang.store.definitions import DefinitionStore, Version

Key = tuple[str, str]


@dataclass(frozen=True)
class Listed:
    """One definition in force; ``own`` when the brand made or changed it."""

    definition: Definition
    own: bool


class Definitions:
    """Reads and changes definitions; the same for console, API and command line."""

    def __init__(self, store: DefinitionStore, builtin: Iterable[Definition]) -> None:
        self._store = store
        self._builtin = {one.key: one for one in builtin}
        self._listeners: list[Callable[[], None]] = []
        self._guards: list[Callable[[dict[Key, Definition], list[PlannedChange]], None]] = []

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after every change."""
        self._listeners.append(listener)

    def guard(self, check: Callable[[dict[Key, Definition], list[PlannedChange]], None]) -> None:
        """Ask ``check`` before every change, with everything as it would be after it; it refuses by raising."""
        self._guards.append(check)

    def current(self, kind: str | None = None, *, retired: bool = False) -> dict[Key, Definition]:
        """Every definition in force, by kind and name; retired ones only when asked for."""
        merged = {**self._builtin, **self._store.current(kind)}
        return {
            key: one
            for key, one in sorted(merged.items())
            if (kind is None or one.kind == kind) and (retired or one.status != "retired")
        }

    def listed(self, kind: str | None = None) -> list[Listed]:
        """The same for a list on the screen, retired ones included."""
        own = self._store.current(kind)
        return [Listed(one, key in own) for key, one in self.current(kind, retired=True).items()]

    def get(self, kind: str, name: str) -> Definition:
        """One definition.

        Raises:
            NotFound: ``definition.unknown``.
        """
        found = self.current(kind, retired=True).get((kind, name))
        if found is None:
            sentence = _("There is no {kind} called “{name}”.")
            raise NotFound("definition.unknown", sentence, kind=kind, name=name)
        return found

    def versions(self, kind: str, name: str) -> Sequence[Version]:
        """Every version the brand has made, newest first; empty for one that came with Dujiang and was never changed."""
        self.get(kind, name)
        return self._store.versions(kind, name) if (kind, name) in self._store.current(kind) else ()

    def plan(self, wanted: Iterable[Definition]) -> list[PlannedChange]:
        """What applying ``wanted`` would change."""
        return plan(self.current(retired=True), wanted)

    def apply(self, changes: list[PlannedChange], *, actor: str, note: str = "") -> int:
        """Do what :meth:`plan` said; how many definitions changed."""
        real = [change for change in changes if change.change != "unchanged"]
        if not real:
            return 0
        after = self.current(retired=True) | {one.key: one.after for one in real if one.after is not None}
        for check in self._guards:
            check(after, real)
        own = self._store.current()
        # What came with Dujiang has no version in the store: the brand's first change is a creation there.
        stored = [change if change.key in own else replace(change, before=None) for change in real]
        changed = self._store.apply(stored, actor=actor, note=note)
        for listener in self._listeners:
            listener()
        return changed

    @staticmethod
    def kinds() -> tuple[str, ...]:
        """Every kind that can be defined."""
        return kinds()
