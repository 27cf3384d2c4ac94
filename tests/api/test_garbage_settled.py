"""What a server has loaded is not looked through again by the collector of garbage; what comes after it is."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import gc, weakref
from dujiang.foundation.garbage import settle
class Ring:
    pass
before = Ring()
settle()
assert not any(one is before for one in gc.get_objects())
ring = Ring()
ring.own = ring
gone = weakref.ref(ring)
del ring
gc.collect()
assert gone() is None
"""


def test_old_objects_are_out_of_sight_and_new_rings_are_collected() -> None:
    subprocess.run([sys.executable, "-c", SCRIPT], check=True, timeout=60)
