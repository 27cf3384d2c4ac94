"""A suggestion by similarity, written as a run of the comparison writes it; no model is trained."""

from __future__ import annotations

from dujiang.identity.linkage import tables
from dujiang.identity.linkage.model import FieldEvidence, Model
from dujiang.identity.linkage.tables import Found, Pair, Shown
from dujiang.workspace import Workspace

EVIDENCE = (
    FieldEvidence("name", "equal", 9.4),
    FieldEvidence("birthday", "unknown", 0.0),
    FieldEvidence("address", "same_house", 8.1),
    FieldEvidence("gender", "different", -4.2),
)
SHOWN = (
    Shown("name", "演*一", "演*一"),
    Shown("birthday", "1990-**-**", ""),
    Shown("address", "杭州市西湖区演示路**", "杭州市西湖区演示路**"),
    Shown("gender", "female", "male"),
)


def suggest_pair(
    workspace: Workspace, one: int, other: int, probability: float = 0.93, obstacle: str = "gender"
) -> Pair:
    """Keep ``one`` and ``other`` (nodes) as a pair to review; the pair, in its order."""
    pair = (min(one, other), max(one, other))
    now = workspace.clock.now()
    with workspace.db.transaction() as tx:
        newest = tables.newest_model(tx)
        number = newest[0] if newest else tables.add_model(tx, Model({}, 0, from_known=False, converged=True), now)
        tables.put(tx, [Found(*pair, probability, EVIDENCE, SHOWN, obstacle)], number, now)
    return pair
