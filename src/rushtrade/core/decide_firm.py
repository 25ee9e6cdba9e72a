"""Decisions on the firm's tables: firm, instruments, schemes, customers, accounts, money and shares in and out, desk."""

from __future__ import annotations

from rushtrade.core.decide_orders import Events
from rushtrade.core.state import HouseState
from rushtrade.dart.sequences import check_tables
from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from rushtrade.domain.accounts import AccountKind, AccountLimits, AccountState
from rushtrade.domain.instants import DAY
from rushtrade.domain.numbers import MONEY_MAX, MONEY_UNIT, QUANTITY_MAX, dollars, notional
from rushtrade.domain.orders import Side
from rushtrade.domain.rejects import RejectReason
from rushtrade.domain.transfers import CASH, LedgerCode, Transfer, TransferCode, ledger_account
from rushtrade.ledger.account import Account
from rushtrade.risk.valuation import funds_available, initial_rate_ppm
from rushtrade.rules.margin import MILLION

_CLEARING = ledger_account(0, LedgerCode.CLEARING)
_TRANSFER_AGENT = ledger_account(0, LedgerCode.TRANSFER_AGENT)
OPEN_ORDERS_MAX = 100_000
"""Open orders one account may be allowed: what a busy program needs, and a bound for a cancel of all of them."""
COLLAR_BASIS_POINTS_MAX = 10_000
"""A collar as wide as the price itself; wider is none."""
TEXT_MAX = 200
"""Longest name, reason or reference a command may bring, in characters."""
INSTRUMENT_ID_MAX = 2**32 - 1
"""An asset's number stands in the low 32 bits of the ledger's keys."""
PER_SHARE_MAX = 1_000 * MONEY_UNIT
"""A thousand dollars a share: beyond any commission, and the largest order's charge still fits 64 bits."""


def refused(text: str, account_id: int = 0) -> Events:
    """Refuse an administrative command in words."""
    return [ev.CommandRefused(RejectReason.INVALID_ADMINISTRATION, text, account_id, 0)]


def open_firm(state: HouseState, command: cmd.OpenFirm, seq: int) -> Events:
    """Found the house; once."""
    del seq
    if state.firm_name:
        return refused(f"the firm {state.firm_name!r} is open already; a journal holds one firm")
    if not command.name or len(command.name) > TEXT_MAX:
        return refused(f"a firm's name has 1 to {TEXT_MAX} characters")
    problem = check_tables(command.routes, command.sequences)
    if problem is not None:
        return refused(problem)
    return [ev.FirmOpened(command.name, command.world, command.routes, command.sequences)]


def define_instrument(state: HouseState, command: cmd.DefineInstrument, seq: int) -> Events:
    """Add or change an instrument; a symbol names one instrument."""
    del seq
    instrument = command.instrument
    if not 0 < instrument.instrument_id <= INSTRUMENT_ID_MAX:
        return refused(f"an instrument's id is 1 to {INSTRUMENT_ID_MAX}, not {instrument.instrument_id}")
    if not instrument.symbol or len(instrument.symbol) > TEXT_MAX:
        return refused(f"an instrument's symbol has 1 to {TEXT_MAX} characters")
    known = state.symbols.get(instrument.symbol)
    if known not in {None, instrument.instrument_id}:
        return refused(f"symbol {instrument.symbol} already names instrument {known}")
    if instrument.round_lot <= 0 or instrument.previous_close < 0:
        return refused(f"{instrument.symbol}: round lot must be positive and previous close not negative")
    return [ev.InstrumentDefined(instrument)]


def define_commission_scheme(state: HouseState, command: cmd.DefineCommissionScheme, seq: int) -> Events:
    """Add or change a commission scheme."""
    del state, seq
    terms = command.terms
    if terms.scheme_id <= 0 or min(terms.per_share, terms.per_trade, terms.order_min, terms.order_max) < 0:
        return refused("a commission scheme has a positive id and no negative amount")
    if terms.per_share > PER_SHARE_MAX or max(terms.per_trade, terms.order_min, terms.order_max) > MONEY_MAX:
        return refused(f"a commission is at most {dollars(PER_SHARE_MAX)} a share")
    if terms.order_max and terms.order_max < terms.order_min:
        return refused("a commission scheme's maximum is not below its minimum")
    return [ev.CommissionSchemeDefined(terms)]


def register_customer(state: HouseState, command: cmd.RegisterCustomer, seq: int) -> Events:
    """Register a customer under the next number."""
    del seq
    if not command.display_name or len(command.display_name) > TEXT_MAX:
        return refused(f"a customer's display name has 1 to {TEXT_MAX} characters")
    return [ev.CustomerRegistered(len(state.customers) + 1, command.display_name, command.profile_reference)]


def open_account(state: HouseState, command: cmd.OpenAccount, seq: int) -> Events:
    """Open an account for a customer."""
    del seq
    if command.customer_id not in state.customers:
        return refused(f"there is no customer {command.customer_id}")
    if command.scheme_id not in state.schemes:
        return refused(f"there is no commission scheme {command.scheme_id}")
    if not command.number or len(command.number) > TEXT_MAX:
        return refused("an account has a number at the clearing firm")
    if command.short_permitted and command.kind is not AccountKind.MARGIN:
        return refused("short sales need a margin account")
    problem = _limits_problem(command.limits)
    if problem:
        return refused(problem)
    return [
        ev.AccountOpened(
            len(state.accounts) + 1,
            command.customer_id,
            command.number,
            command.kind,
            command.scheme_id,
            command.short_permitted,
            command.limits,
        )
    ]


def change_account(state: HouseState, command: cmd.ChangeAccount, seq: int) -> Events:
    """Change an account's state, permission, scheme and limits, for a reason."""
    del seq
    account = state.accounts.get(command.account_id)
    if account is None:
        return _no_account(command.account_id)
    if command.scheme_id not in state.schemes:
        return refused(f"there is no commission scheme {command.scheme_id}", command.account_id)
    if not command.reason or len(command.reason) > TEXT_MAX:
        return refused("a change of an account needs a reason", command.account_id)
    if command.short_permitted and account.kind is not AccountKind.MARGIN:
        return refused("short sales need a margin account", command.account_id)
    problem = _limits_problem(command.limits)
    if problem:
        return refused(problem, command.account_id)
    if command.state is AccountState.CLOSED and _is_in_use(state, account):
        return refused(
            f"account {account.number} still has money, positions or open orders and cannot be closed",
            command.account_id,
        )
    changed = ev.AccountChanged(
        command.account_id,
        command.state,
        command.short_permitted,
        command.scheme_id,
        command.limits,
        command.reason,
    )
    closes = command.state is AccountState.CLOSED
    return [changed, *(_revocations(state, command.account_id) if closes else ())]


def _revocations(state: HouseState, account_id: int) -> Events:
    """Take market data away from the users whose fees a closing account is charged."""
    return [
        ev.MarketDataRevoked(number, row.product, row.use, "the account they are charged to was closed")
        for number, subscriber in sorted(state.market_data.subscribers.items())
        if subscriber.account_id == account_id
        for row in subscriber.grants
        if not row.to_ns
    ]


def _limits_problem(limits: AccountLimits) -> str:
    """Say which limit of an account cannot be set."""
    bounds = (
        ("shares an order", limits.order_shares_max, QUANTITY_MAX),
        ("micro-dollars an order", limits.order_notional_max, MONEY_MAX),
        ("open orders", limits.open_orders_max, OPEN_ORDERS_MAX),
        ("basis points of collar", limits.collar_basis_points, COLLAR_BASIS_POINTS_MAX),
        ("ns of duplicate window", limits.duplicate_window_ns, DAY),
    )
    for what, value, most in bounds:
        if not 0 <= value <= most:
            return f"a limit of {value} {what} cannot be set; 0 to {most} can"
    return ""


def _is_in_use(state: HouseState, account: Account) -> bool:
    return bool(
        account.open_orders
        or state.ledger.trade_date_balance(account.account_id, CASH)
        or any(position.shares for position in account.positions.values())
    )


def transfer_cash(state: HouseState, command: cmd.TransferCash, seq: int) -> Events:
    """Take a deposit or a withdrawal; a reference is good once."""
    del seq
    account = state.accounts.get(command.account_id)
    if account is None:
        return _no_account(command.account_id)
    amount = command.amount
    refusal = _check_transfer(account, command.reference, amount, MONEY_MAX)
    if refusal:
        return refusal
    customer = ledger_account(account.account_id, LedgerCode.CUSTOMER_SETTLED)
    if amount > 0:
        transfer = Transfer(TransferCode.DEPOSIT, _CLEARING, customer, CASH, amount)
    else:
        available = min(
            funds_available(state.ledger, account, state.risk.prices, state.instruments, state.risk.margin),
            state.ledger.settled_balance(account.account_id, CASH),
        )
        if -amount > available:
            return refused(
                f"{dollars(-amount)} cannot be withdrawn: {dollars(max(available, 0))} is settled and free",
                account.account_id,
            )
        transfer = Transfer(TransferCode.WITHDRAWAL, customer, _CLEARING, CASH, -amount)
    return [ev.CashTransferred(account.account_id, amount, command.reference, (transfer,))]


def transfer_shares(state: HouseState, command: cmd.TransferShares, seq: int) -> Events:
    """Bring shares in from another firm, or send free ones out."""
    del seq
    account = state.accounts.get(command.account_id)
    if account is None:
        return _no_account(command.account_id)
    shares = command.shares
    refusal = _check_transfer(account, command.reference, shares, QUANTITY_MAX)
    if refusal:
        return refusal
    if command.instrument_id not in state.instruments:
        return refused(f"there is no instrument {command.instrument_id}", account.account_id)
    if abs(command.cost) > MONEY_MAX or (command.cost < 0) != (shares < 0 and command.cost != 0):
        return refused("the cost basis has the sign of the shares", account.account_id)
    customer = ledger_account(account.account_id, LedgerCode.CUSTOMER_SETTLED)
    cost = command.cost
    if shares > 0:
        problem = _shares_in_problem(account, command.instrument_id)
        transfer = Transfer(TransferCode.SHARES_IN, _TRANSFER_AGENT, customer, command.instrument_id, shares)
    else:
        problem = _shares_out_problem(state, account, command.instrument_id, -shares)
        if not problem:
            cost = -account.positions[command.instrument_id].cost_of(-shares)
        transfer = Transfer(
            TransferCode.SHARES_OUT, customer, _TRANSFER_AGENT, command.instrument_id, -shares
        )
    if problem:
        return refused(problem, account.account_id)
    return [
        ev.SharesTransferred(
            account.account_id, command.instrument_id, shares, cost, command.reference, (transfer,)
        )
    ]


def _shares_in_problem(account: Account, instrument_id: int) -> str:
    """Say why shares cannot come in: they would meet a short position, or one that an open order makes."""
    if account.shares(instrument_id) < 0:
        return "shares are not brought into a short position; buy to cover it"
    for order_id, (open_instrument, side, _, opens) in sorted(account.open_orders.items()):
        if open_instrument == instrument_id and side is Side.SELL and opens:
            return f"shares are not brought in while short sale {order_id} is open; cancel it first"
    return ""


def _shares_out_problem(state: HouseState, account: Account, instrument_id: int, shares: int) -> str:
    """Say why shares cannot go out: not there, not settled, promised to an order, or lent against."""
    position = account.positions.get(instrument_id)
    settled = state.ledger.settled_balance(account.account_id, instrument_id)
    free = min(settled, position.shares - position.closing_held) if position is not None else 0
    if shares > free:
        return f"{shares} shares cannot go out: {max(free, 0)} are settled and free"
    if account.kind is AccountKind.MARGIN:
        risk = state.risk
        value = notional(risk.prices.get(instrument_id, 0), shares)
        rate_ppm = initial_rate_ppm(state.instruments[instrument_id], risk.margin)
        funds = funds_available(state.ledger, account, risk.prices, state.instruments, risk.margin)
        if value - value * rate_ppm // MILLION > max(funds, 0):
            return f"{shares} shares cannot go out: the account borrows against them, {dollars(max(funds, 0))} is free"
    return ""


def _check_transfer(account: Account, reference: str, amount: int, most: int) -> Events:
    if account.state is AccountState.CLOSED:
        return refused(f"account {account.number} is closed", account.account_id)
    if not reference or len(reference) > TEXT_MAX:
        return refused("a transfer has a reference, unique in its account", account.account_id)
    if reference in account.references:
        return refused(
            f"reference {reference!r} was taken before; nothing was moved again", account.account_id
        )
    if amount == 0 or abs(amount) > most:
        return refused(f"a transfer moves something, and at most {most} units", account.account_id)
    return []


def set_sequences(state: HouseState, command: cmd.SetSequences, seq: int) -> Events:
    """Set a class's route sequence and punt list."""
    del seq
    problem = state.desk.check_sequences(command.equity_class, command.sequence, command.punt_list)
    if problem is not None:
        return refused(problem)
    return [ev.SequencesSet(command.equity_class, command.sequence, command.punt_list)]


def set_routes(state: HouseState, command: cmd.SetRoutes, seq: int) -> Events:
    """Take the fees and latencies of a new day; which routes there are does not change."""
    del seq
    codes = [(route.venue, route.code, route.route_code) for route in state.desk.routes]
    if codes != [(route.venue, route.code, route.route_code) for route in command.routes]:
        return refused(
            f"the routes stay {', '.join(code for _, code, _ in codes)}, in this order; only their terms change"
        )
    problem = check_tables(command.routes, state.desk.sequences())
    if problem is not None:
        return refused(problem)
    return [ev.RoutesSet(command.routes)]


def switch_route(state: HouseState, command: cmd.SwitchRoute, seq: int) -> Events:
    """Enable or disable a route."""
    del seq
    if not 0 <= command.venue < len(state.desk.routes):
        return refused(f"there is no venue {command.venue}; venues are 0 to {len(state.desk.routes) - 1}")
    return [ev.RouteSwitched(command.venue, command.enabled, command.reason[:TEXT_MAX])]


def forget_routes(state: HouseState, command: cmd.ForgetRoutes, seq: int) -> Events:
    """Let DART begin to learn anew."""
    del seq
    if not -1 <= command.venue < len(state.desk.routes):
        return refused(
            f"there is no venue {command.venue}; venues are 0 to {len(state.desk.routes) - 1}, and -1 means all"
        )
    return [ev.RoutesForgotten(command.venue, command.reason[:TEXT_MAX])]


def set_kill_switch(state: HouseState, command: cmd.SetKillSwitch, seq: int) -> Events:
    """Stop or allow new orders of the firm or of one account."""
    del seq
    if command.account_id and command.account_id not in state.accounts:
        return _no_account(command.account_id)
    return [ev.KillSwitchSet(command.account_id, command.engaged, command.reason[:TEXT_MAX])]


def _no_account(account_id: int) -> Events:
    return [
        ev.CommandRefused(RejectReason.UNKNOWN_ACCOUNT, f"there is no account {account_id}", account_id, 0)
    ]
