// Arithmetic of the montage: which price level a row belongs to, and where the customer's own shares stand.

import type { DepthRow, Order } from "../feed/protocol";
import { toUnits } from "../lib/numbers";

/** Price level of each row, 0 = best. Rows come best price first. */
export function levelOf(rows: readonly DepthRow[]): number[] {
  let level = -1;
  let price = Number.NaN;
  return rows.map((row) => {
    const units = toUnits(row[0]) ?? 0;
    if (units !== price) level++;
    price = units;
    return level;
  });
}

/** Own shares by "venue@price units" on one side of the book. */
export function ownShares(orders: readonly Order[], bids: boolean): Map<string, number> {
  const found = new Map<string, number>();
  for (const order of orders) {
    if ((order.side === "buy") !== bids) continue;
    for (const child of order.working) {
      const key = `${child.venue}@${toUnits(child.price)}`;
      found.set(key, (found.get(key) ?? 0) + child.shares);
    }
  }
  return found;
}
