// A grid painted on a canvas: fixed row height, only cells whose looks changed are drawn again.
//
// Theory of operation. The host holds a scrolling box with a spacer as tall as all rows; a stage sticks to its top
// with the canvas, which shows the rows in sight. On every paint the source is asked for each cell in sight and the answer is compared
// with what stands there; differing cells are drawn. The cursor is a row *key*, so it stays on its order or symbol when
// rows move. The focus lives in the hidden mirror (mirror.ts). The grid knows nothing of markets.

import { fill, ink } from "../lib/colors";
import {
  FONT_BOLD,
  FONT_ROW,
  HEADER_HEIGHT,
  paintCell,
  paintEmpty,
  paintHeader,
  ROW_HEIGHT,
} from "./cell-painter";
import { type Cell, type Column, emptyCell, type PlacedColumn, placeColumns, resetCell } from "./columns";
import { forgetPainter, type Painter, requestPaint } from "./frame";
import { Mirror, type MirrorView } from "./mirror";

export const FLASH_MS = 350;

export interface Source {
  readonly columns: readonly Column[];
  length(): number;
  key(row: number): string;
  cell(row: number, column: string, cell: Cell): void;
  /** Where the eye starts when there is no cursor: nothing, or a sentence for an empty grid. */
  empty(): string;
}

export interface Handlers {
  label: string;
  /** Enter or double click. */
  activate?: (row: number, column: string) => void;
  click?: (row: number, column: string) => void;
  remove?: (row: number) => void;
  select?: (row: number) => void;
  /** Any other key; true when it was used. */
  key?: (event: KeyboardEvent, row: number) => boolean;
}

interface Drawn {
  looks: string;
  pulse: number;
  key: string;
  flashUntil: number;
  flashUp: boolean;
}

export class CanvasGrid implements Painter {
  private readonly scroller: HTMLElement;
  private readonly spacer: HTMLElement;
  private readonly canvas: HTMLCanvasElement;
  private readonly context: CanvasRenderingContext2D;
  private readonly mirror: Mirror;
  private readonly observer: ResizeObserver;
  private readonly scratch: Cell = emptyCell();
  private placed: PlacedColumn[] = [];
  private drawn: Drawn[] = [];
  private width = 0;
  private height = 0;
  private ratio = 1;
  private whole = true;
  private wasEmpty = true;
  private hasFocus = false;
  private cursorKey: string | null = null;
  private cursorRow = -1;
  private cursorColumn = 0;
  private hoverRow = -1;
  private readonly still = matchMedia("(prefers-reduced-motion: reduce)");

  constructor(
    private readonly host: HTMLElement,
    private readonly source: Source,
    private readonly handlers: Handlers,
  ) {
    host.classList.add("grid");
    this.scroller = host.appendChild(document.createElement("div"));
    this.scroller.className = "grid-scroll";
    const stage = this.scroller.appendChild(document.createElement("div"));
    stage.className = "grid-stage";
    this.canvas = stage.appendChild(document.createElement("canvas"));
    this.canvas.setAttribute("aria-hidden", "true");
    this.spacer = this.scroller.appendChild(document.createElement("div"));
    this.context = this.canvas.getContext("2d", { alpha: false }) as CanvasRenderingContext2D;
    this.mirror = new Mirror(handlers.label, () => this.view());
    stage.append(this.mirror.element);
    this.listen();
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.scroller);
    void document.fonts.load(FONT_ROW).then(() => this.redraw());
    void document.fonts.load(FONT_BOLD).then(() => this.redraw());
    (host as GridHost).grid = this;
  }

  get focused(): boolean {
    return this.hasFocus;
  }

  /** Values changed: paint in the next frame what looks different. */
  refresh(): void {
    requestPaint(this);
  }

  /** Everything may look different (columns, fonts, size). */
  redraw(): void {
    this.whole = true;
    requestPaint(this);
  }

  focus(): void {
    this.mirror.element.focus({ preventScroll: true });
  }

  dispose(): void {
    this.observer.disconnect();
    this.mirror.dispose();
    forgetPainter(this);
    this.scroller.remove();
  }

  /** What stands in a cell: for tests, which must not read pixels. */
  cell(row: number, column: number): string {
    const key = this.placed[column]?.column.key;
    if (key === undefined || row >= this.source.length()) return "";
    return this.text(row, key);
  }

  selectedRow(): number {
    return this.cursorRow;
  }

  select(row: number): void {
    const length = this.source.length();
    if (length === 0) return;
    const wanted = Math.max(0, Math.min(length - 1, row));
    this.cursorRow = wanted;
    this.cursorKey = this.source.key(wanted);
    this.reveal(wanted);
    this.handlers.select?.(wanted);
    this.redraw();
    this.mirror.refresh();
  }

  // ------------------------------------------------------------------ painting

  paint(nowMs: number): void {
    if (this.width === 0 || this.height === 0) return;
    const length = this.source.length();
    this.spacer.style.height = `${Math.max(0, length * ROW_HEIGHT + HEADER_HEIGHT - this.height)}px`;
    this.followCursor(length);
    if ((length === 0) !== this.wasEmpty) this.whole = true;
    this.wasEmpty = length === 0;
    const first = this.firstRow();
    const count = Math.ceil((this.height - HEADER_HEIGHT) / ROW_HEIGHT) + 1;
    this.context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    if (this.whole) this.clear(count);
    let flashing = false;
    for (let line = 0; line < count; line++) {
      flashing = this.paintRow(first + line, line, length, nowMs) || flashing;
    }
    if (this.whole) paintHeader(this.context, this.placed, this.width);
    if (length === 0) paintEmpty(this.context, this.source.empty());
    this.whole = false;
    this.mirror.touch();
    if (flashing) requestPaint(this);
  }

  private clear(count: number): void {
    this.context.fillStyle = fill.panel;
    this.context.fillRect(0, 0, this.width, this.height);
    this.drawn = Array.from({ length: count * this.placed.length }, () => ({
      looks: "",
      pulse: Number.NaN,
      key: "",
      flashUntil: 0,
      flashUp: false,
    }));
  }

  private paintRow(row: number, line: number, length: number, nowMs: number): boolean {
    const inside = row < length;
    const key = inside ? this.source.key(row) : "";
    const top = HEADER_HEIGHT + line * ROW_HEIGHT - (this.scroller.scrollTop % ROW_HEIGHT);
    const ground = this.ground(row, inside);
    const edge = inside && row === this.cursorRow && this.hasFocus;
    let flashing = false;
    for (let place = 0; place < this.placed.length; place++) {
      const placed = this.placed[place] as PlacedColumn;
      const cell = this.scratch;
      resetCell(cell, ink.text);
      if (inside) this.source.cell(row, placed.column.key, cell);
      const drawn = this.drawn[line * this.placed.length + place];
      if (drawn === undefined) continue;
      this.flash(drawn, key, cell, nowMs);
      const lit = drawn.flashUntil > nowMs;
      flashing ||= lit;
      const back = lit ? (drawn.flashUp ? fill.flashUp : fill.flashDown) : cell.fill || ground;
      const focus = edge && place === this.cursorColumn;
      const looks = `${cell.text}|${cell.ink}|${back}|${cell.bold}|${cell.bar.toFixed(2)}|${cell.mark}|${top}|${focus}|${cell.button}`;
      if (looks === drawn.looks) continue;
      drawn.looks = looks;
      paintCell(this.context, cell, placed, top, back, focus);
    }
    return flashing;
  }

  private ground(row: number, inside: boolean): string {
    if (!inside) return fill.panel;
    if (row === this.cursorRow) return this.hasFocus ? fill.selected : fill.selectedIdle;
    if (row === this.hoverRow) return fill.selectedIdle;
    return row % 2 === 1 ? fill.stripe : fill.panel;
  }

  private flash(drawn: Drawn, key: string, cell: Cell, nowMs: number): void {
    const changed = drawn.key === key && cell.pulse !== drawn.pulse;
    if (changed && drawn.pulse > 0 && cell.pulse > 0 && !this.still.matches) {
      drawn.flashUntil = nowMs + FLASH_MS;
      drawn.flashUp = cell.pulse > drawn.pulse;
    } else if (drawn.key !== key) drawn.flashUntil = 0;
    drawn.key = key;
    drawn.pulse = cell.pulse;
  }

  // ------------------------------------------------------------------ where things are

  private resize(): void {
    const ratio = this.host.ownerDocument.defaultView?.devicePixelRatio ?? 1;
    const width = this.scroller.clientWidth;
    const height = this.scroller.clientHeight;
    if (width === this.width && height === this.height && ratio === this.ratio) return;
    this.width = width;
    this.height = height;
    this.ratio = ratio;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    this.placed = placeColumns(this.source.columns, width);
    this.cursorColumn = Math.min(this.cursorColumn, Math.max(0, this.placed.length - 1));
    this.redraw();
  }

  private firstRow(): number {
    return Math.floor(this.scroller.scrollTop / ROW_HEIGHT);
  }

  private rowsInSight(): number {
    return Math.max(1, Math.floor((this.height - HEADER_HEIGHT) / ROW_HEIGHT));
  }

  /** The cursor stays with its key; where the key has gone it stays at its place. */
  private followCursor(length: number): void {
    if (this.cursorKey === null) return;
    if (this.cursorRow < length && this.cursorRow >= 0 && this.source.key(this.cursorRow) === this.cursorKey)
      return;
    for (let row = 0; row < length; row++) {
      if (this.source.key(row) !== this.cursorKey) continue;
      this.cursorRow = row;
      return;
    }
    this.cursorRow = Math.min(this.cursorRow, length - 1);
    this.cursorKey = this.cursorRow >= 0 ? this.source.key(this.cursorRow) : null;
  }

  private reveal(row: number): void {
    const top = row * ROW_HEIGHT;
    const room = this.rowsInSight() * ROW_HEIGHT;
    if (top < this.scroller.scrollTop) this.scroller.scrollTop = top;
    else if (top + ROW_HEIGHT > this.scroller.scrollTop + room)
      this.scroller.scrollTop = top + ROW_HEIGHT - room;
  }

  private at(event: MouseEvent): { row: number; column: string } | null {
    const box = this.scroller.getBoundingClientRect();
    const y = event.clientY - box.top - HEADER_HEIGHT;
    const x = event.clientX - box.left;
    if (y < 0 || x >= this.width) return null;
    const row = Math.floor((y + (this.scroller.scrollTop % ROW_HEIGHT)) / ROW_HEIGHT) + this.firstRow();
    if (row >= this.source.length()) return null;
    const place = this.placed.findIndex((one) => x >= one.left && x < one.left + one.width);
    return { row, column: this.placed[Math.max(0, place)]?.column.key ?? "" };
  }

  // ------------------------------------------------------------------ mouse and keys

  private listen(): void {
    this.scroller.addEventListener("scroll", () => this.redraw(), { passive: true });
    this.scroller.addEventListener("mousemove", (event) => this.hover(this.at(event)?.row ?? -1));
    this.scroller.addEventListener("mouseleave", () => this.hover(-1));
    this.scroller.addEventListener("mousedown", (event) => {
      if (event.button !== 0 || event.offsetX > this.width) return;
      event.preventDefault();
      this.focus();
      const hit = this.at(event);
      if (hit === null) return;
      this.select(hit.row);
      this.handlers.click?.(hit.row, hit.column);
    });
    this.scroller.addEventListener("dblclick", (event) => {
      const hit = this.at(event);
      if (hit !== null) this.handlers.activate?.(hit.row, hit.column);
    });
    this.mirror.element.addEventListener("focus", () => this.setFocus(true));
    this.mirror.element.addEventListener("blur", () => this.setFocus(false));
    this.mirror.element.addEventListener("keydown", (event) => this.keydown(event));
  }

  private hover(row: number): void {
    if (row === this.hoverRow) return;
    this.hoverRow = row;
    requestPaint(this);
  }

  private setFocus(focused: boolean): void {
    this.hasFocus = focused;
    this.host.classList.toggle("grid-focused", focused);
    if (focused && this.cursorRow < 0 && this.source.length() > 0) this.select(0);
    this.redraw();
  }

  private keydown(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (this.moveCursor(event.key)) event.preventDefault();
    else if (this.cursorRow >= 0 && this.act(event)) event.preventDefault();
    else return;
    event.stopPropagation();
  }

  private moveCursor(key: string): boolean {
    const page = this.rowsInSight();
    const steps: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
    };
    const step = steps[key];
    if (step !== undefined) this.select(this.cursorRow + step);
    else if (key === "Home") this.select(0);
    else if (key === "End") this.select(this.source.length() - 1);
    else if (key === "ArrowRight" || key === "ArrowLeft") this.moveColumn(key === "ArrowRight" ? 1 : -1);
    else return false;
    return true;
  }

  private moveColumn(by: number): void {
    this.cursorColumn = Math.max(0, Math.min(this.placed.length - 1, this.cursorColumn + by));
    this.redraw();
    this.mirror.refresh();
  }

  private act(event: KeyboardEvent): boolean {
    const row = this.cursorRow;
    if (event.key === "Enter" && this.handlers.activate !== undefined) {
      this.handlers.activate(row, this.placed[this.cursorColumn]?.column.key ?? "");
      return true;
    }
    if (event.key === "Delete" && !event.shiftKey && !event.repeat && this.handlers.remove !== undefined) {
      this.handlers.remove(row);
      return true;
    }
    return this.handlers.key?.(event, row) ?? false;
  }

  private view(): MirrorView {
    const length = this.source.length();
    const first = Math.min(this.firstRow(), Math.max(0, length - 1));
    const count = Math.min(length - first, this.rowsInSight() + 1);
    const columns = this.placed.map((one) => one.column);
    const rows = Array.from({ length: Math.max(0, count) }, (_, line) => {
      const index = first + line;
      return {
        index,
        key: this.source.key(index),
        cells: columns.map((column) => this.text(index, column.key)),
      };
    });
    return { columns, rowCount: length, rows, activeRow: this.cursorRow, activeColumn: this.cursorColumn };
  }

  private text(row: number, column: string): string {
    const cell = emptyCell();
    this.source.cell(row, column, cell);
    return cell.text;
  }
}

/** The element a grid lives in carries it, so that a test can ask `element.grid.cell(r, c)`. */
export interface GridHost extends HTMLElement {
  grid?: CanvasGrid;
}
