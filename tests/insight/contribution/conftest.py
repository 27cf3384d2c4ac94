"""Makes the helpers in ``*_kit.py`` importable."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

# With importmode=importlib the tests folder is no package: its helpers are loaded by their file.
for _file in sorted(Path(__file__).parent.glob("*_kit.py")):
    _spec = importlib.util.spec_from_file_location(_file.stem, _file)
    assert _spec is not None
    assert _spec.loader is not None
    sys.modules[_file.stem] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules[_file.stem])
