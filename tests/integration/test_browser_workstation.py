"""A trader in a real Chromium against a real house: log in, buy, see the fill, the position and its profit, cancel a resting order.

The house runs as a process of its own (`rushtrade up`), the browser is Debian's or the one named by `RUSHTRADE_CHROMIUM`. The page's
canvas grids are read through their hidden `role="grid"` twins, which is also what a screen reader reads; the keyboard does the work.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from support.up_process import up
from support.waiting import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "src" / "rushtrade" / "static" / "index.html"
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
RESULTS = ROOT / "test-results"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_OPTIONS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = int(1_000 * PATIENCE_S)

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def without(what: str, help_: str) -> None:
    """Skip for want of something, or fail where nothing may be wanting."""
    message = f"{what}: {help_}"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    named = os.environ.get("RUSHTRADE_CHROMIUM")
    path = named or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if path is None:
        without("no Chromium here", "apt install chromium, or set RUSHTRADE_CHROMIUM to its path")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses to sandbox root
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=[*CHROMIUM_OPTIONS, *sandbox])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A running house on generated flow, and what a client needs to reach it."""
    if not STATIC.is_file():
        without("the workstation is not built", "run `make web`")
    with up(tmp_path_factory.mktemp("house"), "--seed", "7", "--json") as running:
        yield json.loads(running.printed())


@pytest.fixture
def page(browser: Browser, house: dict[str, str], request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of its own, that failed if a script of ours did; a failing test leaves a picture and a trace."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=house["web_url"])
    context.tracing.start(screenshots=True, snapshots=True)
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE_MS)
    mistakes: list[str] = []
    opened.on("pageerror", lambda error: mistakes.append(str(error)))
    failed = request.session.testsfailed
    yield opened
    if request.session.testsfailed > failed or mistakes:
        RESULTS.mkdir(exist_ok=True)
        opened.screenshot(path=RESULTS / f"{request.node.name}.png")
        context.tracing.stop(path=RESULTS / f"{request.node.name}.zip")
    context.close()
    assert mistakes == []


def cell(page: Page, grid: str, key: str, column: str):
    return page.locator(f'[data-grid="{grid}"] [role="row"][data-key="{key}"] [data-column="{column}"]')


def log_in(page: Page, house: dict[str, str]) -> None:
    page.goto("/")
    expect(page.locator(".login .market-label")).to_have_text("SIMULATED MARKET")
    page.fill("[name=user]", house["web_user"])
    page.fill("[name=password]", house["web_password"])
    page.keyboard.press("Enter")
    expect(page.locator(".status-line")).to_contain_text("Connected")


def out_of_fields(page: Page) -> None:
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")


def send_ticket(page: Page) -> str:
    """Enter in the ticket; the number of the order that the house has taken."""
    page.keyboard.press("Enter")
    answer = page.locator(".ticket .answer.good")
    expect(answer).to_have_text(re.compile(r"^Order \d+ is in\.$"))
    number = re.search(r"\d+", answer.inner_text())
    assert number is not None
    out_of_fields(page)
    return number[0]


def test_a_trader_logs_in_buys_sees_fill_position_and_profit_and_cancels_a_resting_order(
    page: Page, house: dict[str, str]
) -> None:
    symbol = house.get("symbol") or house["symbols"][0]
    log_in(page, house)
    expect(page.locator(".top-bar .market-label")).to_have_text("SIMULATED MARKET")
    expect(cell(page, "watch", symbol, "ask")).to_have_text(re.compile(r"^\d"))
    expect(page.locator('[data-grid="depth"] [data-column="ask_venue"]').first).to_have_text(
        re.compile(r"\w")
    )

    # The symbol goes to the group by keyboard, then a market order for a hundred shares is written and sent.
    page.keyboard.press("/")
    page.keyboard.type(symbol)
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.keyboard.press("t")
    expect(page.locator("[name=quantity]")).to_be_focused()
    page.keyboard.type("100")
    page.select_option("[name=type]", "market")
    page.locator("[name=quantity]").focus()
    bought = send_ticket(page)
    expect(cell(page, "orders", bought, "state")).to_have_text("Filled")
    expect(cell(page, "orders", bought, "filled")).to_have_text("100")
    average = Decimal(cell(page, "orders", bought, "average").inner_text().replace(",", ""))
    assert average > 0

    page.keyboard.press("e")
    fills = page.locator('[data-grid="executions"] [role="row"]', has=page.locator(f'text="{bought}"'))
    expect(fills.first).to_be_attached()
    shares = sum(
        int(text.replace(",", "")) for text in fills.locator('[data-column="quantity"]').all_inner_texts()
    )
    assert shares == 100

    expect(cell(page, "positions", symbol, "quantity")).to_have_text("100")
    expect(cell(page, "positions", symbol, "unrealized")).to_have_text(re.compile(r"^[+-]?[\d,]+\.\d\d$"))
    expect(page.locator('[data-account="unrealized"] b')).to_have_text(re.compile(r"^[+-]?[\d,]+\.\d\d$"))
    expect(page.locator('[data-account="equity"] b')).to_have_text(re.compile(r"^[\d,]+\.\d\d$"))

    # A bid one percent under the market rests; Del in the blotter cancels it.
    bid = Decimal(cell(page, "watch", symbol, "bid").inner_text().replace(",", ""))
    low = (bid * Decimal("0.99")).quantize(Decimal("0.01"))
    page.keyboard.press("b")
    page.select_option("[name=type]", "limit")
    page.locator("[name=limit]").fill(str(low))
    resting = send_ticket(page)
    assert resting != bought
    page.keyboard.press("o")
    expect(cell(page, "orders", resting, "state")).to_have_text("Working")
    page.keyboard.press("Home")
    expect(
        page.locator(f'[data-grid="orders"] [role="row"][aria-selected="true"][data-key="{resting}"]')
    ).to_be_attached()
    page.keyboard.press("Enter")  # asks why, and cancels nothing
    expect(page.get_by_role("dialog")).to_contain_text(f"Decision trace of order {resting}")
    sent = page.locator(".trace tbody tr", has=page.locator('text="sent"')).first
    expect(sent.locator("td.num").nth(2)).to_have_text(re.compile(r"^[\d,]+\.\d{2,}$"))
    page.keyboard.press("Escape")
    expect(cell(page, "orders", resting, "state")).to_have_text("Working")
    page.keyboard.press("Delete")
    expect(cell(page, "orders", resting, "state")).to_have_text("Cancelled")
    expect(cell(page, "orders", resting, "filled")).to_have_text("0")

    # Why it was routed as it was, and everything still there for a browser that starts over.
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text(f"Decision trace of order {bought}")
    expect(page.locator(".trace")).to_be_visible()
    page.keyboard.press("Escape")
    page.reload()
    expect(cell(page, "orders", bought, "state")).to_have_text("Filled")
    expect(cell(page, "positions", symbol, "quantity")).to_have_text("100")


def test_a_refusal_is_shown_whole_and_a_wrong_password_is_refused(page: Page, house: dict[str, str]) -> None:
    page.goto("/")
    page.fill("[name=user]", house["web_user"])
    page.fill("[name=password]", house["web_password"] + "x")
    page.keyboard.press("Enter")
    expect(page.locator(".login [role=alert]")).to_contain_text("wrong")
    expect(page.locator(".top-bar")).to_have_count(0)

    log_in(page, house)
    page.keyboard.press("t")
    page.keyboard.type("9000000")
    expect(page.locator("[name=limit]")).to_have_value(re.compile(r"^\d"))
    page.keyboard.press("Enter")
    refusal = page.locator(".ticket .answer.bad[role=alert]")
    expect(refusal).to_be_visible()
    assert len(refusal.inner_text()) > 30
    expect(page.locator(".ticket .answer.good")).to_have_count(0)


def test_the_pages_pass_the_rules_of_wcag_2_aa(page: Page, house: dict[str, str]) -> None:
    if not AXE.is_file():
        without("axe-core is not installed", "run `npm ci` in web/")

    def violations() -> list[str]:
        page.evaluate(AXE.read_text(encoding="utf-8"))
        rules = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']}"
        found = page.evaluate(f"axe.run(document, {rules}).then(result => result.violations)")
        return [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]

    page.goto("/")
    expect(page.locator(".login .market-label")).to_be_visible()
    assert violations() == []
    log_in(page, house)
    page.keyboard.press("t")
    expect(page.locator("[name=limit]")).to_have_value(re.compile(r"^\d"))
    assert violations() == []
    out_of_fields(page)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert violations() == []
