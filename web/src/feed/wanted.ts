// Who wants which symbol. Panels ask and release; the line is told the whole set, once, after the dust has settled.

export type Subject = "watch" | "depth" | "trades" | "bars" | "stock";
const SUBJECTS: readonly Subject[] = ["watch", "depth", "trades", "bars", "stock"];

export class Wanted {
  private readonly counts = new Map<Subject, Map<string, number>>(SUBJECTS.map((s) => [s, new Map()]));
  private readonly changed = new Set<Subject>();
  private scheduled = false;

  /** `send` is called with the whole set of a subject; `defer` decides when (a microtask, in the page). */
  constructor(
    private readonly send: (subject: Subject, symbols: string[]) => void,
    private readonly defer: (run: () => void) => void = (run) => queueMicrotask(run),
  ) {}

  /** Returns the function that gives the wish up. */
  want(subject: Subject, symbol: string): () => void {
    this.add(subject, symbol, 1);
    let held = true;
    return () => {
      if (held) this.add(subject, symbol, -1);
      held = false;
    };
  }

  symbols(subject: Subject): string[] {
    return [...(this.counts.get(subject)?.keys() ?? [])].sort();
  }

  /** A new connection knows nothing: tell it everything. */
  resend(): void {
    this.changed.clear();
    for (const subject of SUBJECTS) {
      const symbols = this.symbols(subject);
      if (symbols.length > 0) this.send(subject, symbols);
    }
  }

  private add(subject: Subject, symbol: string, by: number): void {
    const counts = this.counts.get(subject) as Map<string, number>;
    const before = counts.get(symbol) ?? 0;
    const after = before + by;
    if (after > 0) counts.set(symbol, after);
    else counts.delete(symbol);
    if (before > 0 === after > 0) return;
    this.changed.add(subject);
    if (this.scheduled) return;
    this.scheduled = true;
    this.defer(() => this.flush());
  }

  private flush(): void {
    this.scheduled = false;
    const subjects = [...this.changed];
    this.changed.clear();
    for (const subject of subjects) this.send(subject, this.symbols(subject));
  }
}
