"""Two forms of the site and the mini-program, field by field: who reaches which, what goes wrong there, who gives up where.

Both are filled in where they disturb nothing else: the club's and the given-up address at the end of a visit, the address of a
buyer between checkout and payment where that took long enough; whoever was faster has an address on file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
import pyarrow as pa

from dujiang.simulate.draws import Flags, Ints, Reals
from dujiang.simulate.events import CART, CHECKOUT, CLICK, FORM_SENT, FORM_STEP, IDENTIFY, LEFT, VIEW, Events
from dujiang.simulate.texts import Moments, take
from dujiang.simulate.visits import BUY, MINI_PROGRAM, WEB
from dujiang.simulate.world import World

NEVER: Final = -1
_DAY_MS: Final = 86_400_000


@dataclass(frozen=True)
class Field:
    """One field of a form.

    Attributes:
        seconds: usual time from reaching to filling it.
        loses: how many leave the form here, as a share of those who reach it.
        corrected: how many fill it in once more at once.
        refused: how often it is refused when the form is sent.
    """

    name: str
    seconds: float
    loses: float
    corrected: float = 0.0
    refused: float = 0.0


@dataclass(frozen=True)
class Form:
    """A form and the page it is on."""

    name: str
    path: str
    title: str
    fields: tuple[Field, ...]


CLUB, ADDRESS = range(2)
FORMS: Final = (
    Form("tea_club", "/member", "会员中心", (
        Field("nickname", 5, .03), Field("mobile", 9, .07, .06, .05), Field("sms_code", 21, .26, .10, .14),
        Field("birthday", 8, .08, .04), Field("taste", 6, .03, .12), Field("agree", 2, .05),
    )),
    Form("address", "/cart", "购物车", (
        Field("receiver", 3, .06), Field("mobile", 6, .14, .05, .06), Field("region", 6, .12, .10),
        Field("street", 10, .34, .16, .05), Field("deliver_on", 3, .08),
    )),
)  # fmt: skip
ACTIONS: Final = ("reached", "filled", "corrected", "refused")
"""What the tracker tells of a field."""
STEPS: Final = tuple(
    (form, place, action)
    for form in range(len(FORMS))
    for place in range(len(FORMS[form].fields))
    for action in ACTIONS
)
"""Form, field and action of each step; an event's ``item`` is the place here."""
MEMBER_PAGE: Final = 3
"""Item of the page on which the club's form is, among the pages."""
_FIRST_STEP: Final = (0, len(FORMS[CLUB].fields) * len(ACTIONS))
_JOINS: Final = 0.22
"""Share of the visits with the member page that end at the club's form."""
_ASKS: Final = 0.15
"""Share of the visits with something in the cart and no order that end at the address."""
_WRITES: Final = 0.6
"""Share of the buyers with time for it who have no address on file."""
_GIVES_UP: Final = 0.35
"""Share of those whose form was refused who leave it at that."""
_FILLS: Final = 0.3
"""Share of those who leave at a field who filled it in before."""
_SPREAD: Final = 0.45
_FIRST_PLACE: Final = 2_000
"""Steps are numbered behind all other events of their visit."""


@dataclass(frozen=True)
class Attempts:
    """Attempts at one form: a row for each, a column for each field; milliseconds, ``NEVER`` where it did not happen.

    Attributes:
        form: which one, an index into :data:`FORMS`.
        of: row of the event that it follows.
        did: moments of each of :data:`ACTIONS`.
        sent: when the form was sent.
    """

    form: int
    of: Ints
    did: dict[str, Ints]
    sent: Ints

    def pick(self, rows: Ints | Flags) -> Attempts:
        """Some of them."""
        return Attempts(self.form, self.of[rows], {name: at[rows] for name, at in self.did.items()}, self.sent[rows])

    @property
    def end(self) -> Ints:
        """When something was last done with each field; ``NEVER`` where it was not reached."""
        return np.max(np.stack([*self.did.values()]), axis=0)


def make_attempts(world: World, events: Events) -> tuple[Attempts, ...]:
    """All attempts that go with the events of a block, one entry for each of :data:`FORMS`."""
    ends, has_page, has_cart = _visits(events)
    joins = ends[has_page & world.draws.chance("form:joins", _JOINS, *_key(events, ends))]
    asks = ends[has_cart & world.draws.chance("form:asks", _ASKS, *_key(events, ends))]
    asks = np.setdiff1d(asks, joins)
    club = _filled(world, CLUB, events, joins, _stops(world, CLUB, events, joins))
    given_up = _filled(world, ADDRESS, events, asks, _gives_up(world, events, asks))
    found = club, _both(given_up, _buyers(world, events))
    return tuple(one.pick(one.end.max(axis=1, initial=NEVER) < world.days * _DAY_MS) for one in found)


def with_forms(events: Events, attempts: Sequence[Attempts]) -> Events:
    """The events with the steps of the attempts."""
    parts = [events, *(part for one in attempts for part in _steps(events, one))]
    return Events(**{one.name: np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(Events)})


def form_table(moments: Moments, events: Events, attempts: Sequence[Attempts]) -> pa.Table:
    """The truth: a row for each field that an attempt reached."""
    return pa.concat_tables([_told(moments, events, one) for one in attempts])


def _key(events: Events, row: Ints) -> tuple[Ints, ...]:
    return tuple(getattr(events, name)[row] for name in ("person", "source", "why", "nth"))


def _visits(events: Events) -> tuple[Ints, Flags, Flags]:
    """The last event of each visit, and whether it saw the member page, and whether it filled a cart.

    Visits that only look in, or end with an order, count as having done neither.
    """
    ours = np.isin(events.source, (WEB, MINI_PROGRAM)) & (events.code != CLICK)
    row = np.flatnonzero(ours)
    new = np.ones(len(row), bool)
    new[1:] = np.any([np.diff(one) != 0 for one in _key(events, row)], axis=0)
    first = np.flatnonzero(new)
    code = events.code[row]

    def some(flags: Flags) -> Ints:
        return np.add.reduceat(flags.astype(np.int64), first) if len(first) else np.empty(0, np.int64)

    goes_on = some(~np.isin(code, (IDENTIFY, LEFT))) > 1
    has_page = some((code == VIEW) & (events.item[row] == MEMBER_PAGE)) > 0
    browses = events.why[row[first]] != BUY
    last = row[np.append(first[1:], len(row)) - 1] if len(first) else row
    return last, goes_on & has_page & browses, goes_on & (some(code == CART) > 0) & browses


def _stops(world: World, form: int, events: Events, row: Ints) -> Ints:
    """The field at which each leaves; the number of fields for those who get to the end."""
    loses = np.array([one.loses for one in FORMS[form].fields])
    leaves = world.draws.uniform("form:leaves", *_by_field(events, row, form)) < loses
    return np.where(leaves.any(axis=1), leaves.argmax(axis=1), len(loses))


def _gives_up(world: World, events: Events, row: Ints) -> Ints:
    """The field at which somebody leaves who does not order."""
    return world.draws.choice("form:gives_up", [one.loses for one in FORMS[ADDRESS].fields], *_key(events, row))


def _by_field(events: Events, row: Ints, form: int) -> tuple[Ints, ...]:
    places = np.arange(len(FORMS[form].fields))
    return *(one[:, None] for one in _key(events, row)), form * 64 + places[None, :]


def _filled(world: World, form: int, events: Events, row: Ints, stop: Ints, *, insists: bool = False) -> Attempts:
    """Attempts that begin after the events in ``row`` and get as far as ``stop``; who ``insists`` never gives up."""
    draws, named, key = world.draws, FORMS[form].fields, _by_field(events, row, form)
    place, end = np.arange(len(named)), stop[:, None]
    usual = np.array([one.seconds for one in named]) * 1000
    pause = 300 + draws.whole("form:pause", 1_200, *key)
    spent = (usual * np.exp(_SPREAD * draws.normal("form:time", *key))).astype(np.int64) + 200
    again = draws.chance("form:again", np.array([one.corrected for one in named]), *key)
    fills = (place < end) | ((place == end) & draws.chance("form:fills", _FILLS, *key))
    again &= place < end
    twice = np.where(again, 1_500 + spent // 3, 0)
    begun = events.at_ms[row][:, None] + np.cumsum(pause + spent + twice, axis=1) - (spent + twice)
    at_end = begun[:, -1] + (spent + twice)[:, -1] + 900
    refused = (end > place[-1]) & draws.chance("form:refused", np.array([one.refused for one in named]), *key)
    stuck = refused.any(axis=1)
    repairs = stuck & (insists | ~draws.chance("form:stuck", _GIVES_UP, *_key(events, row)))
    mending = np.where(refused, 2_000 + spent // 2, 0)
    mended = at_end[:, None] + np.cumsum(mending, axis=1)
    corrected = np.where(again, begun + spent + twice, np.where(refused & repairs[:, None] & ~again, mended, NEVER))
    did = {
        "reached": np.where(place <= end, begun, NEVER),
        "filled": np.where(fills, begun + spent, NEVER),
        "corrected": corrected,
        "refused": np.where(refused, at_end[:, None], NEVER),
    }
    done = (stop == len(named)) & (~stuck | repairs)
    return Attempts(form, row, did, np.where(done, mended[:, -1] + 800, NEVER))


def _buyers(world: World, events: Events) -> Attempts:
    """Addresses of buyers: filled in between checkout and what comes next, if there was time."""
    row = np.flatnonzero(np.isin(events.source, (WEB, MINI_PROGRAM)) & (events.code == CHECKOUT))
    following = np.minimum(row + 1, len(events) - 1)
    same = np.all(
        [mine == next_ for mine, next_ in zip(_key(events, row), _key(events, following), strict=True)], axis=0
    )
    row, following = row[same], following[same]
    writes = world.draws.chance("form:writes", _WRITES, *_key(events, row))
    row, following = row[writes], following[writes]
    found = _filled(world, ADDRESS, events, row, np.full(len(row), len(FORMS[ADDRESS].fields)), insists=True)
    return found.pick(found.sent < events.at_ms[following])


def _both(one: Attempts, other: Attempts) -> Attempts:
    did = {name: np.concatenate([one.did[name], other.did[name]]) for name in ACTIONS}
    return Attempts(one.form, np.concatenate([one.of, other.of]), did, np.concatenate([one.sent, other.sent]))


def _steps(events: Events, attempts: Attempts) -> tuple[Events, Events]:
    """The events of the attempts: steps, and forms that were sent."""
    moments = np.stack([attempts.did[name] for name in ACTIONS], axis=2)
    whose, place, action = np.nonzero(moments >= 0)
    item = _FIRST_STEP[attempts.form] + place * len(ACTIONS) + action
    sent = np.flatnonzero(attempts.sent >= 0)
    return (
        _made(events, attempts.of[whose], moments[whose, place, action], FORM_STEP, item),
        _made(events, attempts.of[sent], attempts.sent[sent], FORM_SENT, np.full(len(sent), attempts.form)),
    )


def _made(events: Events, of: Ints, at_ms: Ints, code: int, item: Ints) -> Events:
    none = np.full(len(of), -1)
    place = _FIRST_PLACE + item + (len(STEPS) if code == FORM_SENT else 0)
    return replace(
        events.pick(of), at_ms=at_ms, place=place, code=np.full(len(of), code), item=item, dwell=none, scroll=none,
        order=none, value=none, sharer=none,
    )  # fmt: skip


def _told(moments: Moments, events: Events, attempts: Attempts) -> pa.Table:
    form = FORMS[attempts.form]
    whose, place = np.nonzero(attempts.did["reached"] >= 0)
    did = {name: at[whose, place] for name, at in attempts.did.items()}
    # Fields refused together: the last of them is where it ends, as in what the tracker tells.
    end = attempts.end
    last = end.shape[1] - 1 - end[:, ::-1].argmax(axis=1)
    sent = attempts.sent[whose] >= 0
    spent: Reals = np.where(did["filled"] >= 0, did["filled"] - did["reached"], np.nan)
    return pa.table(
        {
            "person": events.person[attempts.of[whose]],
            "form": pa.array([form.name] * len(whose), pa.string()),
            "began_at": moments.moments(attempts.did["reached"][whose, 0] // 1000),
            "field": take([one.name for one in form.fields], place),
            "place": place + 1,
            **{name: did[name] >= 0 for name in ACTIONS[1:]},
            "spent_ms": pa.array(spent, from_pandas=True),
            "left": ~sent & (place == last[whose]),
            "sent": sent,
        }
    )
