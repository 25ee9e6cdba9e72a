"""One venue's order session in the words of OUCH 5.0: the gateway's rows become messages, the venue's messages commands of the core. Without I/O.

Theory of operation. A child order's token is its number at the venue: the lower 32 bits are OUCH's UserRefNum, the eight above them the channel it
counts in, so that nothing has to be remembered to know whose a report is, and a number is never used twice in the life of a journal. Tokens rise
as they go out, as the protocol wants; one that does not is not sent, since the venue would pass it over without a word. A report's number
is that of its message in the venue's stream, so the core's own count says from where the stream is wanted after a restart.

After a login the venue is asked for every channel which number it takes next (`queries`). The answers come behind everything it said before, so
they end the repeats, and they tell exactly which instructions had reached it (`has`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from rushtrade.domain.commands import (
    AnyCommand,
    ReportAccepted,
    ReportCanceled,
    ReportExecuted,
    ReportNoted,
    ReportRejected,
    ReportReplaced,
)
from rushtrade.domain.orders import Liquidity
from rushtrade.wire import order_entry as oe
from rushtrade.wire import ouch50 as ouch
from rushtrade.wire import ouch50_codes as code
from rushtrade.wire import ouch50_options as tag
from rushtrade.wire.ouch50_options import Option

REFERENCE_BITS = 32
REFERENCE_MASK = (1 << REFERENCE_BITS) - 1
CHANNELS = 256
"""Channels of an account: with 32 bits of numbers each, four thousand million commands of the house."""
NOT_SENT = "there was no line to the venue: it was not sent"

_SIDES = {
    oe.BUY: code.BUY,
    oe.SELL: code.SELL,
    oe.SELL_SHORT: code.SELL_SHORT,
    oe.SELL_SHORT_EXEMPT: code.SELL_SHORT_EXEMPT,
}
_CROSSES = {oe.OPENING: code.OPENING_CROSS, oe.CLOSING: code.CLOSING_CROSS}
_TIMES = {oe.IOC: code.IOC, oe.FOK: code.IOC, oe.EXTENDED: code.EXTENDED}
_PEGS = {oe.MIDPOINT: code.MIDPOINT_PEG, oe.PRIMARY: code.PRIMARY_PEG, oe.MARKET: code.MARKET_PEG}
_PREVENTIONS = {
    oe.CANCEL_NEWEST: code.PREVENT_NEWEST,
    oe.CANCEL_OLDEST: code.PREVENT_OLDEST,
    oe.CANCEL_BOTH: code.PREVENT_BOTH,
}
_ADDED = (code.ADDED, code.ADDED_HIDDEN, code.ADDED_MIDPOINT)
VENUE_REASONS = (code.CLOSED, code.NOT_PROCESSED)
"""Refusals for reasons of the venue, whatever the order."""
CANCEL_TEXTS = {
    code.CANCELED_BY_USER: oe.REASON_TEXTS[oe.REASON_USER_CANCEL],
    code.CANCELED_AT_ONCE: oe.REASON_TEXTS[oe.REASON_IOC_REMAINDER],
    code.CANCELED_AT_CLOSE: oe.REASON_TEXTS[oe.REASON_DAY_END],
    code.CANCELED_BY_SUPERVISOR: oe.REASON_TEXTS[oe.REASON_SUPERVISORY],
    code.CANCELED_SELF_MATCH: oe.REASON_TEXTS[oe.REASON_SELF_MATCH],
    code.CANCELED_POST_ONLY: oe.REASON_TEXTS[oe.REASON_WOULD_TAKE],
    code.CANCELED_CROSS: oe.REASON_TEXTS[oe.REASON_CROSS_OVER],
    code.CANCELED_IN_HALT: oe.REASON_TEXTS[oe.REASON_HALTED],
    code.CANCELED_BY_REGULATION: "a rule of the day forbids it: another venue's better price, a price band, or the short-sale test",
    code.CANCELED_BY_TIME: "its time is over",
    code.CANCELED_BY_SYSTEM: "the venue's system ended it",
}


class _Working(msgspec.Struct):
    """What a venue has of an order: partly cancelled shares are told without what is left."""

    leaves: int
    executed: int


class OuchSession:
    """The session of one venue; `symbols` are its stocks by locate from 1, `midnight_ns` what its times count from."""

    def __init__(self, venue: int, symbols: Sequence[str], midnight_ns: int) -> None:
        self.venue = venue
        self._symbols = tuple(symbols)
        self._midnight_ns = midnight_ns
        self._next: dict[int, int] = {}
        """By channel: the lowest number that may be sent next."""
        self._reached: dict[int, int] = {}
        """By channel: the number the venue said at the login that it takes next. What was sent and is not below was lost on its way."""
        self._first_sent: dict[int, int] = {}
        """By channel: the first number sent on the connection there is."""
        self._asked: set[int] = set()
        self._working: dict[int, _Working] = {}
        self._replaces: dict[int, int] = {}
        """Order by the token of its replace, while that is not answered."""
        self._heard: list[AnyCommand] = []
        self.day_is_over = False
        self._hearers: dict[type[ouch.Message], Callable[[int, Any], None]] = {
            ouch.OrderAccepted: self._hear_accepted,
            ouch.OrderExecuted: self._hear_executed,
            ouch.OrderCanceled: self._hear_canceled,
            ouch.OrderReplaced: self._hear_replaced,
            ouch.Rejected: self._hear_rejected,
            ouch.CancelReject: self._hear_cancel_rejected,
            ouch.BrokenTrade: self._hear_broken,
            ouch.AccountQueryResponse: self._hear_numbers,
        }

    # --- what is known ------------------------------------------------------------------------------------

    def adopt(self, token: int, leaves: int, executed: int, replace_token: int) -> None:
        """Know a child of a restored state, as the last report taken left it."""
        self._working[token] = _Working(leaves, executed)
        if replace_token:
            self._replaces[replace_token] = token

    def forget(self) -> None:
        """The venue begins anew: it knows no order and no number."""
        self._next.clear()
        self._reached.clear()
        self._first_sent.clear()
        self._asked.clear()
        self._working.clear()
        self._replaces.clear()
        self.day_is_over = False

    def has(self, token: int) -> bool:
        """Whether an order or replace of this token has reached the venue. True for what went out on the connection there is."""
        index, number = token >> REFERENCE_BITS, token & REFERENCE_MASK
        return number < self._reached.get(index, 1) or number >= self._first_sent.get(
            index, REFERENCE_MASK + 1
        )

    def queries(self, next_token: int) -> list[bytes]:
        """Ask for every channel that may be in use which number comes next. `next_token` is above all of this house."""
        self._first_sent.clear()
        self._asked = set(range(min(next_token >> REFERENCE_BITS, CHANNELS - 1) + 1))
        return [ouch.encode(ouch.AccountQuery(_channel(index) or None)) for index in sorted(self._asked)]

    @property
    def is_told(self) -> bool:
        """Whether every question was answered: all that was said before the login has been heard."""
        return not self._asked

    # --- out ----------------------------------------------------------------------------------------------

    def encode(self, rows: oe.Rows) -> list[bytes]:
        """Give the messages of order-entry rows; what cannot be sent is told at once."""
        messages = []
        for row in rows:
            kind = int(row["kind"])
            message = self._cancel(row) if kind == oe.CANCEL else self._numbered(kind, row)
            if message is None:
                self._tell_unsent(row, "its number is not above the last one the venue took: it was not sent")
            else:
                messages.append(ouch.encode(message))
        return messages

    def refuse(self, rows: oe.Rows) -> None:
        """Tell that rows were not sent since there is no line. A cancel waits for the next login."""
        for row in rows:
            self._tell_unsent(row, NOT_SENT)

    def _tell_unsent(self, row: Any, why: str) -> None:
        token, original = int(row["token"]), int(row["original_token"])
        now_ns = int(row["time_ns"])
        if row["kind"] == oe.ENTER:
            self._heard.append(ReportCanceled(self.venue, 0, token, int(row["shares"]), 0, why, now_ns))
        elif row["kind"] == oe.REPLACE:
            self._heard.append(ReportRejected(self.venue, 0, token, original, why, now_ns))

    def _numbered(self, kind: int, row: Any) -> ouch.Message | None:
        token = int(row["token"])
        index, number = token >> REFERENCE_BITS, token & REFERENCE_MASK
        if index >= CHANNELS or number < self._next.get(index, 1):
            return None
        self._next[index] = number + 1
        self._first_sent.setdefault(index, number)
        if kind == oe.REPLACE:
            self._replaces[token] = int(row["original_token"])
            return _replace(row)
        self._working[token] = _Working(int(row["shares"]), 0)
        return self._enter(row)

    def _enter(self, row: Any) -> ouch.EnterOrder:
        token, price, time = int(row["token"]), int(row["price"]), int(row["time_in_force"])
        peg = int(row["peg"])
        return ouch.EnterOrder(
            token & REFERENCE_MASK,
            _SIDES[int(row["side"])],
            int(row["shares"]),
            self._symbols[int(row["locate"]) - 1],
            code.MARKET_PRICE if price == oe.MARKET_PRICE and peg == oe.NO_PEG else price,
            _TIMES.get(time, code.DAY),
            _display(row),
            chr(int(row["capacity"])) if row["capacity"] else code.AGENCY,
            code.YES if int(row["instructions"]) & oe.ISO else code.NO,
            _CROSSES.get(time, code.CONTINUOUS),
            _name(token),
            _options(row),
        )

    def _cancel(self, row: Any) -> ouch.CancelOrder:
        token, leave = int(row["original_token"]), int(row["shares"])
        known = self._working.get(token)
        size = leave + known.executed if leave and known is not None else 0
        return ouch.CancelOrder(token & REFERENCE_MASK, size, _channel(token >> REFERENCE_BITS) or None)

    # --- in -----------------------------------------------------------------------------------------------

    def read(self, number: int, raw: bytes) -> None:
        """Take message `number` of the venue's stream. Raises WireError for what is no message of OUCH."""
        message = ouch.decode_outbound(raw)
        hearer = self._hearers.get(type(message))
        if hearer is None:
            self._note(number, message)
        else:
            hearer(number, message)

    def take(self) -> list[AnyCommand]:
        """Take what was heard, and what could not be sent, since the last time."""
        heard, self._heard = self._heard, []
        return heard

    def _note(self, number: int, message: Any) -> None:
        words = {code.START_OF_DAY: "the venue's day began", code.END_OF_DAY: "the venue's day ended"}
        event = getattr(message, "event", "")
        self.day_is_over = self.day_is_over or event == code.END_OF_DAY
        text = words.get(event, f"{type(message).__name__} {event}".rstrip())
        self._heard.append(ReportNoted(self.venue, number, text, self._time(message)))

    def _hear_numbers(self, number: int, message: ouch.AccountQueryResponse) -> None:
        index = _index_of(message)
        self._reached[index] = message.next_user_ref_num
        self._next[index] = max(self._next.get(index, 1), message.next_user_ref_num)
        self._asked.discard(index)
        text = f"the venue takes number {message.next_user_ref_num} next"
        self._heard.append(ReportNoted(self.venue, number, text, self._time(message)))

    def _hear_accepted(self, number: int, message: ouch.OrderAccepted) -> None:
        token = _token_of(message, message.user_ref_num)
        self._working.setdefault(token, _Working(message.quantity, 0))
        self._heard.append(
            ReportAccepted(self.venue, number, token, message.order_reference, self._time(message))
        )

    def _hear_executed(self, number: int, message: ouch.OrderExecuted) -> None:
        token, shares = _token_of(message, message.user_ref_num), message.quantity
        self._take_off(token, shares, executed=shares)
        covers = 1
        last = self._heard[-1] if self._heard else None
        if isinstance(last, ReportAccepted) and (last.token, last.report_seq) == (token, number - 1):
            self._heard.pop()  # the execution says all of it
            covers = 2
        liquidity = Liquidity.ADDED if message.liquidity in _ADDED else Liquidity.REMOVED
        about = (self.venue, number, token, message.match_number, message.price, shares, liquidity)
        self._heard.append(ReportExecuted(*about, self._time(message), covers))

    def _hear_canceled(self, number: int, message: ouch.OrderCanceled) -> None:
        token = _token_of(message, message.user_ref_num)
        leaves = self._take_off(token, message.quantity)
        text = CANCEL_TEXTS.get(message.reason, f"reason {message.reason}")
        about = (self.venue, number, token, message.quantity, leaves, text)
        self._heard.append(ReportCanceled(*about, self._time(message)))

    def _hear_replaced(self, number: int, message: ouch.OrderReplaced) -> None:
        token = _token_of(message, message.user_ref_num)
        old = _token_of(message, message.original_ref_num)
        old = self._replaces.pop(token, old)
        known = self._working.pop(old, _Working(0, 0))
        leaves = max(message.quantity - known.executed, 0)
        if leaves:
            self._working[token] = _Working(leaves, known.executed)
        about = (self.venue, number, old, token, message.order_reference, message.price, leaves)
        self._heard.append(ReportReplaced(*about, self._time(message)))

    def _hear_rejected(self, number: int, message: ouch.Rejected) -> None:
        token = _token_of(message, message.user_ref_num)
        original = self._replaces.pop(token, 0)
        if not original:
            self._working.pop(token, None)
        text = code.REJECT_TEXTS.get(message.reason, f"reason {message.reason}")
        fault = message.reason in VENUE_REASONS
        self._heard.append(
            ReportRejected(self.venue, number, token, original, text, self._time(message), fault)
        )

    def _hear_cancel_rejected(self, number: int, message: ouch.CancelReject) -> None:
        token = _token_of(message, message.user_ref_num)
        text = oe.REASON_TEXTS[oe.REASON_TOO_LATE]
        self._heard.append(ReportRejected(self.venue, number, token, token, text, self._time(message)))

    def _hear_broken(self, number: int, message: ouch.BrokenTrade) -> None:
        token = _token_of(message, message.user_ref_num)
        text = f"the venue broke its trade {message.match_number}; nothing was booked back"
        self._heard.append(ReportRejected(self.venue, number, token, token, text, self._time(message)))

    # --- parts --------------------------------------------------------------------------------------------

    def _take_off(self, token: int, shares: int, executed: int = 0) -> int:
        """Take shares off an order; give what is left of it."""
        known = self._working.get(token)
        if known is None:
            return 0
        known.leaves = max(known.leaves - shares, 0)
        known.executed += executed
        if not known.leaves:
            del self._working[token]
        return known.leaves

    def _time(self, message: Any) -> int:
        return int(self._midnight_ns + message.timestamp)


def _replace(row: Any) -> ouch.ReplaceOrder:
    token, original = int(row["token"]), int(row["original_token"])
    floor = int(row["display_shares"])
    shown = (Option(tag.MAX_FLOOR, floor),) if floor else ()
    return ouch.ReplaceOrder(
        original & REFERENCE_MASK,
        token & REFERENCE_MASK,
        int(row["shares"]),
        int(row["price"]),
        _TIMES.get(int(row["time_in_force"]), code.DAY),
        _display(row),
        code.NO,
        _name(token),
        (*shown, *_channel(token >> REFERENCE_BITS)),
    )


def _options(row: Any) -> tuple[Option, ...]:
    shares, peg, prevention = int(row["shares"]), int(row["peg"]), int(row["prevention"])
    minimum = shares if row["time_in_force"] == oe.FOK else int(row["minimum_shares"])
    posts = bool(int(row["instructions"]) & oe.POST_ONLY)
    said: tuple[tuple[int, int | str, bool], ...] = (
        (tag.MIN_QUANTITY, minimum, minimum > 0),
        (tag.MAX_FLOOR, int(row["display_shares"]), row["display"] == oe.RESERVE),
        (tag.PRICE_TYPE, _PEGS.get(peg, ""), peg != oe.NO_PEG),
        (tag.PEG_OFFSET, int(row["peg_offset"]), row["peg_offset"] != 0),
        (tag.POST_ONLY, code.POST_ONLY, posts),
        (tag.GROUP_ID, int(row["group"]), row["group"] != 0),
        (tag.AIQ_STRATEGY, _PREVENTIONS.get(prevention, ""), prevention != oe.NO_PREVENTION),
    )
    options = tuple(Option(name, value) for name, value, is_said in said if is_said)
    return (*options, *_channel(int(row["token"]) >> REFERENCE_BITS))


def _display(row: Any) -> str:
    return code.HIDDEN if row["display"] == oe.HIDDEN else code.DISPLAYED


def _name(token: int) -> str:
    """The house's own name of an instruction, for people who compare two books: the token in hexadecimal."""
    return f"{token:014X}"


def _channel(index: int) -> tuple[Option, ...]:
    return (Option(tag.USER_REF_INDEX, index),) if index else ()


def _index_of(message: Any) -> int:
    index = dict(message.options or ()).get(tag.USER_REF_INDEX, 0)
    return index if isinstance(index, int) else 0


def _token_of(message: Any, reference: int) -> int:
    return _index_of(message) << REFERENCE_BITS | reference
