"""Vectors of lots, corporate actions, corrections, confirmations and reports, each kind mapped to product functions."""

from __future__ import annotations

from fractions import Fraction

from vector_numbers import cents, day, money, only, plain_fraction, price

from rushtrade.backoffice import entitlements, reorganizations
from rushtrade.backoffice.allocation import allocate_block
from rushtrade.backoffice.confirmations import Charges, confirm
from rushtrade.backoffice.corrections import CASH_ASSET, SHARES_ASSET, TradeBook
from rushtrade.backoffice.lots import Lot, Relief, relieve
from rushtrade.backoffice.percentages import change_percent, change_text, half_up, implied_prior
from rushtrade.backoffice.reconciliation import break_count, reconcile
from rushtrade.backoffice.wash_sales import LossSale, Purchase, wash_sale
from rushtrade.domain.numbers import notional
from rushtrade.domain.orders import Side
from rushtrade.rules.day import rules_for_day


def exact(value: str | int) -> Fraction:
    return Fraction(str(value))


def dollars(value: Fraction) -> str:
    return half_up(value, 2)


def lot_relief(inputs):
    only(inputs, "lots", "sell_shares", "sell_price", "method")
    lots = [
        Lot(name, day(acquired), exact(shares), exact(cost))
        for name, acquired, shares, cost in inputs["lots"]
    ]
    uses = relieve(lots, exact(inputs["sell_shares"]), Relief(inputs["method"]))
    basis = sum(use.basis for use in uses)
    found = {
        "lots_used": [[use.lot.lot_id, plain_fraction(use.shares)] for use in uses],
        "basis": dollars(basis),
    }
    if inputs.get("sell_price") is not None:
        proceeds = exact(inputs["sell_shares"]) * exact(inputs["sell_price"])
        found |= {"proceeds": dollars(proceeds), "gain": dollars(proceeds - basis)}
    return found


def wash(inputs):
    only(inputs, "buys", "sale")
    purchases = [
        Purchase(buy["id"], day(buy["date"]), exact(buy["shares"]), exact(buy["price"]))
        for buy in inputs["buys"]
    ]
    sale = inputs["sale"]
    only(sale, "date", "price", "lots")
    lots = tuple((lot, exact(shares)) for lot, shares in sale["lots"])
    found = wash_sale(purchases, LossSale(day(sale["date"]), exact(sale["price"]), lots))
    return {
        "loss": dollars(found.loss),
        "disallowed": dollars(found.disallowed),
        "allowed_loss": dollars(found.allowed_loss),
        "replacement": [
            {
                "id": one.purchase_id,
                "replacement_shares": plain_fraction(one.shares),
                "basis_added": dollars(one.basis_added),
                "new_basis_of_those_shares": dollars(one.basis),
            }
            for one in found.replacements
        ],
    }


def trade_volume_report(inputs):
    only(inputs, "month", "compare", "rows_name_current_prior_decimals")
    found = {}
    for name, current, prior, decimals in inputs["rows_name_current_prior_decimals"]:
        percent = change_percent(int(current), int(prior))
        found[name] = {
            "pct": None if percent is None else half_up(percent, 6),
            "display": change_text(int(current), int(prior), decimals),
        }
    return found


def trade_volume_report_implied_prior(inputs):
    only(inputs, "current", "display_pct", "decimals")
    least, most = implied_prior(inputs["current"], inputs["display_pct"], inputs["decimals"])
    return {"prior_min": least, "prior_max": most}


def recon_positions(inputs):
    only(inputs, "internal", "clearing", "key")
    sides = [
        {key: exact(shares) for key, shares in inputs[side].items()} for side in ("internal", "clearing")
    ]
    lines = reconcile(*sides)
    return {
        "lines": [
            {"key": line.key, "status": line.status.value, "break": plain_fraction(line.difference)}
            for line in lines
        ],
        "breaks": break_count(lines),
    }


def ledger_cancel_correct(inputs):
    only(inputs, "events")
    book, after = TradeBook(), []
    for number, event in enumerate(inputs["events"], 1):
        if event["do"] == "cancel":
            only(event, "do", "of")
            book.cancel(event["of"])
        else:
            only(event, "do", "id", "side", "shares", "price", "fees", "as_of")
            signed = exact(event["shares"]) * {"buy": 1, "sell": -1}[event["side"]]
            book.trade(
                event["id"], signed, exact(event["price"]), exact(event["fees"]), event.get("as_of", "")
            )
        assert len(book.entries) == number
        after.append(
            {
                "trade_date_shares": plain_fraction(book.balance("customer", SHARES_ASSET)),
                "trade_date_cash": dollars(book.balance("customer", CASH_ASSET)),
            }
        )
    every_leg = book.sum_of_legs(CASH_ASSET) + book.sum_of_legs(SHARES_ASSET)
    return {
        "after_each": after,
        "entries_deleted": len(inputs["events"]) - len(book.entries),
        "sum_of_all_legs": dollars(every_leg),
    }


def confirm_10b10(inputs):
    only(inputs, "side", "fills_price_qty", "trade_date", "commission", "capacity", "sec_fee_charge_date")
    assert inputs["sec_fee_charge_date"] == "settlement date"
    side = {"buy": Side.BUY, "sell": Side.SELL}[inputs["side"]]
    fills = [(price(at), shares) for at, shares in inputs["fills_price_qty"]]
    trade_date = day(inputs["trade_date"])
    charges = Charges(money(inputs["commission"]), 0, 0)
    if side is Side.SELL:
        principal = sum(notional(at, shares) for at, shares in fills)
        fees = rules_for_day(trade_date).sale_fees(principal, sum(shares for _, shares in fills))
        charges = Charges(charges.commission, fees.section_31, fees.taf)
    found = confirm(side, fills, trade_date, charges, inputs["capacity"])
    return {
        "trade_date": found.trade_date.isoformat(),
        "settlement_date": found.settlement_date.isoformat(),
        "quantity": found.quantity,
        "average_price": found.average_price,
        "principal": cents(found.principal),
        "commission": cents(found.charges.commission),
        "sec_fee": cents(found.charges.sec_fee),
        "taf": cents(found.charges.taf),
        "net_amount": cents(found.net),
        "must_show": list(found.facts),
    }


def block_allocation_pro_rata(inputs):
    only(inputs, "orders", "fills_price_qty", "rounding")
    orders = [(account, shares) for account, shares in inputs["orders"]]
    found = allocate_block(orders, [(exact(at), shares) for at, shares in inputs["fills_price_qty"]])
    return {
        "average_price": half_up(found.average_price, 4),
        "filled": found.filled,
        "allocations": [
            {"account": part.account, "shares": part.shares, "gross": dollars(part.gross)}
            for part in found.slices
        ],
        "street_gross": dollars(found.street_gross),
        "residual": dollars(found.residual),
    }


def ca_split(inputs):
    only(inputs, "shares", "total_basis", "new", "old", "cash_in_lieu_price")
    in_lieu = inputs.get("cash_in_lieu_price")
    found = reorganizations.split(
        exact(inputs["shares"]),
        exact(inputs["total_basis"]),
        exact(inputs["new"]),
        exact(inputs["old"]),
        None if in_lieu is None else exact(in_lieu),
    )
    answer = {
        "entitled_shares": str(found.entitled),
        "whole_shares": found.whole,
        "fraction": f"{found.fraction.numerator}/{found.fraction.denominator}",
        "basis_per_share": half_up(found.basis_per_share, 6),
        "basis_whole": dollars(found.basis_whole),
        "basis_fraction": dollars(found.basis_fraction),
    }
    if found.cash_in_lieu is not None:
        answer["cash_in_lieu"] = dollars(found.cash_in_lieu)
    return answer


def ca_spinoff(inputs):
    only(
        inputs,
        "shares",
        "basis_per_share",
        "ratio_new",
        "ratio_old",
        "fmv_parent",
        "fmv_spin",
        "cash_in_lieu_price",
    )
    in_lieu = inputs.get("cash_in_lieu_price")
    found = reorganizations.spin_off(
        exact(inputs["shares"]),
        exact(inputs["shares"]) * exact(inputs["basis_per_share"]),
        exact(inputs["ratio_new"]) / exact(inputs["ratio_old"]),
        exact(inputs["fmv_parent"]),
        exact(inputs["fmv_spin"]),
        None if in_lieu is None else exact(in_lieu),
    )
    answer = {
        "spin_shares_entitled": plain_fraction(found.entitled),
        "spin_pct": half_up(found.spin_part * 100, 6),
        "basis_parent": dollars(found.basis_parent),
        "basis_spin": dollars(found.basis_spin),
        "whole_spin_shares": found.whole,
        "basis_fraction": dollars(found.basis_fraction),
    }
    if found.cash_in_lieu is not None:
        answer["cash_in_lieu"] = dollars(found.cash_in_lieu)
    return answer


def ca_merger_cash_stock(inputs):
    only(inputs, "shares", "basis_per_share", "exchange_ratio", "cash_per_share", "acquirer_fmv")
    shares = exact(inputs["shares"])
    found = reorganizations.merger(
        shares,
        shares * exact(inputs["basis_per_share"]),
        exact(inputs["exchange_ratio"]),
        exact(inputs["cash_per_share"]),
        exact(inputs["acquirer_fmv"]),
    )
    return {
        "new_shares": plain_fraction(found.shares),
        "cash": dollars(found.cash),
        "gain_realized": dollars(found.gain_realised),
        "gain_recognized": dollars(found.gain_recognised),
        "new_basis_total": dollars(found.basis),
        "new_basis_per_share": half_up(found.basis / found.shares, 4),
    }


def ca_stock_merger_lots(inputs):
    only(inputs, "lots", "new_per_old")
    lots = [(exact(shares), exact(basis)) for shares, basis in inputs["lots"]]
    carried = reorganizations.exchange_lots(lots, exact(inputs["new_per_old"]))
    return {
        "lots": [
            [int(shares) if shares.denominator == 1 else plain_fraction(shares), dollars(basis)]
            for shares, basis in carried
        ]
    }


def ca_rights_value(inputs):
    only(inputs, "rights_per_new_share", "cum_rights_price", "subscription_price")
    found = entitlements.rights_value(
        exact(inputs["rights_per_new_share"]),
        exact(inputs["cum_rights_price"]),
        exact(inputs["subscription_price"]),
    )
    return {
        "value_of_one_right": half_up(found.one_right, 4),
        "theoretical_ex_rights_price": half_up(found.ex_rights_price, 4),
    }


def warrant_cashless_exercise(inputs):
    only(inputs, "warrant_shares", "market_price", "exercise_price")
    found = entitlements.cashless_exercise(
        exact(inputs["warrant_shares"]), exact(inputs["market_price"]), exact(inputs["exercise_price"])
    )
    return {
        "net_shares_whole": found.shares,
        "fraction": half_up(found.fraction, 6),
        "cash_if_exercised_for_cash": dollars(found.exercise_cost),
    }


def ca_cash_dividend_withholding(inputs):
    only(inputs, "shares", "rate_per_share", "withholding_rate", "holder")
    found = entitlements.cash_dividend(
        exact(inputs["shares"]), exact(inputs["rate_per_share"]), exact(inputs["withholding_rate"])
    )
    return {"gross": dollars(found.gross), "withheld": dollars(found.withheld), "net": dollars(found.net)}


KINDS = {
    "lot_relief": lot_relief,
    "wash_sale": wash,
    "trade_volume_report": trade_volume_report,
    "trade_volume_report_implied_prior": trade_volume_report_implied_prior,
    "recon_positions": recon_positions,
    "ledger_cancel_correct": ledger_cancel_correct,
    "confirm_10b10": confirm_10b10,
    "block_allocation_pro_rata": block_allocation_pro_rata,
    "ca_split": ca_split,
    "ca_spinoff": ca_spinoff,
    "ca_merger_cash_stock": ca_merger_cash_stock,
    "ca_stock_merger_lots": ca_stock_merger_lots,
    "ca_rights_value": ca_rights_value,
    "warrant_cashless_exercise": warrant_cashless_exercise,
    "ca_cash_dividend_withholding": ca_cash_dividend_withholding,
}
