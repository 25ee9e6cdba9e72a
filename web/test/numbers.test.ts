import { describe, expect, test } from "vitest";
import {
  averageText,
  changePercent,
  compact,
  money,
  plainPrice,
  price,
  priceText,
  signedMoney,
  signOf,
  toUnits,
} from "../src/lib/numbers";

describe("prices", () => {
  test.each([
    ["187.25", 1_872_500],
    ["0.0001", 1],
    ["-1.5", -15_000],
    ["187.25000", 1_872_500],
    ["699000", 6_990_000_000],
    [" 12.48 ", 124_800],
  ])("%s is %d units of $0.0001", (text, units) => {
    expect(toUnits(text)).toBe(units);
  });

  test.each(["", "abc", "1.23456", "1e5", "NaN", "--1", "1,000", "1.2.3", "Infinity"])(
    "%s is no price",
    (text) => {
      expect(toUnits(text)).toBeNull();
    },
  );

  test("two decimals are shown, four when they say something", () => {
    expect(price(1_872_500)).toBe("187.25");
    expect(price(1_872_450)).toBe("187.2450");
    expect(price(-15_000)).toBe("-1.50");
    expect(price(6_990_000_000)).toBe("699,000.00");
    expect(plainPrice(6_990_000_000)).toBe("699000.00");
  });

  test("every price survives the way to text and back", () => {
    for (let units = 1; units < 300_000_000; units = units * 3 + 7) {
      expect(toUnits(plainPrice(units))).toBe(units);
    }
  });

  test("a price of the house loses its empty decimals and keeps the others", () => {
    expect(priceText("187.2500")).toBe("187.25");
    expect(priceText("187.2450")).toBe("187.2450");
    expect(priceText(null)).toBe("");
    expect(averageText("187.253333")).toBe("187.2533");
  });
});

describe("money", () => {
  test.each([
    ["1234567.891", "1,234,567.89"],
    ["-1234.565", "-1,234.57"],
    ["0.004", "0.00"],
    ["-0.005", "-0.01"],
    ["56350508.00", "56,350,508.00"],
    ["900719925474.10", "900,719,925,474.10"],
  ])("%s is shown as %s", (text, shown) => {
    expect(money(text)).toBe(shown);
  });

  test("profit carries its sign, nothing carries none", () => {
    expect(signedMoney("12.5")).toBe("+12.50");
    expect(signedMoney("-12.5")).toBe("-12.50");
    expect(signedMoney("0.001")).toBe("0.00");
    expect(signOf("-0.001")).toBe(0);
    expect(signOf("-0.009")).toBe(-1);
  });
});

test("volumes are shortened from a hundred thousand on", () => {
  expect(compact(99_999)).toBe("99,999");
  expect(compact(123_456)).toBe("123K");
  expect(compact(243_495_204)).toBe("243.50M");
});

test("a change without a price before it is not shown", () => {
  expect(changePercent(1_010_000, 1_000_000)).toBe("+1.00%");
  expect(changePercent(990_000, 1_000_000)).toBe("-1.00%");
  expect(changePercent(990_000, 0)).toBe("");
  expect(changePercent(0, 990_000)).toBe("");
});
