// The words of the socket, exactly as docs/protocols/workstation.md has them. Types only.

import type { Center } from "./center";
import type { Replay, Stock } from "./stock";

export type Side = "buy" | "sell" | "sell_short";
export type OrderType = "market" | "limit" | "stop" | "stop_limit";
export type TimeInForce = "day" | "gtc" | "ioc" | "fok";
export type QuoteState = "unknown" | "good" | "one_sided" | "locked" | "crossed";
export type OrderState =
  | "PendingNew"
  | "New"
  | "PartiallyFilled"
  | "Filled"
  | "PendingCancel"
  | "Canceled"
  | "PendingReplace"
  | "Replaced"
  | "Rejected"
  | "Expired"
  | "Held";

export interface Refusal {
  code: number;
  reason: string;
  message: string;
}

export interface AccountName {
  account_id: number;
  number: string;
  title: string;
  kind: "cash" | "margin";
}

export interface Session {
  user: string;
  name: string;
  permissions: string[];
  accounts: AccountName[];
  expires_us: number;
}

export interface Market {
  source: "simulated" | "recorded";
  label: string;
  file: string | null;
  speed: string;
  state: "before_open" | "open" | "closed";
  session: string;
  trade_date: string;
  clock_us: number;
  opens_us: number;
  closes_us: number;
  progress: number | null;
  message: string | null;
  /** False: a data center, which shows the market alone. */
  takes_orders: boolean;
}

export interface Venue {
  index: number;
  code: string;
  mic: string;
  name: string;
  route_code: string;
  kind: string;
  take: string;
  make: string;
  color: number;
}

export interface Route {
  code: string;
  route_code: string;
  name: string;
  venue: number | null;
  enabled: boolean;
  reason: string | null;
  health: "healthy" | "probing" | "unhealthy";
  health_reason: string | null;
}

export interface Strategy {
  code: string;
  name: string;
  sequences?: Record<string, string>;
}

export interface Instrument {
  index: number;
  symbol: string;
  name: string;
  equity_class: string;
  kind: string;
  round_lot: number;
  tick: string;
  easy_to_borrow: boolean;
  tradable: boolean;
}

export interface Hello {
  push: "hello";
  protocol: number;
  house: string;
  user: string;
  name: string;
  permissions: string[];
  account: AccountName;
  accounts: AccountName[];
  market: Market;
  venues: Venue[];
  routes: Route[];
  strategies: Strategy[];
  symbols: Instrument[];
  order_types: OrderType[];
  times_in_force: TimeInForce[];
  limits: Record<string, number>;
}

/** price, shares, orders, venue */
export type DepthRow = [price: string, shares: number, orders: number, venue: number];

export interface Depth {
  push: "depth";
  symbol: string;
  state: QuoteState;
  time_us: number;
  bids: DepthRow[];
  asks: DepthRow[];
}

export type PrintRow = [
  index: number,
  time_us: number,
  price: string,
  shares: number,
  venue: number,
  place: number,
  condition: string,
];

export interface Prints {
  push: "trades";
  symbol: string;
  skipped: number;
  rows: PrintRow[];
}

export type BarRow = [
  time_us: number,
  open: string,
  high: string,
  low: string,
  close: string,
  volume: number,
  prints: number,
  vwap: string | null,
];

export interface Bars {
  push: "bars";
  symbol: string;
  image: boolean;
  rows: BarRow[];
}

export interface Working {
  venue: number;
  price: string;
  shares: number;
}

export interface Order {
  order_id: number;
  client_order_id: string;
  symbol: string;
  side: Side;
  type: OrderType;
  time_in_force: TimeInForce;
  quantity: number;
  filled: number;
  leaves: number;
  average_price: string | null;
  limit_price: string | null;
  stop_price: string | null;
  display: number | null;
  route: string;
  state: OrderState;
  not_held: boolean;
  extended_hours: boolean;
  in_doubt: boolean;
  reject: Refusal | null;
  working: Working[];
  replaces: number | null;
  replaced_by: number | null;
  origin: string;
  entered_us: number;
  updated_us: number;
}

export interface Orders {
  push: "orders";
  image: boolean;
  rows: Order[];
  truncated?: number;
}

export interface Execution {
  execution_id: number;
  order_id: number;
  symbol: string;
  side: Side;
  quantity: number;
  price: string;
  venue: number;
  liquidity: "added" | "removed" | "unknown";
  commission: string;
  fees: string;
  net: string;
  time_us: number;
}

export interface Executions {
  push: "executions";
  image: boolean;
  rows: Execution[];
}

export interface Position {
  symbol: string;
  quantity: number;
  average_cost: string | null;
  mark: string | null;
  market_value: string | null;
  unrealized: string | null;
  realized: string;
  day_pnl: string | null;
}

export interface Positions {
  push: "positions";
  image: boolean;
  rows: Position[];
}

export interface Account extends AccountName {
  push: "account";
  state: "enabled" | "close_only" | "disabled";
  equity: string;
  cash: string;
  buying_power: string;
  day_pnl: string;
  realized: string;
  unrealized: string;
  long_value: string;
  short_value: string;
  held: string;
  maintenance: string;
}

export interface Line {
  venue: number;
  state: "live" | "gap" | "closed" | "down" | "none";
  messages: number;
  gaps: number;
  anomalies: number;
  orders: "up" | "down";
  last_us: number;
}

export interface Notice {
  push: "notice";
  level: "info" | "warning" | "alarm";
  text: string;
}

export type Push =
  | Hello
  | Depth
  | Prints
  | Bars
  | Orders
  | Executions
  | Positions
  | Account
  | Notice
  | ({ push: "market" } & Market)
  | { push: "routes"; rows: Route[] }
  | { push: "lines"; rows: Line[] }
  | Center
  | Replay
  | Stock
  | { push: "heartbeat"; server_us: number; lag_ms: number };

export interface OrderBody {
  symbol: string;
  side: Side;
  type: OrderType;
  time_in_force: TimeInForce;
  quantity: number;
  limit_price?: string | null;
  stop_price?: string | null;
  route: string;
  display?: number | null;
  not_held?: boolean;
  extended_hours?: boolean;
  client_order_id?: string;
  binding?: string;
}

export interface Preview {
  reference_price: string | null;
  notional: string;
  commission: string;
  fees: { name: string; amount: string }[];
  total: string;
  buying_power_before: string;
  buying_power_after: string;
  position_after: number;
  plan: { venue: number; route: string; quantity: number; price: string | null; fee: string | null }[];
  warnings: string[];
  reject: Refusal | null;
}

/** Where a working child stands in its venue's queue. */
export interface Place {
  order_id: number;
  venue: number;
  shares: number;
  shares_ahead: number;
  orders_ahead: number;
  level_shares: number;
}

export interface Trace {
  order_id: number;
  strategy: string;
  decided_us: number | null;
  decision_us: number | null;
  nbbo: { bid: string | null; bid_shares: number; ask: string | null; ask_shares: number } | null;
  quotes: { venue: number; side: "bid" | "ask"; price: string; shares: number }[];
  steps: {
    venue: number;
    route: string;
    action: "sent" | "skipped";
    quantity: number;
    price: string | null;
    cost: string | null;
    why: string;
  }[];
  children: {
    child_id: string;
    venue: number;
    quantity: number;
    filled: number;
    price: string | null;
    state: string;
    sent_us: number | null;
    answered_us: number | null;
  }[];
  expected_cost: string | null;
  text: string[];
}

const FINAL: ReadonlySet<OrderState> = new Set(["Filled", "Canceled", "Replaced", "Rejected", "Expired"]);

/** Nothing can happen to the order any more. */
export function isFinal(order: Order): boolean {
  return FINAL.has(order.state);
}
