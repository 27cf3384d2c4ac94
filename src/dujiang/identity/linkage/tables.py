"""What linkage owns in the store: models, pairs, and which records were compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from dujiang.foundation.errors import InvalidInput, NotFound
from dujiang.foundation.i18n import _
from dujiang.identity.linkage.model import FieldEvidence, Model
from dujiang.store.tables import linkage_model, linkage_pair, linkage_record

State = Literal["open", "later", "accepted", "rejected"]
Pair = tuple[int, int]
_P = linkage_pair.c


@dataclass(frozen=True)
class Shown:
    """What a field says of each side, masked."""

    field: str
    a: str
    b: str


@dataclass(frozen=True)
class Suggestion:
    """Two people who may be one.

    Attributes:
        a: an identifier's node of the one; ``b`` of the other.
        probability: that they are one person.
        evidence: by field, from the model.
        shown: what each side says, masked.
        obstacle: why it was not accepted by itself although likely enough; empty if nothing stood against it.
        model: number of the model.
        state: ``open``, ``later``, ``accepted`` or ``rejected``.
        decided_by: who decided; ``system`` where it was accepted by itself.
        decision: id of the decision that joins them; empty unless accepted.
    """

    a: int
    b: int
    probability: float
    evidence: tuple[FieldEvidence, ...]
    shown: tuple[Shown, ...]
    obstacle: str
    model: int
    found_at: datetime
    state: State
    decided_at: datetime | None
    decided_by: str
    decision: str


@dataclass(frozen=True)
class Found:
    """A pair on its way into the store."""

    a: int
    b: int
    probability: float
    evidence: tuple[FieldEvidence, ...]
    shown: tuple[Shown, ...]
    obstacle: str


def checked_state(text: str) -> State:
    """``text`` as a state.

    Raises:
        InvalidInput: ``linkage.unknown_state``.
    """
    for state in get_args(State):
        if state == text:
            return state
    sentence = _("“{value}” is no state of a suggestion. Choose one of {known}.")
    raise InvalidInput("linkage.unknown_state", sentence, value=text[:40], known=", ".join(get_args(State)))


def newest_model(rx: Connection) -> tuple[int, Model] | None:
    """The number of the last model and the model; None before the first training."""
    row = rx.execute(select(linkage_model).order_by(linkage_model.c.number.desc()).limit(1)).first()
    return (row.number, Model(**row.body)) if row else None


def add_model(tx: Connection, model: Model, at: datetime) -> int:
    """Keep a model; its number."""
    last = tx.execute(select(func.max(linkage_model.c.number))).scalar() or 0
    body = {**asdict(model), "settings": dict(model.settings)}
    tx.execute(insert(linkage_model).values(number=last + 1, at=at, body=body))
    return last + 1


def compared(rx: Connection, model: int) -> set[int]:
    """Nodes of the records that ``model`` compared."""
    query = select(linkage_record.c.node).where(linkage_record.c.model == model)
    return set(rx.execute(query).scalars())


def note_compared(tx: Connection, nodes: Sequence[int], model: int) -> None:
    """Remember which records were compared; what older models compared is forgotten."""
    tx.execute(delete(linkage_record).where(linkage_record.c.model != model))
    if nodes:
        tx.execute(insert(linkage_record), [{"node": node, "model": model} for node in nodes])


def decided(rx: Connection) -> set[Pair]:
    """Pairs that are not asked about again."""
    query = select(_P.a, _P.b).where(_P.state.in_(("accepted", "rejected")))
    return {(row.a, row.b) for row in rx.execute(query)}


def put(tx: Connection, found: Iterable[Found], model: int, at: datetime) -> None:
    """Keep pairs as open; one that waits already has its probability and evidence renewed."""
    for one in found:
        body = {"evidence": [asdict(e) for e in one.evidence], "shown": [asdict(s) for s in one.shown]}
        values: dict[str, Any] = {
            "probability": one.probability, "body": body | {"obstacle": one.obstacle}, "model": model,
        }  # fmt: skip
        same = (_P.a == one.a) & (_P.b == one.b)
        if not tx.execute(update(linkage_pair).where(same).values(values)).rowcount:
            new = {"a": one.a, "b": one.b, "found_at": at, "state": "open", "decided_by": "", "decision": ""}
            tx.execute(insert(linkage_pair).values(new | values))


def mark(
    tx: Connection, pair: Pair, was: State, state: State, at: datetime | None, by: str, decision: str = ""
) -> bool:
    """Say what became of a pair that ``was`` in a state; False where it is in that state no more, and nothing was changed."""
    values = {"state": state, "decided_at": at, "decided_by": by, "decision": decision}
    same = (_P.a == pair[0]) & (_P.b == pair[1]) & (_P.state == was)
    return bool(tx.execute(update(linkage_pair).where(same).values(values)).rowcount)


def note_obstacle(tx: Connection, pair: Pair, code: str) -> None:
    """Say what stands against a pair."""
    same = (_P.a == pair[0]) & (_P.b == pair[1])
    body = tx.execute(select(_P.body).where(same)).scalar_one()
    tx.execute(update(linkage_pair).where(same).values(body={**body, "obstacle": code}))


def one(rx: Connection, pair: Pair) -> Suggestion:
    """One pair.

    Raises:
        NotFound: ``linkage.no_suggestion``.
    """
    row = rx.execute(select(linkage_pair).where(_P.a == pair[0], _P.b == pair[1])).first()
    if row is None:
        raise NotFound("linkage.no_suggestion", _("There is no such suggestion."))
    return _suggestion(row)


def listed(
    rx: Connection, state: State | None, low: float, high: float, limit: int | None, nodes: Sequence[int] | None = None
) -> list[Suggestion]:
    """Pairs with a probability from ``low`` to ``high``, the likeliest first."""
    query = select(linkage_pair).where(_P.probability >= low, _P.probability <= high)
    if state:
        query = query.where(_P.state == state)
    if nodes is not None:
        query = query.where(_P.a.in_(nodes) | _P.b.in_(nodes))
    query = query.order_by(_P.probability.desc(), _P.a, _P.b)
    return [_suggestion(row) for row in rx.execute(query.limit(limit) if limit else query)]


def counts(rx: Connection) -> dict[str, int]:
    """How many pairs are in each state."""
    query = select(_P.state, func.count()).group_by(_P.state)
    return {state: many for state, many in rx.execute(query)}  # noqa: C416 - rows are no pairs to dict()


def _suggestion(row: Row[Any]) -> Suggestion:
    body = row.body
    return Suggestion(
        row.a,
        row.b,
        row.probability,
        tuple(FieldEvidence(**each) for each in body["evidence"]),
        tuple(Shown(**each) for each in body["shown"]),
        body["obstacle"],
        row.model,
        row.found_at,
        row.state,
        row.decided_at,
        row.decided_by,
        row.decision,
    )
