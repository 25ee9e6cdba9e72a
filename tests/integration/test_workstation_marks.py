"""How an order of the workstation is marked when the house takes it."""

from __future__ import annotations

import pytest
from test_api_workstation import ORDER, on_page, server

from rushtrade.domain.commands import EnterOrder

assert server  # the served house of the workstation's own tests


@pytest.mark.parametrize("not_held", [False, True])
def test_an_order_is_held_unless_the_trader_says_otherwise(server, not_held):
    async def script(page):
        body = {**ORDER, "limit_price": "150.00"}
        entered = await page.ok("order.enter", **body, **({"not_held": True} if not_held else {}))
        await page.ok("order.cancel", order_id=entered["order_id"])

    before = len(server.house.commands)
    on_page(server, script)
    sent = [command for command, _ in server.house.commands[before:] if isinstance(command, EnterOrder)]
    assert [command.terms.not_held for command in sent] == [not_held]


def test_a_mark_that_is_no_yes_or_no_is_refused(server):
    async def script(page):
        return await page.error("order.enter", **ORDER, not_held="perhaps")

    assert on_page(server, script)["reason"] == "bad_request"
