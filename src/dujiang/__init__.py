"""Dujiang (都江): run all channels of a consumer brand as one.

For notebooks::

    import dujiang

    brand = dujiang.open("my-brand")
    brand.metrics.catalogue()
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from dujiang.workspace import Workspace

__version__: Final = "0.1.0"
__all__ = ["Workspace", "__version__", "open"]


def open(folder: str | Path) -> Workspace:  # noqa: A001  (dujiang.open reads as it should)
    """Open the workspace in ``folder``. Close it when done, or use it in a ``with`` block.

    Raises:
        NotFound: ``workspace.none``.
        Conflict: ``workspace.in_use`` while another process has it open.
    """
    from dujiang.workspace import Workspace

    return Workspace.open(folder)


def __getattr__(name: str) -> Any:
    # Importing the package stays instant: the parts are loaded when somebody asks for them.
    if name == "Workspace":
        from dujiang.workspace import Workspace

        return Workspace
    raise AttributeError(name)
