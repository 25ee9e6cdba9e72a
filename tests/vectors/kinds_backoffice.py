"""Vectors of commissions, each kind mapped to product functions of `backoffice`."""

from __future__ import annotations

from vector_numbers import cents, money, only

from rushtrade.backoffice.commissions import (
    PassThroughFill,
    PassThroughRate,
    Tier,
    execution_commission,
    order_commission,
    tiered_commission,
)
from rushtrade.backoffice.commissions import (
    ecn_pass_through as pass_through,
)
from rushtrade.domain.accounts import CommissionTerms


def commission(inputs):
    match inputs["type"]:
        case "per_share":
            only(inputs, "type", "rate", "min", "max", "qty")
            terms = _terms(per_share=inputs["rate"], low=inputs.get("min", "0"), high=inputs.get("max", "0"))
            found = order_commission(terms, inputs["qty"])
        case "per_trade":
            only(inputs, "type", "amount", "qty")
            found = order_commission(_terms(per_trade=inputs["amount"]), inputs["qty"])
        case "per_execution":
            only(inputs, "type", "amount", "executions", "qty")
            found = execution_commission(money(inputs["amount"]), inputs["executions"])
        case "tiered":
            only(inputs, "type", "tiers", "prior_month_shares", "qty", "regressive")
            tiers = [Tier(None if top is None else int(top), money(rate)) for top, rate in inputs["tiers"]]
            found = tiered_commission(
                tiers, inputs["prior_month_shares"], inputs["qty"], regressive=inputs["regressive"]
            )
        case other:
            raise AssertionError(f"no mapping for commission type {other}")
    return {"commission": cents(found)}


def _terms(*, per_share: str = "0", per_trade: str = "0", low: str = "0", high: str = "0") -> CommissionTerms:
    return CommissionTerms(1, "vector", money(per_share), money(per_trade), money(low), money(high))


def ecn_pass_through(inputs):
    only(inputs, "schedule_per_share_credit", "fills")
    schedule = {
        venue: PassThroughRate(money(adding), money(removing))
        for venue, (adding, removing) in inputs["schedule_per_share_credit"].items()
    }
    added = {"add": True, "remove": False}
    fills = [PassThroughFill(venue, added[how], shares) for venue, how, shares in inputs["fills"]]
    return {"net_credit_to_customer": cents(pass_through(schedule, fills))}


KINDS = {function.__name__: function for function in (commission, ecn_pass_through)}
