"""When the collector of garbage looks where: nobody who asks should wait while it looks through what was imported."""

from __future__ import annotations

import gc
from typing import Final

_THRESHOLDS: Final = (10_000, 20, 50)
"""Objects, and passes over younger ones, after which the collector looks through the young, the middle and the old ones."""


def settle() -> None:
    """Take all there is out of the collector's sight, and let it look through old objects seldom.

    Called once, when a process that lives long has loaded what it needs. A million objects are modules and what they hold: they
    stay as long as the process does, and each look through them stops every thread for a fifth of a second.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
