"""Clicks on the home page of the site, where they fell, and how long each of its modules was in view.

Most clicks fall on the banner; a picture looks like a link and is none, and a coupon button is slow enough to be clicked again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from dujiang.simulate.draws import Ints, Reals, spread
from dujiang.simulate.world import World

HOME: Final = 0
"""Item of the home page among the pages."""
HEIGHT: Final = 2_900
"""Height of the home page in pixels."""
MODULES: Final = ("banner", "tea", "gift", "story", "member", "footer")
"""From the top down."""
TOPS: Final = (0, 440, 900, 1_360, 2_060, 2_580)
"""Where each begins; it ends where the next begins, the last at the page's end."""
_IN_VIEW: Final = np.array(
    [
        [0.86, 0.14, 0, 0, 0, 0],
        [0.62, 0.24, 0.14, 0, 0, 0],
        [0.48, 0.22, 0.15, 0.15, 0, 0],
        [0.38, 0.2, 0.14, 0.14, 0.09, 0.05],
    ]
)
"""Shares of the time by module, for each quarter of the page that somebody scrolled down to."""


@dataclass(frozen=True)
class Target:
    """What is clicked: ``x`` in percent and ``y`` in pixels is its middle, ``dead`` when nothing follows."""

    module: str
    selector: str
    tag: str
    text: str
    x: float
    y: int
    weight: float
    dead: bool = False


TARGETS: Final = (
    Target("banner", "#banner", "a", "春山新茶上市", 50, 210, 62),
    Target("banner", "#nav-tea", "a", "茶品", 22, 32, 5),
    Target("banner", "#nav-gift", "a", "礼盒", 38, 32, 3),
    Target("tea", "#tea>a:nth-of-type(1)", "a", "明前龙井", 25, 640, 6),
    Target("tea", "#tea>a:nth-of-type(2)", "a", "正山小种", 75, 640, 4),
    Target("gift", "#coupon", "button", "领新人券", 50, 1130, 5, True),
    Target("gift", "#gift>a", "a", "春山礼盒", 50, 1010, 3),
    Target("story", "#story>img", "img", "", 50, 1600, 5, True),
    Target("story", "#story>a", "a", "茶生活", 50, 1820, 2),
    Target("member", "#join", "button", "加入会员", 50, 2260, 3),
    Target("footer", "#footer>a", "a", "关于山见", 30, 2780, 1),
)
_COUPON: Final = 5
_AGAIN: Final = 0.35
"""Share of clicks on the coupon button that become a burst."""
_FIRST_PLACE: Final = 1_000
"""Clicks are numbered behind all other events of their visit."""


def clicks(world: World, views: Ints, at_ms: Ints, key: tuple[Ints, ...]) -> tuple[Ints, Ints, Ints, Ints]:
    """Clicks that follow views of the home page.

    Args:
        views: rows of the views.
        at_ms: their moments.
        key: what tells one view from another.

    Returns:
        the row of each click's view, its moment, its place in the visit, and its target.
    """
    draws = world.draws
    target = draws.choice("click", [one.weight for one in TARGETS], *key)
    burst = (target == _COUPON) & draws.chance("click:again", _AGAIN, *key)
    count = np.where(burst, 3 + draws.whole("click:burst", 3, *key), draws.whole("click:many", 2, *key))
    of, nth = spread(count)
    later = 900 + draws.whole("click:when", 5_000, *key)
    return views[of], (at_ms + later)[of] + nth * 210, _FIRST_PLACE + key[-1][of] * 8 + nth, target[of]


def positions(world: World, target: Ints, key: tuple[Ints, ...]) -> tuple[Ints, Ints]:
    """Where each click fell: thousandths of the width, and pixels from the top."""
    x = np.array([one.x for one in TARGETS])[target] * 10 + 40 * world.draws.normal("click:x", *key[:-1])
    y = np.array([one.y for one in TARGETS])[target] + 9 * world.draws.normal("click:y", *key[:-1])
    return np.clip(np.rint(x), 0, 1000).astype(np.int64), np.clip(np.rint(y), 0, HEIGHT).astype(np.int64)


def places() -> dict[str, dict[str, int]]:
    """Top and height of each module, as the tracker tells them."""
    ends = (*TOPS[1:], HEIGHT)
    return {name: {"top": top, "height": end - top} for name, top, end in zip(MODULES, TOPS, ends, strict=True)}


def in_view(scroll: Ints, dwell: Ints) -> Ints:
    """Milliseconds that each module (a column) was in view, for each leaving of the page (a row)."""
    quarter = np.clip(scroll // 25, 0, 3)
    share: Reals = _IN_VIEW[quarter]
    return np.rint(share * np.maximum(dwell, 0)[:, None]).astype(np.int64)
