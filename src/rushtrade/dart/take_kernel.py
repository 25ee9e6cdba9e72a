"""The arithmetic of taking: ask where liquidity hides first, or sweep what is shown, and how much of each.

It reads what all lit venues show (`far`), the venues' terms, and what has been learned of *sources*: places that may fill
without showing anything (a dark pool at the midpoint, a market maker at the offer, hidden shares behind a lit venue's quotes).
It writes children. It knows no order, no clock, no names, and learns nothing. Prices are *turned*: a sale's are negated, so that
lower is better for both sides. Fees and costs are in mils a share.

Theory of operation. Two plans are priced, and the cheaper one is begun.

*Seek*: one source after the other, each with the size that is worth it, then the sweep of what is left. An ask that stays
unfilled may make the quotes run, which every share left pays for. A small ask first, and the rest only when it fills, has nearly the fills
of a large ask and little of its leak; both are priced.

*Sweep*: all at once. Shares are first laid on the levels shown, cheapest price and then cheapest fee. Then the most expensive of
them are moved, cell by cell, to the source that promises most: a cell fills with chance pi at price p, or comes back and meets
a book of which a part has faded. Levels are given up from the expensive end only, so every better quote stays covered.

What is said of a source is its expected fill E(q) of an ask of q shares, at `EDGES`; between them it is a straight line.
"""

# numba compiles these; the type checker sees plain functions
# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"
# ruff: noqa: ANN001, ANN201, ANN202

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rushtrade.dart.sweep_kernel import TAKE_MILS, TAKE_PPM
from rushtrade.domain.numbers import MONEY_MAX, MONEY_PER_PRICE_SHARE, PRICE_MAX, PRICE_UNIT, QUANTITY_MAX
from rushtrade.domain.routes import MILLION

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

LEVELS_MAX = 24
"""Levels of a venue that are looked at; a sweep deeper than this is planned again when its reports are in."""
EDGE_FIRST = 25
EDGES = np.array([0] + [EDGE_FIRST << step for step in range(20)], np.int64)
"""Sizes at which a source's expected fill is given: 25 shares and doubling."""
CELLS = len(EDGES) - 1

# Columns of the venues' terms.
LIT = 0
"""1 where the venue shows quotes."""
TAKE = 1
USABLE = 2
TERMS = 3

# Columns of a source.
VENUE = 0
BEHIND = 1
"""1: hidden shares behind the venue's own quotes; 0: a place to ask."""
AT_MIDDLE = 2
"""1: fills at the midpoint; 0: at the best offer, `IMPROVES` better."""
IMPROVES = 3
SPENT = 4
"""1: has answered with less than was asked."""
HAD = 5
"""Shares it has already filled of this order, when it is not spent."""
LEAK = 6
"""First of the chances that quotes run after an unfilled ask, by `LEAK_EDGES` of the NBBO's size."""
LEAK_EDGES = np.array([0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2])
LEAKS = len(LEAK_EDGES) + 1
SOURCE = LEAK + LEAKS

# What is known of the market, in order.
FADE = 0
"""Share of what is shown that is gone once something was executed."""
RUN_COST = 1
"""What a share pays more after quotes ran, mils."""
ASK_COST = 2
"""What an ask costs by itself, for every share left: quotes move while it is under way."""
MARKET = 3

# Answers.
CHILD_VENUE = 0
CHILD_SHARES = 1
CHILD_PRICE = 2
CHILD_KIND = 3
CHILD = 4
SWEEPS = 0
ASKS_MIDDLE = 1
ASKS_OFFER = 2

SEEK = 1
SWEEP = 2
NOTHING = 0

NOWHERE = 2**62
FADE_MAX = 0.8
ASK_SIZES = 5
"""Sizes of a first ask that are priced: all that is left, a third of it, and so on."""
LATER = 0.25
"""Part of the fade that a share which comes back is thought to meet: others come back with it, and new quotes."""
MORE_TIMES = 2
"""A source that has filled all so far is expected to fill at most so many times that again: sizes fall off."""
BEYOND_TICKS = 4
"""Ticks beyond the deepest level shown at which shares are thought to be had when the books end."""


@njit(cache=True)
def show(levels, sheet, state_row, side, limit, shares, far, near, terms):
    """Lay a stamp's levels within a limit into the venues' books, prices turned; return the best price and the shares there.

    A price of `NOWHERE`: no usable venue shows anything within the limit. Below a dollar the fee of a share follows from the best price.
    """
    rows = np.frombuffer(levels, np.int64)
    venues = far.shape[0]
    way = 1 if side == 1 else -1
    price_max = min(PRICE_MAX, MONEY_MAX // MONEY_PER_PRICE_SHARE // shares)
    for venue in range(venues):
        far[venue, 0, 1] = near[venue, 0, 1] = 0
        terms[venue, USABLE] = sheet[state_row, venue] == 0
        terms[venue, TAKE] = sheet[TAKE_MILS, venue]
    place, depth = -1, 0
    best, best_shares = NOWHERE, 0
    for at in range(rows.size // 3):
        code, price, shown = rows[3 * at], rows[3 * at + 1], rows[3 * at + 2]
        if code != place:
            place, depth = code, 0
        venue, takes = code >> 1, code & 1 == side
        if not (0 < price <= price_max and 0 < shown <= QUANTITY_MAX and 0 <= venue < venues):
            continue
        if depth >= LEVELS_MAX or (takes and way * (limit - price) < 0):
            continue
        book = far[venue] if takes else near[venue]
        turned = way * price
        if depth and (turned <= book[depth - 1, 0] if takes else turned >= book[depth - 1, 0]):
            continue
        book[depth, 0], book[depth, 1] = turned, shown
        depth += 1
        if depth < LEVELS_MAX:
            book[depth, 1] = 0
        if takes and depth == 1 and terms[venue, LIT] and terms[venue, USABLE]:
            if turned < best:
                best, best_shares = turned, 0
            if turned == best:
                best_shares += shown
    if best < NOWHERE and way * best < PRICE_UNIT:
        for venue in range(venues):
            terms[venue, TAKE] = way * best * sheet[TAKE_PPM, venue] // MILLION
    return best, best_shares


@njit(cache=True)
def best_shown(far, terms, also_unusable):
    """Best price to take, `NOWHERE` when nobody shows one."""
    best = NOWHERE
    for venue in range(far.shape[0]):
        if far[venue, 0, 1] > 0 and (also_unusable or terms[venue, USABLE]):
            best = min(best, far[venue, 0, 0])
    return best


@njit(cache=True)
def shown_at(far, venue, limit):
    """Shares a venue shows within a limit."""
    shown = 0
    for level in range(far.shape[1]):
        if far[venue, level, 1] <= 0 or far[venue, level, 0] > limit:
            break
        shown += far[venue, level, 1]
    return shown


@njit(cache=True)
def shown_within(far, terms, limit):
    """Shares all usable venues with quotes show within a limit."""
    shown = 0
    for venue in range(far.shape[0]):
        if terms[venue, LIT] and terms[venue, USABLE]:
            shown += shown_at(far, venue, limit)
    return shown


@njit(cache=True)
def is_plain(far, out, count):
    """Whether children take what is shown, and nothing else."""
    for child in range(count):
        if out[child, CHILD_KIND] != SWEEPS:
            return False
        if out[child, CHILD_SHARES] > shown_at(far, out[child, CHILD_VENUE], out[child, CHILD_PRICE]):
            return False
    return True


@njit(cache=True)
def cell_of(shares):
    """Cell of `EDGES` a size ends in."""
    cell, edge = 0, float(EDGE_FIRST)
    while edge < shares and cell < CELLS - 1:
        edge *= 2
        cell += 1
    return cell


@njit(cache=True)
def expected_fill(fills, source, shares):
    """Shares a source is expected to fill of an ask."""
    if shares <= 0:
        return 0.0
    cell = cell_of(shares)
    low, high = EDGES[cell], EDGES[cell + 1]
    share = (min(shares, high) - low) / (high - low)
    return fills[source, cell] + (fills[source, cell + 1] - fills[source, cell]) * share


@njit(cache=True)
def chance_of(fills, source, shares):
    """Chance that a source holds at least so many shares: the slope of its expected fill."""
    cell = cell_of(shares)
    return (fills[source, cell + 1] - fills[source, cell]) / (EDGES[cell + 1] - EDGES[cell])


@njit(cache=True)
def fill_after(fills, source, had, shares):
    """Shares a source is expected to fill of a further ask when it has filled all of `had`."""
    if had <= 0:
        return expected_fill(fills, source, shares)
    chance = max(chance_of(fills, source, had), 1e-6)
    more = expected_fill(fills, source, had + shares) - expected_fill(fills, source, had)
    return min(more / chance, float(shares), MORE_TIMES * had + EDGES[2])


@njit(cache=True)
def leak_of(sources, source, unfilled_over_best):
    """Chance that quotes run after an ask that left so much unfilled."""
    step = 0
    while step < LEAKS - 1 and unfilled_over_best > LEAK_EDGES[step]:
        step += 1
    return sources[source, LEAK + step]


@njit(cache=True)
def merge(far, terms, scratch, depth):
    """Lay the levels of all usable venues side by side, cheapest price and then cheapest fee, to a depth in shares.

    Rows of the scratch: price, all-in cost, shares, venue. Returns how many levels.
    """
    venues = far.shape[0]
    heads = np.zeros(venues, np.int64)
    prices = np.empty(venues, np.int64)
    for venue in range(venues):
        usable = terms[venue, LIT] and terms[venue, USABLE] and far[venue, 0, 1] > 0
        prices[venue] = far[venue, 0, 0] if usable else NOWHERE
    count, shown = 0, 0
    while shown < depth and count < scratch.shape[1]:
        best, best_price = -1, NOWHERE
        for venue in range(venues):
            if prices[venue] < best_price or (
                best >= 0 and prices[venue] == best_price and terms[venue, TAKE] < terms[best, TAKE]
            ):
                best, best_price = venue, prices[venue]
        if best < 0:
            break
        head = heads[best]
        size = far[best, head, 1]
        scratch[0, count] = best_price
        scratch[1, count] = best_price + terms[best, TAKE]
        scratch[2, count] = size
        scratch[3, count] = best
        count += 1
        shown += size
        head += 1
        heads[best] = head
        more = head < LEVELS_MAX and far[best, head, 1] > 0
        prices[best] = far[best, head, 0] if more else NOWHERE
    return count


@njit(cache=True)
def sweep_cost(scratch, count, start, shares, kept, beyond):
    """Cost of taking shares that begin `start` deep, when a part `kept` of each level is still there."""
    cost, left, at = 0.0, float(shares), 0.0
    for level in range(count):
        if left <= 0:
            return cost
        size = scratch[2, level]
        free = size - min(max(start - at, 0.0), size)
        at += size
        part = min(free * kept, left)
        cost += part * scratch[1, level]
        left -= part
    last = scratch[1, count - 1] if count > 0 else 0.0
    return cost + left * (last + beyond)


@njit(cache=True)
def marginal(scratch, count, depth, beyond):
    """All-in cost of the share that lies so deep."""
    at = 0.0
    for level in range(count):
        at += scratch[2, level]
        if at >= depth:
            return scratch[1, level]
    return (scratch[1, count - 1] if count > 0 else 0.0) + beyond


@njit(cache=True)
def ask_price(sources, terms, source, best, middle):
    """All-in cost of a share that a source fills."""
    price = middle if sources[source, AT_MIDDLE] else best - sources[source, IMPROVES]
    return price + terms[int(sources[source, VENUE]), TAKE]


@njit(cache=True)
def fill_saves(fills, source, had, left, price, runs, scratch, count, beyond):
    """What the fills of a source are expected to save: each share, with its chance, takes the place of the dearest one left.

    Summed over sizes, not taken at the mean: a pool mostly has nothing and sometimes everything, and a sweep's cost is not a straight line.
    """
    depth = 0.0
    level = 0
    for at in range(count):
        level = at
        depth += scratch[2, at]
        if depth >= left:
            break
    low = depth - scratch[2, level] if count > 0 else 0.0
    known = 1.0 if had <= 0 else max(chance_of(fills, source, had), 1e-6)
    saved, cell = 0.0, 0
    while cell < CELLS - 1 and EDGES[cell + 1] <= had:
        cell += 1
    at_size = float(had)
    end = had + left
    while at_size < end and cell < CELLS:
        upper = min(float(EDGES[cell + 1]), end)
        chance = (fills[source, cell + 1] - fills[source, cell]) / (EDGES[cell + 1] - EDGES[cell]) / known
        middle = left - ((at_size + upper) / 2 - had)
        while level > 0 and middle <= low:
            level -= 1
            low -= scratch[2, level]
        cost = scratch[1, level] if count > 0 else 0.0
        if middle > low + scratch[2, level]:
            cost += beyond
        saved += min(chance, 1.0) * (upper - at_size) * (cost + runs - price)
        at_size = upper
        cell += 1
    return saved


@njit(cache=True)
def ask_costs(sources, fills, market, source, ask, left, whole, at_best):
    """What asking a source costs in quotes that run: for a first ask, and for the rest when that one is filled.

    `whole` is what an ask of all that is left is expected to fill.
    """
    run = market[RUN_COST]
    if ask >= left:
        empty = left - whole
        return (leak_of(sources, source, empty / at_best) * run if empty > 0 else 0.0) * empty + market[
            ASK_COST
        ] * left
    had = sources[source, HAD]
    first = fill_after(fills, source, had, ask)
    sure = chance_of(fills, source, had + ask)
    if had > 0:
        sure /= max(chance_of(fills, source, had), 1e-6)
    sure = min(max(sure, 0.0), 1.0)
    rest = max(left - ask - (whole - first) / max(sure, 1e-6), 0.0)
    costs = (1.0 - sure) * leak_of(sources, source, ask / at_best) * left * run
    return (
        costs + sure * leak_of(sources, source, rest / at_best) * rest * run + market[ASK_COST] * left * 1.5
    )


@njit(cache=True)
def seek(sources, fills, terms, market, scratch, count, shares, best, middle, at_best, beyond):
    """Price the seek: return its expected cost, and the source and size to ask first (-1 where none is worth it)."""
    total = sources.shape[0]
    gone = np.zeros(total, np.int64)
    left, runs = float(shares), 0.0
    first, first_ask = -1, 0
    cost = sweep_cost(scratch, count, 0.0, left, 1.0, beyond)
    for _ in range(total):
        found, found_value, found_fill, found_ask = -1, 0.0, 0.0, 0
        for source in range(total):
            venue = int(sources[source, VENUE])
            if gone[source] or sources[source, BEHIND] or sources[source, SPENT] or not terms[venue, USABLE]:
                continue
            price = ask_price(sources, terms, source, best, middle)
            had = sources[source, HAD]
            saves = fill_saves(fills, source, had, left, price, runs, scratch, count, beyond)
            if saves <= found_value:
                continue
            ask, whole = left, fill_after(fills, source, had, left)
            for _step in range(ASK_SIZES):
                value = saves - ask_costs(sources, fills, market, source, ask, left, whole, at_best)
                if value > found_value:
                    found, found_value, found_ask, found_fill = source, value, int(np.ceil(ask)), whole
                ask /= 3
                if ask < EDGE_FIRST:
                    break
        if found < 0:
            break
        if first < 0:
            first, first_ask = found, min(found_ask, shares)
        gone[found] = 1
        cost -= found_value
        left -= found_fill
        if left < 1:
            break
    return cost, first, first_ask


@njit(cache=True)
def sweep(sources, fills, terms, market, scratch, count, shares, best, middle, at_best, beyond, asks, tops):
    """Price the sweep, moving the most expensive shares to sources; write into `asks`, return cost and shares shown."""
    total = sources.shape[0]
    fade = min(market[FADE], FADE_MAX)
    shown = 0.0
    for level in range(count):
        shown += scratch[2, level]
    on_book = min(float(shares), shown)
    loose = shares - on_book
    later = marginal(scratch, count, shares / (1 - fade * LATER), beyond) + fade * market[RUN_COST] * LATER
    filled_cost, filled = 0.0, 0.0
    offers = np.empty(
        (3, total)
    )  # price, shares of the next cell, chance that it fills; no price: not to be asked
    for source in range(total):
        asks[source] = 0
        venue = int(sources[source, VENUE])
        offers[0, source] = np.inf
        if sources[source, SPENT] or not terms[venue, USABLE]:
            continue
        if not sources[source, BEHIND]:
            offers[0, source] = ask_price(sources, terms, source, best, middle)
        elif tops[venue] < NOWHERE:
            offers[0, source] = tops[venue] + terms[venue, TAKE]
        offers[1, source], offers[2, source] = _next_cell(sources, fills, source, 0)
    for _ in range(total * CELLS):
        deep = marginal(scratch, count, on_book, beyond) if loose <= 0 else later
        rest = max(shares - on_book - filled, 0.0)
        found, found_value = -1, 0.0
        for source in range(total):
            price, part, chance = offers[0, source], offers[1, source], offers[2, source]
            if price >= deep:
                continue
            value = chance * (deep - price) - (1 - chance) * max(later - deep, 0.0)
            if value > found_value and not sources[source, BEHIND]:
                asked = asks[source] + part
                leak = leak_of(sources, source, asked / at_best) * rest / max(asked, 1.0)
                value -= (1 - chance) * leak * market[RUN_COST]
            if value > found_value:
                found, found_value = source, value
        if found < 0:
            break
        room = loose if loose > 0 else _top_of(scratch, count, on_book)
        part = np.ceil(min(offers[1, found], room))
        if part <= 0:
            break
        asks[found] += int(part)
        if loose > 0:
            loose = max(loose - part, 0.0)
        else:
            on_book = max(on_book - part, 0.0)
        filled += part * offers[2, found]
        filled_cost += part * offers[2, found] * offers[0, found]
        offers[1, found], offers[2, found] = _next_cell(sources, fills, found, asks[found])
        if on_book <= 0 and loose <= 0:
            break
    left = max(shares - on_book - filled, 0.0)
    runs = 0.0
    for source in range(total):
        if asks[source] > 0 and not sources[source, BEHIND]:
            empty = asks[source] - fill_after(fills, source, sources[source, HAD], asks[source])
            runs += leak_of(sources, source, empty / at_best) * (empty / asks[source])
    cost = runs * market[RUN_COST] * left
    cost += sweep_cost(scratch, count, 0.0, on_book, 1.0, beyond) + filled_cost
    cost += sweep_cost(scratch, count, on_book, left, 1 - fade, beyond)
    return cost, int(on_book)


@njit(cache=True)
def _next_cell(sources, fills, source, asked):
    """Return the shares of a source's next cell when so many are asked already, and the chance that they are filled."""
    had = sources[source, HAD]
    cell = 0
    while cell < CELLS - 1 and EDGES[cell + 1] <= had + asked:
        cell += 1
    chance = (fills[source, cell + 1] - fills[source, cell]) / (EDGES[cell + 1] - EDGES[cell])
    if had > 0:
        chance /= max(chance_of(fills, source, had), 1e-6)
    return EDGES[cell + 1] - had - asked, min(chance, 1.0)


@njit(cache=True)
def _top_of(scratch, count, on_book):
    """Shares that lie on the most expensive level of those taken."""
    at = 0.0
    for level in range(count):
        if at + scratch[2, level] >= on_book:
            return on_book - at
        at += scratch[2, level]
    return on_book - at


@njit(cache=True)
def write_sweep(sources, scratch, count, on_book, asks, taken, best, out):
    """Write the children of a sweep: what is shown and what may hide behind it at one venue are one child."""
    children, worst, left = 0, -NOWHERE, on_book
    for venue in range(taken.shape[0]):
        taken[venue] = 0
    for level in range(count):
        if left <= 0:
            break
        part = min(int(scratch[2, level]), left)
        taken[int(scratch[3, level])] += part
        worst = max(worst, int(scratch[0, level]))
        left -= part
    for source in range(sources.shape[0]):
        if asks[source] > 0 and sources[source, BEHIND]:
            taken[int(sources[source, VENUE])] += asks[source]
            worst = max(worst, best)
    for venue in range(taken.shape[0]):
        if taken[venue] > 0:
            out[children, CHILD_VENUE] = venue
            out[children, CHILD_SHARES] = taken[venue]
            out[children, CHILD_PRICE] = worst
            out[children, CHILD_KIND] = SWEEPS
            children += 1
    for source in range(sources.shape[0]):
        if asks[source] > 0 and not sources[source, BEHIND]:
            out[children, CHILD_VENUE] = int(sources[source, VENUE])
            out[children, CHILD_SHARES] = asks[source]
            out[children, CHILD_PRICE] = best
            out[children, CHILD_KIND] = ASKS_MIDDLE if sources[source, AT_MIDDLE] else ASKS_OFFER
            children += 1
    return children


@njit(cache=True, nogil=True)
def decide(
    far: Ints,
    near_best: int,
    terms: Ints,
    sources: Floats,
    fills: Floats,
    market: Floats,
    work: Floats,
    shares: int,
    tick: int,
    modes: int,
    out: Ints,
    costs: Floats,
) -> tuple[int, int]:
    """Choose between seek and sweep and write the children; return their number and the plan begun.

    `modes` allows plans: 1 = seek, 2 = sweep with sources, 3 = both, 4 = the plain sweep of what is shown. `costs` gets the expected cost of
    both plans in mils × shares. `work` is scratch: four rows of levels.
    """
    venues = far.shape[0]
    tops = np.full(venues, NOWHERE, np.int64)
    best, at_best = NOWHERE, 0.0
    for venue in range(venues):
        if terms[venue, LIT] and terms[venue, USABLE] and far[venue, 0, 1] > 0:
            tops[venue] = far[venue, 0, 0]
            if tops[venue] < best:
                best, at_best = tops[venue], 0.0
            if tops[venue] == best:
                at_best += far[venue, 0, 1]
    costs[0] = costs[1] = np.inf
    if best >= NOWHERE or shares <= 0:
        return 0, NOTHING
    beyond = float(BEYOND_TICKS * tick)
    middle = (best + near_best) / 2.0 if near_best > -NOWHERE else float(best)
    count = merge(far, terms, work, shares * 2)
    first, first_ask = -1, 0
    if modes & 1:
        costs[0], first, first_ask = seek(
            sources, fills, terms, market, work, count, shares, best, middle, at_best, beyond
        )
    asks = np.zeros(sources.shape[0], np.int64)
    on_book = 0
    if modes & 2:
        costs[1], on_book = sweep(
            sources, fills, terms, market, work, count, shares, best, middle, at_best, beyond, asks, tops
        )
    elif modes & 4:
        shown = 0.0
        for level in range(count):
            shown += work[2, level]
        on_book = int(min(float(shares), shown))
        costs[1] = sweep_cost(work, count, 0.0, shares, 1.0, beyond)
    if first >= 0 and costs[0] < costs[1]:
        out[0, CHILD_VENUE] = int(sources[first, VENUE])
        out[0, CHILD_SHARES] = first_ask
        out[0, CHILD_PRICE] = best
        out[0, CHILD_KIND] = ASKS_MIDDLE if sources[first, AT_MIDDLE] else ASKS_OFFER
        return 1, SEEK
    if not modes & 6:
        return 0, NOTHING
    taken = np.zeros(venues, np.int64)
    return write_sweep(sources, work, count, on_book, asks, taken, best, out), SWEEP
