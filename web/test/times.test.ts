import { expect, test } from "vitest";
import { atClock } from "../src/lib/times";

const TEN = Date.UTC(2012, 5, 21, 14, 0, 0) * 1000; // 10:00 in New York
const MINUTE = 60_000_000;

test("a time of day is on the day of the replay, in New York", () => {
  expect(atClock("10:00", TEN + 123)).toBe(TEN);
  expect(atClock(" 9:45 ", TEN)).toBe(TEN - 15 * MINUTE);
  expect(atClock("09:30:01", TEN)).toBe(TEN - 30 * MINUTE + 1_000_000);
  expect(atClock("23:59:59", TEN)).toBe(TEN + 14 * 60 * MINUTE - 1_000_000);
});

test("what is no time of day is none", () => {
  for (const text of ["", "9", "24:00", "9:60", "9:45:60", "nine", "-1:00", "9:45:30.5"])
    expect(atClock(text, TEN)).toBeNull();
});
