"""How long work reports itself, and how it learns that nobody wants it any more."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with the step, how much is done, and how much there is (0: not known). It may raise :class:`Cancelled`."""


class Cancelled(BaseException):
    """The person who started the work has stopped it.

    It is no ``Exception``, so that code which survives single failures does not swallow it.
    """


def silent(_step: str, _done: int, _total: int) -> None:
    """A progress that tells no one."""
