import { expect, test } from "vitest";
import { wholeSentence } from "../src/lib/sentences";

test.each([
  ["the market is closed; a GTC order would be taken", "The market is closed; a GTC order would be taken."],
  ["User or password is wrong.", "User or password is wrong."],
  [
    "9000000 shares exceed the limit of 100000 an order",
    "9000000 shares exceed the limit of 100000 an order.",
  ],
  ["limit_price must be above 0.", "limit_price must be above 0."],
  ["is this an order?", "Is this an order?"],
  ["élan is no symbol", "Élan is no symbol."],
  ["  ", ""],
])("%s", (said, shown) => {
  expect(wholeSentence(said)).toBe(shown);
});
