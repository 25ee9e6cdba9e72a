// How a cell, the header and the empty grid look on the canvas. Stateless: it is told everything and remembers nothing.

import { fill, ink } from "../lib/colors";
import type { Align, Cell, PlacedColumn } from "./columns";

export const ROW_HEIGHT = 21;
export const HEADER_HEIGHT = 22;
const PADDING = 7;
const MARK_WIDTH = 3;
const FAMILY = '"IBM Plex Sans Condensed", "Arial Narrow", "Liberation Sans Narrow", sans-serif';
export const FONT_ROW = `400 13.5px ${FAMILY}`;
export const FONT_BOLD = `600 13.5px ${FAMILY}`;
const FONT_HEADER = `500 11.5px ${FAMILY}`;

type Context = CanvasRenderingContext2D;

/** `top` may lie under the header while rows scroll: the cell is clipped to what is below it. */
export function paintCell(
  context: Context,
  cell: Cell,
  { column, left, width }: PlacedColumn,
  top: number,
  ground: string,
  focused: boolean,
): void {
  const visibleTop = Math.max(top, HEADER_HEIGHT);
  context.save();
  context.beginPath();
  context.rect(left, visibleTop, width, top + ROW_HEIGHT - visibleTop);
  context.clip();
  context.fillStyle = ground;
  context.fillRect(left, top, width, ROW_HEIGHT);
  if (cell.bar > 0) paintBar(context, cell, column.align ?? "left", left, top, width);
  if (cell.mark !== "") {
    context.fillStyle = cell.mark;
    context.fillRect(left + MARK_WIDTH, top + 4, MARK_WIDTH, ROW_HEIGHT - 8);
  }
  if (cell.button && cell.text !== "") {
    context.fillStyle = fill.button;
    context.beginPath();
    context.roundRect(left + 3, top + 2.5, width - 6, ROW_HEIGHT - 5, 3);
    context.fill();
  }
  if (cell.text !== "") {
    context.font = cell.bold ? FONT_BOLD : FONT_ROW;
    context.fillStyle = cell.ink;
    const indent = cell.mark === "" ? PADDING : PADDING + MARK_WIDTH + 1;
    write(
      context,
      cell.text,
      cell.button ? "center" : (column.align ?? "left"),
      left,
      width,
      top + 15,
      indent,
    );
  }
  if (focused) {
    context.strokeStyle = ink.accent;
    context.strokeRect(left + 0.5, top + 0.5, width - 1, ROW_HEIGHT - 1);
  }
  context.restore();
}

export function paintHeader(context: Context, placed: readonly PlacedColumn[], width: number): void {
  context.fillStyle = fill.header;
  context.fillRect(0, 0, width, HEADER_HEIGHT);
  context.fillStyle = fill.line;
  context.fillRect(0, HEADER_HEIGHT - 1, width, 1);
  context.font = FONT_HEADER;
  context.fillStyle = ink.dim;
  for (const one of placed) {
    write(context, one.column.title, one.column.align ?? "left", one.left, one.width, 15, PADDING);
  }
}

/** The sentence of a grid that has no rows. */
export function paintEmpty(context: Context, sentence: string): void {
  context.font = FONT_ROW;
  context.fillStyle = ink.dim;
  write(context, sentence, "left", 3, 0, HEADER_HEIGHT + 26, PADDING);
}

function paintBar(
  context: Context,
  cell: Cell,
  align: Align,
  left: number,
  top: number,
  width: number,
): void {
  const length = Math.max(1, Math.round((width - 2) * Math.min(1, cell.bar)));
  context.fillStyle = cell.barInk;
  context.fillRect(align === "right" ? left + width - 1 - length : left + 1, top + 2, length, ROW_HEIGHT - 4);
}

function write(
  context: Context,
  text: string,
  align: Align,
  left: number,
  width: number,
  baseline: number,
  indent: number,
): void {
  context.textBaseline = "alphabetic";
  context.textAlign = align;
  const x =
    align === "right" ? left + width - PADDING : align === "center" ? left + width / 2 : left + indent;
  context.fillText(text, x, baseline);
}
