"""Decisions about links in a few words."""

from __future__ import annotations

from typing import Final

from dujiang.collect.identifier_types import IdentifierTypes
from dujiang.foundation.i18n import _, translate
from dujiang.identity.model import DEMOTED, LIMIT

REASONS: Final = {
    "same_record": _("They stand in one record"),
    "by_hand": _("Somebody decided that they belong together"),
    "shared": _("One end was seen with too many others"),
    "shared_device": _("The device is used by several people"),
    "not_joining": _("One end is of a kind that joins no people"),
    "separated": _("Somebody separated them"),
    "barred": _("Somebody decided that one end joins nobody"),
    "distrusted": _("Only sources that are not believed state it"),
    "recycled": _("The number had another owner at that time"),
    "unbound": _("One of the two was unbound later"),
}
ABOVE_LIMIT: Final = {
    LIMIT: _("One person would have too many of: {type}"),
    DEMOTED: _("Gave way because the person has enough of: {type}"),
}


def reason_text(reason: str, types: IdentifierTypes, locale: str) -> str:
    """Why a link joins or does not; a reason that nobody knows as it is.

    >>> reason_text("limit:mobile", IdentifierTypes.of(), "en")
    'One person would have too many of: Mobile number'
    """
    code, colon, limited = reason.partition(":")
    if colon:
        return translate(ABOVE_LIMIT[code + colon], locale).format(type=types.label(limited, locale))
    return translate(REASONS.get(reason, reason), locale)
