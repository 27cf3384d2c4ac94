"""One Spark with two worker processes for each file of tests, started on loopback in a folder of its own."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

# With importmode=importlib the tests folder is no package: its helpers are loaded by their file.
_HERE = Path(__file__).parent
for _file in (_HERE.parent.parent / "engine" / "engine_kit.py", *sorted(_HERE.glob("*_kit.py"))):
    if _file.stem not in sys.modules:
        _spec = importlib.util.spec_from_file_location(_file.stem, _file)
        assert _spec is not None
        assert _spec.loader is not None
        sys.modules[_file.stem] = importlib.util.module_from_spec(_spec)
        _spec.loader.exec_module(sys.modules[_file.stem])
