"""Vectors that the room `rules` answers: each kind mapped to product functions, no answer written down here."""

from __future__ import annotations

import datetime as dt

from vector_numbers import cents, day, money, only, plain, plain_fraction, ppm, price

from rushtrade.domain.numbers import format_money, notional
from rushtrade.rules.cash_account import CashAccount
from rushtrade.rules.day_trading import (
    INTRADAY_RULES,
    LEGACY_RULES,
    IntradayLevel,
    intraday_dates,
    is_pattern_day_trader,
    legacy_buying_power,
    legacy_call,
    minor_deficit_limit,
)
from rushtrade.rules.fees import CAT, SECTION_31, TAF, activity_fee, audit_trail_fee, section_31_fee
from rushtrade.rules.margin import (
    MARGIN,
    ConcentrationTier,
    PriceTier,
    against_the_box,
    concentration_rate_ppm,
    debit_interest,
    initial_long,
    initial_short,
    leveraged_rate_ppm,
    margin_state,
    part,
    price_tier_rate_ppm,
    trigger_price_long,
    trigger_price_short,
)
from rushtrade.rules.memorandum import Memorandum
from rushtrade.rules.resale import (
    RULE_144,
    THRESHOLD,
    earliest_resale,
    resale_volume,
    threshold_day,
)
from rushtrade.rules.settlement import ex_date_of_payable_date, ex_date_of_record_date, settlement_of

TODAY = dt.date(2026, 11, 20)
"""The rules' date for vectors that name none."""
LEGACY_LAST = dt.date(2026, 6, 3)
"""The last day on which the legacy day trading rule bound every firm."""


def settlement_date(inputs):
    only(inputs, "trade_date")
    found = settlement_of(day(inputs["trade_date"]))
    return {
        "cycle": f"T+{found.cycle_days}",
        "settlement_date": found.settlement_date.isoformat(),
        "regt_date": found.reg_t_date.isoformat(),
    }


def ex_date(inputs):
    only(inputs, "record_date", "payable_date", "distribution_pct_of_value")
    if inputs["distribution_pct_of_value"] == ">=25":
        found = ex_date_of_payable_date(day(inputs["payable_date"]))
    else:
        assert inputs["distribution_pct_of_value"] == "<25"
        found = ex_date_of_record_date(day(inputs["record_date"]))
    return {"ex_date": found.isoformat()}


def fee_sec31(inputs):
    only(inputs, "charge_date", "side", "principal")
    rate = SECTION_31.on(day(inputs["charge_date"]))
    sale = inputs["side"] != "buy"
    fee = section_31_fee(money(inputs["principal"]), rate) if sale else 0
    return {"rate_per_million": f"{rate // 100}.{rate % 100:02d}", "fee": cents(fee)}


def fee_taf(inputs):
    only(inputs, "trade_date", "side", "shares", "price")
    terms = TAF.on(day(inputs["trade_date"]))
    charged = inputs["side"] != "buy" and ("price" not in inputs or terms.applies_at(price(inputs["price"])))
    fee = activity_fee(inputs["shares"], terms) if charged else 0
    dollars, rest = divmod(terms.cap, 1_000_000)
    return {
        "rate": plain(terms.rate),
        "cap": cents(terms.cap) if rest else str(dollars),
        "fee": cents(fee),
    }


def fee_cat(inputs):
    only(inputs, "trade_date", "side", "executed_equivalent_shares", "rate")
    rate = money(inputs["rate"]) if "rate" in inputs else CAT.on(day(inputs["trade_date"]))
    shares = inputs["executed_equivalent_shares"]
    return {
        "fee_unrounded": format_money(shares * rate),
        "fee_rounded_up": cents(audit_trail_fee(shares, rate)),
    }


def margin_initial_long(inputs):
    only(inputs, "shares", "price", "account", "regt_rate", "minimum_equity")
    cost = notional(price(inputs["price"]), inputs["shares"])
    deposit = initial_long(
        cost, initial_ppm=ppm(inputs["regt_rate"]), minimum_equity=money(inputs["minimum_equity"])
    )
    return {"cost": cents(cost), "required_deposit": cents(deposit)}


def margin_initial_short(inputs):
    only(inputs, "shares", "price", "regt_rate")
    value = notional(price(inputs["price"]), inputs["shares"])
    deposit = initial_short(
        inputs["shares"], price(inputs["price"]), MARGIN.on(TODAY), initial_ppm=ppm(inputs["regt_rate"])
    )
    return {
        "short_market_value": cents(value),
        "required_deposit": cents(deposit),
        "credit_balance_after_deposit": cents(value + deposit),
    }


def margin_maintenance_long(inputs):
    only(inputs, "long_market_value", "debit_balance", "rate")
    value = money(inputs["long_market_value"])
    state = margin_state(
        long_value=value,
        short_value=0,
        debit=money(inputs["debit_balance"]),
        credit=0,
        requirement=part(value, ppm(inputs["rate"])),
    )
    return {
        "equity": cents(state.equity),
        "requirement": cents(state.requirement),
        "call": cents(state.call),
        "excess": cents(state.excess),
    }


def margin_maintenance_short(inputs):
    only(inputs, "shares", "price")
    rule = MARGIN.on(TODAY).maintenance_short
    return {"requirement": cents(rule.requirement(inputs["shares"], price(inputs["price"])))}


def margin_account(inputs):
    only(inputs, "longs", "shorts", "debit_balance", "credit_balance", "long_rate")
    longs = [notional(price(at), shares) for shares, at in inputs["longs"]]
    shorts = [(shares, price(at)) for shares, at in inputs["shorts"]]
    rule = MARGIN.on(TODAY).maintenance_short
    rate = ppm(inputs["long_rate"])
    requirement = sum(part(value, rate) for value in longs)
    requirement += sum(rule.requirement(shares, at) for shares, at in shorts)
    long_value, short_value = sum(longs), sum(notional(at, shares) for shares, at in shorts)
    state = margin_state(
        long_value=long_value,
        short_value=short_value,
        debit=money(inputs["debit_balance"]),
        credit=money(inputs["credit_balance"]),
        requirement=requirement,
    )
    return {
        "long_market_value": cents(long_value),
        "short_market_value": cents(short_value),
        "equity": cents(state.equity),
        "requirement": cents(state.requirement),
        "excess": cents(state.excess),
        "call": cents(state.call),
    }


def margin_trigger_price(inputs):
    only(inputs, "side", "shares", "debit_balance", "credit_balance", "rate")
    rate = ppm(inputs["rate"])
    if inputs["side"] == "long":
        found = trigger_price_long(inputs["shares"], money(inputs["debit_balance"]), rate)
    else:
        found = trigger_price_short(inputs["shares"], money(inputs["credit_balance"]), rate)
    return {"trigger_price": f"{found // 10_000}.{found % 10_000:04d}"}


def margin_sma(inputs):
    only(inputs, "steps")
    state = Memorandum(initial_ppm=MARGIN.on(TODAY).initial_ppm)
    after_each = []
    for step in inputs["steps"]:
        state = _memorandum_step(state, step)
        after_each.append(
            {
                "lmv": cents(state.long_value),
                "debit": cents(state.debit),
                "equity": cents(state.equity),
                "sma": cents(state.sma),
                "buying_power": cents(state.buying_power),
            }
        )
    return {"after_each": after_each}


def _memorandum_step(state, step):
    match step["do"]:
        case "buy":
            only(step, "do", "shares", "price", "deposit")
            return state.bought(
                notional(price(step["price"]), step["shares"]), money(step.get("deposit", "0"))
            )
        case "sell":
            only(step, "do", "shares", "price", "amount")
            proceeds = (
                notional(price(step["price"]), step["shares"]) if "shares" in step else money(step["amount"])
            )
            return state.sold(proceeds)
        case "mark":
            only(step, "do", "lmv")
            return state.marked(money(step["lmv"]))
        case "withdraw":
            only(step, "do", "amount")
            return state.withdrew(money(step["amount"]))
        case "deposit":
            only(step, "do", "amount")
            return state.deposited(money(step["amount"]))
    raise AssertionError(f"no mapping for step {step}")


def margin_house_price_tier(inputs):
    only(inputs, "shares", "price", "tiers")
    tiers = tuple(
        PriceTier(price(tier["below"]) if tier["below"] is not None else None, ppm(tier["rate"]))
        for tier in inputs["tiers"]
    )
    at = price(inputs["price"])
    return {"requirement": cents(part(notional(at, inputs["shares"]), price_tier_rate_ppm(at, tiers)))}


def margin_concentration(inputs):
    only(inputs, "position_value", "account_long_value", "base_rate", "tiers")
    tiers = tuple(
        ConcentrationTier(ppm(tier["above_pct_of_account"]), ppm(tier["rate"])) for tier in inputs["tiers"]
    )
    value = money(inputs["position_value"])
    rate = concentration_rate_ppm(value, money(inputs["account_long_value"]), ppm(inputs["base_rate"]), tiers)
    return {"rate": plain(rate), "requirement": cents(part(value, rate))}


def margin_leveraged_etf(inputs):
    only(inputs, "leverage", "side", "market_value")
    rate = leveraged_rate_ppm(inputs["leverage"], MARGIN.on(TODAY), short=inputs["side"] == "short")
    return {"rate": plain(rate), "requirement": cents(part(money(inputs["market_value"]), rate))}


def margin_short_against_box(inputs):
    only(inputs, "long_shares", "short_shares", "price")
    found = against_the_box(
        inputs["long_shares"], inputs["short_shares"], price(inputs["price"]), MARGIN.on(TODAY)
    )
    return {"requirement": cents(found)}


def margin_interest(inputs):
    only(inputs, "settled_debit", "annual_rate", "days", "basis")
    found = debit_interest(
        money(inputs["settled_debit"]), ppm(inputs["annual_rate"]), inputs["days"], inputs["basis"]
    )
    return {"interest": cents(found)}


def cash_account_violation(inputs):
    only(inputs, "settled_cash", "holdings_fully_paid", "events", "deposits")
    account = CashAccount(
        money(inputs["settled_cash"]),
        tuple(inputs["holdings_fully_paid"]),
        tuple((day(deposit["date"]), money(deposit["amount"])) for deposit in inputs.get("deposits", [])),
    )
    for event in inputs["events"]:
        only(event, "date", "do", "symbol", "amount")
        act = {"buy": account.buy, "sell": account.sell}[event["do"]]
        act(day(event["date"]), event["symbol"], money(event["amount"]))
    found = {
        "violations": [
            {"date": entry.day.isoformat(), "type": entry.kind, "symbol": entry.symbol}
            for entry in account.violations
        ]
    }
    until = account.restricted_until()
    return found | ({"restricted_until": until.isoformat()} if until else {})


def legacy_dtbp(inputs):
    only(inputs, "prior_close_equity", "prior_close_maintenance", "multiple")
    found = legacy_buying_power(
        money(inputs["prior_close_equity"]), money(inputs["prior_close_maintenance"]), inputs["multiple"]
    )
    return {"day_trading_buying_power": cents(found)}


def legacy_day_trade_call(inputs):
    only(inputs, "day_trading_buying_power", "day_trades", "method")
    methods = {"largest open day-trade exposure": False, "aggregate": True, "sum of day trades": True}
    found = legacy_call(
        money(inputs["day_trading_buying_power"]),
        tuple(money(trade["cost"]) for trade in inputs["day_trades"]),
        aggregate=methods[inputs["method"]],
    )
    return {"call": cents(found)}


def legacy_pdt_designation(inputs):
    only(inputs, "day_trades_in_5_business_days", "total_trades_in_same_period")
    found = is_pattern_day_trader(
        inputs["day_trades_in_5_business_days"],
        inputs["total_trades_in_same_period"],
        LEGACY_RULES.on(LEGACY_LAST),
    )
    return {"pattern_day_trader": found}


def intraday_margin_deficit(inputs):
    only(
        inputs,
        *("start_cash", "start_positions", "events", "long_rate", "short_rate"),
        "deposits_treated_as_start_of_day",
    )
    assert inputs["short_rate"] == "4210(c)"
    account = IntradayLevel(
        money(inputs["start_cash"]),
        long_rate_ppm=ppm(inputs["long_rate"]),
        short=MARGIN.on(TODAY).maintenance_short,
    )
    for symbol, (shares, at) in inputs["start_positions"].items():
        account.start_with(symbol, shares, price(at))
    early = inputs["deposits_treated_as_start_of_day"]
    if early:
        for event in inputs["events"]:
            if event["do"] == "deposit":
                account.deposit(money(event["amount"]))
    levels = [_intraday_event(account, event, early=early) for event in inputs["events"]]
    return {
        "iml_after_each": [cents(level) for level in levels],
        "intraday_margin_deficit": cents(account.deficit),
    }


def _intraday_event(account, event, *, early):
    match event["do"]:
        case "buy" | "cover":
            return account.trade(event["symbol"], event["shares"], price(event["price"]))
        case "sell" | "short":
            return account.trade(event["symbol"], -event["shares"], price(event["price"]))
        case "mark":
            return account.mark(event["symbol"], price(event["price"]))
        case "deposit":
            return account.level if early else account.deposit(money(event["amount"]))
        case "withdraw":
            return account.withdraw(money(event["amount"]))
    raise AssertionError(f"no mapping for event {event}")


def intraday_margin_dates(inputs):
    only(inputs, "deficit_date")
    found = intraday_dates(day(inputs["deficit_date"]))
    return {
        "fifth_business_day": found.practice_date.isoformat(),
        "fifteenth_business_day": found.cure_date.isoformat(),
        "freeze_last_day_if_unmet": found.freeze_last_day.isoformat(),
    }


def intraday_margin_minor(inputs):
    only(inputs, "account_equity", "deficit")
    limit = minor_deficit_limit(money(inputs["account_equity"]), INTRADAY_RULES.on(TODAY))
    return {"limit": cents(limit), "minor": money(inputs["deficit"]) <= limit}


def intraday_margin_sale_credit(inputs):
    only(inputs, "sale_amount", "maintenance_rate")
    return {"deficit_reduced_by": cents(part(money(inputs["sale_amount"]), ppm(inputs["maintenance_rate"])))}


def regsho_threshold(inputs):
    only(inputs, "shares_outstanding", "fails_by_settlement_day")
    found = threshold_day(
        inputs["shares_outstanding"], tuple(inputs["fails_by_settlement_day"]), THRESHOLD.on(TODAY)
    )
    return {"becomes_threshold_on_day": found}


def rule144_volume_limit(inputs):
    only(inputs, "shares_outstanding", "weekly_volume_last_4", "exchange_listed")
    found = resale_volume(
        inputs["shares_outstanding"],
        tuple(inputs["weekly_volume_last_4"]),
        RULE_144.on(TODAY),
        exchange_listed=inputs["exchange_listed"],
    )
    return {
        "one_percent": plain_fraction(found.outstanding_part),
        "average_weekly_volume": plain_fraction(found.average_weekly_volume),
        "three_month_limit": found.shares_max,
    }


def rule144_holding_period(inputs):
    only(inputs, "acquired_and_fully_paid", "reporting_issuer")
    acquired = day(inputs["acquired_and_fully_paid"])
    terms = RULE_144.on(acquired)
    months = terms.months_reporting if inputs["reporting_issuer"] else terms.months_other
    return {"months": months, "earliest_resale": earliest_resale(acquired, months).isoformat()}


KINDS = {
    function.__name__: function
    for function in (
        *(settlement_date, ex_date, fee_sec31, fee_taf, fee_cat),
        *(margin_initial_long, margin_initial_short, margin_maintenance_long, margin_maintenance_short),
        *(margin_account, margin_trigger_price, margin_sma, margin_house_price_tier, margin_concentration),
        *(margin_leveraged_etf, margin_short_against_box, margin_interest, cash_account_violation),
        *(legacy_dtbp, legacy_day_trade_call, legacy_pdt_designation),
        *(intraday_margin_deficit, intraday_margin_dates, intraday_margin_minor, intraday_margin_sale_credit),
        *(regsho_threshold, rule144_volume_limit, rule144_holding_period),
    )
}
