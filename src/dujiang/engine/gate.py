"""A gate for many who read and, now and then, one who needs to be alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from dujiang.foundation.errors import Unavailable
from dujiang.foundation.i18n import _


class Gate:
    """Counts who is inside; a thread may enter again while it is inside."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.RLock())
        self._inside = 0

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Be inside together with others."""
        with self._changed:
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self, seconds_max: float) -> Iterator[None]:
        """Wait until nobody is inside, and keep everybody out.

        Raises:
            Unavailable: ``engine.busy`` if somebody stayed inside for ``seconds_max``.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._inside == 0, seconds_max):
                raise Unavailable("engine.busy", _("Somebody is still reading. Try again in a minute."))
            yield
