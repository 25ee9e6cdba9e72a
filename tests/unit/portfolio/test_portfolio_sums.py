"""Properties of the views, after any run of trades, marks, deposits and closes."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rushtrade.domain.accounts import AccountKind
from rushtrade.domain.numbers import format_price
from rushtrade.portfolio.account_view import view_account
from rushtrade.portfolio.exposure import measure
from rushtrade.portfolio.firm_view import view_firm
from support.order_words import Desk
from support.small_house import INSTRUMENTS, SmallHouse

PRICES = st.integers(950, 1050).map(lambda cents: format_price(cents * 100))
LINES = st.one_of(
    st.tuples(
        st.just("trade"),
        st.sampled_from(["buy", "sell"]),
        st.integers(1, 300),
        st.sampled_from(["RUSH", "TUFF", "NEWS"]),
        PRICES,
    ),
    st.tuples(st.just("mark"), st.sampled_from(["RUSH", "TUFF", "NEWS"]), PRICES),
    st.tuples(st.just("deposit"), st.integers(1, 5000)),
    st.just(("close",)),
    st.just(("open",)),
)


def carry_out(house: SmallHouse, desks: list[Desk], number: int, line: tuple) -> None:
    desk = desks[number % len(desks)]
    match line:
        case ("trade", side, shares, symbol, price):
            desk.play(f"asks A {price}x1000 bids A {price}x1000 last {price}")
            said = desk.play(f"{side} {shares} {symbol} {price} ioc as o{number}")
            if "sent " in said:
                child = said.partition("sent ")[2].split()[0]
                desk.play(f"A fills {child} {shares} @ {price}")
        case ("mark", symbol, price):
            desk.play(f"mark {symbol} {price}/{price} last {price}")
        case ("deposit", dollars):
            desk.play(f"deposit {dollars}")
        case ("close",):
            house.close_day()
        case ("open",):
            house.open_day(house.state.rules.settlement_date)


def played(lines) -> SmallHouse:
    house = SmallHouse()
    house.found()
    desks = [
        Desk(house, house.open_account(AccountKind.MARGIN, 20_000, short_permitted=True, scheme_id=1)),
        Desk(house, house.open_account(AccountKind.CASH, 20_000, scheme_id=3)),
    ]
    desks[1].venues, desks[1].names = desks[0].venues, desks[0].names
    for number, line in enumerate(lines):
        carry_out(house, desks, number, line)
    return house


@settings(max_examples=60, deadline=None)
@given(st.lists(LINES, max_size=25))
def test_the_lines_of_an_account_add_up_to_what_risk_decides_with(lines):
    house = played(lines)
    for account in house.state.accounts.values():
        view = view_account(account, house.state.risk)
        summary = view.summary
        assert sum(line.market_value for line in view.positions) == summary.long_value + summary.short_value
        assert sum(line.unrealised for line in view.positions) == summary.unrealised
        assert sum(line.realised for line in view.positions) == summary.realised
        assert view.overnight + view.traded + view.charges == summary.day_profit
        assert (view.exposure.long, view.exposure.short) == (summary.long_value, summary.short_value)
        assert summary.cash + summary.long_value + summary.short_value == summary.equity


@settings(max_examples=60, deadline=None)
@given(st.lists(LINES, max_size=25))
def test_the_days_profit_is_what_equity_gained_beyond_what_was_wired_in(lines):
    house = played(lines)
    for account in house.state.accounts.values():
        view = view_account(account, house.state.risk)
        gained = view.summary.equity - view.equity_at_close - view.day_transfers
        assert gained == view.summary.day_profit


@settings(max_examples=40, deadline=None)
@given(st.lists(LINES, max_size=25))
def test_the_firm_is_the_sum_of_its_accounts(lines):
    house = played(lines)
    views = [view_account(account, house.state.risk) for account in house.state.accounts.values()]
    firm = view_firm(house.state.accounts.values(), house.state.risk)
    assert firm.equity == sum(view.summary.equity for view in views)
    assert firm.day_profit == sum(view.summary.day_profit for view in views)
    assert firm.exposure.gross == sum(view.exposure.gross for view in views)
    for row in firm.positions:
        held = [line for view in views for line in view.positions if line.instrument_id == row.instrument_id]
        assert row.long_shares + row.short_shares == sum(line.shares for line in held)
        assert row.day_profit == sum(line.day_profit for line in held)


def test_random_days_really_trade():
    house = played([("trade", "buy", 100, "RUSH", "10.00"), ("trade", "sell", 50, "TUFF", "10.00")])
    assert [account.shares(1) for account in house.state.accounts.values()] == [100, 0]
    house = played([("trade", "buy", 100, "RUSH", "10.00")] * 2)
    assert [account.shares(1) for account in house.state.accounts.values()] == [100, 100]


@given(st.lists(st.tuples(st.sampled_from(INSTRUMENTS), st.integers(-(10**12), 10**12)), max_size=30))
def test_exposure_is_gross_and_net_and_its_largest_part(holdings):
    found = measure(holdings)
    values = [value for _, value in holdings]
    assert found.gross == sum(abs(value) for value in values)
    assert found.net == sum(values)
    assert found.short <= 0 <= found.long
    assert sum(row.long for row in found.by_class) == found.long
    assert sum(row.short for row in found.by_class) == found.short
    parts = {row.instrument_id: 0 for row, _ in holdings}
    for row, value in holdings:
        parts[row.instrument_id] += abs(value)
    assert found.largest == max(parts.values(), default=0)
    assert not found.largest or parts[found.largest_instrument_id] == found.largest
    assert measure(reversed(holdings)) == found
