"""``consent`` and ``tagged``: what was said from outside about each person, by whichever of their identifiers.

Of one identifier the latest statement holds. Of a person's identifiers the strictest consent holds: a withdrawal beats a grant
until the identifier that withdrew grants again. A tag is there while one identifier has it, with the value given last.
"""

from __future__ import annotations

from typing import Any, Final

import ibis

from dujiang.engine.expressions import Rows, Scope, fact, latest, shaped, with_owner

_CONSENT: Final = ("state", "at", "source", "basis", "text_version")
_TAG: Final = ("value", "at", "source", "set_by", "removed")


def consent(scope: Scope) -> Rows:  # noqa: ARG001  (the owners are those in scope)
    """The consents of the persons in ``scope``."""
    rows = fact("consent")
    rows = rows.mutate(purpose=rows["purpose"].fill_null("marketing"), medium=rows["medium"].fill_null(""))
    said = _latest(rows, ("purpose", "medium"), _CONSENT)
    strictness = ibis.cases((said["state"] == "withdrawn", 2), (said["state"] == "granted", 1), else_=0)
    order = ibis.struct({"strictness": strictness, "at": said["at"], "anchor": said["anchor"]})
    decided = {name: latest(said[name], order) for name in _CONSENT}
    return shaped(said.group_by("person", "purpose", "medium").agg(**decided), "consent")


def tagged(scope: Scope) -> Rows:  # noqa: ARG001  (the owners are those in scope)
    """The tags put on the persons in ``scope``."""
    rows = fact("tag")
    rows = rows.mutate(value=rows["value"].fill_null(""), removed=rows["removed"].fill_null(False))
    said = _latest(rows, ("tag",), _TAG)
    said = said.filter(~said["removed"])
    order = ibis.struct({"at": said["at"], "anchor": said["anchor"]})
    decided = {name: latest(said[name], order) for name in _TAG}
    return shaped(said.group_by("person", "tag").agg(**decided), "tagged")


def _latest(rows: Rows, what: tuple[str, ...], stated: tuple[str, ...]) -> Rows:
    """The last statement of each identifier."""
    owned = with_owner(rows)
    order: Any = ibis.struct({"at": owned["at"], "seq": owned["seq"]})
    last = {name: latest(owned[name], order) for name in stated}
    return owned.group_by("person", "anchor", *what).agg(**last)
