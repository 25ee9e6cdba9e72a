// The invented market and account behind scripted-house.mjs. Seeded: every run shows the same beginning.

import { quotesFrame } from "./quotes-frame.mjs";

const VENUES = [
  ["NASDAQ", "XNAS", "Nasdaq", "Q", "0.0030", "-0.0020"],
  ["ARCA", "ARCX", "NYSE Arca", "P", "0.0030", "-0.0022"],
  ["NYSE", "XNYS", "New York Stock Exchange", "N", "0.0030", "-0.0018"],
  ["BATS", "BATS", "Cboe BZX", "Z", "0.0030", "-0.0020"],
  ["EDGX", "EDGX", "Cboe EDGX", "K", "0.0030", "-0.0016"],
  ["IEX", "IEXG", "Investors Exchange", "V", "0.0009", "-0.0000"],
];
const SYMBOLS = [
  ["AAPL", "Apple Inc.", "nasdaq", 2_284_500],
  ["AMD", "Advanced Micro Devices", "nasdaq", 1_762_200],
  ["BAC", "Bank of America", "listed", 471_300],
  ["F", "Ford Motor Company", "listed", 124_800],
  ["IBM", "International Business Machines", "listed", 2_911_000],
  ["MSFT", "Microsoft Corporation", "nasdaq", 5_128_700],
  ["NVDA", "NVIDIA Corporation", "nasdaq", 1_984_400],
  ["XOM", "Exxon Mobil", "listed", 1_163_900],
];
const MINUTE_US = 60_000_000;
const OPEN_US = Date.UTC(2026, 10, 20, 14, 30) * 1000;

function generator(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

const dollars = (units) => (units / 10_000).toFixed(4);
const money = (units) => (units / 10_000).toFixed(2);

export class Book {
  accounts = [
    { account_id: 7, number: "RT000007", title: "Demo Trader", kind: "margin" },
    { account_id: 8, number: "RT000008", title: "Demo Trader, cash", kind: "cash" },
  ];
  random = generator(20_041_101);
  clockUs = OPEN_US + 97 * MINUTE_US;
  clients = new Set();
  orders = new Map();
  executions = [];
  positions = new Map();
  routes = VENUES.map(([code, , name, letter], index) => ({
    code,
    route_code: letter,
    name,
    venue: index,
    enabled: code !== "EDGX",
    reason: code === "EDGX" ? "switched off by the desk" : null,
  }));
  cash = 1_000_000_000;
  realized = 0;

  constructor(recorded) {
    this.recorded = recorded;
    this.stocks = SYMBOLS.map(([symbol, name, equityClass, price], index) => ({
      index,
      symbol,
      name,
      equityClass,
      mid: price,
      reference: Math.round(price * (0.985 + this.random() * 0.025)),
      high: price + 15_000,
      low: price - 19_000,
      volume: Math.round(1e6 * (1 + this.random() * 30)),
      prints: 1000,
      last: price,
      place: 3,
      lastVenue: 0,
      tape: [],
      printIndex: 0,
      bars: [],
      depth: null,
    }));
    for (const stock of this.stocks) {
      this.history(stock);
      this.rebuild(stock);
      for (let i = 0; i < 220; i++) this.print(stock);
    }
    this.seedAccount();
  }

  history(stock) {
    let price = stock.mid - 9_000;
    for (let minute = 0; minute <= 97; minute++) {
      const open = price;
      price += Math.round((this.random() - 0.47) * 2_000);
      const close = minute === 97 ? stock.mid : price;
      const high = Math.max(open, close) + Math.round(this.random() * 900);
      const low = Math.min(open, close) - Math.round(this.random() * 900);
      const volume = Math.round(2_000 + this.random() * 30_000);
      stock.bars.push([OPEN_US + minute * MINUTE_US, open, high, low, close, volume, 80]);
    }
  }

  rebuild(stock) {
    const tick = 100;
    const center = Math.round(stock.mid / tick) * tick;
    const side = (sign) => {
      const rows = [];
      VENUES.forEach((_, venue) => {
        const offset = Math.floor(this.random() * 2.2);
        for (let level = 0; level < 5; level++) {
          const price = center + sign * tick * (1 + offset + level + Math.floor(this.random() * 1.4));
          rows.push([
            price,
            100 * (1 + Math.floor(this.random() ** 2 * 18)),
            1 + Math.floor(this.random() * 6),
            venue,
          ]);
        }
      });
      for (const order of this.orders.values()) {
        if (order.symbol !== stock.symbol || (order.side === "buy") !== sign < 0) continue;
        for (const child of order.working) {
          const units = Math.round(Number(child.price) * 10_000);
          const row = rows.find((one) => one[0] === units && one[3] === child.venue);
          if (row === undefined) rows.push([units, child.shares, 1, child.venue]);
        }
      }
      return rows.sort((a, b) => sign * (a[0] - b[0]) || b[1] - a[1]).slice(0, 40);
    };
    stock.bids = side(-1);
    stock.asks = side(1);
  }

  print(stock) {
    const buy = this.random() < 0.5;
    const best = buy ? stock.asks[0] : stock.bids[0];
    const kind = this.random();
    const place = kind < 0.08 ? 3 : kind < 0.13 ? (buy ? 5 : 1) : buy ? 4 : 2;
    const shift = place === 5 ? 100 : place === 1 ? -100 : 0;
    const price = place === 3 ? Math.round((stock.asks[0][0] + stock.bids[0][0]) / 2) : best[0] + shift;
    const size =
      this.random() < 0.3
        ? 1 + Math.floor(this.random() * 99)
        : 100 * (1 + Math.floor(this.random() ** 3 * 20));
    this.report(stock, price, size, best[3], place, place === 3 ? "hidden" : "");
  }

  report(stock, price, size, venue, place, condition) {
    stock.last = price;
    stock.place = place;
    stock.lastVenue = venue;
    stock.volume += size;
    stock.prints++;
    stock.high = Math.max(stock.high, price);
    stock.low = Math.min(stock.low, price);
    stock.tape.push([stock.printIndex++, this.clockUs, dollars(price), size, venue, place, condition]);
    if (stock.tape.length > 500) stock.tape.shift();
    const minute = Math.floor(this.clockUs / MINUTE_US) * MINUTE_US;
    const bar = stock.bars.at(-1);
    if (bar[0] < minute) stock.bars.push([minute, price, price, price, price, size, 1]);
    else
      Object.assign(bar, {
        2: Math.max(bar[2], price),
        3: Math.min(bar[3], price),
        4: price,
        5: bar[5] + size,
        6: bar[6] + 1,
      });
  }

  step() {
    this.clockUs += 100_000;
    for (const stock of this.stocks) {
      if (this.random() < 0.55) {
        stock.mid += Math.round((this.random() - 0.5) * 260);
        this.rebuild(stock);
      }
      if (this.random() < 0.45) this.print(stock);
    }
    this.fillResting();
    for (const client of this.clients) client.publish();
  }

  stock(symbol) {
    return this.stocks.find((one) => one.symbol === symbol);
  }

  quote(stock) {
    const best = (rows) => rows.filter((row) => row[0] === rows[0][0]);
    const mask = (rows) => best(rows).reduce((bits, row) => bits | (1 << row[3]), 0);
    const sum = (rows) => best(rows).reduce((total, row) => total + row[1], 0);
    return {
      index: stock.index,
      state: 1,
      flags: 8,
      place: stock.place,
      lastVenue: stock.lastVenue,
      bidVenues: mask(stock.bids),
      askVenues: mask(stock.asks),
      prints: stock.prints,
      bid: stock.bids[0][0],
      ask: stock.asks[0][0],
      last: stock.last,
      bidShares: sum(stock.bids),
      askShares: sum(stock.asks),
      lastShares: 100,
      volume: stock.volume,
      reference: stock.reference,
      high: stock.high,
      low: stock.low,
      timeNs: this.clockUs * 1000,
    };
  }

  market() {
    return {
      source: this.recorded ? "recorded" : "simulated",
      label: this.recorded ? "AAPL_2012-06-21.itch50.gz" : "SIMULATED MARKET",
      file: this.recorded ? "AAPL_2012-06-21.itch50.gz" : null,
      speed: this.recorded ? "10" : "1",
      state: "open",
      session: "regular",
      trade_date: "2026-11-20",
      clock_us: this.clockUs,
      opens_us: OPEN_US,
      closes_us: OPEN_US + 390 * MINUTE_US,
      progress: this.recorded ? 0.37 : null,
      message: null,
    };
  }

  // ------------------------------------------------------------------ orders

  seedAccount() {
    const place = (body) =>
      this.enter({ time_in_force: "day", route: "DART", client_order_id: "seed", ...body });
    const at = (symbol, part) => dollars(this.stock(symbol)[part][0][0]);
    place({ symbol: "AAPL", side: "buy", type: "limit", quantity: 300, limit_price: at("AAPL", "asks") });
    place({ symbol: "NVDA", side: "buy", type: "market", quantity: 500 });
    place({ symbol: "XOM", side: "sell_short", type: "market", quantity: 200 });
    place({
      symbol: "MSFT",
      side: "buy",
      type: "limit",
      quantity: 100,
      limit_price: "505.1000",
      time_in_force: "gtc",
    });
    place({
      symbol: "AAPL",
      side: "buy",
      type: "limit",
      quantity: 400,
      limit_price: dollars(this.stock("AAPL").bids[0][0] - 200),
    });
    place({
      symbol: "AAPL",
      side: "sell",
      type: "limit",
      quantity: 200,
      limit_price: dollars(this.stock("AAPL").asks[0][0] + 300),
      route: "ARCA",
    });
    place({ symbol: "AMD", side: "sell", type: "stop", quantity: 100, stop_price: "170.0000" });
    place({
      symbol: "IBM",
      side: "buy",
      type: "limit",
      quantity: 100,
      limit_price: "250.0000",
      cancelled: true,
    });
    place({ symbol: "F", side: "buy", type: "limit", quantity: 2_000_000, limit_price: "12.4800" });
  }

  enter(body) {
    const stock = this.stock(body.symbol);
    const id = this.orders.size + 41;
    const order = {
      order_id: id,
      client_order_id: body.client_order_id,
      symbol: body.symbol,
      side: body.side,
      type: body.type,
      time_in_force: body.time_in_force,
      quantity: body.quantity,
      filled: 0,
      leaves: body.quantity,
      average_price: null,
      limit_price: body.limit_price ?? null,
      stop_price: body.stop_price ?? null,
      display: body.display ?? null,
      not_held: body.not_held ?? false,
      extended_hours: body.extended_hours ?? false,
      route: body.route,
      state: "New",
      in_doubt: false,
      reject: null,
      working: [],
      replaces: null,
      replaced_by: null,
      origin: "workstation",
      entered_us: this.clockUs,
      updated_us: this.clockUs,
    };
    this.orders.set(id, order);
    const refusal = this.refusal(body, stock);
    if (refusal !== null) Object.assign(order, { state: "Rejected", leaves: 0, reject: refusal });
    else if (body.cancelled) Object.assign(order, { state: "Canceled", leaves: 0 });
    else if (body.type.startsWith("stop")) order.state = "Held";
    else this.work(order, stock);
    return { order, refusal };
  }

  refusal(body, stock) {
    const value = (body.quantity * stock.mid) / 10_000;
    if (value < 2_000_000) return null;
    return {
      code: 2004,
      reason: "BUYING_POWER_EXCEEDED",
      message: `Reg T buying power: the order needs $${Math.round(value).toLocaleString("en-US")}.00, the account has $${(this.cash / 5000).toLocaleString("en-US")}.00. ${Math.floor(2_000_000 / (stock.mid / 10_000)).toLocaleString("en-US")} shares or fewer would pass.`,
    };
  }

  work(order, stock) {
    const buy = order.side === "buy";
    const rows = buy ? stock.asks : stock.bids;
    const limit =
      order.limit_price === null ? (buy ? Infinity : 0) : Math.round(Number(order.limit_price) * 10_000);
    for (const row of rows) {
      if (order.leaves === 0 || (buy ? row[0] > limit : row[0] < limit)) break;
      this.fill(order, stock, Math.min(order.leaves, row[1]), row[0], row[3], "removed");
    }
    if (order.leaves === 0) return;
    const venue = Math.max(
      0,
      VENUES.findIndex(([code]) => code === order.route),
    );
    if (order.time_in_force === "ioc" || order.limit_price === null)
      Object.assign(order, { state: "Canceled", leaves: 0 });
    else order.working = [{ venue, price: order.limit_price, shares: order.leaves }];
  }

  fill(order, stock, shares, price, venue, liquidity) {
    const paid =
      (Number(order.average_price ?? 0) * order.filled + (price / 10_000) * shares) / (order.filled + shares);
    order.filled += shares;
    order.leaves -= shares;
    order.average_price = paid.toFixed(6);
    order.state = order.leaves === 0 ? "Filled" : "PartiallyFilled";
    order.updated_us = this.clockUs;
    if (order.leaves === 0) order.working = [];
    const sign = order.side === "buy" ? 1 : -1;
    const net = -sign * shares * price - 5_000;
    this.cash += net;
    this.hold(stock, sign * shares, price);
    this.executions.push({
      execution_id: this.executions.length + 90,
      order_id: order.order_id,
      symbol: order.symbol,
      side: order.side,
      quantity: shares,
      price: dollars(price),
      venue,
      liquidity,
      commission: "0.50",
      fees: sign < 0 ? "0.06" : "0.00",
      net: money(net),
      time_us: this.clockUs,
    });
  }

  hold(stock, shares, price) {
    const before = this.positions.get(stock.symbol) ?? { quantity: 0, cost: 0, realized: 0 };
    const after = { ...before, quantity: before.quantity + shares };
    if (before.quantity * shares >= 0) after.cost = before.cost + shares * price;
    else {
      const closed = Math.min(Math.abs(shares), Math.abs(before.quantity)) * Math.sign(before.quantity);
      const average = before.cost / before.quantity;
      after.realized = before.realized + closed * (price - average);
      after.cost =
        after.quantity * (Math.sign(after.quantity) === Math.sign(before.quantity) ? average : price);
    }
    this.positions.set(stock.symbol, after);
  }

  fillResting() {
    for (const order of this.orders.values()) {
      if (order.working.length === 0) continue;
      const stock = this.stock(order.symbol);
      const limit = Math.round(Number(order.limit_price) * 10_000);
      const buy = order.side === "buy";
      const touched = buy ? stock.asks[0][0] <= limit : stock.bids[0][0] >= limit;
      if (!touched) continue;
      this.fill(order, stock, Math.min(order.leaves, 100), limit, order.working[0].venue, "added");
      if (order.leaves > 0) order.working[0].shares = order.leaves;
    }
  }

  accountRow() {
    let long = 0;
    let short = 0;
    let unrealized = 0;
    let realized = 0;
    for (const [symbol, position] of this.positions) {
      const value = position.quantity * this.stock(symbol).last;
      if (value > 0) long += value;
      else short += value;
      unrealized += value - position.cost;
      realized += position.realized;
    }
    const equity = this.cash + long + short;
    return {
      push: "account",
      ...this.accounts[0],
      state: "enabled",
      equity: money(equity),
      cash: money(this.cash),
      buying_power: money(Math.round(equity * 2 - long)),
      day_pnl: money(unrealized + realized),
      realized: money(realized),
      unrealized: money(unrealized),
      long_value: money(long),
      short_value: money(short),
      held: "91380.00",
      maintenance: money(Math.round((long - short) * 0.25)),
    };
  }

  positionRows() {
    return [...this.positions].map(([symbol, position]) => {
      const last = this.stock(symbol).last;
      const unrealized = position.quantity * last - position.cost;
      return {
        symbol,
        quantity: position.quantity,
        average_cost:
          position.quantity === 0 ? null : (position.cost / position.quantity / 10_000).toFixed(6),
        mark: dollars(last),
        market_value: money(position.quantity * last),
        unrealized: money(unrealized),
        realized: money(position.realized),
        day_pnl: money(unrealized + position.realized),
      };
    });
  }

  hello() {
    return {
      push: "hello",
      protocol: 1,
      house: "RushTrade 0.1.0",
      user: "demo",
      name: "Demo Trader",
      permissions: ["trade", "market_data", "routes"],
      account: this.accounts[0],
      accounts: this.accounts,
      market: this.market(),
      venues: VENUES.map(([code, mic, name, letter, take, make], index) => ({
        index,
        code,
        mic,
        name,
        route_code: letter,
        kind: "lit",
        take,
        make,
        color: index,
      })),
      routes: this.routes,
      strategies: [
        { code: "DART", name: "DART sweep by all-in cost" },
        {
          code: "SEQUENCE",
          name: "Route sequence",
          sequences: { listed: "NPQZ", nasdaq: "QPZK", otc_bb: "", pink: "" },
        },
      ],
      symbols: this.stocks.map((stock) => ({
        index: stock.index,
        symbol: stock.symbol,
        name: stock.name,
        equity_class: stock.equityClass,
        kind: "common",
        round_lot: 100,
        tick: "0.01",
        easy_to_borrow: true,
        tradable: true,
      })),
      order_types: ["market", "limit", "stop", "stop_limit"],
      times_in_force: ["day", "gtc", "ioc", "fok"],
      limits: { watch: 200, depth: 8, trades: 8, bars: 8, depth_rows: 40, quantity: 9_999_999 },
    };
  }

  join() {
    return new Client(this);
  }
}

class Client {
  wants = { watch: [], depth: [], trades: [], bars: [] };
  sent = { prints: new Map(), orders: new Map(), executions: 0 };
  seq = 0;
  line = null;
  steps = 0;

  constructor(book) {
    this.book = book;
  }

  start(line) {
    this.line = line;
    this.book.clients.add(this);
    this.push(this.book.hello());
    this.push({ push: "market", ...this.book.market() });
    this.push({ push: "lines", rows: this.lines() });
    this.images();
  }

  images() {
    this.push(this.book.accountRow());
    this.push({ push: "positions", image: true, rows: this.book.positionRows() });
    this.push({ push: "orders", image: true, rows: [...this.book.orders.values()], truncated: 0 });
    this.push({ push: "executions", image: true, rows: this.book.executions });
    this.sent.executions = this.book.executions.length;
    for (const order of this.book.orders.values())
      this.sent.orders.set(order.order_id, JSON.stringify(order));
  }

  leave() {
    this.book.clients.delete(this);
  }

  push(message) {
    this.line.text({ ...message, seq: ++this.seq });
  }

  lines() {
    return VENUES.map((_, venue) => ({
      venue,
      state: venue === 4 ? "gap" : "live",
      messages: 120_000 + this.steps * 7,
      gaps: venue === 4 ? 1 : 0,
      anomalies: 0,
      orders: "up",
      last_us: this.book.clockUs,
    }));
  }

  publish() {
    this.steps++;
    const { book } = this;
    const rows = this.wants.watch.map((symbol) => book.quote(book.stock(symbol)));
    if (rows.length > 0) this.line.binary(quotesFrame(++this.seq, book.clockUs * 1000, rows));
    for (const symbol of this.wants.depth) this.depth(book.stock(symbol));
    for (const symbol of this.wants.trades) this.prints(book.stock(symbol));
    if (this.steps % 5 === 0) for (const symbol of this.wants.bars) this.bars(book.stock(symbol), false);
    this.changes();
    if (this.steps % 3 === 0) {
      this.push(book.accountRow());
      this.push({ push: "positions", image: false, rows: book.positionRows() });
    }
    if (this.steps % 10 !== 0) return;
    this.push({ push: "market", ...book.market() });
    this.push({ push: "lines", rows: this.lines() });
    if (this.steps % 20 === 0) this.push({ push: "heartbeat", server_us: Date.now() * 1000, lag_ms: 0 });
  }

  changes() {
    const fresh = this.book.executions.slice(this.sent.executions);
    if (fresh.length > 0) this.push({ push: "executions", image: false, rows: fresh });
    this.sent.executions = this.book.executions.length;
    const changed = [...this.book.orders.values()].filter(
      (order) => this.sent.orders.get(order.order_id) !== JSON.stringify(order),
    );
    if (changed.length === 0) return;
    this.push({ push: "orders", image: false, rows: changed });
    for (const order of changed) this.sent.orders.set(order.order_id, JSON.stringify(order));
  }

  depth(stock) {
    const rows = (side) =>
      side.map(([price, shares, orders, venue]) => [dollars(price), shares, orders, venue]);
    this.push({
      push: "depth",
      symbol: stock.symbol,
      state: "good",
      time_us: this.book.clockUs,
      bids: rows(stock.bids),
      asks: rows(stock.asks),
    });
  }

  prints(stock) {
    const from = this.sent.prints.get(stock.symbol) ?? stock.printIndex - 200;
    const rows = stock.tape.filter((row) => row[0] >= from);
    this.sent.prints.set(stock.symbol, stock.printIndex);
    if (rows.length > 0) this.push({ push: "trades", symbol: stock.symbol, skipped: 0, rows });
  }

  bars(stock, image) {
    const rows = (image ? stock.bars : stock.bars.slice(-1)).map((bar) => [
      bar[0],
      ...bar.slice(1, 5).map(dollars),
      bar[5],
      bar[6],
      null,
    ]);
    this.push({ push: "bars", symbol: stock.symbol, image, rows });
  }

  receive(request) {
    try {
      this.line.text({ id: request.id, ok: this.answer(request) });
    } catch (refusal) {
      this.line.text({ id: request.id, error: refusal });
    }
    this.changes();
  }

  answer(request) {
    const { book } = this;
    switch (request.do) {
      case "watch":
      case "depth":
      case "trades":
      case "bars": {
        const fresh = request.symbols.filter((symbol) => !this.wants[request.do].includes(symbol));
        this.wants[request.do] = request.symbols;
        for (const symbol of fresh) {
          if (request.do === "trades") this.sent.prints.delete(symbol);
          if (request.do === "bars") this.bars(book.stock(symbol), true);
        }
        return { symbols: request.symbols.length };
      }
      case "ping":
        return { client_us: request.client_us, server_us: Date.now() * 1000 };
      case "account.select":
        this.images();
        return { account_id: request.account_id };
      case "order.enter": {
        const { order, refusal } = book.enter(request);
        if (refusal !== null) throw refusal;
        return { order_id: order.order_id, state: order.state, repeated: false };
      }
      case "order.preview":
        return this.preview(request);
      case "order.cancel": {
        const order = book.orders.get(request.order_id);
        Object.assign(order, { state: "Canceled", leaves: 0, working: [], updated_us: book.clockUs });
        return { order_id: order.order_id, state: "PendingCancel" };
      }
      case "order.cancel_all": {
        const open = [...book.orders.values()].filter((order) => order.leaves > 0);
        for (const order of open) Object.assign(order, { state: "Canceled", leaves: 0, working: [] });
        return { orders: open.length };
      }
      case "order.replace": {
        const order = book.orders.get(request.order_id);
        if (request.quantity !== undefined)
          Object.assign(order, { quantity: request.quantity, leaves: request.quantity - order.filled });
        if (request.limit_price !== undefined) order.limit_price = request.limit_price;
        if (order.working.length > 0)
          order.working = [{ ...order.working[0], price: order.limit_price, shares: order.leaves }];
        return { order_id: order.order_id, state: "PendingReplace" };
      }
      case "order.explain":
        return this.explain(book.orders.get(request.order_id));
      case "route.switch": {
        book.routes = book.routes.map((one) =>
          one.code === request.code ? { ...one, enabled: request.enabled, reason: null } : one,
        );
        this.push({ push: "routes", rows: book.routes });
        return { code: request.code, enabled: request.enabled };
      }
      default:
        throw { code: 0, reason: "unknown_do", message: `There is no request "${request.do}".` };
    }
  }

  preview(body) {
    const { book } = this;
    const stock = book.stock(body.symbol);
    const price = body.limit_price ? Math.round(Number(body.limit_price) * 10_000) : stock.mid;
    const sign = body.side === "buy" ? 1 : -1;
    const far = Math.abs(price / stock.mid - 1) > 0.01;
    const power = Number(book.accountRow().buying_power);
    return {
      reference_price: dollars(price),
      notional: money(price * body.quantity),
      commission: "0.50",
      fees: [
        { name: "SEC Section 31", amount: sign < 0 ? "0.52" : "0.00" },
        { name: "FINRA TAF", amount: sign < 0 ? "0.02" : "0.00" },
      ],
      total: money(sign * price * body.quantity + 5_000),
      buying_power_before: power.toFixed(2),
      buying_power_after: (power - (price * body.quantity) / 10_000).toFixed(2),
      position_after: (book.positions.get(body.symbol)?.quantity ?? 0) + sign * body.quantity,
      plan: [
        {
          venue: 5,
          route: "IEX",
          quantity: Math.min(100, body.quantity),
          price: dollars(price),
          fee: "0.0900",
        },
        {
          venue: 0,
          route: "NASDAQ",
          quantity: Math.max(0, body.quantity - 100),
          price: dollars(price),
          fee: "0.3000",
        },
      ].filter((child) => child.quantity > 0),
      warnings: far
        ? [`The limit is ${(100 * Math.abs(price / stock.mid - 1)).toFixed(1)}% away from the quote.`]
        : [],
      reject: book.refusal(body, stock),
    };
  }

  explain(order) {
    const stock = this.book.stock(order.symbol);
    const best = stock.asks[0];
    return {
      order_id: order.order_id,
      strategy: "DART sweep by all-in cost",
      decided_us: order.entered_us,
      decision_us: 4,
      nbbo: { bid: dollars(stock.bids[0][0]), bid_shares: 300, ask: dollars(best[0]), ask_shares: best[1] },
      quotes: stock.asks
        .slice(0, 8)
        .map((row) => ({ venue: row[3], side: "ask", price: dollars(row[0]), shares: row[1] })),
      steps: VENUES.map(([code], venue) => ({
        venue,
        route: code,
        action: venue === 0 || venue === 5 ? "sent" : "skipped",
        quantity: venue === 0 ? 200 : venue === 5 ? 100 : 0,
        price: venue === 0 || venue === 5 ? dollars(best[0]) : null,
        cost: dollars(best[0] + 30),
        why:
          venue === 4
            ? "route is switched off by the desk"
            : venue === 5
              ? "lowest all-in cost at the best offer"
              : venue === 0
                ? "next best after fee"
                : "nothing left to buy at this price",
      })),
      children: this.book.executions
        .filter((one) => one.order_id === order.order_id)
        .map((one, n) => ({
          child_id: `${order.order_id}-${n + 1}`,
          venue: one.venue,
          quantity: one.quantity,
          filled: one.quantity,
          price: one.price,
          state: "Filled",
          sent_us: one.time_us,
          answered_us: one.time_us + 410,
        })),
      expected_cost: "68541.30",
      text: [
        `order ${order.order_id}  ${order.side} ${order.quantity} ${order.symbol}`,
        "DART sweep by all-in cost, decided in 4 us",
      ],
    };
  }
}
