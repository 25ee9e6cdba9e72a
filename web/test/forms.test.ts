import { describe, expect, test } from "vitest";
import type { Order } from "../src/feed/protocol";
import {
  type Draft,
  draftErrors,
  draftMarks,
  draftSentence,
  newDraft,
  orderBody,
  stepPrice,
  stepQuantity,
  wholeNumber,
} from "../src/forms/draft";
import { placeColumns } from "../src/grid/columns";
import { marketNow } from "../src/lib/clock";
import { levelOf, ownShares } from "../src/panels/montage";
import { HOUSE_LAYOUTS, parsePanel, serialized } from "../src/shell/layouts";

const draft = (part: Partial<Draft>): Draft => ({ ...newDraft(), limit: "187.25", ...part });

describe("an order draft", () => {
  test.each<[string, Partial<Draft>, string[]]>([
    ["is whole", {}, []],
    ["needs shares", { quantity: "" }, ["quantity"]],
    ["has no half shares", { quantity: "1.5" }, ["quantity"]],
    ["has no negative shares", { quantity: "-100" }, ["quantity"]],
    ["has no zero shares", { quantity: "0" }, ["quantity"]],
    ["takes 9,999,999 shares", { quantity: "9,999,999" }, []],
    ["takes no more", { quantity: "10000000" }, ["quantity"]],
    ["needs a limit", { limit: "" }, ["limit"]],
    ["has no limit of zero", { limit: "0" }, ["limit"]],
    ["has no fifth decimal", { limit: "187.25001" }, ["limit"]],
    ["needs no limit at market", { type: "market", limit: "" }, []],
    ["needs a stop", { type: "stop" }, ["stop"]],
    ["needs both prices as a stop limit", { type: "stop_limit", limit: "" }, ["limit", "stop"]],
    ["shows no more than it has", { display: "200" }, ["display"]],
    ["may be hidden", { display: "0" }, []],
  ])("%s", (_, part, wrong) => {
    expect(Object.keys(draftErrors("AAPL", draft(part))).sort()).toEqual(wrong);
  });

  test("the body has the prices its type needs, and no other", () => {
    expect(orderBody("AAPL", draft({ type: "market", stop: "1" }))).toMatchObject({
      limit_price: null,
      stop_price: null,
    });
    expect(orderBody("AAPL", draft({ quantity: "1,200", display: "0" }))).toMatchObject({
      quantity: 1_200,
      limit_price: "187.25",
      stop_price: null,
      display: 0,
      not_held: false,
      extended_hours: false,
    });
  });

  test("its marks are said before it is sent, and the house is told when it is not held", () => {
    const strategies = ["DART", "SEQUENCE"];
    expect(draftMarks(draft({ side: "buy" }), strategies)).toBe("agency · held · non-directed");
    const own = draft({ side: "sell_short", route: "ARCA", notHeld: true });
    expect(draftMarks(own, strategies)).toBe("agency · not held · directed · short");
    expect(draftMarks(draft({ side: "sell" }), strategies)).toBe("agency · held · non-directed · long");
    expect(orderBody("AAPL", own).not_held).toBe(true);
    expect(orderBody("AAPL", draft({})).not_held).toBe(false);
  });

  test("marks are sent, extended hours only with a limit order that may rest", () => {
    const marks = { notHeld: true, extended: true };
    expect(orderBody("AAPL", draft(marks))).toMatchObject({ not_held: true, extended_hours: true });
    for (const part of [{ type: "market" }, { timeInForce: "ioc" }] as const)
      expect(orderBody("AAPL", draft({ ...marks, ...part }))).toMatchObject({ extended_hours: false });
  });

  test("the button says what would be sent", () => {
    expect(draftSentence("AAPL", draft({ quantity: "1200" }))).toBe("Buy 1,200 AAPL at 187.25");
    expect(draftSentence("F", draft({ side: "sell_short", type: "stop_limit", stop: "12" }))).toBe(
      "Sell short 100 F stop 12 limit 187.25",
    );
  });
});

describe("arrow keys", () => {
  test("a price moves by ticks and stays above zero", () => {
    expect(stepPrice("187.25", "0.01", 1)).toBe("187.26");
    expect(stepPrice("0.01", "0.01", -1)).toBe("0.01");
    expect(stepPrice("0.5", "0.0001", -10)).toBe("0.4990");
    expect(stepPrice("nothing", "0.01", 1)).toBe("nothing");
  });

  test("a quantity moves by round lots", () => {
    expect(stepQuantity("100", 100, 1)).toBe("200");
    expect(stepQuantity("130", 100, 1)).toBe("200");
    expect(stepQuantity("130", 100, -1)).toBe("100");
    expect(stepQuantity("100", 100, -1)).toBe("100");
    expect(stepQuantity("", 100, 1)).toBe("100");
  });
});

test("a whole number is digits, with thousands marks or without", () => {
  expect([wholeNumber("1,200"), wholeNumber(" 7 "), wholeNumber("1e3"), wholeNumber("")]).toEqual([
    1200,
    7,
    null,
    null,
  ]);
});

describe("the montage", () => {
  test("rows of one price are one level", () => {
    expect(
      levelOf([
        ["10.00", 5, 1, 0],
        ["10.0000", 4, 1, 1],
        ["9.99", 3, 1, 0],
        ["9.98", 3, 1, 2],
      ]),
    ).toEqual([0, 0, 1, 2]);
  });

  test("own shares stand by venue and price, each on its side", () => {
    const order = (side: Order["side"], ...working: Order["working"]) => ({ side, working }) as Order;
    const orders = [
      order("buy", { venue: 0, price: "10.00", shares: 60 }, { venue: 1, price: "10.00", shares: 5 }),
      order("buy", { venue: 0, price: "10.0000", shares: 40 }),
      order("sell_short", { venue: 0, price: "10.00", shares: 7 }),
    ];
    expect([...ownShares(orders, true)]).toEqual([
      ["0@100000", 100],
      ["1@100000", 5],
    ]);
    expect([...ownShares(orders, false)]).toEqual([["0@100000", 7]]);
  });
});

describe("columns", () => {
  const columns = [
    { key: "a", title: "A", width: 50, grow: 1 },
    { key: "b", title: "B", width: 50, drop: 1 },
    { key: "c", title: "C", width: 50, drop: 2 },
  ];

  test("spare width goes to columns that grow", () => {
    expect(placeColumns(columns, 200).map((one) => [one.column.key, one.left, one.width])).toEqual([
      ["a", 0, 100],
      ["b", 100, 50],
      ["c", 150, 50],
    ]);
  });

  test("what matters least goes first, what must stay stays", () => {
    expect(placeColumns(columns, 120).map((one) => one.column.key)).toEqual(["a", "b"]);
    expect(placeColumns(columns, 10).map((one) => one.column.key)).toEqual(["a"]);
  });
});

describe("layouts", () => {
  test.each(Object.keys(HOUSE_LAYOUTS))("%s fills the dock it is made for", (name) => {
    const tile = HOUSE_LAYOUTS[name];
    if (tile === undefined) throw new Error(name);
    const made = serialized(tile, 1_440, 830, (kind) => kind);
    type Node = { type: string; size: number; data: Node[] | { views: string[] } };
    const leaves = (node: Node): string[] =>
      node.type === "leaf" ? (node.data as { views: string[] }).views : (node.data as Node[]).flatMap(leaves);
    expect(leaves(made.grid.root as unknown as Node).sort()).toEqual(Object.keys(made.panels).sort());
    const row = (made.grid.root as unknown as Node).data as Node[];
    expect(row.reduce((sum, node) => sum + node.size, 0)).toBeCloseTo(1_440, 6);
  });

  test("a panel is written with its symbol group", () => {
    expect(parsePanel("depth:B")).toEqual({ kind: "depth", group: "B" });
    expect(parsePanel("orders")).toEqual({ kind: "orders", group: "A" });
  });
});

test("the market's clock runs at the market's speed, and stands when the market is closed", () => {
  expect(marketNow(1_000_000, 0, 500, "10", true)).toBe(6_000_000);
  expect(marketNow(1_000_000, 0, 500, "1", false)).toBe(1_000_000);
  expect(marketNow(1_000_000, 0, 500, "max", true)).toBe(1_000_000);
});
