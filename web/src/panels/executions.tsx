// Executions: every fill with its venue, liquidity and what it cost.

import { createEffect, createMemo, onCleanup } from "solid-js";
import { sideWord } from "../forms/draft";
import type { CanvasGrid, Source } from "../grid/canvas-grid";
import type { Column } from "../grid/columns";
import { Grid } from "../grid/Grid";
import { clockMillis } from "../lib/clock";
import { ink, venueInk } from "../lib/colors";
import { money, priceText, shares, signedMoney } from "../lib/numbers";
import type { Desk } from "../shell/desk";
import type { Frame } from "../shell/dock";

const COLUMNS: readonly Column[] = [
  { key: "time", title: "Time", width: 92, grow: 1 },
  { key: "symbol", title: "Symbol", width: 54, grow: 1 },
  { key: "side", title: "Side", width: 48, grow: 1 },
  { key: "quantity", title: "Qty", width: 56, align: "right", grow: 1, spoken: "Quantity" },
  { key: "price", title: "Price", width: 68, align: "right", grow: 1 },
  { key: "venue", title: "Venue", width: 66, grow: 1 },
  { key: "liquidity", title: "Liquidity", width: 66, grow: 1, drop: 3 },
  { key: "commission", title: "Commission", width: 76, align: "right", grow: 1, drop: 4 },
  { key: "fees", title: "Fees", width: 54, align: "right", grow: 1, drop: 5 },
  { key: "net", title: "Net cash", width: 92, align: "right", grow: 1 },
  { key: "order", title: "Order", width: 50, align: "right", drop: 2, spoken: "Order number" },
];

export function Executions(props: { desk: Desk; frame: Frame }) {
  const { house } = props.desk;
  let grid: CanvasGrid | undefined;
  const rows = createMemo(() => [...house.executions[0]()].reverse());
  const source: Source = {
    columns: COLUMNS,
    length: () => rows().length,
    key: (row) => String(rows()[row]?.execution_id ?? ""),
    empty: () => "No executions yet.",
    cell: (row, column, cell) => {
      const one = rows()[row];
      if (one === undefined) return;
      switch (column) {
        case "time":
          cell.text = clockMillis(one.time_us);
          cell.ink = ink.dim;
          break;
        case "symbol":
          cell.text = one.symbol;
          cell.bold = true;
          break;
        case "side":
          cell.text = one.side === "sell_short" ? "Short" : sideWord(one.side);
          cell.ink = one.side === "buy" ? ink.up : ink.down;
          break;
        case "quantity":
          cell.text = shares(one.quantity);
          break;
        case "price":
          cell.text = priceText(one.price);
          break;
        case "venue":
          cell.text = house.venueCode(one.venue);
          cell.ink = venueInk(house.venue(one.venue)?.color ?? 0);
          break;
        case "liquidity":
          cell.text = one.liquidity;
          break;
        case "commission":
          cell.text = money(one.commission);
          break;
        case "fees":
          cell.text = money(one.fees);
          break;
        case "net":
          cell.text = signedMoney(one.net);
          break;
        case "order":
          cell.text = String(one.order_id);
          cell.ink = ink.dim;
          break;
      }
    },
  };
  createEffect(() => {
    rows();
    grid?.refresh();
  });
  onCleanup(() => {
    grid = undefined;
  });
  return (
    <Grid
      name="executions"
      source={source}
      ready={(made) => {
        grid = made;
        props.frame.setFocus(() => made.focus());
      }}
      handlers={{
        label: "Executions",
        activate: (row) => {
          const one = rows()[row];
          if (one !== undefined) props.desk.dialog[1]({ kind: "trace", orderId: one.order_id });
        },
      }}
    />
  );
}
