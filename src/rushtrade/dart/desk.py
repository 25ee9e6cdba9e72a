"""The routing desk: which routes there are, which are switched on, connected and healthy, and the sequences of each class.

Part of the core's state: it changes only through its methods, when an event is applied, and gives the same plans after
`restore(snapshot())`. It knows no order and no quote. A venue's link is taken as up until it is reported down.

Theory of operation. The tables live twice: as plain tuples and lists, for people and snapshots, and as the *sheet* of
`sweep_kernel`, one column a venue. Every change writes through to the sheet, so that a plan reads one array. The sheet's
answer rows are scratch space of the plan at hand: a desk belongs to one thread.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from functools import cached_property

import msgspec
import numpy as np

from rushtrade.dart import sweep_kernel as kernel
from rushtrade.dart.sequences import check_sequences, check_tables, class_name
from rushtrade.dart.street import DeskStreet
from rushtrade.domain.errors import require
from rushtrade.domain.plans import Skip, SkipReason
from rushtrade.domain.routes import Route, RouteSequences


class DeskImage(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a snapshot keeps of the desk."""

    routes: tuple[Route, ...]
    sequences: tuple[RouteSequences, ...]
    enabled: tuple[bool, ...]
    linked: tuple[bool, ...]
    healthy: tuple[bool, ...] = ()


class RoutingDesk:
    """Routes, switches, links and sequences; `routes[i].venue` is `i`."""

    def __init__(self, routes: tuple[Route, ...], sequences: tuple[RouteSequences, ...]) -> None:
        problem = check_tables(routes, sequences)
        require(problem is None, problem or "")
        self.routes = routes
        self.codes = tuple(route.code for route in routes)
        self.enabled = [True] * len(routes)
        self.linked = [True] * len(routes)
        self.healthy = [True] * len(routes)
        self._sequences = {row.equity_class: row for row in sequences}
        self._by_code = {route.route_code: route.venue for route in routes}
        self._by_name = {route.code: route.venue for route in routes}
        self._steps: dict[int, tuple[int, ...]] = {}
        self._sequence_skips: dict[tuple[int, int, int], tuple[Skip, ...]] = {}
        self._lay_out_sheet()
        self._refresh()

    # --- changes, as events are applied -------------------------------------------------------------

    def set_sequences(self, equity_class: int, sequence: str, punt_list: str) -> None:
        """Set one class's sequence and punt list; `check_sequences` has found them legal."""
        legal = self._sequences[equity_class].legal_codes
        self._sequences[equity_class] = RouteSequences(equity_class, sequence, punt_list, legal)
        self._refresh()

    def switch_route(self, venue: int, enabled: bool) -> None:
        """Enable or disable a route."""
        self.enabled[venue] = enabled
        self._refresh()

    def set_link(self, venue: int, up: bool) -> None:
        """Take note that a venue's session is up or down."""
        self.linked[venue] = up
        self._refresh()

    def set_health(self, venue: int, healthy: bool) -> None:
        """Take a route out of use by what the venue's answers say, or back into it."""
        if self.healthy[venue] != healthy:
            self.healthy[venue] = healthy
            self._refresh()

    # --- questions -------------------------------------------------------------------------------------

    def check_sequences(self, equity_class: int, sequence: str, punt_list: str) -> str | None:
        """Say in a plain sentence why these strings cannot be set, or None when they can. Case matters."""
        return check_sequences(self._sequences, self._by_code, equity_class, sequence, punt_list)

    def route_named(self, code: str) -> int | None:
        """Return the venue of a one-letter route code or a house code, None when unknown. Case matters."""
        venue = self._by_code.get(code)
        return self._by_name.get(code) if venue is None else venue

    def is_legal(self, venue: int, equity_class: int) -> bool:
        """Whether a route takes instruments of an equity class."""
        row = self._sequences.get(equity_class)
        return row is not None and self.routes[venue].route_code in row.legal_codes

    def is_usable(self, venue: int) -> bool:
        """Whether a route is switched on, connected and healthy."""
        return self.enabled[venue] and self.linked[venue] and self.healthy[venue]

    def may_try(self, venue: int, equity_class: int) -> bool:
        """Whether a small order may try an unhealthy venue: its route is legal for the class, switched on and connected."""
        return self._state(venue, equity_class) == int(SkipReason.UNHEALTHY)

    def sequences(self) -> tuple[RouteSequences, ...]:
        """Return the sequences of every class, in the order of the classes."""
        return tuple(self._sequences[equity_class] for equity_class in sorted(self._sequences))

    def warnings(self, equity_class: int, protected_venues: Iterable[int]) -> list[str]:
        """Name every venue that may hold a protected quote but stands in no place of the class's strings."""
        row = self._sequences.get(equity_class)
        if row is None or not row.legal_codes:
            return []
        reached = row.sequence + row.punt_list
        return [
            f"the {class_name(equity_class)} sequence {row.sequence!r} with punt list {row.punt_list!r} never reaches "
            f"{route.code} ({route.route_code}): while the best quote is there, orders may go unfilled"
            for route in (self.routes[venue] for venue in sorted(dict.fromkeys(protected_venues)))
            if route.route_code not in reached and route.route_code in row.legal_codes
        ]

    # --- what `plan` reads --------------------------------------------------------------------------------

    def steps(self, equity_class: int) -> tuple[int, ...]:
        """Return the venues of a class's sequence and then of its punt list, in their order."""
        return self._steps.get(equity_class, ())

    def state_row(self, equity_class: int) -> int:
        """Return the sheet's state row of a class; a class without sequences has no legal route."""
        return self._state_rows.get(equity_class, self._closed_row)

    @cached_property
    def street(self) -> DeskStreet:
        """Return the venues as strategies see them: scratch space of the plan at hand, like the sheet's answer."""
        return DeskStreet(self.routes)

    def hides(self, equity_class: int) -> bool:
        """Whether a usable route may fill orders of a class without showing anything."""
        return self._hides[self.state_row(equity_class) - kernel.STATES]

    def states(self, equity_class: int) -> list[int]:
        """Return, venue by venue, 0 or the `SkipReason` that keeps the route out."""
        return self._states[self.state_row(equity_class) - kernel.STATES]

    def sequence_skips(self, equity_class: int, at: int, chosen: int) -> tuple[Skip, ...]:
        """Return why a sequence's step `at` left every other route out. Kept until the desk changes."""
        key = (equity_class, at, chosen)
        skips = self._sequence_skips.get(key)
        if skips is None:
            skips = self._sequence_skips[key] = self._explain_step(equity_class, at, chosen)
        return skips

    def skip(self, venue: int, reason: int) -> Skip:
        """Return the one `Skip` of a venue and a reason."""
        return self.skip_table[venue * kernel.SKIP_SPAN + reason]

    # --- snapshot --------------------------------------------------------------------------------------------

    def snapshot(self) -> DeskImage:
        """Return all there is to know."""
        return DeskImage(
            self.routes, self.sequences(), tuple(self.enabled), tuple(self.linked), tuple(self.healthy)
        )

    @classmethod
    def restore(cls, image: object) -> RoutingDesk:
        """Build the desk of a snapshot, given as `DeskImage` or as plain decoded data."""
        kept = image if isinstance(image, DeskImage) else msgspec.convert(image, DeskImage)
        desk = cls(kept.routes, kept.sequences)
        desk.enabled[:] = kept.enabled
        desk.linked[:] = kept.linked
        if kept.healthy:
            desk.healthy[:] = kept.healthy
        desk._refresh()
        return desk

    # --- inside ------------------------------------------------------------------------------------------------

    def _lay_out_sheet(self) -> None:
        width = len(self.routes)
        classes = sorted(self._sequences)
        self._state_rows = {one: kernel.STATES + place for place, one in enumerate(classes)}
        self._closed_row = kernel.STATES + len(classes)
        height = self._closed_row + 1
        self.sheet_bytes = bytearray(8 * height * width)
        self.sheet = np.frombuffer(self.sheet_bytes, np.int64).reshape(height, width)
        self.read_answer = [_answer_reader(width, children) for children in range(width + 1)]
        """How to read an answer of n children: n venues, n prices, n shares, and the skips."""
        for venue, route in enumerate(self.routes):
            self.sheet[kernel.TAKE_MILS, venue] = route.take_mils
            self.sheet[kernel.TAKE_PPM, venue] = route.take_sub_dollar_ppm
            self.sheet[kernel.MAKE_MILS, venue] = route.make_mils
            self.sheet[kernel.MAKE_PPM, venue] = route.make_sub_dollar_ppm
            self.sheet[kernel.LATENCY, venue] = route.latency_ns
            self.sheet[kernel.QUEUE_WEIGHT, venue] = kernel.SHARE_AHEAD
            self.sheet[kernel.KIND, venue] = route.kind
        self.skip_table = self._make_skip_table()

    def _make_skip_table(self) -> list[Skip]:
        numbers = {int(reason): reason for reason in SkipReason}
        return [
            Skip(venue, numbers.get(number, SkipReason.NOT_CHOSEN))
            for venue in range(len(self.routes))
            for number in range(kernel.SKIP_SPAN)
        ]

    def _refresh(self) -> None:
        """Write switches, links, health and sequences through to what plans read."""
        self._steps = {
            row.equity_class: tuple(self._by_code[code] for code in row.sequence + row.punt_list)
            for row in self._sequences.values()
        }
        self._sequence_skips.clear()
        closed = [int(SkipReason.NOT_LEGAL)] * len(self.routes)
        self._states = [
            [self._state(venue, one) for venue in range(len(self.routes))] for one in sorted(self._sequences)
        ] + [closed]
        self.sheet[kernel.STATES :] = self._states
        self._hides = [
            any(route.kind and not state for route, state in zip(self.routes, states, strict=True))
            for states in self._states
        ]

    def _state(self, venue: int, equity_class: int) -> int:
        if not self.is_legal(venue, equity_class):
            return int(SkipReason.NOT_LEGAL)
        if not self.enabled[venue]:
            return int(SkipReason.DISABLED)
        if not self.linked[venue]:
            return int(SkipReason.LINK_DOWN)
        return 0 if self.healthy[venue] else int(SkipReason.UNHEALTHY)

    def _explain_step(self, equity_class: int, at: int, chosen: int) -> tuple[Skip, ...]:
        steps, states = self.steps(equity_class), self.states(equity_class)
        skips = []
        for venue in range(len(self.routes)):
            if venue == chosen:
                continue
            if states[venue]:
                reason = states[venue]
            elif venue in steps[at + 1 :]:
                reason = SkipReason.LATER_IN_SEQUENCE
            elif venue in steps:
                reason = SkipReason.ALREADY_TRIED
            else:
                reason = SkipReason.NOT_IN_SEQUENCE
            skips.append(self.skip(venue, reason))
        return tuple(skips)


def _answer_reader(width: int, children: int) -> Callable[[bytearray], tuple[int, ...]]:
    """Make the reader of the sheet's answer rows when `children` of `width` venues got shares."""
    row = f"{children}q{8 * (width - children)}x"
    return struct.Struct(f"={row * kernel.SKIP}{width - children}q").unpack_from
