"""A refusal says what would pass, and that passes; what a screen shows as buying power is what a check enforces."""

from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushtrade.domain import events as ev
from rushtrade.domain.numbers import format_price, parse_price
from rushtrade.domain.orders import OrderTerms, OrderType, Side, TimeInForce
from rushtrade.domain.rejects import RejectReason
from rushtrade.risk.checks import Approval, check_order
from rushtrade.risk.form import Refusal, check_form
from rushtrade.risk.valuation import funds_available, summarize
from rushtrade.rules.market_structure import CENT_TICKS
from support.risk_words import Situation, quote_stamp

CENTS = st.integers(1, 2_000).map(lambda cents: cents * 100)


def ask(situation, terms, quotes="9.95/10.05"):
    """What the checks say of an order, without entering it."""
    state = situation.house.state
    account, instrument = state.accounts[1], state.instruments[terms.instrument_id]
    scheme = state.schemes[account.scheme_id]
    return check_order(account, instrument, terms, quote_stamp(quotes), scheme, state.risk)


def limit(side, quantity, price, instrument_id=1):
    return OrderTerms(instrument_id, side, OrderType.LIMIT, TimeInForce.DAY, quantity, price)


SITUATIONS = {
    text: Situation(text)
    for text in (
        "cash $1,000 · limit value 900 · limit collar 100",
        "cash $1,000 · scheme 1",
        "margin $5,000 · may short · scheme 3",
        "margin $5,000 · may short · long 100 RUSH · open sell 30 RUSH 10.50 day",
        "margin $5,000 · may short · short 100 RUSH · open buy 30 RUSH 9.50 day",
        "margin $1,500 · may short",
    )
}


@settings(max_examples=300)
@given(
    situation=st.sampled_from(list(SITUATIONS)),
    side=st.sampled_from(Side),
    quantity=st.integers(1, 1_500),
    price=st.integers(800, 1_200).map(lambda cents: cents * 100),
)
def test_what_a_refusal_says_would_pass_passes(situation, side, quantity, price):
    scene = SITUATIONS[situation]
    terms = limit(side, quantity, price)
    refusal = ask(scene, terms)
    if isinstance(refusal, Approval):
        return
    better = what_would_pass(refusal, terms)
    if better is not None:
        answer = ask(scene, better)
        assert isinstance(answer, Approval) or answer.reason != refusal.reason, (refusal.text, answer.text)


def what_would_pass(refusal: Refusal, terms: OrderTerms) -> OrderTerms | None:
    """The order that the sentence names, where it names one."""
    words = {
        "COLLAR": r"; (?P<price>[\d.]+) or (lower|higher) would pass",
        "ORDER_NOTIONAL_MAX": r"; (?P<shares>\d+) shares at [\d.]+ would pass",
        "BUYING_POWER": r"about (?P<shares>\d+) shares would pass",
        "POSITION_FLIP": r"up to (?P<shares>\d+) would pass",
        "INSUFFICIENT_SHARES": r"available: (?P<shares>\d+)",
    }
    pattern = words.get(refusal.reason.name)
    if pattern is None:
        return None
    found = re.search(pattern, refusal.text)
    assert found, refusal.text
    if "price" in found.groupdict():
        return msgspec.structs.replace(terms, limit_price=parse_price(found["price"]))
    shares = int(found["shares"])
    return msgspec.structs.replace(terms, quantity=shares) if shares else None


@given(st.integers(1, 30_000))
def test_an_increment_that_is_too_fine_names_two_prices_that_pass(price):
    tick = CENT_TICKS.tick(price)
    refusal = check_form(limit(Side.BUY, 1, price), tick)
    if price % tick == 0:
        assert refusal is None
        return
    below, above = (
        parse_price(text) for text in re.findall(r"; ([\d.]+) or ([\d.]+) would pass", refusal.text)[0]
    )
    assert below < price < above
    assert all(check_form(limit(Side.BUY, 1, one), tick) is None for one in (below, above))


@settings(max_examples=300)
@given(
    situation=st.sampled_from(list(SITUATIONS)),
    quantity=st.integers(1, 1_500),
    price=st.integers(995, 1_100).map(lambda cents: cents * 100),
)
def test_buying_power_is_one_number_everywhere(situation, quantity, price):
    """An order that opens a position is taken when, and only when, what it holds fits into what the account shows."""
    scene = SITUATIONS[situation]
    state = scene.house.state
    account, risk = state.accounts[1], state.risk
    summary = summarize(state.ledger, account, risk.prices, state.instruments, risk.margin)
    funds = funds_available(state.ledger, account, risk.prices, state.instruments, risk.margin)
    assert summary.buying_power == max(funds, 0) * summary.multiplier
    answer = ask(scene, limit(Side.BUY, quantity, price, instrument_id=2))
    if isinstance(answer, Approval):
        assert answer.hold_money <= funds
    elif answer.reason.name == "BUYING_POWER":
        cheaper = price * quantity * 100 // summary.multiplier
        assert cheaper + 5_000_000 + 5_000 * quantity + 10_000 > funds


@pytest.mark.parametrize("situation", list(SITUATIONS))
@pytest.mark.parametrize(
    "quotes", ["9.95/10.05", "0/0", "-1/-1", "0.01/1000000.00", "1000000.00/0.01", "20.00/0.01"]
)
@pytest.mark.parametrize("price", [0, 1, 100, 99_900, 100_000, 10**9])
def test_an_exit_passes_on_any_quote(situation, quotes, price):
    scene = SITUATIONS[situation]
    position = scene.house.state.accounts[1].positions.get(1)
    if position is None:
        return
    side = Side.SELL if position.shares > 0 else Side.BUY
    terms = limit(side, abs(position.shares) - position.closing_held, price)
    if not price:
        terms = msgspec.structs.replace(terms, order_type=OrderType.MARKET)
    answer = ask(scene, terms, quotes)
    assert isinstance(answer, Approval), answer.text
    assert answer.hold_money == 0
    if not price:
        assert 80_000 <= answer.bound <= 120_000, f"bound {format_price(answer.bound)} can be met"


def test_a_refusal_of_a_market_order_that_nothing_prices_names_the_missing_side():
    event = Situation("cash $1,000 · no quotes").answer("buy 1 NEWS mkt day")
    assert isinstance(event, ev.OrderRejected)
    assert "no offer and no last price" in event.text


@pytest.mark.parametrize(
    ("situation", "order", "words"),
    [
        ("margin $5,000", "buy 2000 RUSH 10.00 day", "Regulation T, 50 % initial margin"),
        ("margin $5,000", "buy 2000 WARR 10.00 day", "no credit: the whole price"),
        ("margin $1,500", "buy 2000 RUSH 10.00 day", "no credit: the whole price"),
        ("cash $5,000", "buy 2000 RUSH 10.00 day", "no credit: the whole price"),
    ],
)
def test_a_refusal_for_want_of_money_says_whether_there_was_credit(situation, order, words):
    assert words in Situation(situation).answer(order).text


def test_the_same_order_passes_when_its_window_is_over():
    scene = Situation("cash $5,000 · limit window 500 · open buy 1 RUSH 9.00 day")
    (entered_ns,) = [order.accepted_ns for order in scene.house.state.blotter.orders.values()]
    answers = []
    for later_ns in (1, 499_999_999, 500_000_000):
        scene.house.state.risk.now_ns = entered_ns + later_ns
        answers.append(type(ask(scene, limit(Side.BUY, 1, 90_000))))
    assert answers == [Refusal, Refusal, Approval]


def test_short_exempt_marks_sales_alone():
    buy = OrderTerms(1, Side.BUY, OrderType.MARKET, TimeInForce.DAY, 100, short_exempt=True)
    refusal = check_form(buy, 100)
    assert refusal is not None
    assert (refusal.reason, "leave it out" in refusal.text) == (RejectReason.MARK_NOT_TAKEN, True)
    assert check_form(msgspec.structs.replace(buy, side=Side.SELL), 100) is None
