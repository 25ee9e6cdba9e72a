// Watch list: the consolidated quote of the trader's symbols, live.

import { createEffect, createMemo, createSignal, onCleanup } from "solid-js";
import { FLAG_HALTED, FLAG_LATE, FLAG_STALE } from "../feed/quotes";
import { SymbolField } from "../forms/symbol-field";
import type { CanvasGrid, Source } from "../grid/canvas-grid";
import type { Cell, Column } from "../grid/columns";
import { Grid } from "../grid/Grid";
import { ink } from "../lib/colors";
import { changePercent, compact, price, shares, signedPrice } from "../lib/numbers";
import { readStored, writeStored } from "../lib/stored";
import type { Desk } from "../shell/desk";
import type { Frame } from "../shell/dock";

export const WATCH_MAX = 200;

const COLUMNS: readonly Column[] = [
  { key: "symbol", title: "Symbol", width: 50, grow: 1 },
  { key: "last", title: "Last", width: 60, align: "right", grow: 1 },
  { key: "percent", title: "Chg %", width: 54, align: "right", grow: 1, spoken: "Change in percent" },
  { key: "change", title: "Chg", width: 54, align: "right", grow: 1, drop: 5, spoken: "Change" },
  { key: "bid", title: "Bid", width: 58, align: "right", grow: 1 },
  { key: "ask", title: "Ask", width: 58, align: "right", grow: 1 },
  { key: "sizes", title: "Size", width: 82, align: "right", grow: 1, drop: 4, spoken: "Bid and ask size" },
  { key: "volume", title: "Volume", width: 62, align: "right", grow: 1, drop: 3 },
  { key: "range", title: "Low – High", width: 116, align: "right", grow: 1, drop: 6, spoken: "Low and high" },
];

export function Watch(props: { desk: Desk; frame: Frame }) {
  const { house, links } = props.desk;
  const [stored, setStored] = createSignal<string[] | null>(readStored<string[] | null>("watch", null));
  const symbols = createMemo(() => {
    const known = house.symbols();
    const wanted = stored() ?? known.map((one) => one.symbol);
    return wanted.filter((symbol) => house.instrument(symbol) !== undefined).slice(0, WATCH_MAX);
  });
  const change = (next: string[]) => {
    setStored(next);
    writeStored("watch", next);
  };
  let grid: CanvasGrid | undefined;
  const index = (row: number) => house.instrument(symbols()[row] ?? "")?.index ?? -1;

  const source: Source = {
    columns: COLUMNS,
    length: () => symbols().length,
    key: (row) => symbols()[row] ?? "",
    empty: () => "Type a symbol above to watch it.",
    cell: (row, column, cell) => paint(row, column, cell),
  };

  function paint(row: number, column: string, cell: Cell): void {
    const i = index(row);
    const board = house.quotes;
    if (column === "symbol") {
      const symbol = symbols()[row] ?? "";
      const late = i >= 0 && ((board.flags[i] ?? 0) & FLAG_LATE) !== 0;
      cell.text = late ? `${symbol} D` : symbol; // D as quotes have always marked delayed ones
      cell.bold = true;
      cell.ink = symbol === links.get(props.frame.group()).symbol() ? ink.accent : ink.text;
      return;
    }
    if (i < 0 || board.version[i] === 0) return;
    const flags = board.flags[i] ?? 0;
    const trusted = board.state[i] !== 0 && (flags & (FLAG_STALE | FLAG_LATE)) === 0;
    const last = board.last[i] ?? 0;
    const before = board.reference[i] ?? 0;
    switch (column) {
      case "last":
        cell.text = last > 0 ? price(last) : "";
        cell.pulse = last;
        break;
      case "percent":
        cell.text = changePercent(last, before);
        cell.ink = tone(last - before);
        break;
      case "change":
        cell.text = last > 0 && before > 0 ? signedPrice(last - before) : "";
        cell.ink = tone(last - before);
        break;
      case "bid":
        cell.text =
          (flags & FLAG_HALTED) !== 0 ? "HALTED" : (board.bid[i] ?? 0) > 0 ? price(board.bid[i] ?? 0) : "–";
        cell.pulse = board.bid[i] ?? 0;
        break;
      case "ask":
        cell.text = (board.ask[i] ?? 0) > 0 ? price(board.ask[i] ?? 0) : "–";
        cell.pulse = board.ask[i] ?? 0;
        break;
      case "sizes":
        cell.text = `${shares(board.bidShares[i] ?? 0)} × ${shares(board.askShares[i] ?? 0)}`;
        cell.ink = ink.dim;
        break;
      case "volume":
        cell.text = compact(board.volume[i] ?? 0);
        cell.ink = ink.dim;
        break;
      case "range":
        cell.text =
          (board.low[i] ?? 0) > 0 ? `${price(board.low[i] ?? 0)} – ${price(board.high[i] ?? 0)}` : "";
        cell.ink = ink.dim;
        break;
    }
    if (!trusted) {
      cell.ink = ink.dim;
      cell.pulse = Number.NaN;
    }
  }

  createEffect(() => {
    const releases = symbols().map((symbol) => house.wanted.want("watch", symbol));
    grid?.redraw();
    onCleanup(() => {
      for (const release of releases) release();
    });
  });
  createEffect(() => {
    links.get(props.frame.group()).symbol();
    grid?.refresh();
  });
  onCleanup(house.onQuotes.subscribe(() => grid?.refresh()));

  const choose = (row: number) => {
    const symbol = symbols()[row];
    if (symbol !== undefined) links.get(props.frame.group()).setSymbol(symbol);
  };

  return (
    <>
      <div class="panel-bar">
        <SymbolField
          desk={props.desk}
          label="Add a symbol"
          placeholder="Add symbol"
          value=""
          choose={(symbol) => !symbols().includes(symbol) && change([...symbols(), symbol])}
        />
        <span class="hint">Del removes</span>
      </div>
      <Grid
        name="watch"
        source={source}
        ready={(made) => {
          grid = made;
          props.frame.setFocus(() => made.focus());
        }}
        handlers={{
          label: "Watch list",
          select: choose,
          activate: () => props.desk.commands.run("ticket.buy", "watch"),
          remove: (row) => change(symbols().filter((_, place) => place !== row)),
        }}
      />
    </>
  );
}

function tone(difference: number): string {
  return difference > 0 ? ink.up : difference < 0 ? ink.down : ink.text;
}
