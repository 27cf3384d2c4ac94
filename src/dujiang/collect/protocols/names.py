"""One name for one thing: what the trackers call differently, called the same."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

NAME_OF_KIND: Final = {
    "page": "page_viewed",
    "screen": "screen_viewed",
    "identify": "identified",
    "group": "grouped",
    "alias": "aliased",
}

_SAME: Final = {
    "$pageleave": "page_left",
    "$autocapture": "element_clicked",
    "$rageclick": "rage_clicked",
    "$WebClick": "element_clicked",
    "$AppClick": "element_clicked",
    "$MPClick": "element_clicked",
    "$WebStay": "page_left",
    "$MPPageLeave": "page_left",
    "$WebPageLeave": "page_left",
    "$AppPageLeave": "page_left",
    "$MPShare": "share",
    "$MPShareTimeline": "share",
    "$MPAddFavorites": "favourite",
    "$AppStart": "app_started",
    "$MPLaunch": "app_started",
    "$MPShow": "app_shown",
    "$MPHide": "app_hidden",
    "$AppEnd": "app_hidden",
    "$AppInstall": "app_installed",
    "$SignUp": "signed_up",
    "Application Installed": "app_installed",
    "Application Opened": "app_started",
    "Application Backgrounded": "app_hidden",
}
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_GAP: Final = re.compile(r"[\s\-./:]+")


@lru_cache(maxsize=20_000)
def common_name(name: str) -> str:
    """An event's name as Dujiang writes it: lower case, words joined by ``_``; other scripts stay as they are.

    >>> common_name("Order Completed"), common_name("AddToCart"), common_name("$MPShare"), common_name("领取优惠券")
    ('order_completed', 'add_to_cart', 'share', '领取优惠券')
    """
    if name in _SAME:
        return _SAME[name]
    return _GAP.sub("_", _CAMEL.sub("_", name.strip())).lower()[:200]
