"""Pre-trade checks of one order, Rule 15c3-5(c), in written precedence.

1. Is the order well formed for this instrument? (increment of Rule 612, prices its type needs)
2. Can the instrument trade at all? (tradable, not halted, market open, a market to price it by)
3. *An order that reduces risk stops here and passes*: exits are never blocked by the customer's state.
4. Kill switch and account state.
5. Erroneous orders: collar against the quote, shares, notional, open orders, duplicates.
6. Shares it may sell or cover, own orders it would trade with, buying power, short-sale permission and borrow.

`check_order` is a function of its arguments. It decides with the quote stamped on the order; prices are bounded
by the last good mark, so that an absurd quote cannot widen a collar.
"""

from __future__ import annotations

import msgspec

from rushtrade.domain.accounts import AccountKind, AccountState, CommissionTerms
from rushtrade.domain.instruments import Instrument, InstrumentKind
from rushtrade.domain.numbers import (
    CENT,
    MONEY_PER_PRICE_SHARE,
    PRICE_UNIT,
    dollars,
    format_price,
)
from rushtrade.domain.orders import Intent, OrderTerms, OrderType, Side, TimeInForce
from rushtrade.domain.quotes import QuoteStamp
from rushtrade.domain.rejects import RejectReason
from rushtrade.ledger.account import Account
from rushtrade.ledger.ledger import Ledger
from rushtrade.risk.form import Refusal
from rushtrade.risk.valuation import (
    funds_and_credit,
    initial_rate_ppm,
    short_requirement,
)
from rushtrade.rules.margin import MILLION, MarginRules

_BPS = 10_000
# members by name: looking one up in its class costs more than the check it is for
_LIMIT = OrderType.LIMIT
_STOP_LIMIT = OrderType.STOP_LIMIT
_STOP = OrderType.STOP
_DAY = TimeInForce.DAY
_GTC = TimeInForce.GTC
_BUY = Side.BUY
_SELL = Side.SELL
_RESTRICTED = InstrumentKind.RESTRICTED
_ENABLED = AccountState.ENABLED
_MARGIN = AccountKind.MARGIN
_BUY_TO_OPEN = Intent.BUY_TO_OPEN
_BUY_TO_CLOSE = Intent.BUY_TO_CLOSE
_SELL_TO_CLOSE = Intent.SELL_TO_CLOSE
_SELL_SHORT = Intent.SELL_SHORT
MARKET_COLLAR_BPS = 400
"""A market order may reach this far through the far side: it leaves as a limit there, and its need is held there."""
SHORT_HOLD_BPS = 10_300
"""A short sale's need is held at the larger of its limit and 103 % of the offer: it may execute higher."""


class Approval(msgspec.Struct, frozen=True, gc=False):
    """The order may be taken, and this is what it holds."""

    intent: Intent
    hold_money: int
    hold_shares: int
    bound: int
    """Worst price it may execute at, $0.0001."""


class RiskView(msgspec.Struct, gc=False):
    """What the checks may look at beside the order and its account: the house's tables of the moment."""

    ledger: Ledger
    prices: dict[int, int]
    margin: MarginRules
    instruments: dict[int, Instrument]
    market_open: bool
    firm_killed: bool
    now_ns: int


def check_order(
    account: Account,
    instrument: Instrument,
    terms: OrderTerms,
    stamp: QuoteStamp,
    scheme: CommissionTerms,
    view: RiskView,
    instead_of: tuple[int, int, int] = (0, 0, 0),
) -> Approval | Refusal:
    """Decide one well-formed order; see the module for the precedence.

    `instead_of` names an open order this one would replace, with the money and shares it holds: they count as free.
    """
    if not instrument.tradable or instrument.kind is _RESTRICTED:
        return Refusal(
            RejectReason.INSTRUMENT_NOT_TRADABLE,
            f"{instrument.symbol} cannot be traded"
            + (": restricted stock has no public sale" if instrument.kind is _RESTRICTED else ""),
        )
    if instrument.halted:
        return Refusal(
            RejectReason.INSTRUMENT_HALTED, f"trading in {instrument.symbol} is halted; cancels still work"
        )
    if not view.market_open and terms.time_in_force is not _GTC:
        return Refusal(
            RejectReason.MARKET_CLOSED,
            "the market is closed; a GTC order would be taken and wait for the open",
        )
    buying = terms.side is _BUY
    mark = view.prices.get(instrument.instrument_id, 0)
    far = _far_side(stamp, mark, account.limits.collar_basis_points, buying=buying)
    if far == 0:
        return Refusal(
            RejectReason.NO_MARKET,
            f"{instrument.symbol} has no {'offer' if buying else 'bid'} and no last price to judge an order by",
        )
    bound = terms.limit_price or _bound(max(far, terms.stop_price) if buying else far, terms, buying=buying)

    position = account.positions.get(instrument.instrument_id)
    shares = position.shares if position is not None else 0
    closable = abs(shares) - position.closing_held + instead_of[2] if position is not None else 0
    closing = shares < 0 if buying else shares > 0
    quantity = terms.quantity
    if closing and quantity <= closable:
        return Approval(_BUY_TO_CLOSE if buying else _SELL_TO_CLOSE, 0, quantity, bound)

    return (
        _check_customer(account, view)
        or _check_erroneous(account, instrument, terms, bound, far, view)
        or _check_opening(
            account, instrument, terms, stamp, scheme, view, bound, shares, closable, instead_of
        )
    )


def _far_side(stamp: QuoteStamp, mark: int, collar_bps: int, *, buying: bool) -> int:
    """Price to judge by: the far side of the quote, held within a collar of the last good mark.

    A quote beyond the collar on the near side (an offer far below the mark, a bid far above) is a mistake that would make every
    order look wrong, exits too: the mark stands in for it.
    """
    far = stamp.ask if buying else stamp.bid
    if mark <= 0:
        return max(far, 0)
    reach = mark * collar_bps // _BPS
    if buying:
        return min(far, mark + reach) if far >= max(mark - reach, 1) else mark
    return max(far, mark - reach) if 0 < far <= mark + reach else mark


def _bound(far: int, terms: OrderTerms, *, buying: bool) -> int:
    """Worst price of a market or stop order: the collar, on a whole cent (a hundredth of one below a dollar)."""
    reach = far * MARKET_COLLAR_BPS // _BPS
    price = far + reach if buying else (min(far, terms.stop_price) if terms.stop_price else far) - reach
    return _whole(price)


def _whole(price: int) -> int:
    unit = _whole_unit(price)
    return max(price - price % unit, unit)


def exit_bound(terms: OrderTerms, stamp: QuoteStamp, mark: int, collar_bps: int, entered: int) -> int:
    """Worst price of an exit without a limit, by the quotes of the moment: a stop that the market jumped over must get out too."""
    buying = terms.side is _BUY
    far = _far_side(stamp, mark, collar_bps, buying=buying)
    if far <= 0:
        return entered
    bound = _whole(far + far * MARKET_COLLAR_BPS // _BPS if buying else far - far * MARKET_COLLAR_BPS // _BPS)
    return max(bound, entered) if buying else min(bound, entered)


def _whole_unit(price: int) -> int:
    """A cent from a dollar up, a hundredth of one below: what every price of a house's own making is rounded to."""
    return PRICE_UNIT // 100 if price >= PRICE_UNIT else 1


def _check_customer(account: Account, view: RiskView) -> Refusal | None:
    if view.firm_killed or account.killed:
        scope = "the whole firm" if view.firm_killed else f"account {account.number}"
        return Refusal(
            RejectReason.KILL_SWITCH,
            f"the desk has stopped new orders for {scope}; orders that reduce risk pass",
        )
    if account.state is _ENABLED:
        return None
    reason = {
        AccountState.CLOSED: RejectReason.ACCOUNT_CLOSED,
        AccountState.DISABLED: RejectReason.ACCOUNT_DISABLED,
        AccountState.CLOSE_ONLY: RejectReason.ACCOUNT_CLOSE_ONLY,
    }[account.state]
    return Refusal(
        reason,
        f"account {account.number} is {account.state.name.lower().replace('_', ' ')}; orders that reduce a position pass",
    )


def _check_erroneous(
    account: Account, instrument: Instrument, terms: OrderTerms, bound: int, far: int, view: RiskView
) -> Refusal | None:
    limits = account.limits
    if terms.limit_price and not terms.stop_price:
        reach = far * limits.collar_basis_points // _BPS
        if terms.side is _BUY and terms.limit_price > far + reach:
            return _collar_refusal(instrument, terms, far + reach, far)
        if terms.side is _SELL and terms.limit_price < far - reach:
            return _collar_refusal(instrument, terms, far - reach, far)
    if terms.quantity > limits.order_shares_max:
        return Refusal(
            RejectReason.ORDER_SHARES_MAX,
            f"{terms.quantity} shares exceed the account's limit of {limits.order_shares_max} an order",
        )
    value = bound * terms.quantity * MONEY_PER_PRICE_SHARE
    if value > limits.order_notional_max:
        fits = limits.order_notional_max // (bound * MONEY_PER_PRICE_SHARE)
        return Refusal(
            RejectReason.ORDER_NOTIONAL_MAX,
            f"{dollars(value)} exceeds the account's limit of {dollars(limits.order_notional_max)} an order; "
            f"{fits} shares at {format_price(bound)} would pass",
        )
    if len(account.open_orders) >= limits.open_orders_max:
        return Refusal(
            RejectReason.OPEN_ORDERS_MAX,
            f"the account has {len(account.open_orders)} open orders, its limit is {limits.open_orders_max}; cancel one",
        )
    if limits.duplicate_window_ns and account.last_entry is not None:
        last_terms, last_ns = account.last_entry
        if last_terms == terms and view.now_ns - last_ns < limits.duplicate_window_ns:
            return Refusal(
                RejectReason.DUPLICATE_ORDER,
                f"the same order came {(view.now_ns - last_ns) // 1_000_000} ms ago; "
                f"after {limits.duplicate_window_ns // 1_000_000} ms it would pass",
            )
    return None


def _collar_refusal(instrument: Instrument, terms: OrderTerms, bound: int, far: int) -> Refusal:
    buying = terms.side is _BUY
    unit = _whole_unit(bound)
    bound = bound - bound % unit if buying else -(-bound // unit) * unit
    return Refusal(
        RejectReason.COLLAR,
        f"{'buy' if buying else 'sell'} limit {format_price(terms.limit_price)} is too far through the "
        f"{'offer' if buying else 'bid'} {format_price(far)} of {instrument.symbol}; "
        f"{format_price(bound)} or {'lower' if buying else 'higher'} would pass",
    )


def _check_opening(
    account: Account,
    instrument: Instrument,
    terms: OrderTerms,
    stamp: QuoteStamp,
    scheme: CommissionTerms,
    view: RiskView,
    bound: int,
    shares: int,
    closable: int,
    instead_of: tuple[int, int, int],
) -> Approval | Refusal:
    buying, quantity = terms.side is _BUY, terms.quantity
    if shares > 0 and not buying:
        return Refusal(
            RejectReason.INSUFFICIENT_SHARES,
            f"insufficient qty available for order (requested: {quantity}, available: {closable}); "
            f"{shares} {instrument.symbol} are held, {shares - closable} of them promised to open orders",
        )
    if shares < 0 and buying:
        return Refusal(
            RejectReason.POSITION_FLIP,
            f"buying {quantity} would turn the short position of {-shares} long in one order; "
            f"up to {closable} would pass, the rest as a second order after it fills",
        )
    for other_id, (instrument_id, side, limit, opens) in sorted(account.open_orders.items()):
        if instrument_id != instrument.instrument_id or side == terms.side or other_id == instead_of[0]:
            continue
        if opens:
            return Refusal(
                RejectReason.OPPOSITE_ORDER_CROSSES,
                f"cannot open a {'long buy' if buying else 'short sale'} while order {other_id} on the other side is open; "
                "cancel that first",
            )
        if _crosses(terms, limit, buying=buying):
            return Refusal(
                RejectReason.OPPOSITE_ORDER_CROSSES,
                f"potential wash trade detected: it could trade with your own open order {other_id}; cancel that first",
            )
    funds, credit = funds_and_credit(view.ledger, account, view.prices, view.instruments, view.margin)
    funds += instead_of[1]
    charges = scheme.charge(quantity) + CENT
    if buying:
        rate = initial_rate_ppm(instrument, view.margin) if credit else MILLION
        need = bound * quantity * MONEY_PER_PRICE_SHARE * rate // MILLION + charges
    else:
        price = max(bound, stamp.ask * SHORT_HOLD_BPS // _BPS, view.prices.get(instrument.instrument_id, 0))
        rate = view.margin.initial_ppm if credit else MILLION
        need = short_requirement(price, quantity, rate, view.margin) + charges
    if need > funds:
        lends = credit and rate < MILLION
        return _buying_power_refusal(account, quantity, need, funds, charges, lends=lends)
    if buying:
        return Approval(_BUY_TO_OPEN, need, 0, bound)
    if account.kind is not _MARGIN or not account.short_permitted or not credit:
        return Refusal(
            RejectReason.SHORT_NOT_PERMITTED,
            f"account {account.number} holds no {instrument.symbol} to sell and may not sell short; "
            "short sales need a margin account with that permission and the minimum equity of FINRA 4210(b)",
        )
    if not instrument.easy_to_borrow:
        return Refusal(
            RejectReason.NOT_EASY_TO_BORROW,
            f"{instrument.symbol} is not on today's easy-to-borrow list; a short sale needs a locate (Reg SHO 203(b)(1))",
        )
    return Approval(_SELL_SHORT, need, 0, bound)


def _crosses(terms: OrderTerms, other_limit: int, *, buying: bool) -> bool:
    """Tell whether an order could execute against an own one; one without a limit could at any price."""
    if not terms.limit_price or not other_limit:
        return True
    return terms.limit_price >= other_limit if buying else terms.limit_price <= other_limit


def _buying_power_refusal(
    account: Account, quantity: int, need: int, funds: int, charges: int, *, lends: bool
) -> Refusal:
    available = max(funds, 0)
    fits = max((available - charges) * quantity // max(need - charges, 1), 0)
    multiple = 2 if lends else 1
    return Refusal(
        RejectReason.BUYING_POWER,
        f"insufficient buying power: the order needs {dollars(need * multiple)}, account {account.number} has "
        f"{dollars(available * multiple)} after open orders "
        f"({'Regulation T, 50 % initial margin' if lends else 'no credit: the whole price'}); about {fits} shares would pass",
    )
