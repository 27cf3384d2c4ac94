"""How passes become machine code: by Numba, without Python's lock, kept beside their files once they are compiled.

What takes no memory of its own is compiled without the counting of who holds which array (``_nrt``): counting costs more than
most passes do, since it is done for each array and person. Counters that are handed on to another pass begin as
``np.int64(0)``: a literal would be a type of its own, for which everything below it would be compiled once more.
"""

from __future__ import annotations

from typing import Any, Final

import numpy.typing as npt
from numba import njit

_njit: Final[Any] = njit
_KEPT: Final = {"cache": True, "nogil": True, "no_cfunc_wrapper": True}

kernel: Final[Any] = _njit(**_KEPT, _nrt=True)
"""For what Python calls."""
bare: Final[Any] = _njit(**_KEPT, _nrt=False)
"""For what Python calls and takes no memory: what it writes to is handed over."""
inner: Final[Any] = _njit(**_KEPT, _nrt=False, no_cpython_wrapper=True)
"""For what other passes call, and takes no memory."""
making: Final[Any] = _njit(**_KEPT, _nrt=True, no_cpython_wrapper=True)
"""For what other passes call, and takes memory."""
inlined: Final[Any] = _njit(**_KEPT, inline="always")
"""For what is written into its callers, which calls for every person would make slower."""


def read_only(*columns: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], ...]:
    """The same columns, not to be written to.

    Columns of mapped files are of that kind. Others would be another one, for which a pass would be compiled once more.
    """
    views = tuple(column.view() for column in columns)
    for view in views:
        view.flags.writeable = False
    return views
