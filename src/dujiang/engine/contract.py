"""The derived tables: their columns, keys and order. Everything downstream of the engine reads these and nothing else.

Every table can be deleted at any time; ``dujiang rebuild`` computes the same rows from archive and store. Moments are UTC,
days are days of the brand's time zone, money is in minor units, a person is a signed 64-bit number (written for people by
:func:`dujiang.foundation.ids.person_id`).

``fact_<family>`` tables hold the archive's rows as they are (:data:`dujiang.foundation.facts.FAMILIES`), without the batches
that were undone, plus ``anchor`` (the node whose person the fact belongs to; null for facts about no one known), ``day``, and
``order_key`` on orders, their lines and their refunds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from dujiang.foundation.facts import FAMILIES, MOMENT


@dataclass(frozen=True)
class Table:
    """One derived table.

    Attributes:
        name: name in the engine.
        columns: column names and Arrow types, in order.
        key: columns whose values are unique together.
        per: what a refresh recomputes: ``person``, ``order`` or ``fact`` (append only).
    """

    name: str
    columns: pa.Schema
    key: tuple[str, ...]
    per: str


_text, _whole, _real, _yes, _day = pa.string(), pa.int64(), pa.float64(), pa.bool_(), pa.date32()


def _table(name: str, key: tuple[str, ...], per: str, *columns: tuple[str, pa.DataType]) -> Table:
    return Table(name, pa.schema(list(columns)), key, per)


FACTS: Final = {
    family: Table(
        f"fact_{family}",
        pa.schema(
            [field for field in schema if field.name != "day"]
            + [pa.field("anchor", _whole), pa.field("day", _day)]
            + ([pa.field("order_key", _whole)] if "order_no" in schema.names else [])
        ),
        ("seq",),
        "fact",
    )
    for family, schema in FAMILIES.items()
}

IDENTIFIER: Final = _table(
    # Every identifier ever seen.
    "identifier", ("node",), "fact",
    ("node", _whole), ("type", _text),
    ("first_seq", _whole),  # where in the archive it first appeared: the oldest of a person's gives the person its number
    ("first_at", MOMENT), ("last_at", MOMENT),
    ("facts", _whole),
)  # fmt: skip

LINK: Final = _table(
    # Two identifiers that one fact stated together; a < b.
    "link", ("a", "b"), "fact",
    ("a", _whole), ("b", _whole), ("a_type", _text), ("b_type", _text),
    ("first_seq", _whole), ("first_at", MOMENT), ("last_at", MOMENT),
    ("facts", _whole),
    ("sources", pa.list_(_text)),
)  # fmt: skip

PERSON_NODE: Final = _table(
    # Who an identifier belongs to, and when. One row per node, more where a recycled number changed hands.
    "person_node", ("node", "from_at"), "person",
    ("node", _whole), ("type", _text), ("person", _whole),
    ("from_at", MOMENT), ("to_at", MOMENT),  # from included, to excluded; null: without end on that side
    ("role", _text),  # owner: joins people | shared: belongs to several, is its own person here | alone | barred: by hand
)  # fmt: skip

PERSON_LINK: Final = _table(
    # Every link, and what was decided about it: the evidence behind each person.
    "person_link", ("a", "b"), "person",
    ("a", _whole), ("b", _whole), ("person", _whole),
    ("joined", _yes),
    ("reason", _text),  # code of the rule, such as same_record, limit:member, shared_device
    ("first_at", MOMENT), ("last_at", MOMENT), ("facts", _whole),
)  # fmt: skip

PERSON_RELATION: Final = _table(
    # How two different people, or a person and a thing, belong together; through one thing each row.
    "person_relation", ("thing", "person", "other"), "person",
    ("person", _whole),
    ("kind", _text),  # name of the definition: household, shared_phone, shared_device, store_device, staff, scalper …
    ("part", _text),  # pair: with another person | spoke: one of many around a hub | hub: what many have in common
    ("other", _whole),  # the other person, or the hub; null for a hub
    ("thing", _whole), ("type", _text),  # the identifier behind it and its type without scope
    ("people", _whole),  # people it was seen with
    ("facts", _whole), ("first_at", MOMENT), ("last_at", MOMENT),  # of the records that name it with either of the two
    ("strength", _real),  # from 0 to 1
)  # fmt: skip

IDENTITY_DECISION: Final = _table(
    # Decisions beyond the rules that were in force when identity was last resolved; truth is the store's table.
    "identity_decision", ("id",), "person",
    ("id", _text), ("kind", _text),  # separate | join | bar | unbind | distrust
    ("a", _whole), ("b", _whole), ("source", _text),
    ("from_seq", _whole), ("to_seq", _whole),
    ("at", MOMENT), ("actor", _text), ("reason", _text), ("origin", _text),
    ("moment", MOMENT),  # of unbind
)  # fmt: skip

ORDERS: Final = _table(
    # Every order in its latest state, its lines and refunds folded in.
    "orders", ("order_key",), "order",
    ("order_key", _whole), ("channel", _text), ("shop", _text), ("order_no", _text),
    ("person", _whole),  # null where the export says nothing of the buyer
    ("at", MOMENT), ("day", _day), ("paid_at", MOMENT), ("paid_day", _day),
    ("status", _text),  # valid | cancelled | unpaid
    ("gross_minor", _whole), ("freight_minor", _whole), ("discount_minor", _whole),
    ("paid_minor", _whole), ("refunded_minor", _whole), ("net_minor", _whole),  # net = paid − refunded
    ("lines", _whole), ("units", _whole),
    ("store", _text), ("guide", _text), ("promoter", _text), ("traffic_source", _text), ("coupon", _text),
    ("province", _text), ("city", _text),
    ("nth", _whole),  # 1 for the person's first valid order in any channel; null for others and for orders of no one
    ("previous_day", _day),  # day of the person's valid order before
)  # fmt: skip

REFUNDS: Final = _table(
    # Money given back: at its own moment where a file says so, else at the order's.
    "refunds", ("refund_key",), "order",
    ("refund_key", _whole), ("order_key", _whole), ("channel", _text), ("shop", _text), ("person", _whole),
    ("at", MOMENT), ("day", _day), ("amount_minor", _whole), ("reason", _text),
)  # fmt: skip

VISIT: Final = _table(
    # Events of one person in one channel without a pause longer than the session gap.
    "visit", ("person", "channel", "started_at"), "person",
    ("person", _whole), ("channel", _text), ("started_at", MOMENT), ("ended_at", MOMENT), ("day", _day),
    ("events", _whole), ("pages", _whole), ("dwell_ms", _whole), ("scroll_pct", _real),
    ("entry_page", _text), ("exit_page", _text), ("device", _text),
    ("referrer", _text), ("utm_source", _text), ("utm_medium", _text), ("utm_campaign", _text),
    ("bounced", _yes),  # one page and nothing but the view
)  # fmt: skip

PERSON_DAY: Final = _table(
    # What one person did in one channel on one day. Sums over it count everything once.
    "person_day", ("person", "day", "channel"), "person",
    ("person", _whole), ("day", _day), ("channel", _text), ("first_at", MOMENT), ("last_at", MOMENT),
    ("events", _whole), ("visits", _whole), ("bounces", _whole), ("pages", _whole), ("dwell_ms", _whole),
    ("shares", _whole), ("interactions", _whole),  # like, comment, favourite, share, follow
    ("orders", _whole), ("paid_minor", _whole), ("refunded_minor", _whole),  # of valid orders created that day
    ("conversations", _whole), ("complaints", _whole),
)  # fmt: skip

PERSON: Final = _table(
    # One row per person, over all channels.
    "person", ("person",), "person",
    ("person", _whole),
    ("first_at", MOMENT), ("first_day", _day), ("first_channel", _text), ("last_at", MOMENT), ("last_day", _day),
    ("channels", pa.list_(_text)),  # seen in, sorted
    ("identifiers", _whole), ("known", _yes),  # known: has more than a device or cookie
    ("events", _whole), ("visits", _whole),
    ("orders", _whole), ("paid_minor", _whole), ("refunded_minor", _whole),
    ("first_order_day", _day), ("last_order_day", _day), ("first_order_channel", _text),
    ("order_channels", pa.list_(_text)),
    ("gender", _text), ("birth_year", _whole), ("province", _text), ("city", _text),
    ("member_level", _text), ("points", _whole), ("joined_at", MOMENT), ("added_at", MOMENT), ("tags", pa.list_(_text)),
)  # fmt: skip

PROFILE: Final = ("gender", "birth_year", "province", "city", "member_level", "tags")
"""What a filled profile states: columns of ``person``."""

SPEND_DAY: Final = _table(
    # Money spent per channel and campaign, counted once although several reports and windows repeat it.
    "spend_day", ("channel", "account", "campaign", "day"), "fact",
    ("channel", _text), ("account", _text), ("campaign", _text), ("campaign_name", _text), ("day", _day),
    ("cost_minor", _whole), ("impressions", _whole), ("clicks", _whole),
)  # fmt: skip

TRAFFIC_DAY: Final = _table(
    # Visits as platforms report them: at level shop where there is one, else the sum over top-level sources.
    "traffic_day", ("channel", "shop", "day"), "fact",
    ("channel", _text), ("shop", _text), ("day", _day),
    ("visitors", _whole), ("page_views", _whole), ("carts", _whole), ("buyers", _whole), ("paid_minor", _whole),
)  # fmt: skip

CONVERSATION: Final = _table(
    "conversation", ("conversation_key",), "fact",
    ("conversation_key", _whole), ("channel", _text), ("person", _whole), ("at", MOMENT), ("day", _day),
    ("agent", _text), ("topic", _text), ("first_response_ms", _whole), ("resolution_ms", _whole),
    ("complaint", _yes), ("rating", _whole),
    ("sentiment", _real),  # of what was written: -1 negative to 1 positive; null where no text came
)  # fmt: skip

LIFE_STAGE: Final = _table(
    # The stage of the life cycle that a person is in, and what time alone will bring.
    "life_stage", ("person",), "person",
    ("person", _whole), ("stage", _text), ("since", _day),
    ("next_day", _day), ("next_stage", _text),  # null where nothing changes unless something happens
)  # fmt: skip

LIFE_TRANSITION: Final = _table(
    # Every change of stage and the condition behind it. Stages hold at the end of a day.
    "life_transition", ("person", "nth"), "person",
    ("person", _whole), ("nth", _whole), ("day", _day),
    ("from_stage", _text), ("to_stage", _text),  # from is null where the person was met
    ("fact", _text), ("op", _text), ("bound", _whole), ("within_days", _whole),
    ("holds", _yes),  # the condition began to hold; false: it ceased
    ("value", _whole),  # what the fact came to
)  # fmt: skip

ACTIVE_HOUR: Final = _table(
    # In how many different hours a person was active, by hour of the week.
    "active_hour", ("person", "slot"), "person",
    ("person", _whole),
    ("slot", _whole),  # 0 is Monday from midnight, 167 Sunday from 23:00, in the brand's zone
    ("hours", _whole),
)  # fmt: skip

PERSON_VALUE: Final = _table(
    # What a person is worth today: bands of recency, frequency and money, and the layer of the value matrix.
    "person_value", ("person",), "person",
    ("person", _whole),
    ("last_order_day", _day), ("frequency", _whole), ("money_minor", _whole),  # within the window of rfm; null: no order
    ("r", _whole), ("f", _whole), ("m", _whole),  # 1 is the lowest band
    ("orders", _whole), ("order_value_minor", _real), ("interactions", _whole),  # within the window of value_matrix
    ("high", pa.list_(_text)),  # which of frequency, order_value, interaction are high
    ("layer", _text),  # null: not active within the window
)  # fmt: skip

SEGMENT_MEMBER: Final = _table(
    # Who is in which segment now.
    "segment_member", ("segment", "person"), "person",
    ("segment", _text), ("person", _whole),
    ("since", MOMENT),  # recorded: survives a rebuild, and follows merges and unmerges
)  # fmt: skip

CONSENT: Final = _table(
    # What each person allows: of several identifiers the strictest statement, of one identifier the latest.
    "consent", ("person", "purpose", "medium"), "person",
    ("person", _whole), ("purpose", _text), ("medium", _text),  # medium "": every way of reaching them
    ("state", _text),  # granted | withdrawn | unknown
    ("at", MOMENT), ("source", _text), ("basis", _text), ("text_version", _text),
)  # fmt: skip

TAGGED: Final = _table(
    # Tags put on each person from outside and not taken off, with the latest value.
    "tagged", ("person", "tag"), "person",
    ("person", _whole), ("tag", _text), ("value", _text), ("at", MOMENT), ("source", _text), ("set_by", _text),
)  # fmt: skip

PREDICTION: Final = _table(
    # What is foretold of each person, with the newest model that could be fitted.
    "prediction", ("person", "model"), "person",
    ("person", _whole),
    ("model", _text),  # alive | purchases_<days> | value_<days> (minor units) | buy_30 | lapse_90 | respond_30
    ("value", _real), ("low", _real), ("high", _real),  # null: no interval
    ("as_of", _day),  # first day that was not known
)  # fmt: skip

PERSON_GROUP: Final = _table(
    # The group of people who behave alike, with the newest fit that found groups; no row: too little known.
    "person_group", ("person", "moment"), "person",
    ("person", _whole),
    ("moment", _text),  # now | fit: as of the beginning of today, and of the day of the fit
    ("group_id", _text), ("next_id", _text),  # nearest and next-nearest
    ("margin", _real),  # 0 on the boundary between the two, 1 as far from it as the centre of the own group
    ("as_of", _day),  # first day that was not known
)  # fmt: skip

DERIVED: Final[dict[str, Table]] = {
    table.name: table
    for table in (
        IDENTIFIER, LINK, PERSON_NODE, PERSON_LINK, PERSON_RELATION, IDENTITY_DECISION,
        ORDERS, REFUNDS, VISIT, PERSON_DAY, PERSON, SPEND_DAY, TRAFFIC_DAY,
        CONVERSATION, LIFE_STAGE, LIFE_TRANSITION, ACTIVE_HOUR, PERSON_VALUE, PREDICTION,
        PERSON_GROUP,
        SEGMENT_MEMBER,
        CONSENT, TAGGED,
    )
}  # fmt: skip

ALL: Final[dict[str, Table]] = {**{table.name: table for table in FACTS.values()}, **DERIVED}
