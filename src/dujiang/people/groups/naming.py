"""What groups are called: by the features in which they differ most from everybody, in words that operations people use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dujiang.foundation.i18n import LOCALES, _, translate
from dujiang.people.groups.features import FEATURES
from dujiang.people.groups.model import Difference

CLEAR: Final = 0.35
"""A difference from here on, in standard deviations between people, may give a name."""
_SECOND: Final = 0.6
"""… and so much of the first one's, to stand beside it."""
PLAIN: Final = "plain"

WORDS: Final = {
    "discount_share+": _("Price-sensitive"),
    "discount_share-": _("Full-price"),
    "coupon_share+": _("Coupon lovers"),
    "coupon_share-": _("No coupons"),
    "promotion_share+": _("Promotion shoppers"),
    "promotion_share-": _("Everyday shoppers"),
    "content_share+": _("Content lovers"),
    "content_share-": _("Straight to the goods"),
    "dwell+": _("Long lookers"),
    "dwell-": _("Quick visits"),
    "reaction_rate+": _("Interactive"),
    "reaction_rate-": _("Silent"),
    "sharing_rate+": _("Sharers"),
    "community_rate+": _("Socially active"),
    "marketplace_share+": _("Marketplace shoppers"),
    "content_channel_share+": _("Content-platform shoppers"),
    "private_share+": _("Private-domain"),
    "own_share+": _("App and site"),
    "store_share+": _("Store-goers"),
    "variety+": _("Explorers"),
    "variety-": _("Loyal to a kind"),
    "units+": _("Bulk buyers"),
    "units-": _("One at a time"),
    "night_share+": _("Night owls"),
    "weekend_share+": _("Weekenders"),
    "weekend_share-": _("Weekday people"),
    "working_share+": _("Office hours"),
    "days_since+": _("Quiet for long"),
    "days_since-": _("Here lately"),
    "orders+": _("Frequent buyers"),
    "orders-": _("Rare buyers"),
    "order_value+": _("Big baskets"),
    "order_value-": _("Small baskets"),
    "visits+": _("Frequent visitors"),
    "visits-": _("Rare visitors"),
    "service_rate+": _("Ask the service"),
    "refund_share+": _("Return often"),
    PLAIN: _("Ordinary"),
}
"""By feature and direction. What says nothing of a person (few nights, few shares) gives no name."""


LABELS: Final = {
    "days_since": _("days since last seen"),
    "orders": _("orders"),
    "order_value": _("paid per order"),
    "visits": _("visits"),
    "discount_share": _("share of the price given as discount"),
    "coupon_share": _("share of orders with a coupon"),
    "promotion_share": _("share of orders in promotions"),
    "content_share": _("share of content in what is looked at"),
    "dwell": _("time spent per visit"),
    "reaction_rate": _("likes, comments and the like per visit"),
    "sharing_rate": _("shares per visit"),
    "community_rate": _("posts in communities per visit"),
    "marketplace_share": _("share of marketplaces"),
    "content_channel_share": _("share of content platforms"),
    "private_share": _("share of the private domain"),
    "own_share": _("share of app, site and mini-program"),
    "store_share": _("share of stores"),
    "variety": _("different kinds of goods per item"),
    "units": _("units per order"),
    "night_share": _("share of the night (22:00 to 6:00)"),
    "weekend_share": _("share of the weekend"),
    "working_share": _("share of office hours"),
    "service_rate": _("conversations with the service per order or visit"),
    "refund_share": _("share given back"),
}
"""What people call the features."""


def candidates(differences: Sequence[Difference]) -> tuple[str, ...]:
    """Codes of the names that fit, the most telling first, one for each subject.

    Args:
        differences: of a group against everybody.
    """
    found: dict[str, str] = {}
    for one in sorted(differences, key=lambda one: (-abs(one.effect), one.feature)):
        code = f"{one.feature}{'+' if one.effect > 0 else '-'}"
        if abs(one.effect) >= CLEAR and code in WORDS:
            found.setdefault(FEATURES[one.feature].family, code)
    return tuple(found.values())


def named(groups: Sequence[Sequence[Difference]], kept: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """A name for each group, as one or more codes; no two groups have the same.

    Args:
        groups: the differences of each.
        kept: the name that each had at the fit before (empty: none). It stays while all of it still fits, so that a group
            keeps its name although another feature may lead by a little now.
    """
    fitting = [candidates(one) for one in groups]
    names = [_kept(old, may) or _fresh(may, one) for old, may, one in zip(kept, fitting, groups, strict=True)]
    for place, name in enumerate(names):
        others = names[:place] + names[place + 1 :]
        if name in others and not (kept[place] and name == kept[place]):
            names[place] = _told_apart(name, fitting[place], others)
    return names


def _kept(old: tuple[str, ...], may: tuple[str, ...]) -> tuple[str, ...]:
    return old if old and set(old) <= set(may) else ()


def _fresh(may: tuple[str, ...], differences: Sequence[Difference]) -> tuple[str, ...]:
    if not may:
        return (PLAIN,)
    strength = {f"{one.feature}{'+' if one.effect > 0 else '-'}": abs(one.effect) for one in differences}
    second = [code for code in may[1:2] if strength[code] >= _SECOND * strength[may[0]]]
    return (may[0], *second)


def _told_apart(name: tuple[str, ...], may: tuple[str, ...], others: list[tuple[str, ...]]) -> tuple[str, ...]:
    """The name with as many more words as it takes to be another one than all ``others``."""
    for code in may:
        if code not in name:
            name = (*name, code)
            if name not in others:
                return name
    return name


def title(codes: tuple[str, ...]) -> dict[str, str]:
    """A name in every language.

    >>> title(("discount_share+", "night_share+"))["en"]
    'Price-sensitive · Night owls'
    """
    return {locale: " · ".join(translate(WORDS[code], locale) for code in codes) for locale in LOCALES}
