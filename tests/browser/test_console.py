"""The console in a real Chromium: no error, no violation, nothing runs that came from data, nothing hangs over the edge."""

from __future__ import annotations

import csv
import importlib.util
import io
import itertools
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Literal
from unittest.mock import patch
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from dujiang.api.app import create_app
from dujiang.console.formats import duration
from dujiang.foundation.ids import person_id
from dujiang.foundation.money import format_money, format_number
from dujiang.people.conditions import parse_condition
from dujiang.people.model import PeopleQuery
from dujiang.workspace import Workspace

PAYLOADS = (
    "<img src=x onerror=window.__ran=1>",
    "<script>window.__ran=1</script>",
    '"><svg onload=window.__ran=1>',
    "'\"><iframe srcdoc='<script>parent.__ran=1</script>'>",
    "</script><script>window.__ran=1</script>",
    "javascript:window.__ran=1",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "<a href=javascript:window.__ran=1>x</a>",
    "<style>*{display:none}</style>",
    '=HYPERLINK("http://127.0.0.1/","x")',
    ']]><!--<math><mi//xlink:href="data:x,<script>window.__ran=1</script>">',
)
BUYERS = "q=%7B%22type%22%3A%22metric%22%2C%22metrics%22%3A%5B%22buyers%22%5D%7D&pick=%7B%22metric%22%3A%22buyers%22%7D"
PAGES = (
    "/", "/people", "/people?columns.people=city&rows=roomy", "/people?metric=new_customers",
    "/life", "/life/map", "/value", "/people?layer=strategic", "/people?top=0.05", "/hours", "/people?hour=9", "/groups",
    "/people?stage=new",
    "/segments", "/segments/new",
    "/differences", f"/differences?one=number&{BUYERS}",
    "/tags", "/tags/paid_total", "/tags/province",
    "/identity", "/identity/decisions", "/identity/decide?kind=distrust&source=pos",
    "/sources", "/sources?source=mini", "/imports",
    "/suggestions", "/relations",
    "/predictions", "/lifetime-value",
    "/dead-letters", "/dead-letters/1", "/dead-letters/repair",
    "/metrics", "/metrics/gmv", "/explore?metric=orders&by=province",
    "/ask", "/ask/metric?q=%7B%22metrics%22%3A%5B%22gmv%22%5D%2C%22by%22%3A%5B%22province%22%5D%2C%22grain%22%3A%22week%22%7D",
    "/ask/metric?q=%7B%22metrics%22%3A%5B%5D%7D", "/ask/metric?saved=sales",
    f"/people?{BUYERS}",
    "/lift", "/lift/plan?metric=orders&sizes=2", "/lift/plan/holdout", "/lift/plan/switchback",
    "/attribution", "/attribution?credit=guide&worth=value", "/ask/attribution",
    "/contribution", "/contribution?credit=guide&worth=", "/ask/contribution",
    "/ask/funnel?compare=previous", "/ask/retention", "/ask/paths", "/ask/overlap", "/ask/form",
    "/dashboards", "/dashboards/week", "/dashboards/week/arrange",
    "/reports", "/reports/monday", "/reports/monday/preview", "/reports/edit", "/reports/edit?name=monday",
    "/content", "/service", "/private-domain", "/heatmaps", "/ask/heatmap",
    "/definitions", "/definitions/channel/tmall", "/definitions/edit?kind=channel&name=tmall",
    "/jobs", "/settings/present", "/settings/keys", "/settings/accounts", "/settings/audit",
)  # fmt: skip
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
WAYS: tuple[tuple[str, Literal["light", "dark"]], ...] = (("zh", "light"), ("en", "dark"))


def _brand() -> ModuleType:
    file = Path(__file__).parent.parent / "console" / "brand.py"
    spec = importlib.util.spec_from_file_location("console_brand_marked", file)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["console_brand_marked"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BRAND = _brand()


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, compiled_kernels: None) -> Iterator[Workspace]:
    """A brand in which every text that comes from outside carries a payload."""
    payloads = itertools.cycle(PAYLOADS)
    folder = tmp_path_factory.mktemp("marked")
    with patch.dict(os.environ, {"XDG_CONFIG_HOME": str(folder / "config")}):
        built = BRAND.build(folder, lambda text: text + next(payloads))
    yield built
    built.close()


@pytest.fixture(scope="module")
def address(workspace: Workspace) -> Iterator[str]:
    with BRAND.serving(create_app(workspace, work=False)) as address:
        yield address


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def session(chromium: Browser, address: str) -> Iterator[str]:
    """Storage of a browser in which the administrator has signed in through the page."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{address}/people")
    page.fill("input[name=name]", "shen")
    page.fill("input[name=password]", BRAND.PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(f"{address}/people")
    yield json.dumps(context.storage_state())
    context.close()


class Watched:
    """A page that remembers what went wrong on it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wrong: list[str] = []
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("console", self._said)
        page.on("dialog", lambda dialog: self.wrong.append("a dialog opened"))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.wrong.append(message.text)


def opened(chromium: Browser, session: str) -> Watched:
    context = chromium.new_context(storage_state=json.loads(session), viewport={"width": 1440, "height": 900})
    context.set_default_timeout(
        120_000
    )  # the first question of a kind compiles its kernel, on whatever machine this is
    return Watched(context.new_page())


def visit(watched: Watched, address: str, path: str, lang: str) -> None:
    watched.page.goto(address + path + ("&" if "?" in path else "?") + f"lang={lang}")
    watched.page.wait_for_function("() => !document.querySelector('form[data-ask]:not([data-ready])')")
    watched.page.wait_for_function("() => !document.querySelector('[data-tile]:not([data-filled])')")
    watched.page.wait_for_function("() => !document.querySelector('[data-chart]:not([data-drawn])')")


def check(watched: Watched, address: str, path: str) -> None:
    """In both languages and themes: no violation, no error, nothing ran; and it fits a small laptop, a tablet and a phone."""
    page = watched.page
    for lang, theme in WAYS:
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": 1440, "height": 900})
        visit(watched, address, path, lang)
        violations = Axe().run(page).response["violations"]
        assert [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in violations] == []
        for width in (1024, 768, 375):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("window.__ran") is None
        assert watched.wrong == []


@pytest.fixture(scope="module")
def tab(chromium: Browser, session: str) -> Iterator[Watched]:
    """One tab that looks at one page after the other."""
    watched = opened(chromium, session)
    yield watched
    watched.page.context.close()


@pytest.mark.parametrize("path", PAGES)
def test_page_is_sound(tab: Watched, address: str, path: str) -> None:
    tab.wrong.clear()
    check(tab, address, path)


def test_person_page_is_sound(tab: Watched, address: str, workspace: Workspace) -> None:
    tab.wrong.clear()
    person = workspace.people.list(PeopleQuery(bought=True, sort="orders", limit=1)).people[0].person
    check(tab, address, f"/people/{person_id(person)}")


def test_what_fields_have_to_look_like_is_understood_by_browsers(tab: Watched, address: str) -> None:
    tab.wrong.clear()
    visit(tab, address, "/lift/plan/switchback", "en")
    name = tab.page.locator("input[name=name]").first
    for typed, taken in (("coupon-days", True), ("Coupon days", False)):
        name.fill(typed)
        assert name.evaluate("it => it.checkValidity()") == taken
    assert tab.wrong == []


def test_on_a_phone_titles_have_the_whole_width_and_labels_lie_within_the_picture(
    chromium: Browser, session: str, address: str
) -> None:
    watched = opened(chromium, session)
    watched.page.set_viewport_size({"width": 375, "height": 800})
    visit(watched, address, "/life", "en")
    shares = watched.page.evaluate(
        "[...document.querySelectorAll('.card > header .say')].map(it => it.clientWidth / it.parentElement.clientWidth)"
    )
    assert shares
    assert min(shares) > 0.85
    outside = watched.page.evaluate(
        """() => { const box = document.querySelector('.river.narrow').getBoundingClientRect();
        return [...document.querySelectorAll('.river.narrow text')]
            .filter(it => it.getBoundingClientRect().right > box.right + 1).map(it => it.textContent) }"""
    )
    assert outside == []
    watched.page.context.close()


def test_words_on_flags_stand_in_three_rows_and_never_on_each_other(tab: Watched, address: str) -> None:
    visit(tab, address, "/private-domain", "zh")
    labels = tab.page.evaluate(
        """async () => { const charts = await import(document.querySelector('script[src*="js/charts"]').src);
        const x = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];
        const flags = ['b', 'b', 'b', 'b', 'f'].map(at => ({ at, label: '小红书账号限流' }));
        return charts.flagLabels({ x, flags }, 600); }"""
    )
    assert labels["used"] == 3
    assert [one["show"] for one in labels["labels"]] == [True, True, True, False, True]
    assert len({one["distance"] for one in labels["labels"][:3]}) == 3
    assert labels["labels"][4]["distance"] == labels["labels"][0]["distance"]  # far enough to share the first row


def test_a_link_of_the_graph_says_why_it_joins(
    chromium: Browser, session: str, address: str, workspace: Workspace
) -> None:
    person = workspace.people.list(PeopleQuery(bought=True, sort="orders", limit=1)).people[0].person
    watched = opened(chromium, session)
    for width, size in ((1440, "wide"), (375, "narrow")):
        watched.page.set_viewport_size({"width": width, "height": 800})
        visit(watched, address, f"/people/{person_id(person)}", "zh")
        link = watched.page.locator(f".ring.{size} a.joined").first
        link.focus()
        assert watched.page.locator("#graph-say").inner_text() == link.get_attribute("aria-label")
        watched.page.keyboard.press("Enter")
        assert watched.page.locator("#graph-table[open] table").count() == 1
    assert watched.wrong == []


def built(page: Page) -> Any:
    return json.loads(page.locator("textarea[name=condition]").input_value())


def live_count(page: Page, sentence: str) -> str:
    """The number that is shown once the sentence is ``sentence``."""
    page.wait_for_function("said => document.querySelector('[data-sentence]').textContent === said", arg=sentence)
    return page.locator("[data-count]").inner_text().split(" ")[0]


def test_a_sequence_is_built_in_the_form(chromium: Browser, session: str, address: str, workspace: Workspace) -> None:
    """Two pages within two hours without a click in between, by keyboard, on a phone."""
    watched = opened(chromium, session)
    page = watched.page
    page.set_viewport_size({"width": 375, "height": 800})
    visit(watched, address, "/segments/new", "en")
    page.select_option("select[aria-label='Kind of condition'] >> nth=1", "sequence")
    steps = page.locator("fieldset.step")
    for place in range(2):
        step = steps.nth(place)
        step.locator("select[aria-label=Column]").select_option("kind")
        steps.nth(place).locator("select[aria-label=Operator]").select_option("is")
        steps.nth(place).locator("input[aria-label=Value]").fill("page")
        page.keyboard.press("Tab")
    page.get_by_role("button", name="Add what must not come between").press("Enter")
    steps.nth(2).locator("select[aria-label=Operator]").select_option("is")
    steps.nth(2).locator("input[aria-label=Value]").fill("element_clicked")
    page.keyboard.press("Tab")
    page.locator("input[aria-label='each within']").fill("2")
    page.keyboard.press("Tab")
    page.select_option("select[aria-label='Unit of time']", "hours")
    tree = {
        "type": "sequence",
        "steps": [{"where": [{"column": "kind", "op": "is", "value": "page"}]}] * 2,
        "without": [{"where": [{"column": "name", "op": "is", "value": "element_clicked"}]}],
        "within_minutes": 120,
    }
    assert built(page) == {"type": "all", "of": [tree]}
    shown = live_count(
        page,
        "People who did: an event whose kind is “page”, then an event whose kind is “page”, "
        "each within 2 hours, without “Clicked” in between.",
    )
    assert int(shown.replace(",", "")) == workspace.segments.count(parse_condition(tree), "en").people
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert Axe().run(page).response["violations"] == []
    page.fill("input[name=name]", "came_back_soon")
    page.click("form[data-builder] button[type=submit]")
    page.wait_for_url("**/segments/came_back_soon")
    visit(watched, address, "/segments/came_back_soon/edit", "en")
    page.locator("fieldset.step").nth(2).wait_for()
    assert page.locator("fieldset.step").count() == 3
    assert page.locator("input[aria-label='each within']").input_value() == "2"
    assert watched.wrong == []


def test_days_and_properties_are_chosen_in_the_form(
    chromium: Browser, session: str, address: str, workspace: Workspace
) -> None:
    """Every kind of window, and a property of an event by its name, on a phone in Chinese."""
    watched = opened(chromium, session)
    page = watched.page
    page.set_viewport_size({"width": 375, "height": 800})
    visit(watched, address, "/segments/new", "zh")
    page.select_option("select[aria-label='做了什么']", "events")
    windows: list[tuple[str, dict[str, str], dict[str, Any] | None]] = [
        ("days", {"天数": "60", "截至几天前": "30"}, {"days": 60, "until_days": 30}),
        ("dates", {"最早日期": "2026-01-01", "最晚日期": "2026-06-18"}, {"first": "2026-01-01", "last": "2026-06-18"}),
        ("618", {}, {"period": "618"}),
        ("last_month", {}, {"period": "last_month"}),
        ("ever", {}, None),
    ]
    for kind, values, window in windows:
        page.select_option("select[aria-label='时间']", kind)
        for label, value in values.items():
            page.locator(f"input[aria-label='{label}']").fill(value)
            page.keyboard.press("Tab")
        page.wait_for_function("() => document.activeElement !== null")
        assert built(page)["of"][0].get("window") == window
    page.get_by_role("button", name="添加筛选").click()
    page.locator(".filters .filters select[aria-label='列']").select_option("properties.")
    page.locator("input[aria-label='属性名']").fill("color")
    page.keyboard.press("Tab")
    page.locator(".filters .filters select[aria-label='运营']").select_option("is")
    page.locator(".filters .filters input[aria-label='值']").fill("red")
    page.keyboard.press("Tab")
    where = [{"column": "properties.color", "op": "is", "value": "red"}]
    tree = {"type": "behaviour", "source": "events", "where": where, "aggregate": "count", "column": ""}
    assert built(page) == {"type": "all", "of": [{**tree, "op": "at_least", "value": 1}]}
    page.wait_for_function("() => document.querySelector('[data-sentence]').textContent.includes('color')")
    counted = workspace.segments.count(parse_condition({**tree, "op": "at_least", "value": 1}), "zh")
    assert page.locator("[data-sentence]").inner_text() == counted.sentence
    assert page.locator("[data-count]").inner_text().startswith(f"{counted.people:,}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert Axe().run(page).response["violations"] == []
    assert watched.wrong == []


def test_a_place_is_built_in_the_form(chromium: Browser, session: str, address: str) -> None:
    watched = opened(chromium, session)
    page = watched.page
    page.set_viewport_size({"width": 375, "height": 800})
    visit(watched, address, "/segments/new", "en")
    page.select_option("select[aria-label='Kind of condition'] >> nth=1", "near")
    page.get_by_label("Latitude").focus()
    for label, value in (
        ("Latitude", "30.25"),
        ("Longitude", "120.17"),
        ("Kilometres", "1.5"),
        ("When", None),
        ("How many days", "7"),
    ):
        focus = (
            "label => document.activeElement.getAttribute('aria-label') === label && document.activeElement.isConnected"
        )
        page.wait_for_function(focus, arg=label)  # the Tab key led here although the form was drawn anew
        if value is not None:
            page.keyboard.press("Control+a")
            page.keyboard.type(value)
        page.keyboard.press("Tab")
        page.evaluate("() => new Promise(done => setTimeout(done))")  # the form is drawn anew in a turn of its own
    tree = {"type": "near", "latitude": 30.25, "longitude": 120.17, "km": 1.5, "window": {"days": 7}}
    assert built(page) == {"type": "all", "of": [tree]}
    said = "People who were within 1.5 km of 30.25, 120.17 (in the last 7 days)."
    assert live_count(page, said) == "0"
    page.get_by_label("Latitude").fill("95")
    page.keyboard.press("Tab")
    page.wait_for_function("() => document.querySelector('[data-count]').textContent === '–'")
    assert "latitude" in page.locator("[data-sentence]").inner_text()
    page.keyboard.press("Control+z")
    assert live_count(page, said) == "0"
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert Axe().run(page).response["violations"] == []


def asked(page: Page) -> Any:
    return json.loads(page.locator("form[data-ask] textarea[name=q]").input_value())


def test_a_question_is_built_in_the_form(chromium: Browser, session: str, address: str) -> None:
    """Metrics, a dimension, a condition on it and the last 618, by keyboard, on a phone; the address holds all of it."""
    watched = opened(chromium, session)
    page = watched.page
    page.set_viewport_size({"width": 375, "height": 800})
    visit(watched, address, "/ask/metric?period=last90&compare=previous", "en")
    page.wait_for_selector("form[data-ask][data-ready]")
    row = page.get_by_role("group", name="Metrics", exact=True)
    row.get_by_role("combobox").nth(0).select_option("orders")
    row.get_by_role("button", name="Remove").nth(1).press("Enter")
    page.get_by_role("group", name="Only where").get_by_role("button", name="Add a filter").press("Enter")
    only = page.get_by_role("group", name="Only where")
    only.get_by_label("Operator").select_option("is")
    only.get_by_label("Value").fill("tmall")
    page.keyboard.press("Tab")
    page.get_by_role("group", name="Held against").get_by_role("combobox").select_option("618")
    wanted = {
        "metrics": ["orders"], "by": ["channel"], "grain": "day", "type": "metric", "compare": {"preset": "618"},
        "only": [{"column": "channel", "op": "is", "value": "tmall"}],
    }  # fmt: skip
    page.wait_for_function("() => document.querySelectorAll('[data-rows] .pill').length === 2")
    assert asked(page) == wanted
    assert page.locator("[data-changed]").is_visible()
    with page.expect_navigation():
        page.get_by_role("button", name="Show the answer").press("Enter")
    page.wait_for_selector("form[data-ask][data-ready]")
    assert asked(page) == wanted
    assert "period=last90" in page.url
    assert "2026-06-01 – 2026-06-20" in page.locator("#main dl.facts").inner_text()
    assert page.locator(".card.flush table[data-sheet=rows] tbody tr").count() == 1
    page.locator(".card.flush table[data-sheet=rows] tbody a").press("Enter")
    page.wait_for_url("**/people?**")
    assert page.locator("table[data-sheet=people] tbody tr").count() > 3
    assert watched.wrong == []


def test_a_text_box_offers_what_events_hold(chromium: Browser, session: str, address: str) -> None:
    watched = opened(chromium, session)
    visit(watched, address, "/ask/heatmap", "en")
    offered = watched.page.locator("input[aria-label=Page]").get_attribute("list")
    options = watched.page.locator(f"#{offered} option")
    options.first.wait_for(state="attached")
    assert all(one.startswith("/") for one in options.evaluate_all("all => all.map((one) => one.value)"))
    assert watched.wrong == []


def test_the_json_of_a_question_redraws_the_form(chromium: Browser, session: str, address: str) -> None:
    watched = opened(chromium, session)
    page = watched.page
    visit(watched, address, "/ask/metric", "en")
    page.wait_for_selector("form[data-ask][data-ready]")
    page.locator("details[data-json] summary").click()
    page.locator("form[data-ask] textarea").fill('{"type": "metric", "metrics": ["buyers", "aov", "orders"]}')
    page.keyboard.press("Tab")
    page.wait_for_function("() => document.querySelectorAll('[data-rows] .pill').length === 3")
    page.locator("form[data-ask] textarea").fill("{")
    page.keyboard.press("Tab")
    assert page.locator("form[data-ask] textarea").get_attribute("aria-invalid") == "true"
    assert watched.wrong == []


STANDING: tuple[tuple[str, str, str, str], ...] = (
    ("paths", "{}", "A step is told by", "name"),
    ("service", "{}", "Divided by", "channel"),
    ("attribution", "{}", "What counts as a conversion", "orders"),
    ("retention", '{"periods": 3}', "Length of a period", "week"),
    ("overlap", "{}", "What overlaps", "channels"),
)


@pytest.mark.parametrize(("kind", "question", "row", "shown"), STANDING)
def test_what_is_not_stated_is_shown_as_what_it_is(
    chromium: Browser, session: str, address: str, kind: str, question: str, row: str, shown: str
) -> None:
    watched = opened(chromium, session)
    visit(watched, address, f"/ask/{kind}?q={quote(question)}", "en")
    first = watched.page.get_by_role("group", name=row, exact=True).get_by_role("combobox").first
    assert first.input_value() == shown
    assert watched.wrong == []


def tiles(page: Page) -> list[tuple[int, int, int, int]]:
    found = json.loads(page.locator("textarea[name=tiles]").input_value())
    return [(one["x"], one["y"], one["width"], one["height"]) for one in found]


def focused(page: Page, label: str) -> None:
    said = "label => document.activeElement.getAttribute('aria-label')?.endsWith(label)"
    page.wait_for_function(said, arg=label)


def test_a_dashboard_is_arranged_by_keyboard(
    chromium: Browser, session: str, address: str, workspace: Workspace
) -> None:
    watched = opened(chromium, session)
    page = watched.page
    visit(watched, address, "/dashboards/week/arrange", "en")
    assert tiles(page) == [(0, 0, 6, 4), (6, 0, 6, 4)]
    first = page.locator("[data-board] > .tile").nth(0)
    first.focus()
    for key, said in (
        ("ArrowRight", "column 2, row 1, 6 × 4"),  # its neighbour gives way
        ("Shift+ArrowRight", "column 2, row 1, 7 × 4"),
        ("Shift+ArrowUp", "column 2, row 1, 7 × 3"),
        ("ArrowDown", "column 2, row 5, 7 × 3"),  # below its neighbour
    ):
        page.keyboard.press(key)
        focused(page, said)
        assert page.locator("[data-say]").inner_text().endswith(said)
    assert tiles(page) == [(1, 4, 7, 3), (6, 0, 6, 4)]
    page.keyboard.press("ArrowUp")
    focused(page, "column 2, row 1, 7 × 3")
    assert tiles(page) == [(1, 0, 7, 3), (6, 3, 6, 4)]
    page.get_by_role("button", name="Put on the dashboard").press("Enter")
    focused(page, "column 1, row 4, 6 × 4")
    page.keyboard.press("Delete")
    page.get_by_role("button", name="Undo").press("Enter")
    assert len(tiles(page)) == 3
    page.keyboard.press("Enter")
    assert len(tiles(page)) == 2
    assert Axe().run(page).response["violations"] == []
    page.get_by_role("button", name="Save").press("Enter")
    page.wait_for_url("**/dashboards/week")
    kept = workspace.dashboards.get("week").spec.ordered
    assert [(one.x, one.y, one.width, one.height) for one in kept] == [(1, 0, 7, 3), (6, 3, 6, 4)]
    assert watched.wrong == []


def test_a_tile_is_dragged_and_resized(chromium: Browser, session: str, address: str) -> None:
    watched = opened(chromium, session)
    page = watched.page
    visit(watched, address, "/dashboards/week/arrange", "en")
    before = tiles(page)
    box = page.locator("[data-board] > .tile").nth(0).bounding_box()
    assert box
    cell = (page.locator("[data-board]").bounding_box() or box)["width"] / 12
    page.mouse.move(box["x"] + 30, box["y"] + 14)
    page.mouse.down()
    page.mouse.move(box["x"] + 30 + cell, box["y"] + 14, steps=4)
    page.mouse.up()
    x, y, width, height = before[0]
    assert tiles(page)[0] == (x + 1, y, width, height)
    box = page.locator("[data-board] > .tile").nth(0).bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] - 5, box["y"] + box["height"] - 5)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 5 - cell, box["y"] + box["height"] - 5, steps=4)
    page.mouse.up()
    assert tiles(page)[0] == (x + 1, y, width - 1, height)
    assert watched.wrong == []


def test_suggestions_are_decided_by_keyboard(
    chromium: Browser, session: str, address: str, workspace: Workspace, suggest_pair: Any
) -> None:
    people = [one.person for one in workspace.people.list(PeopleQuery(known=True, limit=3)).people]
    for other, probability in zip(people[1:], (0.93, 0.71), strict=True):
        suggest_pair(workspace, people[0], other, probability)
    watched = opened(chromium, session)
    check(watched, address, "/suggestions")
    check(watched, address, f"/suggestions?person={person_id(people[0])}")
    visit(watched, address, f"/people/{person_id(people[0])}", "zh")
    watched.page.click(".note a[href^='/suggestions']")
    assert watched.page.locator("[data-suggestion]").count() == 2
    for _again in range(2):
        watched.page.keyboard.press("j")
    with watched.page.expect_navigation():
        watched.page.keyboard.press("r")
    assert watched.page.url == f"{address}/suggestions?person={person_id(people[0])}"
    assert watched.page.locator("[data-suggestion] h2").all_inner_texts() == ["93.00%"]
    assert [round(one.probability, 2) for one in workspace.suggestions.list("rejected")] == [0.71]
    assert watched.wrong == []


def test_why_opens_beside_the_page(chromium: Browser, session: str, address: str, workspace: Workspace) -> None:
    person = workspace.people.list(PeopleQuery(bought=True, sort="orders", limit=1)).people[0].person
    watched = opened(chromium, session)
    visit(watched, address, f"/people/{person_id(person)}", "zh")
    watched.page.click("a[data-drawer]")
    watched.page.wait_for_selector("#drawer[open] .evidence li")
    assert Axe().run(watched.page).response["violations"] == []
    watched.page.keyboard.press("Escape")
    watched.page.wait_for_selector("#drawer:not([open])", state="attached")
    assert watched.wrong == []


def test_keyboard_goes_everywhere(chromium: Browser, session: str, address: str) -> None:
    watched = opened(chromium, session)
    page = watched.page
    visit(watched, address, "/jobs", "zh")
    page.keyboard.press("Control+k")
    page.wait_for_selector("#palette[open] #palette-results a")
    page.keyboard.type("导入")
    page.keyboard.press("Enter")
    page.wait_for_url("**/imports")
    page.keyboard.press("g")
    page.keyboard.press("p")
    page.wait_for_url("**/people")
    page.keyboard.press("?")
    page.wait_for_selector("#help[open]")
    assert watched.wrong == []


def test_search_terms_stay_out_of_addresses(chromium: Browser, session: str, address: str) -> None:
    watched = opened(chromium, session)
    asked: list[str] = []
    watched.page.on("request", lambda request: asked.append(request.url))
    visit(watched, address, "/jobs", "zh")
    watched.page.keyboard.press("/")
    watched.page.wait_for_selector("#palette[open]")
    watched.page.keyboard.type("19900000003")
    watched.page.wait_for_selector("#palette-results a[href^='/people/u']")
    assert not [url for url in asked if "1990000" in url]


def test_chart_and_table_change_places(chromium: Browser, session: str, address: str) -> None:
    watched = opened(chromium, session)
    visit(watched, address, "/metrics/gmv", "zh")
    page = watched.page
    assert page.locator("[data-chart] canvas").count() == 1
    page.click("[data-show=table]")
    assert page.locator("[data-twin] table").is_visible()
    assert not page.locator("[data-chart]").is_visible()
    page.click("[data-show=chart]")
    assert page.locator("[data-chart] canvas").is_visible()


def test_theme_and_language_are_kept(chromium: Browser, session: str, address: str) -> None:
    watched = opened(chromium, session)
    page = watched.page
    visit(watched, address, "/jobs", "zh")
    light = page.evaluate("getComputedStyle(document.body).color")
    page.goto(f"{address}/jobs?theme=dark&lang=en")
    page.goto(f"{address}/jobs")
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.evaluate("getComputedStyle(document.body).color") != light


def test_export_holds_the_table_on_the_screen(chromium: Browser, session: str, address: str) -> None:
    watched = opened(chromium, session)
    visit(watched, address, "/definitions?kind=channel", "zh")
    page = watched.page
    shown = page.eval_on_selector_all(
        "table[data-sheet=definitions] tr", "rows => rows.map(row => [...row.cells].map(cell => cell.innerText.trim()))"
    )
    page.click(".head details.menu summary:has-text('导出')")
    with page.expect_download() as download:
        page.click("a[href*='export=csv']")
    text = Path(download.value.path()).read_text("utf-8-sig")
    exported = [[plainly(cell) for cell in row] for row in csv.reader(io.StringIO(text, newline=""))]
    assert exported == [[plainly(cell).replace("—", "") for cell in row] for row in shown]


def plainly(cell: str) -> str:
    return re.sub(r"\s+", " ", cell).strip()


NUMBERS = (
    0,
    7,
    999,
    1_000,
    1_234,
    9_999,
    10_000,
    12_345,
    99_999,
    123_456,
    1_234_567,
    123_456_789,
    2_500_000_000,
    0.5,
    12.345,
)

MINOR = [round(number * 100) for number in NUMBERS] + [-98_950]
SPANS = (
    0,
    40,
    950,
    1_000,
    9_940,
    10_000,
    41_300,
    59_999,
    60_000,
    161_000,
    3_599_000,
    3_600_000,
    5_400_000,
    5_000_000_000,
)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_charts_write_numbers_as_pages_do(chromium: Browser, session: str, address: str, lang: str) -> None:
    watched = opened(chromium, session)
    visit(watched, address, "/jobs", lang)
    module = watched.page.evaluate("document.querySelector('script[src*=\"js/frame.js\"]').src").replace(
        "frame.js", "format.js"
    )
    script = """async ([module, numbers, minor, spans]) => {
        const format = await import(module);
        return [
            numbers.map(format.formatNumber),
            minor.map((amount) => format.formatMoney(amount)),
            spans.map((span) => format.format(span, "duration")),
        ];
    }"""
    numbers, money, spans = watched.page.evaluate(script, [module, NUMBERS, MINOR, SPANS])
    assert numbers == [format_number(number, lang) for number in NUMBERS]
    assert money == [format_money(amount, lang) for amount in MINOR]
    assert spans == [duration(span, lang) for span in SPANS]


def test_a_file_is_dropped_and_looked_at(chromium: Browser, session: str, address: str) -> None:
    watched = opened(chromium, session)
    visit(watched, address, "/imports", "zh")
    rows = ("销售日期,门店名称,小票号,物料描述,销售数量,销售金额", f"2026-11-20,湖滨店,T9,{PAYLOADS[0]},2,128.00")
    body = "\n".join(rows)
    watched.page.set_input_files(
        "input[type=file]", {"name": "pos.csv", "mimeType": "text/csv", "buffer": body.encode("utf-8-sig")}
    )
    watched.page.wait_for_url("**/imports/new/upl_*")
    assert watched.page.locator("table[data-sheet=raw]").is_visible()
    assert Axe().run(watched.page).response["violations"] == []
    assert (watched.page.evaluate("window.__ran"), watched.wrong) == (None, [])
