"""One subscriber's file: what they declared, signed, were granted, made use of and were charged, each with its day.

Nothing is ever taken out of it but old use, so that the status and the rights of any earlier day can be told. Changed by
applied events only. Days are numbers of `day_number`, in New York; instants are UTC nanoseconds.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from rushtrade.domain.data_products import Billing, DataUse, SubscriberKind, SubscriberStatus, UsageRow

MONTHS_OF_USE_KEPT = 36
"""Months whose use is kept for a charge that comes late; the journal has them all."""


class Declaration(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Answers to a questionnaire, and what they made of the subscriber until they were due again."""

    day: int
    due_day: int
    version: int
    answers: tuple[bool, ...]
    status: SubscriberStatus


class Signature(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A version of an agreement, signed."""

    agreement: str
    version: int
    day: int


class Grant(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A product, from one instant to another (0 = still)."""

    product: str
    use: DataUse
    displays_max: int
    billing: Billing
    from_ns: int
    to_ns: int = 0
    reason: str = ""

    def holds_at(self, at_ns: int) -> bool:
        """True at an instant within."""
        return self.from_ns <= at_ns and (not self.to_ns or at_ns < self.to_ns)

    def meets(self, first_ns: int, after_ns: int) -> bool:
        """True when it held for any time of a span."""
        return self.from_ns < after_ns and (not self.to_ns or self.to_ns > first_ns)


class DayUse(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The last day on which a product was used, as far as the journal knows."""

    day: int
    usage: UsageRow


Item: TypeAlias = tuple[str, DataUse]
"""A product and a use of it."""


class Subscriber:
    """One user of market data, and the account their fees are charged to."""

    __slots__ = (
        "_days",
        "account_id",
        "charged",
        "declarations",
        "grants",
        "kind",
        "month_use",
        "signatures",
        "subscriber_id",
        "user",
    )

    def __init__(self, subscriber_id: int, user: str, kind: SubscriberKind, account_id: int) -> None:
        self.subscriber_id = subscriber_id
        self.user = user
        self.kind = kind
        self.account_id = account_id
        self.declarations: list[Declaration] = []
        self.signatures: list[Signature] = []
        self.grants: list[Grant] = []
        self.month_use: dict[tuple[str, DataUse, int], tuple[int, int]] = {}
        """By product, use and month: most displays at once, queries."""
        self.charged: dict[tuple[str, DataUse, int], int] = {}
        """By product, use and month: what was charged, in micro-dollars."""
        self._days: dict[tuple[str, DataUse, bool], DayUse] = {}

    def declaration_on(self, day: int) -> Declaration | None:
        """Give the answers that counted on a day, fresh or not."""
        return next((row for row in reversed(self.declarations) if row.day <= day), None)

    def status_on(self, day: int) -> SubscriberStatus | None:
        """Class the subscriber on a day; None when nobody can know yet. Answers that were due again count no more."""
        if self.kind is not SubscriberKind.PERSON:
            return SubscriberStatus.PROFESSIONAL
        declared = self.declaration_on(day)
        if declared is None:
            return None
        return declared.status if day < declared.due_day else SubscriberStatus.PROFESSIONAL

    def signed(self, agreement: str, day: int) -> int:
        """Give the newest version of an agreement signed by a day; 0 = none."""
        versions = [row.version for row in self.signatures if row.agreement == agreement and row.day <= day]
        return max(versions, default=0)

    def latest(self, product: str, use: DataUse, at_ns: int) -> Grant | None:
        """Give the last grant of a product up to an instant, whether it still holds or not."""
        return next(
            (
                row
                for row in reversed(self.grants)
                if row.product == product and row.use is use and row.from_ns <= at_ns
            ),
            None,
        )

    def grants_in(self, first_ns: int, after_ns: int) -> list[Grant]:
        """Give the grants that held at any time of a span, oldest first."""
        return [row for row in self.grants if row.meets(first_ns, after_ns)]

    def usage(self, product: str, use: DataUse, *, is_delayed: bool) -> DayUse | None:
        """Give the last day's use of a product."""
        return self._days.get((product, use, is_delayed))

    # --- applied events ----------------------------------------------------------------------------------

    def grant(self, grant: Grant) -> None:
        """Take a grant in; one that held gives way to it."""
        self.end_grant(grant.product, grant.use, grant.from_ns, "changed")
        self.grants.append(grant)

    def end_grant(self, product: str, use: DataUse, at_ns: int, reason: str) -> None:
        """End the grant of a product, or note that one which everybody has is not for this subscriber."""
        for place, row in enumerate(self.grants):
            if row.product == product and row.use is use and not row.to_ns:
                self.grants[place] = msgspec.structs.replace(row, to_ns=max(at_ns, 1), reason=reason)

    def bar(self, product: str, use: DataUse, at_ns: int, reason: str) -> None:
        """Keep a product that everybody has from this subscriber."""
        self.grants.append(Grant(product, use, 0, Billing.MONTHLY, at_ns, max(at_ns, 1), reason))

    def use(self, day: int, month: int, row: UsageRow) -> None:
        """Take a day's use in: the most displays and the queries so far."""
        place = (row.product, row.use, row.is_delayed)
        before = self._days.get(place)
        known = before.usage.queries if before is not None and before.day == day else 0
        self._days[place] = DayUse(day, row)
        if row.is_delayed:
            return
        displays, queries = self.month_use.get((row.product, row.use, month), (0, 0))
        self.month_use[row.product, row.use, month] = (
            max(displays, row.displays),
            queries + row.queries - known,
        )
        for old in [key for key in self.month_use if _months_between(key[2], month) > MONTHS_OF_USE_KEPT]:
            del self.month_use[old]

    # --- snapshot ----------------------------------------------------------------------------------------

    def image(self) -> SubscriberImage:
        """Take the image; equal files give equal images."""
        return SubscriberImage(
            self.subscriber_id,
            self.user,
            self.kind,
            self.account_id,
            list(self.declarations),
            list(self.signatures),
            list(self.grants),
            sorted((*key, *value) for key, value in self.month_use.items()),
            sorted((*key, amount) for key, amount in self.charged.items()),
            [row for _, row in sorted(self._days.items())],
        )


class SubscriberImage(msgspec.Struct, frozen=True, array_like=True):
    """A subscriber's file as it stands in a snapshot."""

    subscriber_id: int
    user: str
    kind: SubscriberKind
    account_id: int
    declarations: list[Declaration]
    signatures: list[Signature]
    grants: list[Grant]
    month_use: list[tuple[str, DataUse, int, int, int]]
    charged: list[tuple[str, DataUse, int, int]]
    days: list[DayUse]

    def restore(self) -> Subscriber:
        """Build the file."""
        found = Subscriber(self.subscriber_id, self.user, self.kind, self.account_id)
        found.declarations = list(self.declarations)
        found.signatures = list(self.signatures)
        found.grants = list(self.grants)
        found.month_use = {row[:3]: row[3:] for row in self.month_use}
        found.charged = {row[:3]: row[3] for row in self.charged}
        found._days = {(row.usage.product, row.usage.use, row.usage.is_delayed): row for row in self.days}  # noqa: SLF001 - its own restore
        return found


def _months_between(earlier: int, later: int) -> int:
    return (later // 100 - earlier // 100) * 12 + later % 100 - earlier % 100
