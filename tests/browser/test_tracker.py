"""The browser tracker in a real Chromium, against the real intake."""

from __future__ import annotations

import asyncio
import gzip
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

from dujiang.api.tracking import Tracking, tracker_file
from dujiang.collect.decode import StagedEvent, decode
from dujiang.collect.identifiers import IdentifierTypes, Tokeniser
from dujiang.collect.intake import Intake
from dujiang.collect.model import SourceSpec
from dujiang.foundation.clock import SystemClock
from dujiang.foundation.ids import hash64
from dujiang.store.journal import Entry, JournalRow

SECRET = "13871654023"
PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>{title}</title>
<script async src="/dujiang.js" data-key="dc_web" {options}></script></head>
<body style="margin:0;height:4000px"><main><div data-module="head"><span>a</span><span id="x98765">b</span></div>
<a id="two" href="/two?secret={secret}">two</a> <button data-dj="buy">Buy</button>
<form name="join"><input name="phone"><input name="city"><input type="submit" value="go"></form>
<form name="code"><input name="sms" required pattern="[0-9]{{6}}"><button>ok</button></form></main></body></html>"""


@dataclass(frozen=True)
class Key:
    source: str = "web"
    key_id: str = "key_1"


@dataclass
class Site:
    """A shop with the tracker on its pages, and what its intake took in."""

    url: str = ""
    rows: list[JournalRow] = field(default_factory=list)
    news: threading.Condition = field(default_factory=threading.Condition)
    tokeniser: Tokeniser = field(default_factory=lambda: Tokeniser(hash64, IdentifierTypes.of()))

    async def append(self, entry: Entry) -> int:
        with self.news:
            said = (entry.path, entry.content_type, entry.body, entry.events, len(self.rows) + 1)
            self.rows.append(JournalRow(entry.source, entry.key_id, entry.received_at, *said))
            self.news.notify_all()
        return len(self.rows)

    def events(self) -> list[StagedEvent]:
        found: list[StagedEvent] = []
        for row in self.rows:
            decoded = decode(row, tokeniser=self.tokeniser, source=SourceSpec(channel="site"))
            assert decoded.rejected == []
            found += decoded.events
        return found

    def named(self, name: str) -> list[StagedEvent]:
        kept = {event.key: event for event in self.events() if event.name == name}
        return sorted(kept.values(), key=lambda event: event.at)

    def wait(self, name: str, count: int = 1) -> list[StagedEvent]:
        """The events of that name, as soon as there are so many."""
        with self.news:
            assert self.news.wait_for(lambda: len(self.named(name)) >= count, 60), [one.name for one in self.events()]
        return self.named(name)

    async def pages(self, scope: Any, _receive: Any, send: Any) -> None:
        path = scope["path"]
        options = {"/consent": 'data-consent="required"', "/quiet": 'data-clicks="off" data-forms="off"'}.get(path, "")
        html = PAGE.format(title=f"Tea {path}", options=options, secret=SECRET).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": html})


class Server(uvicorn.Server):
    """Says when it listens."""

    listening = threading.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.listening.set()


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    intake = Intake(site, {"dc_web": Key()}.get, SystemClock())
    server = Server(
        uvicorn.Config(Tracking(site.pages, intake), port=0, log_level="critical", ws="none", lifespan="off")
    )
    server.listening = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    assert server.listening.wait(60)
    site.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    yield site
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium")
    assert program is not None, "Chromium is not installed; run: python tests/system_parts.py"
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1000, "height": 800})
    context.set_default_timeout(120_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def said(event: StagedEvent) -> dict[str, Any]:
    return json.loads(event.properties)


def types(event: StagedEvent) -> dict[str, int]:
    return {one.type: one.node for one in event.identifiers}


def hide(page: Page, state: str) -> None:
    script = "state => { Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });"
    page.evaluate(script + " document.dispatchEvent(new Event('visibilitychange')); }", state)


def test_the_tracker_is_small() -> None:
    assert len(gzip.compress(tracker_file().body, 9)) < 6 * 1024


def test_a_page_view_says_where_and_keeps_queries_at_home(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/one?utm_source=xhs&utm_campaign=spring&token={SECRET}", referer="https://a.test/x?y=1")
    (view,) = site.wait("page_viewed")
    assert (view.kind, view.page, view.page_title, view.referrer) == ("page", "/one", "Tea /one", "a.test")
    assert (view.utm_source, view.utm_campaign, view.device) == ("xhs", "spring", "desktop")
    assert SECRET not in "".join(row.body.decode() for row in site.rows)


def test_a_visitor_stays_the_same_over_pages_and_signs_in(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/one")
    site.wait("page_viewed")
    page.click("#two")
    site.wait("page_viewed", 2)
    page.evaluate("dujiang.identify('u7', {phone: '13871654023'})")
    (identified,) = site.wait("identified")
    page.evaluate("dujiang.track('Tea Poured', {cups: 2})")
    (poured,) = site.wait("tea_poured")
    visitors = {types(view)["anonymous_id"] for view in site.named("page_viewed")}
    assert len(visitors) == 1
    assert set(types(identified)) == {"anonymous_id", "user_id", "mobile"}
    assert types(poured).items() <= types(identified).items()
    assert said(poured)["cups"] == 2


def test_leaving_a_page_is_told_though_the_page_is_gone(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/one")
    site.wait("page_viewed")
    page.goto("about:blank")
    (left,) = site.wait("page_left")
    assert left.page == "/one"
    assert left.dwell_ms is not None


def test_routes_of_a_single_page_site_are_pages(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/app")
    site.wait("page_viewed")
    page.evaluate("history.pushState({}, '', '/app/tea'); document.title = '龙井'")
    views = site.wait("page_viewed", 2)
    assert [(view.page, view.page_title) for view in views] == [("/app", "Tea /app"), ("/app/tea", "龙井")]
    page.go_back()
    views = site.wait("page_viewed", 3)
    assert views[2].page == "/app"
    assert [left.page for left in site.wait("page_left", 2)] == ["/app", "/app/tea"]


def test_only_time_in_sight_counts(site: Site, page: Page) -> None:
    page.clock.install()
    page.goto(f"{site.url}/one")
    page.wait_for_function("window.dujiang && dujiang.version")
    page.clock.fast_forward(5_000)
    hide(page, "hidden")
    page.clock.fast_forward(60_000)
    hide(page, "visible")
    page.clock.fast_forward(2_000)
    hide(page, "hidden")
    page.clock.fast_forward(1_000)
    dwells = [left.dwell_ms or 0 for left in site.wait("page_left", 2)]
    assert 7_000 <= sum(dwells) < 9_000


def test_depth_is_the_deepest_point_seen(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/one")
    site.wait("page_viewed")
    page.evaluate("new Promise(done => { addEventListener('scroll', done, {once: true}); scrollTo(0, 1200) })")
    page.evaluate("new Promise(done => { addEventListener('scroll', done, {once: true}); scrollTo(0, 0) })")
    hide(page, "hidden")
    (left,) = site.wait("page_left")
    assert left.scroll_pct == 50.0  # (1200 + 800) of 4000


def test_clicks_say_on_what_and_where(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/one")
    page.wait_for_function("window.dujiang && dujiang.version")
    page.click("[data-dj=buy]")
    page.click("#x98765")
    bought, other = site.wait("element_clicked", 2)
    assert (said(bought)["selector"], said(bought)["tag"], said(bought)["text"]) == ('[data-dj="buy"]', "button", "Buy")
    assert 0 <= said(bought)["x_pct"] <= 100
    assert said(bought)["y_px"] >= 0
    assert said(other)["selector"] == "body>main>div>span:nth-of-type(2)"


def test_a_click_beside_everything_does_not_take_the_words_of_the_whole_page(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/one")
    page.wait_for_function("window.dujiang && dujiang.version")
    page.mouse.click(900, 700)
    (beside,) = site.wait("element_clicked")
    assert said(beside)["selector"] == "body"
    assert "text" not in said(beside)


def test_clicks_say_in_which_module_and_whether_anything_came_of_them(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/one")
    page.wait_for_function("window.dujiang && dujiang.version")
    page.evaluate("() => { document.querySelector('[data-dj=buy]').onclick = (event) => event.target.append('!'); }")
    page.click("#x98765")
    (dead,) = site.wait("element_clicked")  # nothing changes: it is sent once a second is over
    page.click("[data-dj=buy]")
    alive = site.wait("element_clicked", 2)[1]
    assert (said(dead)["module"], said(dead)["dead"], said(dead)["page_px"]) == ("head", True, 4000)
    assert (said(alive).get("module"), said(alive)["dead"]) == (None, False)


def test_leaving_on_a_phone_is_told_of_a_phone(site: Site, browser: Browser) -> None:
    phone = browser.new_context(user_agent="Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148")
    page = phone.new_page()
    page.goto(f"{site.url}/one")
    page.wait_for_function("window.dujiang && dujiang.version")
    page.wait_for_function("performance.now() > 300")
    page.goto(f"{site.url}/two")
    (left,) = site.wait("page_left")
    assert (left.page, left.device) == ("/one", "mobile")
    phone.close()


def test_a_click_that_leads_away_is_sent_before_the_page_goes(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/one")
    page.wait_for_function("window.dujiang && dujiang.version")
    page.click("#two")
    (click,) = site.wait("element_clicked")
    assert (click.page, said(click)["dead"]) == ("/one", False)


def test_leaving_says_how_long_modules_were_in_view_and_when_the_first_screen_was_there(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/one")
    page.wait_for_function("window.dujiang && dujiang.version")
    page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
    page.wait_for_function("performance.now() > 600")
    hide(page, "hidden")
    (left,) = site.wait("page_left")
    assert 0 < said(left)["modules"]["head"] <= said(left)["dwell_ms"] + 1
    assert 0 < said(left)["first_screen_ms"] < 60_000
    high = page.evaluate("Math.round(document.querySelector('[data-module]').getBoundingClientRect().height)")
    assert said(left)["places"]["head"] == {"top": 0, "height": high}
    assert high > 0
    hide(page, "visible")
    page.wait_for_function("performance.now() > 900")
    hide(page, "hidden")
    again = site.wait("page_left", 2)[1]
    assert "first_screen_ms" not in said(again)
    assert said(again)["modules"]["head"] <= said(again)["dwell_ms"] + 1


def test_modules_of_one_name_are_one_and_lie_where_the_page_has_them_however_far_it_is_scrolled(
    site: Site, page: Page
) -> None:
    parts = "".join(
        f"<div data-module='{name}' style='position:absolute;top:{top}px;height:200px;width:9px'></div>"
        for name, top in (("a/b", 1000), ("a/b", 1300), ("gone", 1600))
    )
    added = f'document.querySelector("main").insertAdjacentHTML("beforeend", "{parts}")'
    page.add_init_script(f"addEventListener('DOMContentLoaded', () => {{ {added} }})")
    page.goto(f"{site.url}/one")
    page.wait_for_function("window.dujiang && dujiang.version")
    page.evaluate("scrollTo(0, 700)")
    page.wait_for_function("scrollY === 700 && performance.now() > 500")
    page.evaluate("document.querySelector('[data-module=gone]').remove()")
    hide(page, "hidden")
    (left,) = site.wait("page_left")
    places = said(left)["places"]
    assert places["a/b"] == {"top": 1000, "height": 500}
    assert set(places) == {"head", "a/b"}


def test_form_steps_never_hold_what_was_written(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/one")
    page.wait_for_function("window.dujiang && dujiang.version")
    page.fill("[name=phone]", SECRET)
    page.fill("[name=city]", "杭州")
    page.fill("[name=phone]", SECRET[:-1] + "9")
    page.click("[type=submit]")
    (submitted,) = site.wait("form_submitted")
    steps = [(said(step)["field"], said(step)["action"]) for step in site.wait("form_step", 5)]
    assert steps == [
        ("phone", "reached"), ("phone", "filled"), ("city", "reached"), ("city", "filled"), ("phone", "corrected"),
    ]  # fmt: skip
    assert said(submitted)["form"] == "join"
    bodies = "".join(row.body.decode() for row in site.rows)
    assert SECRET[:-1] not in bodies
    assert "杭州" not in bodies


def test_a_field_that_the_form_refuses_is_told_once(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/one")
    page.wait_for_function("window.dujiang && dujiang.version")
    page.fill("[name=sms]", "12")
    page.click("form[name=code] button")
    page.click("form[name=code] button")
    page.fill("[name=sms]", "123456")
    page.click("form[name=code] button")
    (submitted,) = site.wait("form_submitted")
    steps = site.wait("form_step", 4)
    assert [(said(one)["form"], said(one)["action"]) for one in steps] == [
        ("code", "reached"), ("code", "filled"), ("code", "refused"), ("code", "corrected"),
    ]  # fmt: skip
    assert said(submitted)["form"] == "code"
    assert "123456" not in "".join(row.body.decode() for row in site.rows)


def test_clicks_and_forms_can_be_switched_off(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/quiet")
    page.wait_for_function("window.dujiang && dujiang.version")
    page.fill("[name=phone]", SECRET)
    page.click("[data-dj=buy]")
    page.evaluate("dujiang.track('Last')")
    site.wait("last")
    assert {event.name for event in site.events()} == {"page_viewed", "last"}


def test_a_shared_link_leads_back_to_who_shared_it(site: Site, browser: Browser, page: Page) -> None:
    page.goto(f"{site.url}/one")
    page.wait_for_function("window.dujiang && dujiang.version")
    link = page.evaluate("dujiang.share('/two', {via: 'moments'})")
    (shared,) = site.wait("share")
    friend = browser.new_context().new_page()
    friend.goto(link)
    site.wait("page_viewed", 2)
    landed = site.named("page_viewed")[-1]
    sharer = [one.node for one in shared.identifiers if one.type == "anonymous_id"]
    assert (len(sharer), said(shared)["via"]) == (2, "moments")
    assert landed.shared_by in sharer
    assert landed.shared_by not in types(landed).values()
    visitor = types(site.named("page_viewed")[0])["anonymous_id"]
    assert landed.shared_by != visitor  # the link does not give the visitor's own id away
    assert friend.url == f"{site.url}/two"
    friend.context.close()


def test_what_happens_offline_is_sent_later_and_once(site: Site, context: BrowserContext, page: Page) -> None:
    page.goto(f"{site.url}/one")
    site.wait("page_viewed")
    context.set_offline(True)
    page.evaluate("dujiang.track('Offline One'); dujiang.track('Offline Two')")
    assert "Offline One" in page.evaluate("JSON.stringify(localStorage)")
    context.set_offline(False)
    site.wait("offline_one")
    site.wait("offline_two")
    assert [event.name for event in site.events() if event.name.startswith("offline")] == ["offline_one", "offline_two"]


def test_a_closed_tab_leaves_its_queue_to_the_next(site: Site, context: BrowserContext, page: Page) -> None:
    page.goto(f"{site.url}/one")
    site.wait("page_viewed")
    context.set_offline(True)
    page.evaluate("dujiang.track('Offline')")
    page.close()
    context.set_offline(False)
    later = context.new_page()
    later.clock.install(time=datetime.now(UTC) + timedelta(minutes=2))
    later.goto(f"{site.url}/one")
    later.wait_for_function("window.dujiang && dujiang.version")
    later.clock.fast_forward(1_000)
    (event,) = site.wait("offline")
    assert event.page == "/one"


def answer(status: int, headers: dict[str, str]) -> Callable[[Route], None]:
    return lambda route: route.fulfill(
        status=status, headers={"access-control-allow-origin": "*", **headers}, body="{}"
    )


@pytest.mark.parametrize(("status", "headers"), [(503, {"retry-after": "10"}), (429, {"retry-after": "1"}), (500, {})])
def test_a_busy_server_is_asked_again(site: Site, page: Page, status: int, headers: dict[str, str]) -> None:
    refused: list[str] = []
    page.on("response", lambda response: refused.append(response.url) if response.status == status else None)
    page.route("**/v1/batch", answer(status, headers), times=2)
    page.clock.install()
    page.goto(f"{site.url}/one")
    page.wait_for_function("window.dujiang && dujiang.version")
    for _attempt in range(2):
        with page.expect_response("**/v1/batch"):
            page.clock.fast_forward(15_000)
        page.wait_for_function("true")
    page.clock.fast_forward(15_000)
    page.clock.fast_forward(15_000)
    site.wait("page_viewed")
    assert len(refused) == 2


def test_a_refused_batch_is_not_sent_again(site: Site, page: Page) -> None:
    page.route("**/v1/batch", answer(400, {}), times=1)
    with page.expect_response("**/v1/batch"):
        page.goto(f"{site.url}/one")
    page.wait_for_function("!Object.keys(localStorage).some(key => key.startsWith('dj_q_'))")
    page.evaluate("dujiang.track('Next')")
    site.wait("next")
    assert site.named("page_viewed") == []


def test_nothing_is_stored_or_sent_before_consent(site: Site, context: BrowserContext, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/v1/" in request.url else None)
    page.goto(f"{site.url}/consent")
    page.wait_for_function("window.dujiang && dujiang.version")
    page.click("[data-dj=buy]")
    page.evaluate("dujiang.track('Early'); dujiang.identify('u1'); dujiang.share(); dujiang.shareUrl()")
    hide(page, "hidden")
    hide(page, "visible")
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert context.cookies() == []
    assert asked == []
    page.evaluate("dujiang.consent(true)")
    site.wait("page_viewed")
    assert site.named("early") == []


def test_consent_is_remembered_and_can_be_withdrawn(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/consent")
    page.wait_for_function("window.dujiang && dujiang.version")
    page.evaluate("dujiang.consent(true)")
    site.wait("page_viewed")
    page.reload()
    site.wait("page_viewed", 2)
    page.evaluate("dujiang.consent(false); dujiang.track('After')")
    assert page.evaluate("localStorage.length") == 0
    page.reload()
    page.wait_for_function("window.dujiang && dujiang.version")
    page.evaluate("dujiang.consent(true)")
    site.wait("page_viewed", 3)
    assert site.named("after") == []


def test_a_visitor_may_refuse_where_consent_is_not_asked_for(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/one")
    site.wait("page_viewed")
    page.evaluate("dujiang.consent(false)")
    page.reload()
    page.wait_for_function("window.dujiang && dujiang.version")
    page.evaluate("dujiang.track('After')")
    assert page.evaluate("JSON.stringify(localStorage)") == '{"dj_refused":"true"}'
    page.evaluate("dujiang.consent(true)")
    site.wait("page_viewed", 2)
    assert site.named("after") == []


def test_calls_made_before_the_file_arrived_are_made_up_for(site: Site, page: Page) -> None:
    page.add_init_script("window.dujiang = window.dujiang || []; dujiang.push(['track', 'Early', {n: 1}])")
    page.goto(f"{site.url}/one")
    (early,) = site.wait("early")
    assert said(early)["n"] == 1
