// The state of a data center, as docs/protocols/workstation.md has it. Times in microseconds or milliseconds; -1 = not known.

export type LineState = "live" | "gap" | "recovering" | "stale" | "closed";

export interface CenterAlarm {
  code: string;
  subject: string;
  severity: "warning" | "alarm";
  since_us: number;
  value: number;
  worst: number;
  limit: number;
  unit: "ms" | "bytes" | "count";
  text: string;
  do: string;
  runbook: string;
}

export interface CenterLine {
  venue: string;
  name: string;
  kind: string;
  state: LineState;
  books: "live" | "gap" | "closed";
  since_us: number;
  lag_us: number;
  silence_ms: number;
  packets: number;
  messages: number;
  packets_per_second: number;
  messages_per_second: number;
  missing: number;
  counts: Record<string, number>;
  anomalies: Record<string, number>;
  gaps: number;
  gap_ms: number;
  next_sequence: number;
  last_time_us: number;
  fault: string;
  ended: boolean;
  lag_history_us: number[];
}

export interface CenterBooks {
  instruments: number;
  good: number;
  one_sided: number;
  locked: number;
  crossed: number;
  halted: number;
  unknown: number;
  empty: number;
  crossed_longest_ms: number;
  crossed_symbol: string;
}

export interface CenterStore {
  directory: string;
  state: "writing" | "sealing" | "sealed" | "stopped" | "none";
  rows: Record<string, number>;
  bytes: number;
  free_bytes: number;
  flush_age_ms: number;
  behind_ms: number;
  fault: string;
}

export interface CenterClient {
  name: string;
  stream: string;
  since_us: number;
  subscriptions: number;
  sent: number;
  waiting: number;
  lag_ms: number;
  skipped: number;
}

export interface CenterFanOut {
  server: string;
  connected: boolean;
  number: number;
  messages: number;
  bytes: number;
  lag_ms: number;
  asked_again: number;
  snapshots: number;
  gateways: number;
  fault: string;
}

export interface Center {
  push: "datacenter";
  name: string;
  role: "host" | "gateway" | "house";
  good: boolean;
  verdict: string;
  now_us: number;
  market_time_us: number;
  trade_date: string;
  started_us: number;
  alarms: CenterAlarm[];
  lines: CenterLine[];
  books: CenterBooks;
  store: CenterStore | null;
  clients: CenterClient[];
  fan_out: CenterFanOut | null;
}
