// Places of resting orders in the queues of their venues.

import type { Place } from "../feed/protocol";

/** The shares before an order that is nearest to its turn, by order: a parent may rest at several venues. */
export function leastAhead(places: readonly Place[]): Map<number, number> {
  const least = new Map<number, number>();
  for (const one of places) {
    const known = least.get(one.order_id);
    if (known === undefined || one.shares_ahead < known) least.set(one.order_id, one.shares_ahead);
  }
  return least;
}
