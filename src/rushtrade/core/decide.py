"""From each command to the pure function that decides it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rushtrade.core import decide_day as day
from rushtrade.core import decide_firm as firm
from rushtrade.core import decide_market_data as data
from rushtrade.core import decide_orders as orders
from rushtrade.core import decide_replace as replace
from rushtrade.core import decide_reports as reports
from rushtrade.core.decide_orders import Events
from rushtrade.core.state import HouseState
from rushtrade.domain import commands as cmd

Decide = Callable[[HouseState, Any, int], Events]

DECISIONS: dict[type[cmd.Command], Decide] = {
    cmd.EnterOrder: orders.enter_order,
    cmd.ReportExecuted: reports.report_executed,
    cmd.ReportAccepted: reports.report_accepted,
    cmd.ReportCanceled: reports.report_canceled,
    cmd.RouteOrder: orders.route_order,
    cmd.CancelOrder: orders.cancel_order,
    cmd.ReplaceOrder: replace.replace_order,
    cmd.CancelAllOrders: orders.cancel_all_orders,
    cmd.ReportReplaced: reports.report_replaced,
    cmd.ReportRejected: reports.report_rejected,
    cmd.ReportNoted: reports.report_noted,
    cmd.ChangeVenueLink: reports.change_venue_link,
    cmd.Tick: day.tick,
    cmd.ObserveMarks: day.observe_marks,
    cmd.OpenMarket: day.open_market,
    cmd.OpenDay: day.open_day,
    cmd.CloseDay: day.close_day,
    cmd.OpenFirm: firm.open_firm,
    cmd.DefineInstrument: firm.define_instrument,
    cmd.DefineCommissionScheme: firm.define_commission_scheme,
    cmd.RegisterCustomer: firm.register_customer,
    cmd.OpenAccount: firm.open_account,
    cmd.ChangeAccount: firm.change_account,
    cmd.TransferCash: firm.transfer_cash,
    cmd.TransferShares: firm.transfer_shares,
    cmd.SetSequences: firm.set_sequences,
    cmd.SwitchRoute: firm.switch_route,
    cmd.SetRoutes: firm.set_routes,
    cmd.ForgetRoutes: firm.forget_routes,
    cmd.SetKillSwitch: firm.set_kill_switch,
    cmd.DefineDataProduct: data.define_product,
    cmd.DefineDataAgreement: data.define_agreement,
    cmd.RegisterSubscriber: data.register_subscriber,
    cmd.AnswerQuestionnaire: data.answer_questionnaire,
    cmd.SignAgreement: data.sign_agreement,
    cmd.GrantMarketData: data.grant,
    cmd.RevokeMarketData: data.revoke,
    cmd.ObserveUsage: data.observe_usage,
    cmd.ChargeMarketData: data.charge,
}
