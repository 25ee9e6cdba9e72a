// The house's answer at /v1/scorecard/own (docs/execution-quality.md), and how it is asked for.

export type ScoreBy = "route" | "strategy" | "symbol";

export interface ScoreRow {
  name: string;
  orders: number;
  shares: number;
  filled: number;
  fill_percent: string | null;
  first_fill_ms: string | null;
  effective_spread_mils: string | null;
  later: { after_ns: number; realized_mils: string | null }[];
  improved_shares: number;
  venue_fee_mils: string | null;
  cost: string;
  cost_mils: string | null;
}

export interface Scorecard {
  by: ScoreBy;
  orders: number;
  rows: ScoreRow[];
  total: ScoreRow;
}

/** Ask what an account's orders cost; a refusal is told in the house's words. */
export async function ownScorecard(by: ScoreBy, accountId: number): Promise<Scorecard> {
  const answer = await fetch(`/v1/scorecard/own?by=${by}&account_id=${accountId}`, {
    headers: { Accept: "application/json" },
  });
  const found = (await answer.json()) as Scorecard & { message?: string };
  if (!answer.ok) throw new Error(found.message ?? `The house answered ${answer.status}.`);
  return found;
}
