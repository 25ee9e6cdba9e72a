// The hidden twin of a canvas grid: a real `role="grid"` with the rows in sight, for screen readers, keyboards and tests.
//
// It is the one tab stop of the grid; the canvas only paints. Refreshed at most twice a second, and at once when the
// focused cell moves, so that a fast market does not drown a screen reader.

import type { Column } from "./columns";

export const REFRESH_MS = 500;

export interface MirrorRow {
  /** Position in the whole grid, 0-based. */
  index: number;
  key: string;
  cells: string[];
}

export interface MirrorView {
  columns: readonly Column[];
  rowCount: number;
  rows: MirrorRow[];
  activeRow: number;
  activeColumn: number;
}

let grids = 0;

export class Mirror {
  readonly element: HTMLElement;
  private readonly id = `grid-${++grids}`;
  private readonly head: HTMLElement;
  private readonly body: HTMLElement;
  private headOf = "";
  private timer: ReturnType<typeof setTimeout> | undefined;
  private refreshedAt = Number.NEGATIVE_INFINITY;

  constructor(
    label: string,
    private readonly look: () => MirrorView,
  ) {
    const page = document;
    this.element = page.createElement("div");
    this.element.className = "grid-mirror";
    this.element.tabIndex = 0;
    this.element.setAttribute("role", "grid");
    this.element.setAttribute("aria-label", label);
    this.element.setAttribute("aria-readonly", "true");
    this.head = page.createElement("div");
    this.head.setAttribute("role", "rowgroup");
    this.body = page.createElement("div");
    this.body.setAttribute("role", "rowgroup");
    this.element.append(this.head, this.body);
  }

  /** Something changed: refresh now if half a second has passed, else when it has. */
  touch(): void {
    if (this.timer !== undefined) return;
    const wait = Math.max(0, this.refreshedAt + REFRESH_MS - performance.now());
    this.timer = setTimeout(() => this.refresh(), wait);
  }

  refresh(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.refreshedAt = performance.now();
    const view = this.look();
    this.drawHead(view.columns);
    this.element.setAttribute("aria-rowcount", String(view.rowCount + 1));
    this.element.setAttribute("aria-colcount", String(view.columns.length));
    this.drawRows(view);
    const active = view.rows.find((row) => row.index === view.activeRow);
    if (active === undefined) this.element.removeAttribute("aria-activedescendant");
    else this.element.setAttribute("aria-activedescendant", this.cellId(view.activeRow, view.activeColumn));
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.element.remove();
  }

  private drawHead(columns: readonly Column[]): void {
    const heads = columns.map((column) => column.spoken ?? column.title).join("|");
    if (heads === this.headOf) return;
    this.headOf = heads;
    const row = line("row");
    row.setAttribute("aria-rowindex", "1");
    for (const column of columns) {
      const cell = line("columnheader");
      cell.textContent = column.spoken ?? column.title;
      row.append(cell);
    }
    this.head.replaceChildren(row);
  }

  /** Rows are reused by place, and a text is written only when it differs. */
  private drawRows(view: MirrorView): void {
    while (this.body.children.length > view.rows.length) this.body.lastElementChild?.remove();
    while (this.body.children.length < view.rows.length) this.body.append(line("row"));
    view.rows.forEach((row, place) => {
      const element = this.body.children[place] as HTMLElement;
      element.setAttribute("aria-rowindex", String(row.index + 2));
      element.setAttribute("aria-selected", String(row.index === view.activeRow));
      element.dataset.key = row.key;
      while (element.children.length > row.cells.length) element.lastElementChild?.remove();
      while (element.children.length < row.cells.length) element.append(line("gridcell"));
      row.cells.forEach((text, column) => {
        const cell = element.children[column] as HTMLElement;
        if (cell.textContent !== text) cell.textContent = text;
        cell.id = this.cellId(row.index, column);
        cell.dataset.column = view.columns[column]?.key ?? "";
      });
    });
  }

  private cellId(row: number, column: number): string {
    return `${this.id}-${row}-${column}`;
  }
}

function line(role: string): HTMLElement {
  const element = document.createElement("div");
  element.setAttribute("role", role);
  return element;
}
