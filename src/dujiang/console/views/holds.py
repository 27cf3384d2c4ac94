"""Sources that the circuit breaker holds, ready to be shown."""

from __future__ import annotations

from dataclasses import dataclass

from dujiang.console.components import Card
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.identity.watch import Held


@dataclass(frozen=True)
class HoldView:
    """One held source: what happened in a sentence, and the same as cards."""

    id: str
    source: str
    sentence: str
    cards: tuple[Card, ...]


def hold(visit: Visit, found: Held) -> HoldView:
    """What the breaker saw."""
    seen, ruling = found.decision.evidence, found.decision.ruling
    rate, usual = (visit.show(seen[key], "percent") for key in ("rate", "usual"))
    facts, merges = (visit.show(seen[key], "count") for key in ("facts", "merges"))
    sentence = visit.text(
        _(
            "Since {at}: {merges} times, {facts} records tied two known identifiers together, a rate of {rate}; usual for this"
            " source is {usual}. Its new links are not believed until somebody decides."
        ),
        at=visit.show(ruling.at, "moment"),
        merges=merges,
        facts=facts,
        rate=rate,
        usual=usual,
    )
    told = (
        ("rate", _("Joins per record now"), rate),
        ("usual", _("Joins per record usually"), usual),
        ("bound", _("Held from"), visit.show(seen["bound"], "percent")),
        ("links", _("Links that wait"), visit.show(found.links, "count")),
    )
    return HoldView(
        ruling.id, ruling.source, sentence, tuple(Card(key, visit.text(name), is_) for key, name, is_ in told)
    )
