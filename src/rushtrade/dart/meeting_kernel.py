"""One order meets one stamp, in one call: the street is shown it, the ways are weighed, and the answer is looked at.

A call into compiled code with a dozen arrays costs more than what most orders ask of it; so the three steps of `take_kernel` that every order of the house
takes are made here together.
"""

# numba compiles these; the type checker sees plain functions
# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"
# ruff: noqa: ANN001, ANN201

from __future__ import annotations

from numba import njit

from rushtrade.dart.take_kernel import NOTHING, NOWHERE, decide, is_plain, show


@njit(cache=True)
def meet(
    levels,
    sheet,
    state_row,
    side,
    limit,
    shares,
    far,
    near,
    near_best,
    terms,
    sources,
    fills,
    market,
    work,
    tick,
    modes,
    out,
    costs,
):
    """Return the best price and the shares there, the number of children, what they begin, and whether they take only what is shown."""
    best, there = show(levels, sheet, state_row, side, limit, shares, far, near, terms)
    if best >= NOWHERE:
        return best, there, 0, NOTHING, True
    count, begun = decide(
        far, near_best, terms, sources, fills, market, work, shares, tick, modes, out, costs
    )
    return best, there, count, begun, is_plain(far, out, count)
