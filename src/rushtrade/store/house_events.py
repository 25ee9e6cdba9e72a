"""What the events of the firm, its accounts, its market and its days change in the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from rushtrade.domain import events as ev
from rushtrade.domain.data_products import DataUse, SubscriberStatus
from rushtrade.domain.numbers import MONEY_PER_PRICE_SHARE
from rushtrade.domain.quotes import mark_price
from rushtrade.store import rows
from rushtrade.store.equity import take_equity

if TYPE_CHECKING:
    from rushtrade.domain.events import AnyEvent
    from rushtrade.store.fold import Fold, Handler

# --- the firm and its tables -------------------------------------------------------------------


def _firm_opened(fold: Fold, event: ev.FirmOpened) -> None:
    image = fold.image
    image.firm = rows.FirmRow(event.name, event.world, fold.time_ns, 0, 0)
    image.changed[rows.FirmRow][event.name] = image.firm
    for route in event.routes:
        row = rows.RouteRow(
            route.venue,
            route.code,
            route.route_code,
            route.mic,
            route.name,
            route.take_mils,
            route.make_mils,
            route.take_sub_dollar_ppm,
            route.make_sub_dollar_ppm,
            enabled=1,
            reason="",
            link_up=-1,
            health=0,
            health_reason="",
        )
        image.routes[route.venue] = image.changed[rows.RouteRow][route.venue] = row
    for each in event.sequences:
        line = rows.SequenceRow(each.equity_class, each.sequence, each.punt_list, each.legal_codes)
        image.sequences[each.equity_class] = image.changed[rows.SequenceRow][each.equity_class] = line


def _instrument_defined(fold: Fold, event: ev.InstrumentDefined) -> None:
    one = event.instrument
    row = rows.InstrumentRow(
        one.instrument_id,
        one.symbol,
        one.name,
        int(one.equity_class),
        int(one.kind),
        one.round_lot,
        int(one.tradable),
        int(one.halted),
        int(one.marginable),
        int(one.easy_to_borrow),
        one.primary_venue,
        one.previous_close,
        fold.time_ns,
    )
    fold.image.know_instrument(row)
    fold.image.changed[rows.InstrumentRow][one.instrument_id] = row


def _customer_registered(fold: Fold, event: ev.CustomerRegistered) -> None:
    row = rows.CustomerRow(event.customer_id, event.display_name, event.profile_reference, fold.time_ns)
    fold.image.customers[event.customer_id] = row
    fold.image.changed[rows.CustomerRow][event.customer_id] = row


_limits = msgspec.msgpack.Encoder().encode


def _account_opened(fold: Fold, event: ev.AccountOpened) -> None:
    row = rows.AccountRow(
        event.account_id,
        event.customer_id,
        event.number,
        int(event.kind),
        state=1,
        short_permitted=int(event.short_permitted),
        killed=0,
        scheme_id=event.scheme_id,
        limits=_limits(event.limits),
        opened_ns=fold.time_ns,
        cash=0,
        moved=0,
        flow=0,
    )
    fold.image.accounts[event.account_id] = row
    fold.image.changed[rows.AccountRow][event.account_id] = row


def _account_changed(fold: Fold, event: ev.AccountChanged) -> None:
    row = fold.image.accounts[event.account_id]
    row.state, row.short_permitted = int(event.state), int(event.short_permitted)
    row.scheme_id, row.limits = event.scheme_id, _limits(event.limits)
    fold.image.changed[rows.AccountRow][event.account_id] = row


def _kill_switch_set(fold: Fold, event: ev.KillSwitchSet) -> None:
    image = fold.image
    if event.account_id:
        row = image.accounts[event.account_id]
        row.killed = int(event.engaged)
        image.changed[rows.AccountRow][event.account_id] = row
    elif image.firm is not None:
        image.firm.killed = int(event.engaged)
        image.changed[rows.FirmRow][image.firm.name] = image.firm


# --- money and shares that come and go -------------------------------------------------------------


def _cash_transferred(fold: Fold, event: ev.CashTransferred) -> None:
    fold.post(event.transfers)
    fold.image.accounts[event.account_id].flow += event.amount
    kind = "CSD" if event.amount > 0 else "CSW"
    fold.add_activity(fold.event_id, event.account_id, kind, event.amount, 0, 0, event.reference)


def _shares_transferred(fold: Fold, event: ev.SharesTransferred) -> None:
    fold.post(event.transfers)
    mark = fold.image.marks.get(event.instrument_id)
    close = fold.image.instruments[event.instrument_id].previous_close
    price = close if mark is None else mark.price
    fold.image.accounts[event.account_id].flow += event.shares * price * MONEY_PER_PRICE_SHARE
    fold.add_activity(
        fold.event_id, event.account_id, "ACATS", 0, event.instrument_id, event.shares, event.reference
    )


def _trades_settled(fold: Fold, event: ev.TradesSettled) -> None:
    fold.post(event.transfers)


# --- clock, market, day, desk --------------------------------------------------------------------------


def _marks_observed(fold: Fold, event: ev.MarksObserved) -> None:
    image = fold.image
    changed = image.changed[rows.MarkRow]
    for mark in event.marks:
        known = image.marks.get(mark.instrument_id)
        before = image.instruments[mark.instrument_id].previous_close if known is None else known.price
        price = mark_price(mark.bid, mark.ask, mark.last, before)
        row = rows.MarkRow(mark.instrument_id, mark.bid, mark.ask, mark.last, price)
        image.marks[mark.instrument_id] = row
        changed[mark.instrument_id] = row


def _day_opened(fold: Fold, event: ev.DayOpened) -> None:
    row = rows.CloseRow(
        event.trade_date, event.settlement_date, event.opens_ns, event.closes_ns, fold.seq, 0, 0
    )
    fold.image.day = row
    fold.image.changed[rows.CloseRow][event.trade_date] = row


def _day_closed(fold: Fold, event: ev.DayClosed) -> None:
    image = fold.image
    take_equity(image, fold.time_ns, at_close=True)
    if image.day is not None and image.day.trade_date == event.trade_date:
        image.day.closed_seq, image.day.closed_ns = fold.seq, fold.time_ns
        image.changed[rows.CloseRow][event.trade_date] = image.day


def _market_opened(fold: Fold, event: ev.MarketOpened) -> None:
    firm = fold.image.firm
    if firm is not None:
        firm.market_open = int(event.is_open)
        fold.image.changed[rows.FirmRow][firm.name] = firm


def _sequences_set(fold: Fold, event: ev.SequencesSet) -> None:
    row = fold.image.sequences[event.equity_class]
    row.sequence, row.punt_list = event.sequence, event.punt_list
    fold.image.changed[rows.SequenceRow][event.equity_class] = row


def _route_switched(fold: Fold, event: ev.RouteSwitched) -> None:
    row = fold.image.routes[event.venue]
    row.enabled, row.reason = int(event.enabled), event.reason
    if event.enabled:
        row.health, row.health_reason = 0, ""
    fold.image.changed[rows.RouteRow][event.venue] = row


def _routes_set(fold: Fold, event: ev.RoutesSet) -> None:
    for route in event.routes:
        row = fold.image.routes[route.venue]
        row.take_mils, row.make_mils = route.take_mils, route.make_mils
        row.take_sub_dollar_ppm, row.make_sub_dollar_ppm = (
            route.take_sub_dollar_ppm,
            route.make_sub_dollar_ppm,
        )
        fold.image.changed[rows.RouteRow][route.venue] = row


def _market_data_charged(fold: Fold, event: ev.MarketDataCharged) -> None:
    """Book a month's fee as money that was taken out: it is a fee of the account, no result of its positions."""
    fold.post(event.transfers)
    fold.image.accounts[event.account_id].flow -= event.amount
    month = f"{event.month // 100:04d}-{event.month % 100:02d}"
    text = f"Market data {month}: {event.product}, {_SUBSCRIBER_TEXT[event.use, event.status]}"
    fold.add_activity(fold.event_id, event.account_id, "FEE", -event.amount, 0, 0, text)


_SUBSCRIBER_TEXT: Final = {
    (DataUse.DISPLAY, SubscriberStatus.NON_PROFESSIONAL): "non-professional",
    (DataUse.DISPLAY, SubscriberStatus.PROFESSIONAL): "professional",
    (DataUse.NON_DISPLAY, SubscriberStatus.NON_PROFESSIONAL): "non-display",
    (DataUse.NON_DISPLAY, SubscriberStatus.PROFESSIONAL): "non-display",
}


def _nothing_kept(fold: Fold, event: AnyEvent) -> None:
    """Take an event that changes no row; whoever listens hears of it all the same."""


HANDLERS: Final[dict[type, Handler]] = {
    ev.FirmOpened: _firm_opened,
    ev.InstrumentDefined: _instrument_defined,
    ev.CommissionSchemeDefined: _nothing_kept,
    ev.CustomerRegistered: _customer_registered,
    ev.AccountOpened: _account_opened,
    ev.AccountChanged: _account_changed,
    ev.CashTransferred: _cash_transferred,
    ev.SharesTransferred: _shares_transferred,
    ev.AnomalyRecorded: _nothing_kept,
    ev.ReportRepeated: _nothing_kept,
    ev.MarksObserved: _marks_observed,
    ev.DayOpened: _day_opened,
    ev.TradesSettled: _trades_settled,
    ev.DayClosed: _day_closed,
    ev.MarketOpened: _market_opened,
    ev.SequencesSet: _sequences_set,
    ev.RouteSwitched: _route_switched,
    ev.RoutesSet: _routes_set,
    ev.OwnDelayNoted: _nothing_kept,
    ev.RoutesForgotten: _nothing_kept,
    ev.KillSwitchSet: _kill_switch_set,
    ev.DataProductDefined: _nothing_kept,
    ev.DataAgreementDefined: _nothing_kept,
    ev.SubscriberRegistered: _nothing_kept,
    ev.QuestionnaireAnswered: _nothing_kept,
    ev.AgreementSigned: _nothing_kept,
    ev.MarketDataGranted: _nothing_kept,
    ev.MarketDataRevoked: _nothing_kept,
    ev.UsageObserved: _nothing_kept,
    ev.MarketDataCharged: _market_data_charged,
}
