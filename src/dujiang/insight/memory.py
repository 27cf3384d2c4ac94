"""What stays true until the engine or the definitions change is worked out once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, Final, TypeVar

ENTRIES_MAX: Final = 256

T = TypeVar("T")


class Memory:
    """Results by key, all of one state; the least recently used go first. Threads may share it.

    >>> memory = Memory()
    >>> memory.recall("state 1", "answer", lambda: 42), memory.recall("state 1", "answer", lambda: 0)
    (42, 42)
    >>> memory.recall("state 2", "answer", lambda: 43)
    43
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._state: Hashable = None
        self._known: OrderedDict[Hashable, Any] = OrderedDict()

    def recall(self, state: Hashable | None, key: Hashable, work: Callable[[], T]) -> T:
        """What ``work`` gave for ``key`` in this state; a state of None is never remembered."""
        if state is None:
            return work()
        with self._lock:
            if state != self._state:
                self._state = state
                self._known.clear()
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        found = work()
        self._keep(state, key, found)
        return found

    def _keep(self, state: Hashable, key: Hashable, found: Any) -> None:
        with self._lock:
            if state == self._state:
                self._known[key] = found
                while len(self._known) > ENTRIES_MAX:
                    self._known.popitem(last=False)
