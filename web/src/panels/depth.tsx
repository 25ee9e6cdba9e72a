// Level II: the montage by venue in bands of price levels, with the customer's own orders marked, under the NBBO.

import { createEffect, createMemo, createSignal, onCleanup, Show } from "solid-js";
import type { Depth as DepthImage, DepthRow } from "../feed/protocol";
import {
  FLAG_HALTED,
  FLAG_LATE,
  FLAG_REFERENCE_IS_PRIOR_CLOSE,
  FLAG_SHORT_SALE_RESTRICTED,
  FLAG_STALE,
} from "../feed/quotes";
import { SymbolField } from "../forms/symbol-field";
import type { CanvasGrid, Source } from "../grid/canvas-grid";
import type { Cell, Column } from "../grid/columns";
import { Grid } from "../grid/Grid";
import { ink, levelRest, levels, venueInk } from "../lib/colors";
import { changePercent, compact, price, priceText, shares, signedPrice, toUnits } from "../lib/numbers";
import type { Desk } from "../shell/desk";
import type { Frame } from "../shell/dock";
import { levelOf, ownShares } from "./montage";

const COLUMNS: readonly Column[] = [
  { key: "bid_own", title: "Own", width: 48, align: "right", grow: 1, drop: 2, spoken: "Own shares bid" },
  { key: "bid_venue", title: "Bid", width: 58, grow: 2, spoken: "Bid venue" },
  { key: "bid_orders", title: "#", width: 32, align: "right", drop: 3, spoken: "Bid orders" },
  { key: "bid_size", title: "Size", width: 52, align: "right", grow: 1, spoken: "Bid size" },
  { key: "bid", title: "Price", width: 58, align: "right", grow: 1, spoken: "Bid price" },
  { key: "ask", title: "Price", width: 58, align: "right", grow: 1, spoken: "Ask price" },
  { key: "ask_size", title: "Size", width: 52, align: "right", grow: 1, spoken: "Ask size" },
  { key: "ask_orders", title: "#", width: 32, align: "right", drop: 3, spoken: "Ask orders" },
  { key: "ask_venue", title: "Ask", width: 58, grow: 2, align: "left", spoken: "Ask venue" },
  { key: "ask_own", title: "Own", width: 48, align: "right", grow: 1, drop: 2, spoken: "Own shares offered" },
];

export function Depth(props: { desk: Desk; frame: Frame }) {
  const { house, links } = props.desk;
  const link = createMemo(() => links.get(props.frame.group()));
  const symbol = () => link().symbol();
  let grid: CanvasGrid | undefined;
  let image: DepthImage | undefined;
  let levelsOf: { bids: number[]; asks: number[] } = { bids: [], asks: [] };
  let own: { bids: Map<string, number>; asks: Map<string, number> } = { bids: new Map(), asks: new Map() };
  let largest = 1;
  /** False while the line is down or a gap is open: the montage then loses its colours. */
  let trusted = false;

  const look = () => {
    image = house.depths.get(symbol());
    trusted = image !== undefined && image.state !== "unknown" && house.line[0]().state === "open";
    const bids = image?.bids ?? [];
    const asks = image?.asks ?? [];
    levelsOf = { bids: levelOf(bids), asks: levelOf(asks) };
    largest = Math.max(1, ...bids.map((row) => row[1]), ...asks.map((row) => row[1]));
    grid?.refresh();
  };

  const source: Source = {
    columns: COLUMNS,
    length: () => Math.max(image?.bids.length ?? 0, image?.asks.length ?? 0),
    key: (row) => String(row),
    empty: () => (symbol() === "" ? "Type a symbol above." : "No venue shows an order."),
    cell: (row, column, cell) => {
      const bid = column.startsWith("bid");
      const rows = (bid ? image?.bids : image?.asks) ?? [];
      const entry = rows[row];
      if (entry === undefined) return;
      const level = (bid ? levelsOf.bids : levelsOf.asks)[row] ?? 0;
      paint(entry, level, bid, column.slice(4), cell);
    },
  };

  function paint(entry: DepthRow, level: number, bid: boolean, part: string, cell: Cell): void {
    const [at, size, orders, venue] = entry;
    const mine = (bid ? own.bids : own.asks).get(`${venue}@${toUnits(at)}`) ?? 0;
    cell.fill = trusted ? (levels[level] ?? levelRest) : levelRest;
    cell.ink = trusted ? ink.strong : ink.dim;
    cell.bold = level === 0;
    switch (part) {
      case "":
        cell.text = priceText(at);
        break;
      case "size":
        cell.text = shares(size);
        cell.bar = size / largest;
        cell.barInk = "rgba(255,255,255,0.13)";
        break;
      case "orders":
        cell.text = String(orders);
        cell.ink = trusted ? "#d5dce6" : ink.dim;
        cell.bold = false;
        break;
      case "venue":
        cell.text = house.venueCode(venue);
        cell.mark = venueInk(house.venue(venue)?.color ?? 0);
        break;
      case "own":
        cell.text = mine > 0 ? `◆ ${shares(mine)}` : "";
        cell.ink = ink.own;
        cell.bold = true;
        break;
    }
  }

  createEffect(() => {
    const now = symbol();
    if (now === "") return;
    const release = [house.wanted.want("depth", now), house.wanted.want("watch", now)];
    const offs = [house.onDepth.subscribe((changed) => changed === now && look())];
    grid?.redraw();
    onCleanup(() => {
      for (const end of [...release, ...offs]) end();
    });
  });
  createEffect(() => {
    symbol();
    house.line[0]();
    look();
  });
  createEffect(() => {
    const open = house.openOrders(symbol());
    own = { bids: ownShares(open, true), asks: ownShares(open, false) };
    grid?.refresh();
  });

  const load = (row: number, column: string) => {
    const bid = column.startsWith("bid");
    const entry = (bid ? image?.bids : image?.asks)?.[row];
    if (entry === undefined) return;
    const position = house.positions[0]().get(symbol())?.quantity ?? 0;
    const side = bid ? (position > 0 ? "sell" : "sell_short") : "buy";
    link().change({ side, limit: priceText(entry[0]).replaceAll(",", ""), proposed: false, type: "limit" });
  };

  return (
    <>
      <QuoteHead
        desk={props.desk}
        symbol={symbol()}
        setSymbol={(next) => link().setSymbol(next)}
        frame={props.frame}
      />
      <Grid
        name="depth"
        source={source}
        ready={(made) => {
          grid = made;
          props.frame.setFocus(() => made.focus());
        }}
        handlers={{
          label: "Level II by venue",
          click: load,
          activate: (row, column) => {
            load(row, column);
            props.desk.commands.run("panel.ticket", "depth");
          },
        }}
      />
    </>
  );
}

function QuoteHead(props: { desk: Desk; symbol: string; setSymbol: (symbol: string) => void; frame: Frame }) {
  const { house } = props.desk;
  const [version, setVersion] = createSignal(0, { equals: false });
  let scheduled = false;
  const off = house.onQuotes.subscribe(() => {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(() => {
      scheduled = false;
      setVersion(0);
    });
  });
  onCleanup(off);
  const quote = createMemo(() => {
    version();
    house.hello[0]();
    const i = house.instrument(props.symbol)?.index ?? -1;
    const board = house.quotes;
    const number = (column: Float64Array) => column[i] ?? 0;
    const flags = board.flags[i] ?? 0;
    return {
      known: i >= 0 && (board.version[i] ?? 0) > 0,
      bid: number(board.bid),
      ask: number(board.ask),
      bidShares: number(board.bidShares),
      askShares: number(board.askShares),
      last: number(board.last),
      reference: number(board.reference),
      volume: number(board.volume),
      high: number(board.high),
      low: number(board.low),
      prior: (flags & FLAG_REFERENCE_IS_PRIOR_CLOSE) !== 0,
      badge: badge(board.state[i] ?? 0, flags),
      restricted: (flags & FLAG_SHORT_SALE_RESTRICTED) !== 0,
    };
  });
  const tone = () => {
    const difference = quote().last > 0 ? quote().last - quote().reference : 0;
    return { up: difference > 0, down: difference < 0 };
  };
  return (
    <div class="quote-head">
      <div class="quote-line">
        <SymbolField
          desk={props.desk}
          label="Symbol"
          value={props.symbol}
          choose={props.setSymbol}
          ref={(input) => input.setAttribute("data-symbol-of", props.frame.group())}
        />
        <span class="quote-last" classList={tone()}>
          {quote().last > 0 ? price(quote().last) : "–"}
        </span>
        <span
          class="quote-change"
          classList={tone()}
          title={quote().prior ? "Against the prior close" : "Against the day's first print"}
        >
          {quote().reference > 0 && quote().last > 0 ? signedPrice(quote().last - quote().reference) : ""}{" "}
          {changePercent(quote().last, quote().reference)}
        </span>
        <Show when={quote().known && quote().badge}>
          <span class="badge warn" role="status">
            {quote().badge}
          </span>
        </Show>
        <Show when={quote().restricted}>
          <span class="badge" title="Reg SHO 201: short sales only above the best bid">
            SSR
          </span>
        </Show>
        <span class="quote-name">{house.instrument(props.symbol)?.name ?? ""}</span>
      </div>
      <div class="nbbo">
        <div class="nbbo-side bid">
          <span class="hidden-text">Bid</span>
          <b>{quote().bid > 0 ? price(quote().bid) : "–"}</b>
          <span>{shares(quote().bidShares)}</span>
        </div>
        <div class="nbbo-mid">
          <span class="label">sprd</span>
          <b>{quote().bid > 0 && quote().ask > 0 ? price(quote().ask - quote().bid) : "–"}</b>
        </div>
        <div class="nbbo-side ask">
          <span>{shares(quote().askShares)}</span>
          <b>{quote().ask > 0 ? price(quote().ask) : "–"}</b>
          <span class="hidden-text">Ask</span>
        </div>
        <div class="nbbo-day">
          <span>
            <span class="label">Vol</span> {compact(quote().volume)}
          </span>
          <span>
            <span class="label">Lo</span> {quote().low > 0 ? price(quote().low) : "–"}
          </span>
          <span>
            <span class="label">Hi</span> {quote().high > 0 ? price(quote().high) : "–"}
          </span>
        </div>
      </div>
    </div>
  );
}

/** What the trader must know before trusting the quote; "" when it is good. */
export function badge(state: number, flags: number): string {
  if ((flags & FLAG_STALE) !== 0) return "STALE";
  if ((flags & FLAG_HALTED) !== 0) return "HALTED";
  if ((flags & FLAG_LATE) !== 0) return "15 MIN LATE";
  return ["NO QUOTE", "", "ONE-SIDED", "LOCKED", "CROSSED"][state] ?? "";
}
