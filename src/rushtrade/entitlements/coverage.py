"""From products to venues: which venues of a running market a subscriber's products show them.

A market is the house's own (simulated or replayed) or its lines carry exchanges' data. In the house's own, products of
level "house" show everything and no other is asked for; in the other, Level I shows best quotes and trades of all venues by
tape, and depth shows whole books by venue, with that venue's quotes and trades of all stocks.

Refuses to know books and sockets. A mask that holds every venue is `ALL_VENUES`, so that whoever sees all is served by what is
made for all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from rushtrade.domain.data_products import DataProduct, DataUse, Level
from rushtrade.entitlements.register import Register
from rushtrade.entitlements.view import ALL_VENUES, EVERYTHING, TAPES, View

REASONS_MAX = 2
"""Products named in one refusal, those first that were lost: more are counted, and the page lists them all."""


class Right(msgspec.Struct, frozen=True):
    """What a product is to a subscriber at an instant. `reason` says why it is not shown now, and what would help.

    `is_lost`: they had it before, or have it and look at it elsewhere.
    """

    product: DataProduct
    is_shown: bool
    is_late: bool
    reason: str
    is_lost: bool = False


def every_right(register: Register, subscriber_id: int, use: DataUse, at_ns: int) -> list[Right]:
    """Say of every product of the price list what it is to a subscriber, whatever market runs."""
    rights = []
    for code, product in sorted(register.products.items()):
        decision = register.may(subscriber_id, code, use, at_ns)
        rights.append(Right(product, decision.allowed, decision.delayed, decision.reason))
    return rights


class Coverage:
    """One running market's venues, by their MICs in the order of the world."""

    def __init__(self, mics: Sequence[str], *, is_own: bool) -> None:
        self._bits = {mic: 1 << venue for venue, mic in enumerate(mics)}
        self._all = (1 << len(mics)) - 1
        self.is_own = is_own

    def products(self, register: Register) -> list[DataProduct]:
        """List the products that show anything of this market, in order of their codes."""
        return [product for _, product in sorted(register.products.items()) if self._mask(product)]

    def rights(
        self,
        register: Register,
        subscriber_id: int,
        use: DataUse,
        at_ns: int,
        withheld: Callable[[DataProduct], str] = lambda _: "",
    ) -> list[Right]:
        """Say of each product what it is to a subscriber; `withheld` gives a sentence for one kept back by its displays."""
        rights = []
        subscriber = register.subscribers.get(subscriber_id)
        for product in self.products(register):
            decision = register.may(subscriber_id, product.code, use, at_ns)
            kept = withheld(product) if decision.allowed else ""
            is_late = product.is_delayed if kept else decision.delayed
            had = subscriber is not None and subscriber.latest(product.code, use, at_ns) is not None
            is_shown = decision.allowed and not kept
            rights.append(Right(product, is_shown, is_late, kept or decision.reason, had and not is_shown))
        return rights

    def view(self, rights: Sequence[Right]) -> View:
        """Put together what rights show. Without any product there is nothing to ask for: everything is shown."""
        if not rights:
            return EVERYTHING
        tops, late, depth = [0, 0, 0], [0, 0, 0], 0
        for right in rights:
            mask = self._mask(right.product)
            if right.is_shown and right.product.level is not Level.LEVEL_1:
                depth |= mask
            for place, tape in enumerate(TAPES):
                if right.product.level is not Level.LEVEL_1 or tape in right.product.tapes:
                    tops[place] |= mask if right.is_shown else 0
                    late[place] |= mask if right.is_shown or right.is_late else 0
        return View(_three(map(self._whole, tops)), self._whole(depth), _three(map(self._whole, late)))

    def refusal(self, rights: Sequence[Right], tape: str, *, depth: bool) -> str:
        """Give the sentence for somebody who sees less than all of a tape's stocks, or not every book."""
        wanted = [
            right for right in rights if not right.is_shown and self.answers(right.product, tape, depth=depth)
        ]
        wanted.sort(key=lambda right: not right.is_lost)
        if any(right.is_lost for right in wanted):
            wanted = [right for right in wanted if right.is_lost]
        told = [f"{right.reason[:1].upper()}{right.reason[1:]}." for right in wanted[:REASONS_MAX]]
        more = len(wanted) - len(told)
        if more:
            told.append("1 more product is lacking." if more == 1 else f"{more} more products are lacking.")
        return " ".join(told)

    def answers(self, product: DataProduct, tape: str, *, depth: bool) -> bool:
        """Tell whether a product is the one that shows a tape's best quotes and trades, or whole books."""
        if product.level is Level.HOUSE:
            return True
        return product.level is Level.DEPTH if depth else tape in product.tapes

    def _mask(self, product: DataProduct) -> int:
        if self.is_own or product.level is Level.HOUSE:
            return self._all if self.is_own and product.level is Level.HOUSE else 0
        if product.level is Level.LEVEL_1:
            return self._all
        mask = 0
        for mic in product.venues:
            mask |= self._bits.get(mic, 0)
        return mask

    def _whole(self, mask: int) -> int:
        return ALL_VENUES if mask == self._all else mask


def _three(masks: map[int]) -> tuple[int, int, int]:
    a, b, c = masks
    return a, b, c
