// Time & sales of one symbol: the newest prints, newest first when read, with the gaps that the house has reported.

import type { PrintRow, Prints } from "./protocol";

export const PRINTS_KEPT = 1_000;

/** A print, or the mark that `skipped` prints were not delivered. */
export type TapeRow = { print: PrintRow; broken: boolean } | { skipped: number };

export class PrintTape {
  /** Oldest first. */
  private rows: TapeRow[] = [];
  private newest = -1;
  version = 0;

  get length(): number {
    return this.rows.length;
  }

  /** Row 0 is the newest. */
  at(row: number): TapeRow | undefined {
    return this.rows[this.rows.length - 1 - row];
  }

  /** After a reconnect the house sends its newest prints again: start over. */
  clear(): void {
    this.rows = [];
    this.newest = -1;
    this.version++;
  }

  take(push: Prints): void {
    for (const print of push.rows) {
      if (print[6] === "broken") this.breakPrint(print[0]);
      else if (print[0] > this.newest) this.append(print);
    }
    if (this.rows.length > PRINTS_KEPT) this.rows.splice(0, this.rows.length - PRINTS_KEPT);
    this.version++;
  }

  /** Indexes rise by one: a hole is what the house skipped, or what went by while nobody looked. */
  private append(print: PrintRow): void {
    const skipped = print[0] - this.newest - 1;
    if (this.newest >= 0 && skipped > 0) this.rows.push({ skipped });
    this.rows.push({ print, broken: false });
    this.newest = print[0];
  }

  private breakPrint(index: number): void {
    for (const row of this.rows) {
      if ("print" in row && row.print[0] === index) row.broken = true;
    }
  }
}
