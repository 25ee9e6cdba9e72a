// Columns and cells of a grid, and how columns share a width. No canvas here, so that it can be tested as arithmetic.

export type Align = "left" | "right" | "center";

export interface Column {
  key: string;
  title: string;
  /** Narrowest width that shows it well, in CSS pixels. */
  width: number;
  /** Share of the width that is left over; 0 = stays as it is. */
  grow?: number;
  align?: Align;
  /** When the panel is too narrow the columns with the highest number go first, together; without a number it always stays. */
  drop?: number;
  /** What a screen reader says instead of the title. */
  spoken?: string;
}

export interface Cell {
  text: string;
  ink: string;
  fill: string;
  bold: boolean;
  /** Length of the bar behind the text, 0 … 1, and its colour. */
  bar: number;
  barInk: string;
  /** A value whose change flashes the cell; NaN = never. */
  pulse: number;
  /** A stripe of this colour at the left edge; "" = none. */
  mark: string;
  /** Drawn as a button. */
  button: boolean;
}

export interface PlacedColumn {
  column: Column;
  left: number;
  width: number;
}

export function emptyCell(): Cell {
  return {
    text: "",
    ink: "",
    fill: "",
    bold: false,
    bar: 0,
    barInk: "",
    pulse: Number.NaN,
    mark: "",
    button: false,
  };
}

export function resetCell(cell: Cell, ink: string): void {
  cell.text = "";
  cell.ink = ink;
  cell.fill = "";
  cell.bold = false;
  cell.bar = 0;
  cell.barInk = "";
  cell.pulse = Number.NaN;
  cell.mark = "";
  cell.button = false;
}

/** Which columns fit into `width`, and where they stand. */
export function placeColumns(columns: readonly Column[], width: number): PlacedColumn[] {
  let kept = [...columns];
  let total = kept.reduce((sum, column) => sum + column.width, 0);
  while (total > width) {
    const highest = Math.max(...kept.map((column) => column.drop ?? Number.NEGATIVE_INFINITY));
    if (highest === Number.NEGATIVE_INFINITY) break;
    const gone = kept.filter((column) => column.drop === highest);
    kept = kept.filter((column) => column.drop !== highest);
    total -= gone.reduce((sum, column) => sum + column.width, 0);
  }
  const spare = Math.max(0, width - total);
  const shares = kept.reduce((sum, column) => sum + (column.grow ?? 0), 0);
  let left = 0;
  return kept.map((column) => {
    const extra = shares > 0 ? Math.floor((spare * (column.grow ?? 0)) / shares) : 0;
    const placed = { column, left, width: column.width + extra };
    left += placed.width;
    return placed;
  });
}
