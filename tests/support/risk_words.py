"""Situations and orders in the words of a risk officer, and what the house answers.

A situation is a list of facts between ``·``: ``margin $10,000 · may short · long 100 RUSH · quotes 9.95/10.05``. An order is
written as in the order tables. Everything is brought about by ordinary commands.
"""

from __future__ import annotations

import struct

import msgspec

from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from rushtrade.domain.accounts import AccountKind, AccountLimits, AccountState
from rushtrade.domain.numbers import format_cents, format_price, parse_price
from rushtrade.domain.orders import OrderType
from rushtrade.domain.quotes import Mark, QuoteStamp
from support.order_words import Desk, read_quotes
from support.small_house import MILLION, ROUTES, SmallHouse

USUAL_QUOTES = "9.95/10.05"
_LIMITS = {
    "shares": ("order_shares_max", 1),
    "value": ("order_notional_max", MILLION),
    "orders": ("open_orders_max", 1),
    "collar": ("collar_basis_points", 1),
    "window": ("duplicate_window_ns", 10**6),
}


class Situation:
    """A house with one account, brought into a situation."""

    def __init__(self, text: str) -> None:
        facts = [fact.strip().replace(",", "") for fact in text.split("·") if fact.strip()]
        self.house = SmallHouse()
        self.house.found()
        self._open_account(facts)
        self.desk = Desk(self.house, 1)
        self.desk.stamp = quote_stamp(USUAL_QUOTES)
        for fact in facts:
            self._bring_about(fact.split())

    def answer(self, order: str) -> ev.AnyEvent:
        """Enter an order; give the first event, which accepts or refuses it."""
        return self.house.do(self.desk.command(order))[0]

    def _open_account(self, facts: list[str]) -> None:
        words = [fact.split() for fact in facts]
        limits = {
            field: int(row[2]) * unit
            for row in words
            if row[0] == "limit"
            for field, unit in [_LIMITS[row[1]]]
        }
        margin = any(row[0] == "margin" for row in words)
        money = next((row[1] for row in words if row[0] in {"cash", "margin"}), "$10000")
        self.house.open_account(
            AccountKind.MARGIN if margin else AccountKind.CASH,
            int(money.removeprefix("$")),
            short_permitted=["may", "short"] in words,
            scheme_id=next((int(row[1]) for row in words if row[0] == "scheme"), 2),
            limits=AccountLimits(**limits),
        )

    def _bring_about(self, words: list[str]) -> None:
        house, desk = self.house, self.desk
        match words:
            case ["cash" | "margin" | "limit" | "scheme", *_] | ["may", "short"]:
                pass
            case ["long", shares, symbol]:
                desk.play(f"bring {shares} {symbol} {int(shares) * 10}")
            case ["short", shares, symbol]:
                self._sell_short(int(shares), symbol)
            case ["open", *order]:
                assert "accepted" in desk.play(" ".join(order))
            case ["quotes", text]:
                desk.stamp = quote_stamp(text)
            case ["account", number]:
                desk.account_id = int(number)
            case ["no", "quotes"]:
                desk.stamp = read_quotes("")
            case ["mark", symbol, quote]:
                bid, ask = read_pair(quote)
                house.do(cmd.ObserveMarks((Mark(house.instrument_id(symbol), bid, ask, 0),)))
            case ["disabled"] | ["close", "only"] | ["closed"]:
                account = house.state.accounts[1]
                state = AccountState["_".join(words).upper()]
                house.do(
                    cmd.ChangeAccount(
                        1, state, account.short_permitted, account.scheme_id, account.limits, "test"
                    )
                )
                assert account.state is state
            case ["killed"]:
                house.do(cmd.SetKillSwitch(1, True, "test"))
            case ["firm", "killed"]:
                house.do(cmd.SetKillSwitch(0, True, "test"))
            case ["A", "takes", kind]:
                limited = msgspec.structs.replace(ROUTES[0], order_types=(OrderType[kind.upper()],))
                house.do(cmd.SetRoutes((limited, *ROUTES[1:])))
            case ["market", "closed"]:
                house.do(cmd.OpenMarket(is_open=False))
            case _:
                raise AssertionError(f"no such fact: {' '.join(words)!r}")

    def _sell_short(self, shares: int, symbol: str) -> None:
        desk = self.desk
        usual, desk.stamp = desk.stamp, read_quotes(f"bids A 10.00x{shares}")
        name = f"short of {symbol}"
        desk.play(f"sell {shares} {symbol} 10.00 ioc as {name.replace(' ', '-')}")
        token = next(iter(self.house.state.blotter.children))
        said = desk.play(f"A fills {desk.names.child(token)} {shares} @ 10.00")
        assert "filled" in said
        desk.stamp = usual


def quote_stamp(text: str) -> QuoteStamp:
    """Read ``9.95/10.05``: a thousand shares on each side at venue A; 0 = none."""
    bid, ask = read_pair(text)
    rows = [(1, ask), (0, bid)]
    packed = b"".join(struct.pack("<3q", side, price, 1_000) for side, price in rows if price > 0)
    return QuoteStamp(0, bid, 1_000, ask, 1_000, 0, packed)


def read_pair(text: str) -> tuple[int, int]:
    """Read bid and offer; a minus sign is taken, as broken feeds have it."""
    bid, ask = (
        -parse_price(part.removeprefix("-")) if part.startswith("-") else parse_price(part)
        for part in text.split("/")
    )
    return bid, ask


def in_words(event: ev.AnyEvent) -> str:
    """Say what the house answered: intent, hold and worst price, or the reason."""
    if isinstance(event, ev.OrderAccepted):
        held = f"{event.hold_shares} shares" if event.hold_shares else f"${format_cents(event.hold_money)}"
        intent = event.intent.name.lower().replace("_", " ")
        bounded = event.terms.order_type in {OrderType.MARKET, OrderType.STOP}
        return f"{intent}, holds {held}" + (f", bound {format_price(event.bound)}" if bounded else "")
    assert isinstance(event, ev.OrderRejected | ev.CommandRefused)
    return event.reason.name
