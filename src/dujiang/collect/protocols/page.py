"""Page, origin and device of an event, from what its call says about where it happened."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

from dujiang.collect.protocols.common import Where

SHARE: Final = "dj_share"
"""Query parameter of a shared link: who shared it."""

_TABLET: Final = re.compile(r"ipad|tablet|android(?!.*mobi)", re.IGNORECASE)
_MOBILE: Final = re.compile(r"mobi|iphone|android|harmony", re.IGNORECASE)
_WORDS: Final = {
    "desktop": "desktop",
    "mobile": "mobile",
    "phone": "mobile",
    "tablet": "tablet",
    "app": "app",
    "mini_program": "mini_program",
    "miniprogram": "mini_program",
    "store": "store",
    "pos": "store",
}
_APPS: Final = re.compile(r"ios|ipados|android|harmony", re.IGNORECASE)
_DESKTOPS: Final = re.compile(r"windows|mac|linux", re.IGNORECASE)


class Place(NamedTuple):
    """Columns of an event that say where it happened; None where the call says nothing."""

    page: str | None
    title: str | None
    referrer: str | None
    utm_source: str | None
    utm_medium: str | None
    utm_campaign: str | None
    share: str | None


def place(where: Where) -> Place:
    """Page path, referring host, campaign and share mark; a referrer on the page's own host is none.

    >>> place(Where(url="https://shop.test/tea?utm_source=xhs&dj_share=s1", referrer="https://www.example.org/a"))[:4]
    ('/tea', None, 'www.example.org', 'xhs')
    """
    host, path, query = _split(where.url)
    asked = _query(query) if "utm_" in query or SHARE in query else {}
    came_from = _split(where.referrer)[0] or (where.referrer if _is_host(where.referrer) else "")
    return Place(
        page=(where.path.partition("?")[0] or path)[:500] or None,
        title=where.title[:200] or None,
        referrer=came_from[:200] if came_from and came_from != host else None,
        utm_source=(where.utm_source or asked.get("utm_source", ""))[:200] or None,
        utm_medium=(where.utm_medium or asked.get("utm_medium", ""))[:200] or None,
        utm_campaign=(where.utm_campaign or asked.get("utm_campaign", ""))[:200] or None,
        share=asked.get(SHARE) or None,
    )


@lru_cache(maxsize=4096)
def _split(url: str) -> tuple[str, str, str]:
    try:
        parts = urlsplit(url)
        if not parts.scheme and not parts.netloc:
            return "", parts.path if parts.path.startswith("/") else "", parts.query
        return (parts.hostname or ""), parts.path or "/", f"{parts.query}&{parts.fragment.partition('?')[2]}"
    except ValueError:
        return "", "", ""


@lru_cache(maxsize=4096)
def _query(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query, max_num_fields=None).items()}


def _is_host(referrer: str) -> bool:
    return "." in referrer and "/" not in referrer and " " not in referrer


def device(where: Where, otherwise: str) -> str | None:
    """desktop, mobile, tablet, app, mini_program or store; ``otherwise`` where the call does not say.

    >>> device(Where(device="Desktop"), ""), device(Where(device="ios"), ""), device(Where(), "store")
    ('desktop', 'app', 'store')
    """
    if word := _WORDS.get(where.device.lower()):
        return word
    if where.user_agent and (seen := _of_agent(where.user_agent)):
        return seen
    if otherwise:
        return otherwise
    if _APPS.search(where.device):
        return "app"
    return "desktop" if _DESKTOPS.search(where.device) else None


@lru_cache(maxsize=4096)
def _of_agent(agent: str) -> str | None:
    if "miniprogram" in agent.lower():
        return "mini_program"
    if not agent.startswith("Mozilla"):
        return None
    if _TABLET.search(agent):
        return "tablet"
    return "mobile" if _MOBILE.search(agent) else "desktop"
