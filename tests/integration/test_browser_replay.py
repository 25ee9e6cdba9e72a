"""A desk plays a stored day on the page: pause, step, seek both ways, speed; what the panels show is of that moment, and reachable by keys."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from test_browser_entitlements import violations
from test_browser_workstation import PATIENCE_MS, STATIC, browser, cell, page, without

from support.center_process import replay
from support.itch_pieces import generated
from support.up_process import COMMAND

__all__ = ["browser", "page"]  # fixtures

pytestmark = [pytest.mark.browser, pytest.mark.slow]
DATE = "2026-11-20"


def run(*words: str | Path) -> str:
    return subprocess.run([str(COMMAND), *map(str, words)], capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ninety seconds of three stocks, imported."""
    found = tmp_path_factory.mktemp("store")
    file = found / "day.itch"
    file.write_bytes(generated(3, 90))
    run("ticks", "import", file, "--store", found / "ticks", "--date", DATE, "--venue", "NASDAQ")
    return found / "ticks"


@pytest.fixture(scope="module")
def house(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A data center that plays the day, standing still at its beginning."""
    if not STATIC.is_file():
        without("the workstation is not built", "run `make web`")
    data = tmp_path_factory.mktemp("replay")
    with replay(data, DATE, "--store", str(store), "--paused", "--json") as running:
        yield json.loads(running.printed())


def enter(page: Page, house: dict[str, str], path: str) -> None:
    page.goto(path)
    page.fill("[name=user]", house["web_user"])
    page.fill("[name=password]", house["web_password"])
    page.keyboard.press("Enter")
    expect(page.locator(".replay-bar")).to_be_visible(timeout=PATIENCE_MS)


def go_to(page: Page, moment: str) -> None:
    page.fill("[name=moment]", moment)
    page.locator("[name=moment]").press("Enter")
    expect(page.locator(".replay-time b")).to_have_text(f"{moment}.000")


def test_the_panels_show_the_moment_that_was_sought_forward_and_back(
    page: Page, house: dict[str, str], store: Path
) -> None:
    enter(page, house, "/")
    bar = page.locator(".replay-bar")
    for moment in ("09:31:00", "09:30:30", "09:31:10"):
        go_to(page, moment)
        expect(bar).to_have_attribute("data-state", "paused")
        then = json.loads(run("ticks", "at", DATE, "AAPL", moment, "--store", store, "--json"))
        expect(cell(page, "watch", "AAPL", "bid")).to_have_text(then["nbbo"]["bid"], timeout=PATIENCE_MS)
        expect(cell(page, "watch", "AAPL", "ask")).to_have_text(then["nbbo"]["ask"])


def test_stepping_goes_by_messages_and_playing_goes_on(page: Page, house: dict[str, str]) -> None:
    enter(page, house, "/datacenter")
    go_to(page, "09:30:40")
    told = page.locator(".replay-time")
    before = int(told.inner_text().split(",", 1)[1].split()[0].replace(",", ""))
    page.get_by_role("button", name="+100", exact=True).press("Enter")
    expect(told).to_contain_text(f"{before + 100:,} messages")
    page.get_by_role("button", name="Play").press("Enter")
    expect(page.locator(".replay-bar")).to_have_attribute("data-state", "playing")
    page.locator("[name=speed]").select_option("max")
    expect(page.locator(".replay-bar")).to_have_attribute("data-state", "ended")
    page.fill("[name=moment]", "half past nine")
    page.locator("[name=moment]").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("is no time of day")
    assert violations(page) == []


def test_the_scanner_ranks_scans_and_chooses_and_the_state_is_shown(
    page: Page, house: dict[str, str]
) -> None:
    enter(page, house, "/")
    go_to(page, "09:31:00")
    page.locator(".replay-time").click()  # out of the field: letters are keys again
    page.keyboard.press("v")
    rows = page.locator(".scanner tbody tr")
    expect(rows).to_have_count(3)
    last = rows.last.get_attribute("data-symbol")
    page.get_by_label("List", exact=True).select_option("scan")
    field = page.get_by_label("Scan expression")
    field.fill("volume > ")
    field.press("Enter")
    expect(page.locator(".scanner-wrong")).to_contain_text("column")
    field.fill(f"symbol == '{last}'")
    field.press("Enter")
    expect(rows).to_have_count(1)
    rows.first.get_by_role("button").press("Enter")
    page.keyboard.press("h")
    expect(page.locator(".stock-state b").first).to_have_text(last or "")
    expect(page.locator(".stock-state .badge")).to_have_text(
        "NOT TOLD"
    )  # no venue has said: nothing is guessed
    expect(page.locator('.participants [data-side="bid"] tbody tr').first).to_be_visible()
    assert violations(page) == []
