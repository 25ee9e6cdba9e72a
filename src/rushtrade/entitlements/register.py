"""The register: products, agreements and subscribers' files, and the one answer to "may they?".

A pure fold of events: the house has one in its state, a report builds one from the journal, and both say the same.
Refuses to know data, sockets and clocks: whoever asks says for when, so that any earlier instant can be asked about.

`may` decides in this order; the first that fails says in its sentence what would pass:
the product exists → a product open to all, unless taken from this subscriber → a file → answers → the agreement → a grant.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from rushtrade.domain import events as ev
from rushtrade.domain.data_products import DataAgreement, DataProduct, DataUse
from rushtrade.domain.instants import day_from_number, day_number
from rushtrade.entitlements.months import month_of
from rushtrade.entitlements.subscriber import Declaration, Grant, Signature, Subscriber, SubscriberImage
from rushtrade.entitlements.view import DELAY_MINUTES
from rushtrade.rules.new_york import day_at


class Decision(msgspec.Struct, frozen=True, gc=False):
    """Whether somebody may see a product: now, late, or not; and why not now, in a sentence for them."""

    allowed: bool
    delayed: bool
    reason: str


ALLOWED = Decision(allowed=True, delayed=False, reason="")


class Register:
    """Who may see what."""

    def __init__(self) -> None:
        self.products: dict[str, DataProduct] = {}
        self.agreements: dict[str, list[DataAgreement]] = {}
        """By code, oldest version first."""
        self.subscribers: dict[int, Subscriber] = {}
        self.users: dict[str, int] = {}
        """Subscriber by user name."""
        self.changes = 0
        """How many events changed a right: whoever keeps what was worked out from the register sees that it is old."""
        self.changed_for_all = 0
        """The last of them that concerned everybody."""
        self.changed_for: dict[int, int] = {}
        """The last of them that concerned a subscriber."""

    # --- asking ------------------------------------------------------------------------------------------

    def may(self, subscriber_id: int, code: str, use: DataUse, at_ns: int) -> Decision:
        """Tell whether a subscriber (0 = nobody known) may see a product at an instant."""
        product = self.products.get(code)
        if product is None:
            known = ", ".join(sorted(self.products)) or "none"
            return Decision(
                allowed=False, delayed=False, reason=f"there is no product {code[:40]!r}; there are: {known}"
            )
        subscriber = self.subscribers.get(subscriber_id)
        latest = None if subscriber is None else subscriber.latest(code, use, at_ns)
        if product.is_open:
            if latest is None or latest.holds_at(at_ns):
                return ALLOWED
            return self._refused(product, f"the desk took it away ({latest.reason}); ask the desk")
        missing = self.missing(subscriber, product, at_ns)
        granted = latest is not None and latest.holds_at(at_ns)
        if granted and not missing:
            return ALLOWED
        if not granted:
            missing.append(_ask_for_grant(latest, use))
        return self._refused(product, " and ".join(missing))

    def holds(self, subscriber_id: int, code: str, use: DataUse, at_ns: int) -> bool:
        """Tell whether a subscriber may see a product at an instant."""
        return self.may(subscriber_id, code, use, at_ns).allowed

    def missing(self, subscriber: Subscriber | None, product: DataProduct, at_ns: int) -> list[str]:
        """List what a subscriber has still to do before a product can be granted, as parts of a sentence."""
        day = day_number(day_at(at_ns))
        if subscriber is None:
            return ["register as a subscriber of market data"]
        parts = []
        if subscriber.status_on(day) is None:
            parts.append("answer the questionnaire")
        wanted = self.version_to_sign(subscriber, product.agreement, day)
        if wanted:
            parts.append(f"sign the agreement {product.agreement}, version {wanted}")
        return parts

    def _refused(self, product: DataProduct, remedy: str) -> Decision:
        late = f"; until then it is shown {DELAY_MINUTES} minutes late" if product.is_delayed else ""
        reason = f"{product.title} ({product.code}) is not yours to see: {remedy}{late}"
        return Decision(allowed=False, delayed=product.is_delayed, reason=reason)

    def version_in_force(self, code: str, day: int) -> DataAgreement | None:
        """Give the version of an agreement in force on a day."""
        return next((row for row in reversed(self.agreements.get(code, [])) if row.first_day <= day), None)

    def version_to_sign(self, subscriber: Subscriber, code: str, day: int) -> int:
        """Give the version of an agreement a subscriber must sign by now; 0 = none. Within its grace the one before does."""
        in_force = self.version_in_force(code, day) if code else None
        if in_force is None:
            return 0
        signed = subscriber.signed(code, day)
        if signed >= in_force.version:
            return 0
        in_grace = (
            signed == in_force.version - 1 and signed and day < in_force.first_day + in_force.grace_days
        )
        return 0 if in_grace else in_force.version

    def subscriber_of(self, user: str, account_id: int) -> Subscriber | None:
        """Find a subscriber by user name; without a name, the first whose fees the account is charged."""
        if user:
            return self.subscribers.get(self.users.get(user, 0))
        return next((row for row in self.subscribers.values() if row.account_id == account_id), None)

    # --- applied events ------------------------------------------------------------------------------------

    def handlers(self) -> dict[type[ev.Event], Callable[[Any, int, int], None]]:
        """Name the events folded, and who takes them: event, seq of its command, time."""
        return {
            ev.DataProductDefined: self._product_defined,
            ev.DataAgreementDefined: self._agreement_defined,
            ev.SubscriberRegistered: self._registered,
            ev.QuestionnaireAnswered: self._answered,
            ev.AgreementSigned: self._signed,
            ev.MarketDataGranted: self._granted,
            ev.MarketDataRevoked: self._revoked,
            ev.UsageObserved: self._used,
            ev.MarketDataCharged: self._charged,
        }

    def _product_defined(self, event: ev.DataProductDefined, _seq: int, _time_ns: int) -> None:
        self.products[event.product.code] = event.product
        self._change()

    def _agreement_defined(self, event: ev.DataAgreementDefined, _seq: int, _time_ns: int) -> None:
        self.agreements.setdefault(event.agreement.code, []).append(event.agreement)
        self._change()

    def _registered(self, event: ev.SubscriberRegistered, _seq: int, _time_ns: int) -> None:
        self.subscribers[event.subscriber_id] = Subscriber(
            event.subscriber_id, event.user, event.kind, event.account_id
        )
        self.users[event.user] = event.subscriber_id
        self._change(event.subscriber_id)

    def _answered(self, event: ev.QuestionnaireAnswered, _seq: int, _time_ns: int) -> None:
        row = Declaration(event.day, event.due_day, event.version, event.answers, event.status)
        self.subscribers[event.subscriber_id].declarations.append(row)
        self._change(event.subscriber_id)

    def _signed(self, event: ev.AgreementSigned, _seq: int, _time_ns: int) -> None:
        row = Signature(event.agreement, event.version, event.day)
        self.subscribers[event.subscriber_id].signatures.append(row)
        self._change(event.subscriber_id)

    def _granted(self, event: ev.MarketDataGranted, _seq: int, time_ns: int) -> None:
        grant = Grant(event.product, event.use, event.displays_max, event.billing, time_ns)
        self.subscribers[event.subscriber_id].grant(grant)
        self._change(event.subscriber_id)

    def _revoked(self, event: ev.MarketDataRevoked, _seq: int, time_ns: int) -> None:
        subscriber = self.subscribers[event.subscriber_id]
        latest = subscriber.latest(event.product, event.use, time_ns)
        if latest is not None and not latest.to_ns:
            subscriber.end_grant(event.product, event.use, time_ns, event.reason)
        else:
            subscriber.bar(event.product, event.use, time_ns, event.reason)
        self._change(event.subscriber_id)

    def _used(self, event: ev.UsageObserved, _seq: int, _time_ns: int) -> None:
        month = month_of(day_from_number(event.day))
        self.subscribers[event.usage.subscriber_id].use(event.day, month, event.usage)

    def _charged(self, event: ev.MarketDataCharged, _seq: int, _time_ns: int) -> None:
        subscriber = self.subscribers[event.subscriber_id]
        subscriber.charged[event.product, event.use, event.month] = event.amount

    def _change(self, subscriber_id: int = 0) -> None:
        """Note that rights changed, of one subscriber or of all."""
        self.changes += 1
        if subscriber_id:
            self.changed_for[subscriber_id] = self.changes
        else:
            self.changed_for_all = self.changes

    # --- snapshot ------------------------------------------------------------------------------------------

    def image(self) -> RegisterImage:
        """Take the image; equal registers give equal images."""
        return RegisterImage(
            [self.products[code] for code in sorted(self.products)],
            [row for code in sorted(self.agreements) for row in self.agreements[code]],
            [self.subscribers[number].image() for number in sorted(self.subscribers)],
        )


class RegisterImage(msgspec.Struct, frozen=True, array_like=True):
    """A register as it stands in a snapshot."""

    products: list[DataProduct] = []
    agreements: list[DataAgreement] = []
    subscribers: list[SubscriberImage] = []

    def restore_into(self, register: Register) -> None:
        """Fill an empty register."""
        register.products.update((row.code, row) for row in self.products)
        for row in self.agreements:
            register.agreements.setdefault(row.code, []).append(row)
        for image in self.subscribers:
            register.subscribers[image.subscriber_id] = image.restore()
            register.users[image.user] = image.subscriber_id


def _ask_for_grant(latest: Grant | None, use: DataUse) -> str:
    to_use = "" if use is DataUse.DISPLAY else " for a program"
    if latest is None:
        return f"ask the desk to grant it{to_use}"
    return f"ask the desk to grant it again{to_use}; it was taken away ({latest.reason})"
