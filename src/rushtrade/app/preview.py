"""What an order would do now, worked out by the very functions that would decide it; nothing is entered."""

from __future__ import annotations

from rushtrade.api import ports
from rushtrade.app.runtime import Runtime
from rushtrade.core.decide_orders import check_route, is_triggered, make_plan
from rushtrade.core.state import HouseState
from rushtrade.domain.numbers import format_price, notional
from rushtrade.domain.orders import Intent, Liquidity, OrderTerms, Side
from rushtrade.domain.plans import Plan, Strategy
from rushtrade.domain.quotes import QuoteStamp
from rushtrade.domain.rejects import RejectReason
from rushtrade.orders.fill import venue_fee
from rushtrade.risk.checks import Approval, check_order
from rushtrade.risk.form import Refusal, check_form
from rushtrade.risk.valuation import summarize

_FAR_BASIS_POINTS = 100
"""A limit this far from the near side of the quote is pointed out before it is sent."""


def preview_port(runtime: Runtime) -> ports.PreviewOrder:
    """Give the port of a running house."""

    def preview(account_id: int, terms: OrderTerms, stamp: QuoteStamp) -> ports.Preview:
        return preview_order(runtime.day.core.state, account_id, terms, stamp)

    return preview


def preview_order(state: HouseState, account_id: int, terms: OrderTerms, stamp: QuoteStamp) -> ports.Preview:
    """Check, plan and price an order against the house as it is."""
    account = state.accounts[account_id]
    summary = summarize(state.ledger, account, state.risk.prices, state.instruments, state.risk.margin)
    verdict = _check(state, account_id, terms, stamp)
    buying = terms.side is Side.BUY
    reference = (
        terms.limit_price
        or (stamp.ask if buying else stamp.bid)
        or state.risk.prices.get(terms.instrument_id, 0)
    )
    legs: list[ports.PreviewLeg] = []
    warnings: list[str] = []
    shares = max(terms.quantity, 0)
    value = notional(reference, shares)
    reject: tuple[int, str] | None = None
    held = 0
    if isinstance(verdict, Refusal):
        reject = (int(verdict.reason), verdict.text)
    else:
        held = verdict.hold_money * summary.multiplier
        warnings = _warnings(terms, stamp, verdict)
        if not terms.stop_price or is_triggered(terms, stamp.last):
            plan = make_plan(state, terms, terms.quantity, verdict.bound, 0, stamp)
            legs = _legs(state, plan)
            if plan.expected_shares == terms.quantity:
                value = sum(notional(leg.price, leg.shares) for leg in legs)
    scheme = state.schemes[account.scheme_id]
    commission = scheme.charge(shares)
    fees = _fees(state, value, shares, buying=buying)
    charges = commission + sum(amount for _, amount in fees)
    return ports.Preview(
        reference_price=reference,
        notional=value,
        commission=commission,
        fees=fees,
        total=value + charges if buying else charges - value,
        buying_power_before=summary.buying_power,
        buying_power_after=max(summary.buying_power - held, 0),
        position_after=account.shares(terms.instrument_id) + (shares if buying else -shares),
        legs=legs,
        warnings=warnings,
        reject=reject,
    )


def _check(state: HouseState, account_id: int, terms: OrderTerms, stamp: QuoteStamp) -> Approval | Refusal:
    rules = state.rules
    instrument = state.instruments.get(terms.instrument_id)
    if rules is None or instrument is None:
        return Refusal(RejectReason.MARKET_CLOSED, "no trade date is open")
    account = state.accounts[account_id]
    return (
        check_form(terms, rules.ticks.tick(terms.limit_price or terms.stop_price))
        or check_route(state, instrument, terms)
        or check_order(account, instrument, terms, stamp, state.schemes[account.scheme_id], state.risk)
    )


def _legs(state: HouseState, plan: Plan) -> list[ports.PreviewLeg]:
    liquidity = Liquidity.ADDED if plan.strategy is Strategy.POST else Liquidity.REMOVED
    return [
        ports.PreviewLeg(
            child.venue,
            child.shares,
            child.price,
            venue_fee(state.desk.routes[child.venue], child.price, child.shares, liquidity),
        )
        for child in plan.children
    ]


def _fees(state: HouseState, value: int, shares: int, *, buying: bool) -> list[tuple[str, int]]:
    if state.rules is None:
        return []
    fees = state.rules.purchase_fees(shares) if buying else state.rules.sale_fees(value, shares)
    named = (("SEC Section 31", fees.section_31), ("FINRA TAF", fees.taf), ("CAT", fees.cat))
    return [(name, amount) for name, amount in named if amount]


def _warnings(terms: OrderTerms, stamp: QuoteStamp, verdict: Approval) -> list[str]:
    warnings = []
    if verdict.intent is Intent.SELL_SHORT:
        warnings.append("this is a short sale: the account holds no shares of it")
    near = stamp.bid if terms.side is Side.BUY else stamp.ask
    if terms.limit_price and near and abs(terms.limit_price - near) * 10_000 > near * _FAR_BASIS_POINTS:
        warnings.append(
            f"the limit {format_price(terms.limit_price)} is more than 1 % away from the "
            f"{'bid' if terms.side is Side.BUY else 'offer'} {format_price(near)}"
        )
    if stamp.bid and stamp.ask and stamp.bid >= stamp.ask:
        warnings.append(f"the market is {'locked' if stamp.bid == stamp.ask else 'crossed'}")
    return warnings
