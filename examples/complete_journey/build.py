"""Build the workspace: the ordinary way of a user's own files, nothing special."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from prepare import prepare

from dujiang.cli.output import progress_bar
from dujiang.foundation.progress import Progress
from dujiang.workspace import Workspace
from dujiang.workspace.demo import begin, clear_unfinished, define, finish, is_built

HERE = Path(__file__).parent
IMPORTS = (
    ("households.csv", "cj_households", "retailer"),
    ("campaign_touches.csv", "cj_campaign_touches", "campaigns"),
    ("coupon_redemptions.csv", "cj_coupon_redemptions", "campaigns"),
    ("purchases.csv", "cj_purchases", "retailer"),
)


def build(folder: Path) -> None:
    """Make the workspace in ``folder``; one that is there already stays as it is."""
    if is_built(folder):
        return
    clear_unfinished(folder)
    files = Path(tempfile.mkdtemp(prefix="complete-journey-"))
    try:
        with begin(folder, "Complete Journey", "America/New_York", "USD") as workspace, progress_bar() as progress:
            prepare(files)
            define(workspace, HERE / "brand.yaml")
            bring_in(workspace, files, progress)
            finish(workspace)
    finally:
        shutil.rmtree(files)


def bring_in(workspace: Workspace, files: Path, progress: Progress) -> None:
    """Import every file and compute the answers."""
    for name, mapping, source in IMPORTS:
        with (files / name).open("rb") as stream:
            upload = workspace.imports.upload(stream, name)
        workspace.imports.run(
            upload,
            mapping,
            source=source,
            actor="example",
            progress=lambda _step, done, total, name=name: progress(name, done, total),
        )
    workspace.refresh(progress)
