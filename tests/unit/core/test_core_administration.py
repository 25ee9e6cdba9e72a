"""The firm's own commands: what is refused, in which words, and that a refusal changes nothing."""

from __future__ import annotations

import datetime as dt
import re

import msgspec
import pytest

from rushtrade.core.snapshot import state_hash
from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from rushtrade.domain.accounts import AccountKind, AccountLimits, AccountState, CommissionTerms
from rushtrade.domain.instants import day_number
from rushtrade.domain.numbers import MONEY_MAX, QUANTITY_MAX
from rushtrade.domain.orders import Liquidity
from rushtrade.domain.quotes import Mark
from rushtrade.domain.transfers import CASH, LedgerCode, ledger_account
from support.order_words import Desk
from support.small_house import INSTRUMENTS, MILLION, ROUTES, SEQUENCES, TRADE_DATE, SmallHouse

RUSH = INSTRUMENTS[0]
LONG = "x" * 201
LIMITS = AccountLimits()
TODAY = day_number(TRADE_DATE)


def changed(instrument, **fields):
    return cmd.DefineInstrument(msgspec.structs.replace(instrument, **fields))


def opened(**fields):
    whole = {
        "customer_id": 1,
        "number": "S002",
        "kind": AccountKind.CASH,
        "scheme_id": 1,
        "short_permitted": False,
        "limits": LIMITS,
    }
    return cmd.OpenAccount(**(whole | fields))


def account_change(**fields):
    whole = {
        "account_id": 1,
        "state": AccountState.ENABLED,
        "short_permitted": False,
        "scheme_id": 1,
        "limits": LIMITS,
        "reason": "test",
    }
    return cmd.ChangeAccount(**(whole | fields))


def scheme(**fields):
    return cmd.DefineCommissionScheme(
        msgspec.structs.replace(CommissionTerms(9, "nine", 0, 0, 0, 0), **fields)
    )


REFUSALS = [
    # the firm and its tables
    (cmd.OpenFirm("Second", "w", ROUTES, SEQUENCES), "open already; a journal holds one firm"),
    (changed(RUSH, instrument_id=0), "id is 1 to 4294967295, not 0"),
    (changed(RUSH, instrument_id=2**32), "id is 1 to 4294967295, not 4294967296"),
    (changed(RUSH, symbol=""), "symbol has 1 to 200 characters"),
    (changed(RUSH, symbol=LONG), "symbol has 1 to 200 characters"),
    (changed(RUSH, instrument_id=99), "symbol RUSH already names instrument 1"),
    (changed(RUSH, round_lot=0), "round lot must be positive"),
    (changed(RUSH, previous_close=-1), "previous close not negative"),
    (scheme(scheme_id=0), "positive id"),
    (scheme(per_share=-1), "no negative amount"),
    (scheme(per_share=10**9 + 1), r"at most \$1,000.00 a share"),
    (scheme(order_min=MONEY_MAX + 1), "at most"),
    (scheme(order_min=2, order_max=1), "maximum is not below its minimum"),
    # customers and accounts
    (cmd.RegisterCustomer("", "p"), "display name has 1 to 200"),
    (cmd.RegisterCustomer(LONG, "p"), "display name has 1 to 200"),
    (opened(customer_id=9), "no customer 9"),
    (opened(scheme_id=9), "no commission scheme 9"),
    (opened(number=""), "number at the clearing firm"),
    (opened(short_permitted=True), "short sales need a margin account"),
    (opened(limits=AccountLimits(order_shares_max=-1)), "limit of -1 shares an order"),
    (opened(limits=AccountLimits(order_notional_max=MONEY_MAX + 1)), "micro-dollars an order"),
    (opened(limits=AccountLimits(open_orders_max=10**6)), "open orders"),
    (opened(limits=AccountLimits(collar_basis_points=10_001)), "basis points of collar"),
    (opened(limits=AccountLimits(duplicate_window_ns=-1)), "duplicate window"),
    (account_change(account_id=9), "no account 9"),
    (account_change(scheme_id=9), "no commission scheme 9"),
    (account_change(reason=""), "needs a reason"),
    (account_change(short_permitted=True), "short sales need a margin account"),
    (account_change(state=AccountState.CLOSED), "still has money, positions or open orders"),
    (account_change(limits=AccountLimits(order_shares_max=QUANTITY_MAX + 1)), "shares an order"),
    # money and shares
    (cmd.TransferCash(9, 1, "r"), "no account 9"),
    (cmd.TransferCash(1, 1, ""), "has a reference"),
    (cmd.TransferCash(1, 1, LONG), "has a reference"),
    (cmd.TransferCash(1, 1, "opening deposit"), "taken before; nothing was moved again"),
    (cmd.TransferCash(1, 0, "r"), "moves something"),
    (cmd.TransferCash(1, MONEY_MAX + 1, "r"), "at most"),
    (cmd.TransferCash(1, -1_000 * MILLION - 1, "r"), r"\$1,000.00 is settled and free"),
    (cmd.TransferShares(9, 1, 1, 1, "r"), "no account 9"),
    (cmd.TransferShares(1, 9, 1, 1, "r"), "no instrument 9"),
    (cmd.TransferShares(1, 1, 0, 0, "r"), "moves something"),
    (cmd.TransferShares(1, 1, 1, -1, "r"), "sign of the shares"),
    (cmd.TransferShares(1, 1, -1, 1, "r"), "sign of the shares"),
    (cmd.TransferShares(1, 1, QUANTITY_MAX + 1, 1, "r"), "at most"),
    (cmd.TransferShares(1, 1, -1, 0, "r"), "0 are settled and free"),
    # calendar
    (cmd.OpenDay(TODAY + 1), "trade date 2026-09-28 is still open"),
    (cmd.CloseDay(TODAY + 1), f"not the open trade date, which is {TODAY} \\(2026-09-28\\)"),
    (cmd.CloseDay(-(10**15)), "not the open trade date"),
    # desk
    (cmd.SetSequences(9, "A", ""), "no equity class 9"),
    (cmd.SetSequences(2, "AX", ""), "'X' is no route code"),
    (cmd.SetSequences(2, "AA", ""), "stands in it twice"),
    (cmd.SetSequences(3, "A", ""), "does not take"),
    (cmd.SwitchRoute(-1, True, ""), "no venue -1; venues are 0 to 2"),
    (cmd.SwitchRoute(3, True, ""), "no venue 3"),
    (cmd.SetKillSwitch(9, True, ""), "no account 9"),
    (cmd.SetKillSwitch(-1, True, ""), "no account -1"),
    (cmd.CancelAllOrders(9, 0), "no account 9"),
    (cmd.CancelOrder(1, 9), "order 9 is not open"),
    (cmd.ReplaceOrder(1, 9, "", 1, 1, 1, None), "order 9 is not open"),
]


@pytest.fixture
def house():
    made = SmallHouse()
    made.found()
    made.open_account(AccountKind.CASH, 1_000)
    return made


@pytest.mark.parametrize(("command", "words"), REFUSALS)
def test_a_refusal_says_why_and_changes_nothing(house, command, words):
    def what_is_known():
        house.state.now_ns = 0
        return state_hash(house.state, 0)

    before = what_is_known()
    if not isinstance(command, cmd.ReplaceOrder):
        (event,) = house.do(command, "desk")
    else:
        (event,) = house.do(msgspec.structs.replace(command, stamp=Desk(house, 1).stamp), "desk")
    assert isinstance(event, ev.CommandRefused)
    assert re.search(words, event.text), event.text
    assert what_is_known() == before


def test_before_it_is_founded_a_house_refuses_days_orders_and_bad_tables():
    house = SmallHouse()
    for command, words in (
        (cmd.OpenFirm("", "w", ROUTES, SEQUENCES), "1 to 200 characters"),
        (cmd.OpenFirm("F", "w", ROUTES[1:], SEQUENCES), "order of their venue numbers"),
        (cmd.OpenFirm("F", "w", ROUTES, (*SEQUENCES, SEQUENCES[0])), "one row of sequences"),
        (cmd.OpenDay(TODAY), "no firm yet"),
        (cmd.CloseDay(TODAY), "not the open trade date"),
        (cmd.OpenMarket(is_open=True), "opens within a trade date"),
    ):
        (event,) = house.do(command, "desk")
        assert words in event.text
    (event,) = house.do(cmd.ReportExecuted(0, 1, 1, 1, 1, 1, 0, 1), "venue")
    assert isinstance(event, ev.AnomalyRecorded)
    house.do(cmd.OpenFirm("F", "w", ROUTES, SEQUENCES), "desk")
    house.do(changed(RUSH), "desk")
    house.do(scheme(), "desk")
    house.do(cmd.RegisterCustomer("Ann", ""), "desk")
    house.do(opened(scheme_id=9), "desk")
    assert Desk(house, 1).play("buy 1 RUSH 10.00 day") == "rejected MARKET_CLOSED"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (TODAY, "trade dates go forward"),
        (TODAY - 1, "trade dates go forward"),
        (day_number(dt.date(2026, 10, 3)), "2026-10-03"),
        (day_number(dt.date(9999, 12, 31)), "9999-12-31"),
        (10**18, "is no date"),
    ],
)
def test_a_day_that_cannot_be_traded_is_not_opened(house, number, words):
    house.close_day()
    (event,) = house.do(cmd.OpenDay(number), "calendar")
    assert isinstance(event, ev.CommandRefused)
    assert words in event.text


def test_an_account_closes_when_it_is_empty_and_takes_nothing_afterwards(house):
    house.do(cmd.TransferCash(1, -1_000 * MILLION, "all of it"), "desk")
    (event,) = house.do(account_change(state=AccountState.CLOSED), "desk")
    assert isinstance(event, ev.AccountChanged)
    (event,) = house.do(cmd.TransferCash(1, MILLION, "more"), "desk")
    assert "closed" in event.text
    assert Desk(house, 1).play("buy 1 RUSH 10.00 day") == "rejected ACCOUNT_CLOSED"


def test_shares_take_their_part_of_the_cost_along_when_they_leave(house):
    house.do(cmd.TransferShares(1, 1, 300, 1_000 * MILLION, "in"), "desk")
    (event,) = house.do(cmd.TransferShares(1, 1, -100, -1, "out"), "desk")
    assert event.cost == -333_333_333
    (event,) = house.do(cmd.TransferShares(1, 1, -200, -1, "out too"), "desk")
    assert event.cost == -666_666_667
    position = house.state.accounts[1].positions[1]
    assert (position.shares, position.cost) == (0, 0)


def test_shares_that_are_promised_lent_against_or_not_settled_stay():
    house = SmallHouse()
    house.found()
    house.open_account(AccountKind.MARGIN, 5_000, short_permitted=True)
    desk = Desk(house, 1)
    desk.play("asks A 10.00x900 bids A 9.99x900")
    desk.play("buy 900 RUSH 10.00 day as o1")
    desk.play("A fills A1 900 @ 10.00")
    assert "0 are settled" in house.do(cmd.TransferShares(1, 1, -100, -1, "a"), "desk")[0].text
    house.close_day()
    house.open_day(dt.date(2026, 9, 29))
    house.close_day()
    house.open_day(dt.date(2026, 9, 30))
    assert "borrows against them" in house.do(cmd.TransferShares(1, 1, -900, -1, "b"), "desk")[0].text
    desk.play("sell 850 RUSH 10.50 gtc as o2")
    assert "50 are settled and free" in house.do(cmd.TransferShares(1, 1, -51, -1, "c"), "desk")[0].text
    assert isinstance(house.do(cmd.TransferShares(1, 1, -50, -1, "d"), "desk")[0], ev.SharesTransferred)


def test_shares_are_not_brought_to_meet_a_short_sale():
    house = SmallHouse()
    house.found()
    house.open_account(AccountKind.MARGIN, 5_000, short_permitted=True)
    desk = Desk(house, 1)
    desk.play("bids A 9.99x100")
    desk.play("sell 100 RUSH 10.00 day as o1")
    (event,) = house.do(cmd.TransferShares(1, 1, 100, 1, "a"), "desk")
    assert "while short sale" in event.text
    desk.play("A takes A1 100 @ 10.00")
    (event,) = house.do(cmd.TransferShares(1, 1, 100, 1, "b"), "desk")
    assert "not brought into a short position" in event.text


def test_an_instrument_keeps_its_id_when_its_symbol_changes(house):
    house.do(changed(RUSH, symbol="RSHX"), "desk")
    assert (house.state.symbols.get("RUSH"), house.state.symbols["RSHX"]) == (None, 1)
    house.do(changed(RUSH, instrument_id=50), "desk")
    assert house.state.symbols["RUSH"] == 50


def test_marks_of_unknown_doubled_and_senseless_instruments_do_no_harm(house):
    desk = Desk(house, 1)
    desk.play("asks A 10.05x100 last 10.00")
    desk.play("buy 10 RUSH mkt day as o1 stop 10.20")
    mark = Mark(1, 101_900, 102_100, 102_000)
    events = house.do(cmd.ObserveMarks((Mark(-5, 1, 1, 1), mark, mark, Mark(2**40, 1, 1, 1))), "market")
    assert [type(event) for event in events] == [ev.MarksObserved, ev.OrderTriggered, ev.RoutingNeeded]


def test_money_that_came_in_stands_with_the_clearing_firm(house):
    ledger = house.state.ledger
    assert ledger.balance(ledger_account(0, LedgerCode.CLEARING), CASH) == -1_000 * MILLION
    assert ledger.settled_balance(1, CASH) == 1_000 * MILLION


def test_a_kill_switch_stops_the_account_it_names_and_no_other(house):
    house.open_account(AccountKind.CASH, 5_000)
    house.do(cmd.SetKillSwitch(1, True, "test"), "desk")
    answers = [Desk(house, account_id).play("buy 1 RUSH 10.00 gtc").split()[0] for account_id in (1, 2)]
    assert answers[0] == "rejected"
    assert answers[1] != "rejected"


def test_a_first_trade_prices_a_share_that_had_no_price(house):
    desk = Desk(house, 1)
    desk.play("asks A 10.05x100")
    desk.play("buy 10 NEWS 10.05 ioc")
    assert house.state.risk.prices.get(8) is None
    token = next(iter(house.state.blotter.children))
    house.do(cmd.ReportExecuted(0, 1, token, 1, 100_400, 10, Liquidity.REMOVED, 1), "venue")
    assert house.state.risk.prices[8] == 100_400


@pytest.mark.parametrize(("length", "taken"), [(128, True), (129, False)])
def test_a_client_order_id_has_a_longest_length(house, length, taken):
    desk = Desk(house, 1)
    desk.play("asks A 10.05x100")
    assert ("accepted" in desk.play(f"buy 10 RUSH 10.00 day as {'x' * length}")) is taken
    desk.play("buy 10 TUFF 10.00 day as o1")
    desk.play("A works A2" if taken else "A works A1")
    said = desk.play(f"replace o1 limit 9.99 as {'y' * length}")
    assert said.startswith("refused") is not taken
