"""A desk person in a real Chromium before the data center's page: one venue is whole, one is in a gap nobody can close."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from test_browser_workstation import AXE, PATIENCE_MS, RESULTS, STATIC, browser, without

from support.center_process import HOST, CenterProcess, center, hour_without_its_end, serving
from support.ports import claim_ports
from support.up_process import quick_directory
from support.waiting import COMMAND_S

assert browser  # the fixture of the workstation's own tests

DATE = "2012-06-21"
SPEED = "8"
"""The hour takes so long that it is not over while one looks."""
SIZES = ((1440, 900), (1920, 1080))

pytestmark = [pytest.mark.browser, pytest.mark.market_data, pytest.mark.slow]


@pytest.fixture(scope="module")
def desk(shared_data, tmp_path_factory) -> Iterator[CenterProcess]:
    """A data center of two venues: what ARCA loses nobody sends again."""
    if not STATIC.is_file():
        without("the workstation is not built", "run `make web`")
    folder = tmp_path_factory.mktemp("page")
    file = hour_without_its_end(shared_data, folder)
    whole, lossy = claim_ports(), claim_ports()
    lines = (
        f"mold://{HOST}:{whole}?venue=NASDAQ&speed={SPEED}",
        f"mold://{HOST}:{lossy}?venue=ARCA&speed={SPEED}&requests=none&images=none",
    )
    options = [word for line in lines for word in ("--line", line)]
    with (
        quick_directory() as home,
        center(home, *options, "--date", DATE, "--symbols", "AAPL", "--name", "desk") as process,
        serving(file, whole, "--speed", SPEED, "--loss", "0.05"),
        serving(
            file, lossy, "--speed", SPEED, "--loss", "0.2", "--no-requests", "--no-glimpse", "--seed", "3"
        ),
    ):

        def alarmed() -> bool:
            status = process.status()
            return status is not None and any(alarm["code"] == "gap-open" for alarm in status["alarms"])

        process.wait_until(alarmed, "the gap to be an alarm", COMMAND_S)
        yield process


@pytest.fixture(scope="module")
def page(browser: Browser, desk: CenterProcess) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    found = context.new_page()
    found.set_default_timeout(PATIENCE_MS)
    found.goto(f"{desk.url}/datacenter")
    found.get_by_label("User").fill(desk.login["web_user"])
    found.get_by_label("Password").fill(desk.login["web_password"])
    found.keyboard.press("Enter")
    expect(found.get_by_role("region", name="Data center")).to_be_visible()
    yield found
    context.close()


def test_the_desk_is_told_in_one_sentence_that_the_data_is_not_good_and_why(page):
    expect(page.locator(".verdict-word")).to_contain_text("NOT GOOD")
    sentence = page.locator(".verdict [role=status]")
    expect(sentence).to_contain_text("ARCA is in a gap")
    expect(sentence).to_contain_text(re.compile(r"messages [\d,]+ to [\d,]+ could not be had again"))


def test_the_alarm_stands_on_top_with_what_to_do_and_a_runbook_that_opens(page):
    alarm = page.get_by_role("region", name="Alarms").locator("li").filter(has_text="ARCA").first
    expect(alarm).to_contain_text("ALARM")
    expect(alarm).to_contain_text("Its quotes are withheld")
    expect(alarm).to_contain_text("since")
    with page.context.expect_page() as opened:
        alarm.get_by_role("link", name="Runbook: gap-open").click()
    expect(opened.value.locator("body")).to_contain_text("What to do")
    opened.value.close()


def test_the_whole_line_is_live_and_counts_grow_while_one_looks(page):
    row = page.locator("tr[data-line=NASDAQ]")
    expect(row).to_have_attribute("data-state", "live")
    messages = row.locator("td").nth(7)
    before = int(messages.inner_text().replace(",", ""))
    expect(messages).not_to_have_text(f"{before:,}")
    assert int(messages.inner_text().replace(",", "")) > before
    expect(row.locator("polyline")).to_have_attribute("points", re.compile(r"\d+,\d+"))


def test_books_store_and_clients_are_there(page):
    expect(page.get_by_role("region", name="Books by state")).to_contain_text("Instruments")
    store = page.get_by_role("region", name="Tick store")
    expect(store).to_contain_text("writing")
    expect(store).to_contain_text("mbo rows")
    expect(page.get_by_role("table", name="Clients")).to_contain_text("workstation")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}")
def test_nothing_is_cut_off_and_nobody_is_shut_out(page, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    region = page.get_by_role("region", name="Data center")
    assert region.evaluate("one => one.scrollWidth <= one.clientWidth + 1")
    RESULTS.mkdir(exist_ok=True)
    page.screenshot(path=RESULTS / f"datacenter-{size[0]}.png")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run().then(result => result.violations.map(one => one.id + ': ' + one.help))")
    assert found == []


def test_the_keyboard_reaches_everything(page):
    page.locator("body").press("Home")
    reached = set()
    for _ in range(20):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.textContent.trim().slice(0, 20)"))
    assert {"Workstation", "Log out"} <= reached
    assert any(text.startswith("Runbook") for text in reached)


def test_the_workstation_has_the_same_as_a_panel(page, desk):
    page.goto(f"{desk.url}/")
    expect(page.get_by_role("main", name="Workstation")).to_be_visible()
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Command or symbol").fill("Data center")
    page.keyboard.press("Enter")
    expect(page.locator(".data-center")).to_contain_text("NOT GOOD")
