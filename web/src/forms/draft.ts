// An order being written: its fields as the trader types them, and what is wrong with them. Pure.

import type { OrderBody, OrderType, Side, TimeInForce } from "../feed/protocol";
import { plainPrice, toUnits } from "../lib/numbers";

export interface Draft {
  side: Side;
  type: OrderType;
  timeInForce: TimeInForce;
  quantity: string;
  limit: string;
  /** The limit is the page's proposal, not the trader's word: it follows side and symbol until it is touched. */
  proposed: boolean;
  stop: string;
  route: string;
  /** "" = all, else shares shown. */
  display: string;
  /** Price and time of execution are left to the house. */
  notHeld: boolean;
  /** What rests may trade before and after the regular session, too. */
  extended: boolean;
}

export type DraftErrors = Partial<Record<keyof Draft | "symbol", string>>;

export const QUANTITY_MAX = 9_999_999;

export function newDraft(): Draft {
  return {
    side: "buy",
    type: "limit",
    timeInForce: "day",
    quantity: "100",
    limit: "",
    proposed: true,
    stop: "",
    route: "DART",
    display: "",
    notHeld: false,
    extended: false,
  };
}

/** Extended hours are for limit orders that rest. */
export function mayExtend(draft: Draft): boolean {
  return draft.type === "limit" && (draft.timeInForce === "day" || draft.timeInForce === "gtc");
}

export function needsLimit(type: OrderType): boolean {
  return type === "limit" || type === "stop_limit";
}

export function needsStop(type: OrderType): boolean {
  return type === "stop" || type === "stop_limit";
}

/** What must be mended before the order can be sent. Empty when it is whole. */
export function draftErrors(symbol: string, draft: Draft): DraftErrors {
  const errors: DraftErrors = {};
  if (symbol === "") errors.symbol = "Which symbol?";
  const quantity = wholeNumber(draft.quantity);
  if (quantity === null || quantity < 1) errors.quantity = "Whole shares, 1 or more";
  else if (quantity > QUANTITY_MAX) errors.quantity = "At most 9,999,999 shares";
  if (needsLimit(draft.type)) errorOfPrice(draft.limit, "limit", errors);
  if (needsStop(draft.type)) errorOfPrice(draft.stop, "stop", errors);
  if (draft.display !== "") {
    const shown = wholeNumber(draft.display);
    if (shown === null) errors.display = "Whole shares, or empty for all";
    else if (quantity !== null && shown > quantity) errors.display = "More than the order has";
  }
  return errors;
}

function errorOfPrice(text: string, field: "limit" | "stop", errors: DraftErrors): void {
  const units = toUnits(text);
  if (text.trim() === "") errors[field] = "A price is needed";
  else if (units === null) errors[field] = "A price like 187.25";
  else if (units <= 0) errors[field] = "More than zero";
}

/** The body for the house. Only for a draft without errors. */
export function orderBody(symbol: string, draft: Draft): OrderBody {
  return {
    symbol,
    side: draft.side,
    type: draft.type,
    time_in_force: draft.timeInForce,
    quantity: Number(draft.quantity.replaceAll(",", "")),
    limit_price: needsLimit(draft.type) ? plainPrice(toUnits(draft.limit) ?? 0) : null,
    stop_price: needsStop(draft.type) ? plainPrice(toUnits(draft.stop) ?? 0) : null,
    route: draft.route,
    display: draft.display === "" ? null : Number(draft.display.replaceAll(",", "")),
    not_held: draft.notHeld,
    extended_hours: draft.extended && mayExtend(draft),
  };
}

/** How the order will be marked, for the trader to read before it is sent. */
export function draftMarks(draft: Draft, strategies: readonly string[]): string {
  return [
    "agency",
    draft.notHeld ? "not held" : "held",
    strategies.includes(draft.route) ? "non-directed" : "directed",
    draft.side === "buy" ? "" : draft.side === "sell" ? "long" : "short",
  ]
    .filter((word) => word !== "")
    .join(" · ");
}

/** "1,200" → 1200; null when it is no whole number. */
export function wholeNumber(text: string): number | null {
  const digits = text.trim().replaceAll(",", "");
  return /^\d{1,9}$/.test(digits) ? Number(digits) : null;
}

/** Arrow keys in a price field: one tick up or down, never below one tick. */
export function stepPrice(text: string, tick: string, by: number): string {
  const units = toUnits(text);
  const step = toUnits(tick) ?? 100;
  if (units === null) return text;
  return plainPrice(Math.max(step, units + by * step));
}

export function stepQuantity(text: string, lot: number, by: number): string {
  const count = wholeNumber(text) ?? 0;
  const stepped = by > 0 ? Math.floor(count / lot) * lot + lot : Math.ceil(count / lot) * lot - lot;
  return String(Math.min(QUANTITY_MAX, Math.max(1, lot, stepped)));
}

const SIDE_WORDS: Record<Side, string> = { buy: "Buy", sell: "Sell", sell_short: "Sell short" };

export function sideWord(side: Side): string {
  return SIDE_WORDS[side];
}

/** "Buy 100 AAPL at 187.25 limit, day, DART": the button's text and the verification's. */
export function draftSentence(symbol: string, draft: Draft): string {
  const count = wholeNumber(draft.quantity);
  const parts = [sideWord(draft.side), count === null ? "?" : count.toLocaleString("en-US"), symbol || "?"];
  if (draft.type === "market") parts.push("at market");
  if (draft.type === "limit") parts.push(`at ${draft.limit || "?"}`);
  if (draft.type === "stop") parts.push(`stop ${draft.stop || "?"}`);
  if (draft.type === "stop_limit") parts.push(`stop ${draft.stop || "?"} limit ${draft.limit || "?"}`);
  return parts.join(" ");
}

export const TYPE_WORDS: Record<OrderType, string> = {
  market: "Market",
  limit: "Limit",
  stop: "Stop",
  stop_limit: "Stop limit",
};

export const TIME_IN_FORCE_WORDS: Record<TimeInForce, string> = {
  day: "Day",
  gtc: "GTC",
  ioc: "IOC",
  fok: "FOK",
};
