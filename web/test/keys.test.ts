import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Arming } from "../src/keys/arming";
import { Commands } from "../src/keys/commands";
import { type KeyContext, keyOrder } from "../src/keys/hotkeys";
import { BindingRefused, Keymap, normalBinding } from "../src/keys/keymap";

const press = (key: string, modifiers: Partial<Record<"ctrlKey" | "shiftKey" | "altKey", boolean>> = {}) => ({
  key,
  ctrlKey: false,
  shiftKey: false,
  altKey: false,
  metaKey: false,
  ...modifiers,
});

describe("bindings", () => {
  test("letters are upper case and modifiers have an order", () => {
    expect(normalBinding("Shift+Ctrl+y")).toBe("Ctrl+Shift+Y");
  });

  test.each(["Ctrl+T", "Ctrl+W", "F5", "Alt+1", "Tab", "Ctrl+Shift+N"])("%s is the browser's", (key) => {
    expect(() => normalBinding(key)).toThrow(BindingRefused);
  });

  test("one key cannot call two commands", () => {
    const keymap = new Keymap();
    keymap.bind("B", "ticket.buy");
    expect(() => keymap.bind("b", "panel.blotter")).toThrow("already calls ticket.buy");
  });

  test("a letter fires outside a text field, never inside", () => {
    const keymap = new Keymap();
    keymap.bind("B", "ticket.buy");
    keymap.bind("Ctrl+K", "palette");
    expect(keymap.find(press("b"), false)?.command).toBe("ticket.buy");
    expect(keymap.find(press("b"), true)).toBeNull();
    expect(keymap.find(press("k", { ctrlKey: true }), true)?.command).toBe("palette");
  });

  test("Shift makes another key of a letter, and none of a sign", () => {
    const keymap = new Keymap();
    keymap.bind("Shift+B", "trade.buy_ask");
    keymap.bind("?", "keys");
    expect(keymap.find(press("B", { shiftKey: true }), false)?.command).toBe("trade.buy_ask");
    expect(keymap.find(press("b"), false)).toBeNull();
    expect(keymap.find(press("?", { shiftKey: true }), false)?.command).toBe("keys");
  });
});

describe("commands", () => {
  test("the palette finds by all words, and titles that start so come first", () => {
    const commands = new Commands();
    const add = (id: string, title: string) =>
      commands.add({ id, title, group: "Order", run: () => undefined });
    add("a", "Write a cancel note");
    add("b", "Cancel all orders");
    expect(commands.search("cancel").map((one) => one.id)).toEqual(["b", "a"]);
    expect(commands.search("cancel note").map((one) => one.id)).toEqual(["a"]);
  });

  test("a command that is not enabled does not run", () => {
    const commands = new Commands();
    const run = vi.fn();
    commands.add({ id: "x", title: "X", group: "Order", enabled: () => false, run });
    commands.run("x", "palette");
    expect(run).not.toHaveBeenCalled();
  });
});

describe("arming", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("keys are safe at the beginning and after idling", () => {
    const said: string[] = [];
    const arming = new Arming((armed, why) => said.push(`${armed} ${why}`), 1_000);
    expect(arming.armed()).toBe(false);
    arming.arm();
    vi.advanceTimersByTime(900);
    arming.touch();
    vi.advanceTimersByTime(900);
    expect(arming.armed()).toBe(true);
    vi.advanceTimersByTime(200);
    expect(arming.armed()).toBe(false);
    expect(said).toEqual(["true ", "false five minutes without a key"]);
  });
});

describe("what a trade key sends", () => {
  const at: KeyContext = {
    symbol: "AAPL",
    bid: 1_872_400,
    ask: 1_872_500,
    trusted: true,
    position: 0,
    quantity: 100,
    route: "DART",
    limits: { shares: 1_000, dollars: 250_000 },
  };
  const body = (key: Parameters<typeof keyOrder>[0], change: Partial<KeyContext> = {}) => {
    const order = keyOrder(key, { ...at, ...change });
    return "body" in order ? order.body : order.refused;
  };

  test("buying takes the ask, joining the bid", () => {
    expect(body("buy_ask")).toMatchObject({
      side: "buy",
      type: "limit",
      quantity: 100,
      limit_price: "187.25",
    });
    expect(body("join_bid")).toMatchObject({ side: "buy", limit_price: "187.24" });
  });

  test("selling never sells more than there is, and never short", () => {
    expect(body("sell_bid", { position: 40 })).toMatchObject({
      side: "sell",
      quantity: 40,
      limit_price: "187.24",
    });
    expect(body("sell_bid")).toContain("no AAPL shares to sell");
    expect(body("join_ask", { position: -100 })).toContain("no AAPL shares to sell");
  });

  test("flattening closes a long and a short, whatever the caps and the quote", () => {
    const none = { shares: 0, dollars: 0 };
    expect(body("flatten", { position: 5_000, trusted: false, limits: none })).toMatchObject({
      side: "sell",
      type: "market",
      quantity: 5_000,
    });
    expect(body("flatten", { position: -70 })).toMatchObject({ side: "buy", type: "market", quantity: 70 });
    expect(body("flatten")).toContain("no position");
  });

  test("caps hold for buying and name themselves", () => {
    expect(body("buy_ask", { quantity: 1_001 })).toContain("cap of a key, 1,000");
    expect(body("buy_ask", { limits: { shares: 1_000, dollars: 18_000 } })).toContain("$18,000");
  });

  test.each([
    ["stale", { trusted: false }],
    ["missing", { ask: 0 }],
    ["not a number", { ask: Number.NaN }],
    ["negative", { ask: -5 }],
    ["good", { quantity: Number.NaN }],
    ["well-made", { quantity: 0 }],
  ])("a %s quote with %o sends nothing", (_, change) => {
    expect(typeof body("buy_ask", change)).toBe("string");
  });
});
