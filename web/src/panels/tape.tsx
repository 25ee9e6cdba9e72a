// Time & sales: every print of one symbol, coloured by its place against the quote, with a visible mark for what was skipped.

import { createEffect, createMemo, onCleanup } from "solid-js";
import type { CanvasGrid, Source } from "../grid/canvas-grid";
import type { Cell, Column } from "../grid/columns";
import { Grid } from "../grid/Grid";
import { clock } from "../lib/clock";
import { ink, places, venueInk } from "../lib/colors";
import { priceText, shares } from "../lib/numbers";
import type { Desk } from "../shell/desk";
import type { Frame } from "../shell/dock";

const COLUMNS: readonly Column[] = [
  { key: "time", title: "Time", width: 66, grow: 1, drop: 1 },
  { key: "price", title: "Price", width: 68, align: "right", grow: 2 },
  { key: "mark", title: "", width: 24, align: "center", spoken: "Place" },
  { key: "size", title: "Size", width: 56, align: "right", grow: 2 },
  { key: "venue", title: "Venue", width: 62, grow: 1, drop: 2 },
  { key: "condition", title: "", width: 48, grow: 1, drop: 3, spoken: "Condition" },
];

export function Tape(props: { desk: Desk; frame: Frame }) {
  const { house, links } = props.desk;
  const symbol = createMemo(() => links.get(props.frame.group()).symbol());
  let grid: CanvasGrid | undefined;

  const source: Source = {
    columns: COLUMNS,
    length: () => house.tape(symbol()).length,
    key: (row) => {
      const entry = house.tape(symbol()).at(row);
      return entry !== undefined && "print" in entry ? String(entry.print[0]) : `skipped-${row}`;
    },
    empty: () => (symbol() === "" ? "" : "No prints yet."),
    cell: (row, column, cell) => paint(row, column, cell),
  };

  function paint(row: number, column: string, cell: Cell): void {
    const entry = house.tape(symbol()).at(row);
    if (entry === undefined) return;
    if ("skipped" in entry) {
      cell.ink = ink.warn;
      if (column === "price") cell.text = "skipped";
      if (column === "size") cell.text = shares(entry.skipped);
      return;
    }
    const [, timeUs, at, size, venue, place, condition] = entry.print;
    const look = places[place] ?? places[0];
    cell.ink = entry.broken ? ink.dim : (look?.ink ?? ink.text);
    cell.fill = entry.broken ? "" : (look?.fill ?? "");
    switch (column) {
      case "time":
        cell.text = clock(timeUs);
        if (cell.fill === "") cell.ink = ink.dim;
        break;
      case "price":
        cell.text = priceText(at);
        cell.bold = place === 1 || place === 5;
        break;
      case "mark":
        cell.text = look?.mark ?? "";
        break;
      case "size":
        cell.text = shares(size);
        cell.bold = size >= 1_000;
        break;
      case "venue":
        cell.text = house.venueCode(venue);
        if (cell.fill === "") cell.ink = venueInk(house.venue(venue)?.color ?? 0);
        break;
      case "condition":
        cell.text = entry.broken ? "broken" : condition;
        break;
    }
  }

  createEffect(() => {
    const now = symbol();
    if (now === "") return;
    const release = house.wanted.want("trades", now);
    const off = house.onPrints.subscribe((changed) => changed === now && grid?.refresh());
    grid?.redraw();
    onCleanup(() => {
      release();
      off();
    });
  });

  return (
    <>
      <div class="panel-bar tape-legend">
        <b>{symbol()}</b>
        <span class="legend" aria-hidden="true">
          {[5, 4, 3, 2, 1].map((place) => (
            <span style={{ color: places[place]?.ink ?? "", background: places[place]?.fill ?? "" }}>
              {places[place]?.mark} {places[place]?.brief}
            </span>
          ))}
        </span>
      </div>
      <Grid
        name="tape"
        source={source}
        ready={(made) => {
          grid = made;
          props.frame.setFocus(() => made.focus());
        }}
        handlers={{ label: "Time and sales" }}
      />
    </>
  );
}
