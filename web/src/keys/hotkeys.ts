// What an armed trade key would send: pure arithmetic over the quote and the position, with caps of its own.

import type { OrderBody } from "../feed/protocol";
import { plainPrice, price, shares } from "../lib/numbers";

export type HotKey = "buy_ask" | "sell_bid" | "join_bid" | "join_ask" | "flatten";

export interface KeyLimits {
  /** Shares one key may send. */
  shares: number;
  /** Dollars one key may send. */
  dollars: number;
}

export interface KeyContext {
  symbol: string;
  bid: number;
  ask: number;
  trusted: boolean;
  position: number;
  quantity: number;
  route: string;
  limits: KeyLimits;
}

export type KeyOrder = { body: OrderBody } | { refused: string };

/** The order a key stands for, or the sentence why not. Flattening has no caps: exits are never blocked. */
export function keyOrder(key: HotKey, at: KeyContext): KeyOrder {
  if (key === "flatten") return flatten(at);
  const side = key === "buy_ask" || key === "join_bid" ? "buy" : "sell";
  const units = key === "buy_ask" || key === "join_ask" ? at.ask : at.bid;
  if (!at.trusted || !(units > 0))
    return { refused: `There is no good quote for ${at.symbol}: nothing was sent.` };
  if (side === "sell" && at.position <= 0) {
    return { refused: `There are no ${at.symbol} shares to sell; a short sale goes through the ticket.` };
  }
  if (!(at.quantity >= 1))
    return { refused: "The ticket's quantity is no number of shares: nothing was sent." };
  const quantity = side === "sell" ? Math.min(at.quantity, at.position) : at.quantity;
  const over = overLimit(quantity, units, at);
  if (over !== null && side === "buy") return { refused: over };
  return {
    body: {
      symbol: at.symbol,
      side,
      type: "limit",
      time_in_force: "day",
      quantity,
      limit_price: plainPrice(units),
      route: at.route,
    },
  };
}

function flatten(at: KeyContext): KeyOrder {
  if (at.position === 0) return { refused: `There is no position in ${at.symbol}.` };
  return {
    body: {
      symbol: at.symbol,
      side: at.position > 0 ? "sell" : "buy",
      type: "market",
      time_in_force: "day",
      quantity: Math.abs(at.position),
      route: "DART",
    },
  };
}

function overLimit(quantity: number, units: number, at: KeyContext): string | null {
  if (!(quantity <= at.limits.shares)) {
    return `${shares(quantity)} shares are over the cap of a key, ${shares(at.limits.shares)}. Use the ticket, or raise the cap.`;
  }
  const dollars = (quantity * units) / 10_000;
  if (!(dollars <= at.limits.dollars)) {
    return `${shares(quantity)} × ${price(units)} is over the cap of a key, $${shares(at.limits.dollars)}. Use the ticket, or raise the cap.`;
  }
  return null;
}
