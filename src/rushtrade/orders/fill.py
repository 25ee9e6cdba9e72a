"""From an execution to the event that books it: charges, transfers, and what the hold shrinks to.

Commission counts over the whole order; regulatory fees over what the order executed on the trade date, rounded up once: each
execution is charged what is due so far less what was charged before. Venue fees are the firm's, by the route's schedule of the day.
"""

from __future__ import annotations

from rushtrade.domain.accounts import CommissionTerms
from rushtrade.domain.events import OrderFilled
from rushtrade.domain.numbers import MONEY_PER_PRICE_SHARE, PRICE_UNIT
from rushtrade.domain.orders import Liquidity, Side
from rushtrade.domain.routes import Route
from rushtrade.domain.transfers import CASH, LedgerCode, Transfer, TransferCode, ledger_account
from rushtrade.orders.order import Child, Order
from rushtrade.rules.day import RulesForDay
from rushtrade.rules.fees import activity_fee, audit_trail_fee, section_31_fee

_STREET = ledger_account(0, LedgerCode.STREET)
_COMMISSION = ledger_account(0, LedgerCode.COMMISSION_INCOME)
_SEC_FEE = ledger_account(0, LedgerCode.SEC_FEE)
_TAF = ledger_account(0, LedgerCode.TAF)
_CAT_FEE = ledger_account(0, LedgerCode.CAT_FEE)
_VENUE_FEES = ledger_account(0, LedgerCode.VENUE_FEES)
_UNSETTLED = LedgerCode.CUSTOMER_UNSETTLED
_MILLION = 1_000_000
# members by name: looking one up in its class costs more than the check it is for
_ADDED = Liquidity.ADDED
_BUY = Side.BUY
_TRADE_CASH = TransferCode.TRADE_CASH
_TRADE_SHARES = TransferCode.TRADE_SHARES
_COMMISSION_CODE = TransferCode.COMMISSION
_SEC_FEE_CODE = TransferCode.SEC_FEE
_TAF_CODE = TransferCode.TAF
_CAT_FEE_CODE = TransferCode.CAT_FEE
_VENUE_FEE_CODE = TransferCode.VENUE_FEE


def venue_fee(route: Route, price: int, shares: int, liquidity: Liquidity) -> int:
    """What a venue charges the firm for an execution in micro-dollars, a fraction of one as a whole; negative = it pays."""
    added = liquidity is _ADDED
    if price >= PRICE_UNIT:
        return (route.make_mils if added else route.take_mils) * shares * MONEY_PER_PRICE_SHARE
    rate_ppm = route.make_sub_dollar_ppm if added else route.take_sub_dollar_ppm
    return -(-price * shares * MONEY_PER_PRICE_SHARE * rate_ppm // _MILLION)


def fill(
    order: Order,
    child: Child,
    route: Route,
    scheme: CommissionTerms,
    rules: RulesForDay,
    match_number: int,
    price: int,
    shares: int,
    liquidity: Liquidity,
) -> OrderFilled:
    """Give the event that books `shares` of `child` at `price`."""
    terms = order.terms
    money = price * shares * MONEY_PER_PRICE_SHARE
    customer = order.account_id << 4 | _UNSETTLED
    buying = terms.side is _BUY
    instrument_id = terms.instrument_id
    if buying:
        transfers = [
            Transfer(_TRADE_CASH, customer, _STREET, CASH, money),
            Transfer(_TRADE_SHARES, _STREET, customer, instrument_id, shares),
        ]
    else:
        transfers = [
            Transfer(_TRADE_CASH, _STREET, customer, CASH, money),
            Transfer(_TRADE_SHARES, customer, _STREET, instrument_id, shares),
        ]
    filled = order.filled + shares
    commission = scheme.charge(filled) - order.commission
    if commission > 0:
        transfers.append(Transfer(_COMMISSION_CODE, customer, _COMMISSION, CASH, commission))
    else:
        commission = 0
    sec_fee = taf = cat = 0
    day_shares = order.day_shares + shares
    if not buying:
        sec_fee = section_31_fee(order.day_money + money, rules.section_31_rate) - order.sec_fee
        if sec_fee > 0:
            transfers.append(Transfer(_SEC_FEE_CODE, customer, _SEC_FEE, CASH, sec_fee))
        taf = activity_fee(day_shares, rules.taf) - order.taf if rules.taf.applies_at(price) else 0
        if taf > 0:
            transfers.append(Transfer(_TAF_CODE, customer, _TAF, CASH, taf))
    if rules.cat_rate:
        cat = audit_trail_fee(day_shares, rules.cat_rate) - order.cat_fee
        if cat > 0:
            transfers.append(Transfer(_CAT_FEE_CODE, customer, _CAT_FEE, CASH, cat))
    charged = venue_fee(route, price, shares, liquidity)
    if charged > 0:
        transfers.append(Transfer(_VENUE_FEE_CODE, _VENUE_FEES, _STREET, CASH, charged))
    elif charged < 0:
        transfers.append(Transfer(_VENUE_FEE_CODE, _STREET, _VENUE_FEES, CASH, -charged))
    leaves = terms.quantity - filled
    hold_money = order.hold_money
    if hold_money:
        hold_money = hold_money * leaves // (leaves + shares)
    sec_fee, taf, cat = max(sec_fee, 0), max(taf, 0), max(cat, 0)
    return OrderFilled(
        order.order_id,
        order.account_id,
        instrument_id,
        child.token,
        child.venue,
        match_number,
        shares if buying else -shares,
        price,
        leaves,
        liquidity,
        commission,
        sec_fee + taf + cat,
        charged,
        hold_money,
        max(order.hold_shares - shares, 0),
        tuple(transfers),
        sec_fee,
        taf,
        cat,
    )
