"""Vectors that the room `portfolio` answers, each kind mapped to product functions."""

from __future__ import annotations

from fractions import Fraction

from vector_numbers import cents, day, money, only, price

from rushtrade.backoffice.percentages import half_up
from rushtrade.portfolio.attribution import Segment, brinson
from rushtrade.portfolio.internal_rate import internal_rate, internal_rate_dated
from rushtrade.portfolio.model import Holding, compare
from rushtrade.portfolio.performance import Subperiod, annualized, modified_dietz, time_weighted
from rushtrade.portfolio.value_at_risk import historical

RATE_DIGITS = 10


def exact(value: str | int) -> Fraction:
    return Fraction(str(value))


def rate(value: Fraction) -> str:
    return half_up(value, RATE_DIGITS)


def decimal(value: Fraction) -> str:
    """A fraction that ends as a decimal, with as many digits as it has."""
    digits = next(digits for digits in range(60) if (value * 10**digits).denominator == 1)
    return half_up(value, digits)


def mwr_irr(inputs):
    only(inputs, "flows_by_year")
    return {"irr": rate(internal_rate([exact(amount) for amount in inputs["flows_by_year"]]))}


def xirr(inputs):
    only(inputs, "flows")
    return {"xirr": rate(internal_rate_dated([(day(when), exact(much)) for when, much in inputs["flows"]]))}


def twr(inputs):
    only(inputs, "subperiods_begin_end_income", "years")
    cumulative = time_weighted(
        Subperiod(*map(exact, subperiod)) for subperiod in inputs["subperiods_begin_end_income"]
    )
    return {
        "cumulative": rate(cumulative),
        "annualized": rate(annualized(cumulative, exact(inputs["years"]))),
    }


def dietz(inputs):
    only(inputs, "begin", "end", "flows_day_amount", "days")
    flows = [(exact(when), exact(much)) for when, much in inputs["flows_day_amount"]]
    found = modified_dietz(exact(inputs["begin"]), exact(inputs["end"]), flows, exact(inputs["days"]))
    return {"return": rate(found)}


def brinson_effects(inputs):
    only(inputs, "rows_sector_wp_wb_rp_rb")
    found = brinson(
        [Segment(name, *map(exact, numbers)) for name, *numbers in inputs["rows_sector_wp_wb_rp_rb"]]
    )
    return {
        "portfolio_return": decimal(found.portfolio_return),
        "benchmark_return": decimal(found.benchmark_return),
        "active": decimal(found.active_return),
        "allocation_total": decimal(found.allocation),
        "selection_total": decimal(found.selection),
        "interaction_total": decimal(found.interaction),
        "by_sector": [
            {
                "sector": each.name,
                "allocation_bf": decimal(each.allocation),
                "allocation_bhb": decimal(each.allocation_hood_beebower),
                "selection": decimal(each.selection),
                "interaction": decimal(each.interaction),
            }
            for each in found.effects
        ],
    }


def var_historical(inputs):
    only(inputs, "returns", "confidence", "portfolio_value", "method")
    assert inputs["method"] == "k-th worst loss, k = ceil(n*(1-c)); ES = mean of the k worst"
    found = historical(
        [exact(each) for each in inputs["returns"]],
        exact(inputs["confidence"]),
        exact(inputs["portfolio_value"]),
    )
    return {
        "var": half_up(found.value_at_risk, 2),
        "expected_shortfall": half_up(found.expected_shortfall, 2),
    }


def model_drift_rebalance(inputs):
    only(inputs, "cash", "positions_shares_price", "targets", "rule")
    assert inputs["rule"] == "target shares = floor(target x NAV / price)"
    holdings = [
        Holding(symbol, int(shares), price(at))
        for symbol, (shares, at) in inputs["positions_shares_price"].items()
    ]
    targets = {symbol: exact(weight) for symbol, weight in inputs["targets"].items()}
    found = compare(money(inputs["cash"]), holdings, targets)
    return {
        "nav": cents(found.net_asset_value),
        "lines": [
            {
                "symbol": line.symbol,
                "weight": half_up(line.weight, 6),
                "drift": half_up(line.drift, 6),
                "target_shares": line.target_shares,
                "trade": line.trade,
            }
            for line in found.lines
        ],
        "cash_after": cents(found.cash_after),
    }


KINDS = {
    "mwr_irr": mwr_irr,
    "xirr": xirr,
    "twr": twr,
    "modified_dietz": dietz,
    "brinson": brinson_effects,
    "var_historical": var_historical,
    "model_drift_rebalance": model_drift_rebalance,
}
