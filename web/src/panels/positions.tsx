// Positions with live profit and loss. The numbers are the house's own; nothing is valued here.

import { createEffect, createMemo, onCleanup } from "solid-js";
import type { Position } from "../feed/protocol";
import type { CanvasGrid, Source } from "../grid/canvas-grid";
import type { Cell, Column } from "../grid/columns";
import { Grid } from "../grid/Grid";
import { ink } from "../lib/colors";
import { averageText, money, priceText, shares, signedMoney, signOf, toUnits } from "../lib/numbers";
import type { Desk } from "../shell/desk";
import type { Frame } from "../shell/dock";

const COLUMNS: readonly Column[] = [
  { key: "symbol", title: "Symbol", width: 54, grow: 1 },
  { key: "quantity", title: "Qty", width: 48, align: "right", grow: 1, spoken: "Quantity" },
  { key: "average", title: "Avg cost", width: 62, align: "right", grow: 1, spoken: "Average cost" },
  { key: "mark", title: "Mark", width: 62, align: "right", grow: 1, drop: 3 },
  { key: "unrealized", title: "Unreal.", width: 66, align: "right", grow: 1, spoken: "Unrealised profit" },
  {
    key: "realized",
    title: "Realised",
    width: 70,
    align: "right",
    grow: 1,
    drop: 4,
    spoken: "Realised profit",
  },
  {
    key: "day",
    title: "Day P&L",
    width: 74,
    align: "right",
    grow: 1,
    spoken: "Day's profit and loss",
    drop: 2,
  },
  { key: "value", title: "Value", width: 88, align: "right", grow: 1, drop: 5, spoken: "Market value" },
];

export function Positions(props: { desk: Desk; frame: Frame }) {
  const { house, links } = props.desk;
  let grid: CanvasGrid | undefined;
  const rows = createMemo<Position[]>(() =>
    [...house.positions[0]().values()].sort(
      (a, b) => Number(b.quantity !== 0) - Number(a.quantity !== 0) || (a.symbol < b.symbol ? -1 : 1),
    ),
  );
  const source: Source = {
    columns: COLUMNS,
    length: () => rows().length,
    key: (row) => rows()[row]?.symbol ?? "",
    empty: () => "No positions.",
    cell: (row, column, cell) => {
      const position = rows()[row];
      if (position !== undefined) paint(position, column, cell);
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
      name="positions"
      source={source}
      ready={(made) => {
        grid = made;
        props.frame.setFocus(() => made.focus());
      }}
      handlers={{
        label: "Positions",
        select: (row) => {
          const position = rows()[row];
          if (position !== undefined) links.get(props.frame.group()).setSymbol(position.symbol);
        },
        activate: (row) => {
          const position = rows()[row];
          if (position === undefined || position.quantity === 0) return;
          links.get(props.frame.group()).change({
            side: position.quantity > 0 ? "sell" : "buy",
            quantity: String(Math.abs(position.quantity)),
          });
          props.desk.commands.run("panel.ticket", "positions");
        },
      }}
    />
  );
}

function paint(position: Position, column: string, cell: Cell): void {
  const flat = position.quantity === 0;
  cell.ink = flat ? ink.dim : ink.text;
  const profit = (text: string | null) => {
    cell.text = signedMoney(text);
    const sign = signOf(text);
    cell.ink = sign > 0 ? ink.up : sign < 0 ? ink.down : ink.dim;
  };
  switch (column) {
    case "symbol":
      cell.text = position.symbol;
      cell.bold = true;
      break;
    case "quantity":
      cell.text = shares(position.quantity);
      if (position.quantity < 0) cell.ink = ink.down;
      break;
    case "average":
      cell.text = flat ? "" : averageText(position.average_cost);
      break;
    case "mark":
      cell.text = priceText(position.mark);
      cell.pulse = toUnits(position.mark ?? "") ?? Number.NaN;
      break;
    case "unrealized":
      profit(flat ? null : position.unrealized);
      break;
    case "realized":
      profit(position.realized);
      break;
    case "day":
      profit(position.day_pnl);
      cell.bold = true;
      break;
    case "value":
      cell.text = money(position.market_value);
      break;
  }
}
