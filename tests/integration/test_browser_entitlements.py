"""A subscriber in a real Chromium: late data at first, the questionnaire, a signature, a grant by the desk, and the product gone again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from test_browser_workstation import (
    AXE,
    STATIC,
    browser,
    cell,
    log_in,
    out_of_fields,
    page,
    without,
)

from support.up_process import up

__all__ = ["browser", "page"]  # fixtures

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A running house whose data is licensed from exchanges."""
    if not STATIC.is_file():
        without("the workstation is not built", "run `make web`")
    with up(tmp_path_factory.mktemp("house"), "--seed", "7", "--licensed", "--json") as running:
        yield json.loads(running.printed())


def violations(page: Page) -> list[str]:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    rules = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']}"
    found = page.evaluate(f"axe.run(document, {rules}).then(result => result.violations)")
    return [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]


def badge(page: Page, product: str):
    return page.locator(f'[data-product="{product}"] [data-state]')


def test_a_subscriber_answers_signs_is_granted_and_loses_a_product(
    page: Page, house: dict[str, str], browser: Browser
) -> None:
    log_in(page, house)
    expect(cell(page, "watch", "AAPL", "bid")).to_have_text("–")
    expect(page.locator(".toast").first).to_contain_text("is not yours to see")

    page.keyboard.press("i")
    dialog = page.get_by_role("dialog", name="Market data")
    expect(dialog.locator("[data-class]")).to_have_text("not known yet: answer the questionnaire")
    expect(badge(page, "UTP-C-L1")).to_have_text("15 min late")
    send = dialog.get_by_role("button", name="These are my answers")
    expect(send).to_be_disabled()
    for answer in dialog.get_by_label("No", exact=True).all():
        answer.check()
    send.click()
    expect(dialog.locator("[data-class]")).to_have_text("non-professional")
    dialog.get_by_text("Consolidated tape C: terms of use").click()
    expect(dialog.get_by_text("quotes and trades of tape C yourself")).to_be_visible()
    dialog.get_by_role("button", name="Sign UTP version 1").click()
    expect(dialog.get_by_role("button", name="Sign UTP version 1")).to_have_count(0)
    expect(dialog.locator('[data-product="UTP-C-L1"]')).to_contain_text("ask the desk to grant it")
    if AXE.is_file():
        assert violations(page) == []

    dialog.get_by_role("button", name="Desk", exact=True).click()
    dialog.get_by_role("button", name="Open the file of demo").click()
    dialog.get_by_label("Product").select_option("CTA-A-L1")
    dialog.get_by_role("button", name="Grant").click()
    expect(dialog.get_by_role("alert")).to_contain_text("they must sign the agreement CTA, version 1")
    dialog.get_by_label("Product").select_option("UTP-C-L1")
    dialog.get_by_role("button", name="Grant").click()
    expect(dialog.get_by_role("status")).to_have_text("demo has UTP-C-L1.")
    expect(badge(page, "UTP-C-L1")).to_have_text("shown")
    if AXE.is_file():
        assert violations(page) == []
    out_of_fields(page)
    expect(cell(page, "watch", "AAPL", "bid")).to_have_text(re.compile(r"^\d"))
    expect(cell(page, "watch", "BAC", "bid")).to_have_text("–"), "a stock of another tape"

    page.keyboard.press("i")
    dialog.get_by_role("button", name="Desk", exact=True).click()
    dialog.get_by_role("button", name="Open the file of demo").click()
    dialog.get_by_label("Why it is taken away").fill("a test of it")
    dialog.get_by_role("button", name="Take UTP-C-L1 away").click()
    expect(dialog.get_by_role("status")).to_have_text("demo has UTP-C-L1 no more.")
    dialog.get_by_label("Month").fill("2026-11")
    dialog.get_by_role("button", name="Charge it").click()
    expect(dialog.get_by_role("alert")).to_contain_text("2026-11 is not over yet in this house")
    with page.expect_download() as downloading:
        dialog.get_by_role("link", name="Report as PDF").click()
    assert downloading.value.suggested_filename == "market-data-usage-2026-11.pdf"
    assert Path(downloading.value.path()).read_bytes().startswith(b"%PDF-")
    out_of_fields(page)
    expect(cell(page, "watch", "AAPL", "bid")).to_have_text("–")
    expect(page.locator(".toast").filter(has_text="it was taken away (a test of it)")).to_be_visible()


def test_the_page_fits_a_large_screen_too(browser: Browser, house: dict[str, str]) -> None:
    context = browser.new_context(viewport={"width": 1920, "height": 1080}, base_url=house["web_url"])
    shown = context.new_page()
    log_in(shown, house)
    shown.keyboard.press("i")
    dialog = shown.get_by_role("dialog", name="Market data")
    expect(dialog.get_by_role("heading", name="Products")).to_be_visible()
    box = dialog.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 1920
    assert box["y"] + box["height"] <= 1080
    assert not shown.evaluate(
        "document.querySelector('.dialog-body').scrollWidth > document.querySelector('.dialog-body').clientWidth"
    )
    context.close()
