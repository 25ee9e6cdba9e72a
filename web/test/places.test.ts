import { expect, test } from "vitest";
import { leastAhead } from "../src/lib/places";

const place = (order_id: number, venue: number, shares_ahead: number) => ({
  order_id,
  venue,
  shares: 100,
  shares_ahead,
  orders_ahead: 1,
  level_shares: shares_ahead + 100,
});

test("an order at several venues shows the place nearest to its turn", () => {
  const ahead = leastAhead([place(4, 0, 700), place(4, 2, 0), place(9, 1, 300), place(9, 3, 400)]);
  expect([...ahead]).toEqual([
    [4, 0],
    [9, 300],
  ]);
});

test("an order nobody can place is not in it", () => {
  expect(leastAhead([]).get(4)).toBeUndefined();
});
