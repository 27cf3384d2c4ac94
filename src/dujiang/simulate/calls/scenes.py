"""What events are about, in words: names, pages and properties, made once for every pair of event and item."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import pyarrow as pa

from dujiang.simulate.brand import ARTICLES, PRODUCTS
from dujiang.simulate.clicks import HOME, TARGETS
from dujiang.simulate.draws import Ints
from dujiang.simulate.events import (
    ABOUT_ARTICLE,
    ABOUT_PAGE,
    ARTICLE,
    CART,
    CLICK,
    COUPON,
    FAVOURITE,
    FORM_SENT,
    FORM_STEP,
    LEFT,
    NAMES,
    POST,
    PRODUCT,
    SEARCH,
    VIEW,
    Events,
)
from dujiang.simulate.forms import FORMS, STEPS
from dujiang.simulate.texts import Text, take

ITEMS: Final = 64
PAGES: Final = (("/", "山见首页"), ("/tea", "茶品"), ("/gift", "礼盒"), ("/member", "会员中心"), ("/story", "茶生活"))
_ABOUT_PRODUCT: Final = (PRODUCT, CART, FAVOURITE)


@dataclass(frozen=True)
class Scene:
    """One event about one item; ``inner`` is what its properties hold, without the braces."""

    name: str
    path: str
    title: str
    inner: str


def scene_index(events: Events) -> Ints:
    """The scene of each event, an index into :func:`scenes`."""
    return events.code * ITEMS + events.item + 1


@cache
def scenes() -> tuple[Scene, ...]:
    """Every scene, by event and item (item 0: none)."""
    return tuple(_scene(code, item - 1) for code in range(len(NAMES)) for item in range(ITEMS))


def _scene(code: int, item: int) -> Scene:
    name = NAMES[code]
    if code in _ABOUT_PRODUCT and 0 <= item < len(PRODUCTS):
        one = PRODUCTS[item]
        said = {"module": "shop", "product_id": one.code, "product_name": one.name, "category": one.category}
        return Scene(name, f"/product/{one.code}", one.name, _inner(said))
    if code == LEFT and item >= 0:
        return _left(name, item)
    if code == CLICK and 0 <= item < len(TARGETS):
        one = TARGETS[item]
        said = {"module": one.module, "selector": one.selector, "tag": one.tag, "text": one.text}
        return Scene(name, *PAGES[HOME], _inner({key: value for key, value in said.items() if value}))
    if code == FORM_STEP and 0 <= item < len(STEPS):
        form, place, action = STEPS[item]
        one = FORMS[form]
        said = {"form": one.name, "field": one.fields[place].name, "index": place + 1, "action": action}
        return Scene(name, one.path, one.title, _inner(said))
    if code == FORM_SENT and 0 <= item < len(FORMS):
        return Scene(name, FORMS[item].path, FORMS[item].title, _inner({"form": FORMS[item].name}))
    if code == VIEW:
        path, title = PAGES[max(item, 0) % len(PAGES)]
        return Scene(name, path, title, _inner({"module": "page"}))
    if code == ARTICLE or (0 <= item < len(ARTICLES) and code < POST):
        place = max(item, 0) % len(ARTICLES)
        said = {"module": "content", "content_id": f"art{place + 1:02d}"}
        return Scene(name, f"/article/{place + 1}", ARTICLES[place], _inner(said))
    if code == SEARCH:
        return Scene(name, "/search", "搜索", _inner({"module": "search", "query": "龙井"}))
    if code == COUPON:
        return Scene(name, "/coupon", "领券中心", _inner({"module": "coupon", "coupon": "新人券 15 元"}))
    return Scene(name, "/", "山见", _inner({"module": "page" if code < POST else "community"}))


def _left(name: str, item: int) -> Scene:
    """Leaving a product, an article or a page."""
    if item < ABOUT_ARTICLE:
        one = PRODUCTS[item]
        return Scene(name, f"/product/{one.code}", one.name, _inner({"module": "shop", "product_id": one.code}))
    if item < ABOUT_PAGE:
        place = item - ABOUT_ARTICLE
        said = {"module": "content", "content_id": f"art{place + 1:02d}"}
        return Scene(name, f"/article/{place + 1}", ARTICLES[place], _inner(said))
    return Scene(name, *PAGES[(item - ABOUT_PAGE) % len(PAGES)], _inner({"module": "page"}))


def _inner(said: dict[str, Any]) -> str:
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))[1:-1]


def scene_texts(field: str, scene: Ints) -> Text:
    """``name``, ``path``, ``title`` or ``inner`` of each scene."""
    return take(_words(field), scene)


@cache
def _words(field: str) -> pa.Array:
    return pa.array([getattr(one, field) for one in scenes()])
