// The house's answers at /api/entitlements, as docs/entitlements.md has them, and how they are asked for.

export interface Questionnaire {
  version: number;
  questions: string[];
  status: "unknown" | "professional" | "non_professional";
  answered_on: string | null;
  due_on: string | null;
  is_due: boolean;
  is_due_soon: boolean;
  is_asked: boolean;
}

export interface Agreement {
  code: string;
  version: number;
  title: string;
  exchange: string;
  in_force_since: string;
  signed_version: number;
  signed_on: string | null;
  must_sign: boolean;
  text: string;
}

export interface Grant {
  product: string;
  use: "display" | "non_display";
  displays_max: number;
  billing: "monthly" | "per_query";
  since: string;
  until: string | null;
  reason: string;
}

export interface Product {
  code: string;
  title: string;
  exchange: string;
  level: "level_1" | "depth" | "house";
  tapes: string[];
  venues: string[];
  agreement: string;
  state: "shown" | "late" | "refused";
  reason: string;
  professional: string;
  non_professional: string;
  non_display: string;
  query: string;
  yours: string | null;
  source: string;
  grant: Grant | null;
}

export interface Owed {
  month: string;
  product: string;
  use: string;
  status: string;
  displays: number;
  queries: number;
  amount: string;
  is_charged: boolean;
}

export interface SubscriberFile {
  subscriber_id: number;
  user: string;
  kind: string;
  account_id: number;
  questionnaire: Questionnaire;
  agreements: Agreement[];
  products: Product[];
  history: Grant[];
  owed: Owed[];
}

export interface SubscriberLine {
  subscriber_id: number;
  user: string;
  kind: string;
  account_id: number;
  status: string;
  due_on: string | null;
  is_due: boolean;
  products: string[];
  unsigned: string[];
}

export interface Charged {
  month: string;
  total: string;
  charges: { subscriber_id: number; product: string; amount: string }[];
}

/** What the house would not do, in its own sentence. */
export class Refused extends Error {}

export async function ask<T>(path: string, body?: object): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await fetch(`/api/entitlements${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const found: unknown = await answer.json().catch(() => null);
  if (answer.ok && found !== null) return found as T;
  const message = (found as { message?: unknown } | null)?.message;
  throw new Refused(typeof message === "string" ? message : `the house answered ${answer.status}`);
}

/** Where a month's usage report is, to be saved by the browser. */
export function reportAt(month: string, format: "csv" | "pdf", users = false): string {
  const more = users ? "&users=true" : "";
  return `/api/entitlements/usage?month=${encodeURIComponent(month)}&format=${format}${more}`;
}

export function plainWord(text: string): string {
  return text.replaceAll("_", "-");
}
