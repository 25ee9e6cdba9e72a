// Symbol link groups: panels of one group show the same symbol. A group has a letter and a colour, never a colour alone.

import { createSignal } from "solid-js";
import { type Draft, newDraft } from "../forms/draft";
import { readStored, writeStored } from "../lib/stored";

export const GROUPS = ["A", "B", "C", "D"] as const;
export type Group = (typeof GROUPS)[number];

export const GROUP_COLORS: Record<Group, string> = { A: "#6bb6ff", B: "#ffb454", C: "#7fdb8a", D: "#e58cff" };

export interface Link {
  symbol: () => string;
  setSymbol: (symbol: string) => void;
  draft: () => Draft;
  change: (part: Partial<Draft>) => void;
}

export class Links {
  private readonly groups = new Map<Group, Link>();

  constructor() {
    const stored = readStored<Partial<Record<Group, string>>>("links", {});
    for (const group of GROUPS) this.groups.set(group, this.link(stored[group] ?? ""));
  }

  get(group: Group): Link {
    return this.groups.get(group) as Link;
  }

  /** Groups that never had a symbol start with the first ones of the house. */
  fill(symbols: readonly string[]): void {
    GROUPS.forEach((group, place) => {
      const link = this.get(group);
      const fallback = symbols[place % Math.max(1, symbols.length)];
      if (fallback !== undefined && !symbols.includes(link.symbol())) link.setSymbol(fallback);
    });
  }

  private link(first: string): Link {
    const [symbol, set] = createSignal(first);
    const [draft, setDraft] = createSignal(newDraft());
    return {
      symbol,
      draft,
      change: (part) => setDraft((before) => ({ ...before, ...part })),
      setSymbol: (next) => {
        if (next === symbol()) return;
        set(next);
        setDraft((before) => ({ ...before, limit: "", proposed: true, stop: "" })); // a price belongs to one symbol
        this.store();
      },
    };
  }

  private store(): void {
    writeStored("links", Object.fromEntries(GROUPS.map((group) => [group, this.get(group).symbol()])));
  }
}
