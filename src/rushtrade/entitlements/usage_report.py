"""The monthly usage report: by exchange and product, how many users of which class used it how, and what it was charged.

A fold of the journal alone, so that a report printed again says the same. What is counted:

=================  ================================================================================================
distinct users     subscribers who had the product on any day of the month, by grant or because it is open to all and used
professional       of them, those who were professionals on any day of a grant; the others are non-professional
displays           sum over users of the most displays they had open at once in the month
non-display        subscribers who had it for a program
queries            requests outside sessions
delayed            users who saw it late, and never as it happened
=================  ================================================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from rushtrade.domain import events as ev
from rushtrade.domain.data_products import DataUse, SubscriberStatus
from rushtrade.domain.instants import day_from_number
from rushtrade.domain.numbers import format_money
from rushtrade.entitlements.charges import status_in
from rushtrade.entitlements.months import day_numbers, month_of, month_text, span_ns
from rushtrade.entitlements.register import Register
from rushtrade.entitlements.subscriber import Grant, Subscriber


class UsageLine(msgspec.Struct, frozen=True):
    """One product in one month. `charged` in micro-dollars."""

    exchange: str
    product: str
    title: str
    users: int
    professional: int
    non_professional: int
    displays: int
    non_display: int
    queries: int
    delayed: int
    charged: int


class UserLine(msgspec.Struct, frozen=True):
    """One user of one product: what an auditor asks for behind a line. `use` is display, non_display or delayed."""

    exchange: str
    product: str
    user: str
    account_id: int
    use: str
    status: str
    displays: int
    queries: int
    days: int
    charged: int


class UsageReport(msgspec.Struct, frozen=True):
    """A month, read from the journal up to command `seq`."""

    month: int
    seq: int
    firm: str
    lines: tuple[UsageLine, ...]
    users: tuple[UserLine, ...]

    def as_json(self) -> dict[str, object]:
        """Give plain data: money as decimal text."""
        return {
            "month": month_text(self.month),
            "firm": self.firm,
            "command_seq": self.seq,
            "lines": [_money(row) for row in self.lines],
            "users": [_money(row) for row in self.users],
        }


def _money(row: UsageLine | UserLine) -> dict[str, object]:
    return msgspec.structs.asdict(row) | {"charged": format_money(row.charged)}


class UsageFold:
    """Reads the journal for one month's report: the register as it is at the end, and the month's days of use."""

    def __init__(self, month: int) -> None:
        self.month = month
        self.register = Register()
        self.firm = ""
        self.seq = 0
        self._days: dict[tuple[int, str, DataUse, bool], dict[int, tuple[int, int]]] = {}

    def handlers(self) -> dict[type[ev.Event], Callable[[Any, int, int], None]]:
        """Name the events folded."""
        register = self.register.handlers()

        def used(event: ev.UsageObserved, seq: int, time_ns: int) -> None:
            register[ev.UsageObserved](event, seq, time_ns)
            self._used(event)

        return {**register, ev.UsageObserved: used, ev.FirmOpened: self._firm_opened}

    def _firm_opened(self, event: ev.FirmOpened, _seq: int, _time_ns: int) -> None:
        self.firm = event.name

    def _used(self, event: ev.UsageObserved) -> None:
        if month_of(day_from_number(event.day)) == self.month:
            row = event.usage
            key = row.subscriber_id, row.product, row.use, row.is_delayed
            self._days.setdefault(key, {})[event.day] = (row.displays, row.queries)

    def report(self, seq: int) -> UsageReport:
        """Give the report of what was read."""
        users = [
            line
            for _, subscriber in sorted(self.register.subscribers.items())
            for line in self._user_lines(subscriber)
        ]
        users.sort(key=lambda line: (line.exchange, line.product, line.user, line.use))
        return UsageReport(self.month, seq, self.firm, tuple(self._lines(users)), tuple(users))

    def _user_lines(self, subscriber: Subscriber) -> list[UserLine]:
        grants: dict[tuple[str, DataUse], list[Grant]] = {}
        for grant in subscriber.grants_in(*span_ns(self.month)):
            if grant.from_ns != grant.to_ns:
                grants.setdefault((grant.product, grant.use), []).append(grant)
        number = subscriber.subscriber_id
        used = [key[1:] for key in self._days if key[0] == number]
        live = dict.fromkeys([*grants, *((product, use) for product, use, late in used if not late)])
        lines = [
            self._live_line(subscriber, product, use, grants.get((product, use), [])) for product, use in live
        ]
        lines += [
            self._line(subscriber, product, use, "delayed", self._status(subscriber, []), late=True)
            for product, use, late in used
            if late and (product, use) not in live
        ]
        return lines

    def _live_line(self, subscriber: Subscriber, product: str, use: DataUse, grants: list[Grant]) -> UserLine:
        status = self._status(subscriber, grants)
        return self._line(subscriber, product, use, use.name.lower(), status, late=False)

    def _status(self, subscriber: Subscriber, grants: list[Grant]) -> SubscriberStatus:
        """Class a user: over the days of their grants; of what is open to all, on the month's last day."""
        if grants:
            return status_in(subscriber, self.month, grants)
        found = subscriber.status_on(day_numbers(self.month)[-1])
        return SubscriberStatus.PROFESSIONAL if found is None else found

    def _line(
        self,
        subscriber: Subscriber,
        code: str,
        use: DataUse,
        name: str,
        status: SubscriberStatus,
        *,
        late: bool,
    ) -> UserLine:
        days = self._days.get((subscriber.subscriber_id, code, use, late), {})
        return UserLine(
            self.register.products[code].exchange,
            code,
            subscriber.user,
            subscriber.account_id,
            name,
            status.name.lower(),
            max((displays for displays, _ in days.values()), default=0),
            sum(queries for _, queries in days.values()),
            len(days),
            0 if late else subscriber.charged.get((code, use, self.month), 0),
        )

    def _lines(self, users: list[UserLine]) -> list[UsageLine]:
        lines = []
        for code, product in sorted(
            self.register.products.items(), key=lambda row: (row[1].exchange, row[0])
        ):
            own = [line for line in users if line.product == code]
            live = [line for line in own if line.use != "delayed"]
            display = [line for line in live if line.use == "display"]
            if own:
                lines.append(
                    UsageLine(
                        product.exchange,
                        code,
                        product.title,
                        len(dict.fromkeys(line.user for line in live)),
                        _distinct(live, "professional"),
                        len(dict.fromkeys(line.user for line in live)) - _distinct(live, "professional"),
                        sum(line.displays for line in display),
                        len(live) - len(display),
                        sum(line.queries for line in live),
                        len(dict.fromkeys(line.user for line in own if line not in live)),
                        sum(line.charged for line in own),
                    )
                )
        return lines


def _distinct(lines: list[UserLine], status: str) -> int:
    return len(dict.fromkeys(line.user for line in lines if line.status == status))
