// Blotter: every order of the account with its state, its fills and, for the row in use, the whole text of a refusal.

import { createEffect, createMemo, createSignal, For, onCleanup, Show } from "solid-js";
import { isFinal, type Order } from "../feed/protocol";
import { sideWord, TIME_IN_FORCE_WORDS, TYPE_WORDS } from "../forms/draft";
import type { CanvasGrid, Source } from "../grid/canvas-grid";
import type { Cell, Column } from "../grid/columns";
import { Grid } from "../grid/Grid";
import { clock } from "../lib/clock";
import { ink } from "../lib/colors";
import { leastAhead } from "../lib/places";
import { averageText, priceText, shares } from "../lib/numbers";
import { wholeSentence } from "../lib/sentences";
import type { Desk } from "../shell/desk";
import type { Frame } from "../shell/dock";

const COLUMNS: readonly Column[] = [
  { key: "cancel", title: "", width: 30, align: "center", spoken: "Cancel" },
  { key: "time", title: "Time", width: 62, drop: 4 },
  { key: "symbol", title: "Symbol", width: 54, grow: 1 },
  { key: "side", title: "Side", width: 48, grow: 1 },
  { key: "quantity", title: "Qty", width: 68, align: "right", grow: 1, spoken: "Quantity" },
  { key: "filled", title: "Filled", width: 52, align: "right", grow: 1 },
  { key: "type", title: "Type", width: 62, grow: 1, drop: 6 },
  { key: "price", title: "Price", width: 78, align: "right", grow: 1 },
  {
    key: "ahead",
    title: "Ahead",
    width: 56,
    align: "right",
    grow: 1,
    drop: 2,
    spoken: "Shares ahead in the queue",
  },
  { key: "average", title: "Avg", width: 66, align: "right", grow: 1, spoken: "Average price" },
  { key: "tif", title: "TIF", width: 36, drop: 7, spoken: "Time in force" },
  { key: "route", title: "Route", width: 68, grow: 1, drop: 3 },
  { key: "state", title: "State", width: 96, grow: 2 },
  { key: "id", title: "Order", width: 48, align: "right", drop: 5, spoken: "Order number" },
];

const PLACES_MS = 1_000;
/** What one request may ask for. */
const PLACES_MAX = 50;

type Filter = "all" | "open" | "filled" | "refused";
const FILTERS: readonly [Filter, string][] = [
  ["all", "All"],
  ["open", "Open"],
  ["filled", "Filled"],
  ["refused", "Refused"],
];

const STATE_WORDS: Record<Order["state"], string> = {
  PendingNew: "Pending new",
  New: "Working",
  PartiallyFilled: "Part filled",
  Filled: "Filled",
  PendingCancel: "Pending cancel",
  Canceled: "Cancelled",
  PendingReplace: "Pending replace",
  Replaced: "Replaced",
  Rejected: "Rejected",
  Expired: "Expired",
  Held: "Waiting for stop",
};

const STATE_INK: Partial<Record<Order["state"], string>> = {
  New: ink.accent,
  PartiallyFilled: ink.warn,
  Held: ink.accent,
  Filled: ink.up,
  Rejected: ink.down,
  PendingNew: ink.warn,
  PendingCancel: ink.warn,
  PendingReplace: ink.warn,
};

export function Orders(props: { desk: Desk; frame: Frame }) {
  const { house, links } = props.desk;
  const [filter, setFilter] = createSignal<Filter>("all");
  const [selected, setSelected] = createSignal<number | null>(null);
  let grid: CanvasGrid | undefined;

  const rows = createMemo<Order[]>(() => {
    const keep = FILTER_KEEPS[filter()];
    return [...house.orders[0]().values()].filter(keep).sort((a, b) => b.order_id - a.order_id);
  });
  const chosen = createMemo(() => {
    const id = selected();
    return id === null ? undefined : house.orders[0]().get(id);
  });
  const [ahead, setAhead] = createSignal<ReadonlyMap<number, number>>(new Map());
  const askPlaces = async () => {
    const resting = house.openOrders().filter((order) => order.working.length > 0 && order.type !== "market");
    if (resting.length === 0) {
      if (ahead().size > 0) setAhead(new Map());
      return;
    }
    const answer = await house.places(resting.slice(-PLACES_MAX).map((order) => order.order_id));
    setAhead(leastAhead(answer.places));
  };
  const asking = setInterval(() => void askPlaces().catch(() => setAhead(new Map())), PLACES_MS);
  onCleanup(() => clearInterval(asking));
  const openCount = createMemo(() => house.openOrders().length);

  const source: Source = {
    columns: COLUMNS,
    length: () => rows().length,
    key: (row) => String(rows()[row]?.order_id ?? ""),
    empty: () => (filter() === "all" ? "No orders yet. Press B or S to write one." : "No such orders."),
    cell: (row, column, cell) => {
      const order = rows()[row];
      if (order === undefined) return;
      if (column === "ahead") paintAhead(ahead().get(order.order_id), cell);
      else paintOrder(order, column, cell);
    },
  };

  createEffect(() => {
    rows();
    ahead();
    grid?.refresh();
  });
  onCleanup(() => {
    grid = undefined;
  });

  const cancel = (row: number) => {
    const order = rows()[row];
    if (order !== undefined && !isFinal(order)) void props.desk.cancel(order.order_id);
  };

  return (
    <>
      <div class="panel-bar">
        <div class="segments" role="group" aria-label="Which orders">
          <For each={FILTERS}>
            {([key, word]) => (
              <button type="button" aria-pressed={filter() === key} onClick={() => setFilter(key)}>
                {word}
                {key === "open" && openCount() > 0 ? ` ${openCount()}` : ""}
              </button>
            )}
          </For>
        </div>
        <span class="spacer" />
        <span class="hint">Enter: decision trace · R: replace · Del: cancel</span>
        <button
          type="button"
          class="small danger"
          disabled={openCount() === 0}
          onClick={() => props.desk.commands.run("order.cancel_all", "button")}
        >
          Cancel all
        </button>
      </div>
      <Grid
        name="orders"
        source={source}
        ready={(made) => {
          grid = made;
          props.frame.setFocus(() => made.focus());
        }}
        handlers={{
          label: "Orders",
          select: (row) => {
            const order = rows()[row];
            setSelected(order?.order_id ?? null);
          },
          click: (row, column) => {
            if (column === "cancel") cancel(row);
          },
          // Never a cancel, whatever the cell: Enter asks why, and the cursor begins in the cancel column.
          activate: (row) => {
            const order = rows()[row];
            if (order !== undefined) props.desk.dialog[1]({ kind: "trace", orderId: order.order_id });
          },
          remove: cancel,
          key: (event, row) => {
            const order = rows()[row];
            if (event.key.toLowerCase() !== "r" || event.shiftKey || order === undefined || isFinal(order))
              return false;
            props.desk.dialog[1]({ kind: "replace", order });
            return true;
          },
        }}
      />
      <Show when={chosen()}>
        {(order) => (
          <div class="detail">
            <span class="detail-title">
              Order {order().order_id}: {sideWord(order().side)} {shares(order().quantity)} {order().symbol},{" "}
              {STATE_WORDS[order().state].toLowerCase()}
              {order().in_doubt ? ", in doubt: a venue has not answered" : ""}
            </span>
            <Show when={order().reject}>
              {(reject) => <span class="refusal">{wholeSentence(reject().message)}</span>}
            </Show>
            <Show when={order().working.length > 0}>
              <span class="dim">
                Working:{" "}
                {order()
                  .working.map(
                    (one) =>
                      `${shares(one.shares)} at ${priceText(one.price)} on ${house.venueCode(one.venue)}`,
                  )
                  .join(", ")}
              </span>
            </Show>
            <span class="spacer" />
            <button
              type="button"
              class="small"
              onClick={() => props.desk.dialog[1]({ kind: "trace", orderId: order().order_id })}
            >
              Decision trace
            </button>
            <Show when={!isFinal(order())}>
              <button
                type="button"
                class="small"
                onClick={() => props.desk.dialog[1]({ kind: "replace", order: order() })}
              >
                Replace
              </button>
              <button
                type="button"
                class="small danger"
                onClick={() => void props.desk.cancel(order().order_id)}
              >
                Cancel
              </button>
            </Show>
            <button
              type="button"
              class="small"
              onClick={() => links.get(props.frame.group()).setSymbol(order().symbol)}
            >
              Show {order().symbol}
            </button>
          </div>
        )}
      </Show>
    </>
  );
}

const FILTER_KEEPS: Record<Filter, (order: Order) => boolean> = {
  all: () => true,
  open: (order) => !isFinal(order),
  filled: (order) => order.filled > 0,
  refused: (order) => order.state === "Rejected",
};

function paintAhead(before: number | undefined, cell: Cell): void {
  cell.text = before === undefined ? "" : shares(before);
  cell.ink = before === 0 ? ink.up : ink.dim;
}

function paintOrder(order: Order, column: string, cell: Cell): void {
  const done = isFinal(order);
  cell.ink = done ? ink.dim : ink.text;
  switch (column) {
    case "cancel":
      cell.text = done ? "" : "✕";
      cell.button = !done;
      cell.ink = ink.text;
      break;
    case "time":
      cell.text = clock(order.entered_us);
      cell.ink = ink.dim;
      break;
    case "symbol":
      cell.text = order.symbol;
      cell.bold = true;
      cell.ink = ink.text;
      break;
    case "side":
      cell.text = order.side === "sell_short" ? "Short" : sideWord(order.side);
      cell.ink = order.side === "buy" ? ink.up : ink.down;
      break;
    case "quantity":
      cell.text = shares(order.quantity);
      break;
    case "filled":
      cell.text = shares(order.filled);
      cell.ink = order.filled > 0 ? ink.text : ink.dim;
      cell.bar = order.filled / Math.max(1, order.quantity);
      cell.barInk = "rgba(58,214,160,0.22)";
      break;
    case "type":
      cell.text = TYPE_WORDS[order.type];
      break;
    case "price":
      cell.text = orderPrice(order);
      break;
    case "average":
      cell.text = averageText(order.average_price);
      cell.ink = ink.text;
      break;
    case "tif":
      cell.text = TIME_IN_FORCE_WORDS[order.time_in_force];
      break;
    case "route":
      cell.text = order.route;
      break;
    case "state":
      cell.text = order.in_doubt ? "In doubt" : STATE_WORDS[order.state];
      cell.ink = order.in_doubt ? ink.warn : (STATE_INK[order.state] ?? ink.dim);
      cell.bold = order.state === "Rejected" || order.in_doubt;
      break;
    case "id":
      cell.text = String(order.order_id);
      cell.ink = ink.dim;
      break;
  }
}

function orderPrice(order: Order): string {
  if (order.type === "market") return "market";
  if (order.type === "stop") return `stop ${priceText(order.stop_price)}`;
  return priceText(order.limit_price);
}
