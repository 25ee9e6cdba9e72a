import { describe, expect, test } from "vitest";
import { bytes, count, duration, lag, spark } from "../src/lib/quantities";

describe("spans of time", () => {
  test.each([
    [-5, "0 ms"],
    [0, "0 ms"],
    [999.4, "999 ms"],
    [1_000, "1.0 s"],
    [59_999, "59.9 s"],
    [60_000, "1 min 0 s"],
    [3_599_000, "59 min 59 s"],
    [7_500_000, "2 h 5 min"],
    [90_000_000, "1 d 1 h"],
  ])("%d ms is %s", (ms, said) => expect(duration(ms)).toBe(said));

  test.each([
    [-1, "–"],
    [0, "0 µs"],
    [950, "950 µs"],
    [1_500, "1.5 ms"],
    [2_340_000, "2.3 s"],
    [-2_000, "-2.0 ms"],
  ])("a lag of %d µs is %s", (us, said) => expect(lag(us)).toBe(said));
});

test.each([
  [0, "0 B"],
  [1_023, "1023 B"],
  [1_024, "1.0 KiB"],
  [5_368_709_120, "5.0 GiB"],
  [2 ** 50, "1024.0 TiB"],
])("%d bytes are %s", (size, said) => expect(bytes(size)).toBe(said));

test.each([
  [9_999, "9999"],
  [12_345, "12.3 k"],
  [1_250_000, "1.3 M"],
])("%d is about %s", (many, said) => expect(count(many)).toBe(said));

test("a small picture leaves out what is not known, and its greatest value reaches the top", () => {
  expect(spark([-1, 0, 50, 100], 20)).toBe("1,19.0 2,10.0 3,1.0");
  expect(spark([-1, -1], 20)).toBe("");
  expect(spark([-500], 20)).toBe("0,19.0");
});
