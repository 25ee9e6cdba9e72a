// What this page knows of the house: one object, filled by the socket, read by every panel.
//
// Slow values (market, account, orders, positions) are signals. Fast ones (quotes, depth, prints, bars) are plain
// objects with a topic to hear of changes, because canvases ask for them once a frame, not once a change.

import { createSignal } from "solid-js";
import type { Center } from "./center";
import { readStored, writeStored } from "../lib/stored";
import { Topic } from "../lib/topic";
import { Connection, type LineState, type Listener, Refused } from "./connection";
import { PrintTape } from "./prints";
import {
  type Account,
  type AccountName,
  type BarRow,
  type Bars,
  type Depth,
  type Execution,
  type Hello,
  type Instrument,
  isFinal,
  type Line,
  type Market,
  type Notice,
  type Order,
  type OrderBody,
  type Place,
  type Position,
  type Preview,
  type Prints,
  type Push,
  type Route,
  type Trace,
  type Venue,
} from "./protocol";
import { QuoteBoard } from "./quotes";
import type { DayList, Replay, Scanned, Steering, Stock } from "./stock";
import { Wanted } from "./wanted";

export const EXECUTIONS_KEPT = 5_000;
export const BARS_KEPT = 960;

export interface LineReport {
  state: LineState;
  why: string;
}

export interface BarUpdate {
  symbol: string;
  image: boolean;
  rows: BarRow[];
}

export class House implements Listener {
  readonly hello = createSignal<Hello | null>(null);
  readonly line = createSignal<LineReport>({ state: "idle", why: "" });
  readonly latencyMs = createSignal<number | null>(null);
  /** How long the house had to wait for this page to take a message, at most, between the last two heartbeats. */
  readonly lagMs = createSignal(0);
  readonly market = createSignal<Market | null>(null);
  readonly account = createSignal<Account | null>(null);
  readonly routes = createSignal<Route[]>([]);
  readonly lines = createSignal<Line[]>([]);
  readonly center = createSignal<Center | null>(null);
  /** Where the replay is; null where nothing is replayed. */
  readonly replay = createSignal<Replay | null>(null);
  readonly stocks = createSignal<ReadonlyMap<string, Stock>>(new Map(), { equals: false });
  readonly orders = createSignal<ReadonlyMap<number, Order>>(new Map(), { equals: false });
  readonly positions = createSignal<ReadonlyMap<string, Position>>(new Map(), { equals: false });
  readonly executions = createSignal<readonly Execution[]>([], { equals: false });

  quotes = new QuoteBoard(0);
  readonly depths = new Map<string, Depth>();
  readonly tapes = new Map<string, PrintTape>();
  readonly bars = new Map<string, BarRow[]>();
  /** When the last `market` message was heard, on this page's own clock. */
  marketHeardAtMs = 0;

  readonly onQuotes = new Topic();
  readonly onDepth = new Topic<string>();
  readonly onPrints = new Topic<string>();
  readonly onBars = new Topic<BarUpdate>();
  readonly onNotice = new Topic<Notice>();
  readonly onExecution = new Topic<Execution>();
  /** An order's row changed; `before` is undefined for a new one. Not called for images. */
  readonly onOrder = new Topic<{ order: Order; before: Order | undefined }>();

  readonly wanted: Wanted;
  private readonly connection: Connection;
  private centerWishes = 0;
  private instruments = new Map<string, Instrument>();
  private idPrefix = "";
  private idsUsed = 0;

  constructor(url: string) {
    this.connection = new Connection(url, this);
    this.wanted = new Wanted((subject, symbols) => {
      this.connection.request(subject, { symbols }).catch(() => undefined); // a new connection asks again
    });
  }

  start(): void {
    this.connection.start();
  }

  stop(): void {
    this.connection.stop();
  }

  // ------------------------------------------------------------------ what panels ask

  instrument(symbol: string): Instrument | undefined {
    return this.instruments.get(symbol);
  }

  symbols(): Instrument[] {
    return this.hello[0]()?.symbols ?? [];
  }

  venue(index: number): Venue | undefined {
    return this.hello[0]()?.venues[index];
  }

  venueCode(index: number): string {
    return this.venue(index)?.code ?? "";
  }

  may(permission: string): boolean {
    return this.hello[0]()?.permissions.includes(permission) ?? false;
  }

  tape(symbol: string): PrintTape {
    let tape = this.tapes.get(symbol);
    if (tape === undefined) {
      tape = new PrintTape();
      this.tapes.set(symbol, tape);
    }
    return tape;
  }

  openOrders(symbol?: string): Order[] {
    return [...this.orders[0]().values()].filter(
      (order) => !isFinal(order) && (symbol === undefined || order.symbol === symbol),
    );
  }

  /** The order was entered by this very page. */
  isOurs(order: Order): boolean {
    return this.idPrefix !== "" && order.client_order_id.startsWith(this.idPrefix);
  }

  /** Ask for the state of the data center; returns what gives the wish up. A refusal is told to `refused`. */
  wantCenter(refused: (why: string) => void): () => void {
    this.centerRefused = refused;
    if (++this.centerWishes === 1) this.askCenter(true);
    return () => {
      if (--this.centerWishes === 0) this.askCenter(false);
    };
  }

  private centerRefused: (why: string) => void = () => undefined;

  private askCenter(on: boolean): void {
    this.connection.request("datacenter", { on }).catch((error: unknown) => {
      if (error instanceof Refused) this.centerRefused(error.message); // a line that is down asks again
    });
  }

  // ------------------------------------------------------------------ what the trader does

  enter(body: OrderBody): Promise<{ order_id: number; state: string; repeated: boolean }> {
    return this.connection.request("order.enter", { ...body, client_order_id: this.newClientOrderId() });
  }

  preview(body: OrderBody): Promise<Preview> {
    return this.connection.request("order.preview", body);
  }

  cancel(orderId: number): Promise<unknown> {
    return this.connection.request("order.cancel", { order_id: orderId });
  }

  cancelAll(symbol?: string): Promise<{ orders: number }> {
    return this.connection.request("order.cancel_all", symbol === undefined ? {} : { symbol });
  }

  replace(
    orderId: number,
    change: { quantity?: number; limit_price?: string; stop_price?: string },
  ): Promise<unknown> {
    return this.connection.request("order.replace", {
      order_id: orderId,
      ...change,
      client_order_id: this.newClientOrderId(),
    });
  }

  explain(orderId: number): Promise<Trace> {
    return this.connection.request("order.explain", { order_id: orderId });
  }

  places(orderIds: number[]): Promise<{ places: Place[] }> {
    return this.connection.request("order.places", { order_ids: orderIds });
  }

  list(kind: string, top: number): Promise<DayList> {
    return this.connection.request("list", { kind, top });
  }

  scan(expression: string, limit: number): Promise<Scanned> {
    return this.connection.request("scan", { expression, limit });
  }

  steer(steering: Steering): Promise<unknown> {
    return this.connection.request("replay", steering);
  }

  switchRoute(code: string, enabled: boolean): Promise<unknown> {
    return this.connection.request("route.switch", { code, enabled });
  }

  selectAccount(account: AccountName): Promise<unknown> {
    return this.connection.request("account.select", { account_id: account.account_id });
  }

  /** Unique for ever: a random part for this page, and a counter. */
  private newClientOrderId(): string {
    if (this.idPrefix === "") {
      const random = crypto.getRandomValues(new Uint32Array(2));
      this.idPrefix = `w-${[...random].map((part) => part.toString(16).padStart(8, "0")).join("")}`;
    }
    this.idsUsed++;
    return `${this.idPrefix}-${this.idsUsed}`;
  }

  // ------------------------------------------------------------------ what the line says (Listener)

  state(state: LineState, why: string): void {
    this.line[1]({ state, why });
    if (state === "waiting" || state === "refused" || state === "idle") {
      this.latencyMs[1](null);
      this.quotes.markStale();
      this.onQuotes.publish();
      for (const symbol of this.depths.keys()) this.onDepth.publish(symbol);
    }
    if (state !== "open") return;
    this.wanted.resend();
    if (this.centerWishes > 0) this.askCenter(true);
  }

  latency(milliseconds: number): void {
    this.latencyMs[1](milliseconds);
  }

  binary(buffer: ArrayBuffer): number {
    const seq = this.quotes.apply(buffer);
    this.onQuotes.publish();
    return seq;
  }

  push(message: Push): void {
    switch (message.push) {
      case "hello":
        this.takeHello(message);
        break;
      case "market":
        this.marketHeardAtMs = performance.now();
        this.market[1](message);
        break;
      case "account":
        this.account[1](message);
        break;
      case "routes":
        this.routes[1](message.rows);
        break;
      case "lines":
        this.lines[1](message.rows);
        break;
      case "datacenter":
        this.center[1](message);
        break;
      case "replay":
        this.replay[1](message);
        break;
      case "stock":
        this.stocks[1](new Map(this.stocks[0]()).set(message.symbol, message));
        break;
      case "depth":
        this.depths.set(message.symbol, message);
        this.onDepth.publish(message.symbol);
        break;
      case "trades":
        this.takePrints(message);
        break;
      case "bars":
        this.takeBars(message);
        break;
      case "orders":
        this.takeOrders(message.rows, message.image);
        break;
      case "executions":
        this.takeExecutions(message.rows, message.image);
        break;
      case "positions":
        this.takePositions(message.rows, message.image);
        break;
      case "notice":
        this.onNotice.publish(message);
        break;
      case "heartbeat":
        this.lagMs[1](message.lag_ms);
        break; // the connection has noted that it was heard
    }
  }

  private takeHello(hello: Hello): void {
    const former = this.hello[0]();
    this.instruments = new Map(hello.symbols.map((instrument) => [instrument.symbol, instrument]));
    this.quotes = new QuoteBoard(hello.symbols.reduce((most, one) => Math.max(most, one.index + 1), 0));
    this.depths.clear();
    this.stocks[1](new Map());
    this.bars.clear();
    for (const tape of this.tapes.values()) tape.clear();
    this.marketHeardAtMs = performance.now();
    this.market[1](hello.market);
    this.routes[1](hello.routes);
    this.hello[1](hello);
    this.onQuotes.publish();
    this.keepAccount(former, hello);
  }

  /** A new connection starts with the first account: go back to the one that was chosen. */
  private keepAccount(former: Hello | null, hello: Hello): void {
    const chosen = former === null ? readStored("account", 0) : (this.account[0]()?.account_id ?? 0);
    const account = hello.accounts.find((one) => one.account_id === chosen);
    if (account === undefined || account.account_id === hello.account.account_id) return;
    queueMicrotask(() => void this.selectAccount(account).catch(() => undefined));
  }

  rememberAccount(account: AccountName): void {
    writeStored("account", account.account_id);
  }

  private takePrints(push: Prints): void {
    this.tape(push.symbol).take(push);
    this.onPrints.publish(push.symbol);
  }

  private takeBars(push: Bars): void {
    const rows = push.image ? [] : (this.bars.get(push.symbol) ?? []);
    for (const row of push.rows) {
      const last = rows[rows.length - 1];
      if (last !== undefined && last[0] === row[0]) rows[rows.length - 1] = row;
      else if (last === undefined || row[0] > last[0]) rows.push(row);
    }
    if (rows.length > BARS_KEPT) rows.splice(0, rows.length - BARS_KEPT);
    this.bars.set(push.symbol, rows);
    this.onBars.publish({ symbol: push.symbol, image: push.image, rows: push.rows });
  }

  private takeOrders(rows: Order[], image: boolean): void {
    const former = this.orders[0]();
    const orders = image ? new Map<number, Order>() : (former as Map<number, Order>);
    for (const order of rows) {
      const before = orders.get(order.order_id);
      orders.set(order.order_id, order);
      if (!image) this.onOrder.publish({ order, before });
    }
    this.orders[1](orders);
  }

  private takeExecutions(rows: Execution[], image: boolean): void {
    const kept = image ? [...rows] : [...this.executions[0](), ...rows];
    this.executions[1](kept.slice(-EXECUTIONS_KEPT));
    if (!image) for (const execution of rows) this.onExecution.publish(execution);
  }

  private takePositions(rows: Position[], image: boolean): void {
    const positions = image ? new Map<string, Position>() : (this.positions[0]() as Map<string, Position>);
    for (const position of rows) positions.set(position.symbol, position);
    this.positions[1](positions);
  }
}
