"""All definitions in force: those that come with Dujiang, overlaid by the brand's own."""

from __future__ import annotations

import threading
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
    """Reads and changes definitions; the same for console, API and command line.

    One process owns a workspace, so that what was read once holds until :meth:`apply` changes it.
    """

    def __init__(self, store: DefinitionStore, builtin: Iterable[Definition]) -> None:
        self._store = store
        self._builtin = {one.key: one for one in builtin}
        self._known: tuple[dict[Key, Definition], dict[Key, Definition]] | None = None
        self._lock = threading.Lock()
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
        _own, every = self._read()
        return {
            key: one
            for key, one in every.items()
            if (kind is None or one.kind == kind) and (retired or one.status != "retired")
        }

    def listed(self, kind: str | None = None) -> list[Listed]:
        """The same for a list on the screen, retired ones included."""
        own, _every = self._read()
        return [Listed(one, key in own) for key, one in self.current(kind, retired=True).items()]

    def get(self, kind: str, name: str) -> Definition:
        """One definition.

        Raises:
            NotFound: ``definition.unknown``.
        """
        found = self._read()[1].get((kind, name))
        if found is None:
            sentence = _("There is no {kind} called “{name}”.")
            raise NotFound("definition.unknown", sentence, kind=kind, name=name)
        return found

    def versions(self, kind: str, name: str) -> Sequence[Version]:
        """Every version the brand has made, newest first; empty for one that came with Dujiang and was never changed."""
        self.get(kind, name)
        return self._store.versions(kind, name) if (kind, name) in self._read()[0] else ()

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
        own, _every = self._read()
        # What came with Dujiang has no version in the store: the brand's first change is a creation there.
        stored = [change if change.key in own else replace(change, before=None) for change in real]
        with self._lock:
            self._known = None
            changed = self._store.apply(stored, actor=actor, note=note)
        for listener in self._listeners:
            listener()
        return changed

    def _read(self) -> tuple[dict[Key, Definition], dict[Key, Definition]]:
        """What the brand made or changed itself, and everything, retired ones too; in order of kind and name."""
        with self._lock:
            if self._known is None:
                own = self._store.current()
                self._known = own, dict(sorted({**self._builtin, **own}.items()))
            return self._known

    @staticmethod
    def kinds() -> tuple[str, ...]:
        """Every kind that can be defined."""
        return kinds()
