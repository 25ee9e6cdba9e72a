// What a stock may do now and who stands where, the lists of the day, and the replay, as docs/protocols/workstation.md has them.

/** participant ("" = all that is not attributed), venue, price, shares, orders */
export type ParticipantRow = [
  participant: string,
  venue: number,
  price: string,
  shares: number,
  orders: number,
];

export interface Told {
  code: string;
  text: string;
  since_us: number;
}

export interface Bands {
  tier: number;
  reference: string | null;
  low: string | null;
  high: string | null;
  since_us: number;
  doubled: boolean;
  limit_state: string;
  limit_text: string;
  limit_since_us: number;
  published_low: string | null;
  published_high: string | null;
  differs: number;
}

export interface Imbalance {
  venue: number;
  cross: string;
  direction: string;
  imbalance: number;
  paired: number;
  reference: string | null;
  near: string | null;
  far: string | null;
  time_us: number;
}

export interface StockKnown {
  push: "stock";
  symbol: string;
  known: true;
  trading: Told & { reason: string; reason_text: string };
  short_sale: Told;
  bands: Bands | null;
  collar: {
    reference: string | null;
    low: string | null;
    high: string | null;
    extension: number;
    time_us: number;
  } | null;
  venues: { venue: number; trading: string; operational: string }[];
  imbalances: Imbalance[];
  bids: ParticipantRow[];
  asks: ParticipantRow[];
}

export type Stock = StockKnown | { push: "stock"; symbol: string; known: false };

export interface FoundStock {
  symbol: string;
  price: number | null;
  change: number | null;
  percent_change: number | null;
  high: number | null;
  low: number | null;
  volume: number;
  trade_count: number;
  usual_volume?: number | null;
}

export interface DayList {
  list: string;
  known: boolean;
  reason: string;
  rows: FoundStock[];
}

export interface Scanned {
  expression: string;
  total: number;
  rows: FoundStock[];
}

export interface Replay {
  push: "replay";
  trade_date: string;
  state: "playing" | "paused" | "seeking" | "ended";
  time_us: number;
  first_us: number;
  last_us: number;
  speed: string;
  messages: number;
  whole_tape: boolean;
  venues: string[];
}

export type Steering =
  | { action: "play"; speed?: string }
  | { action: "pause" }
  | { action: "seek"; time_us: number }
  | { action: "step"; messages: number };
