// One-minute bars of one symbol: candles, volume, and the average cost and working orders of the account as lines.

import {
  CandlestickSeries,
  ColorType,
  createChart,
  HistogramSeries,
  type IChartApi,
  type IPriceLine,
  type ISeriesApi,
  LineStyle,
  type UTCTimestamp,
} from "lightweight-charts";
import { createEffect, createMemo, createSignal, onCleanup, onMount, Show } from "solid-js";
import type { BarRow } from "../feed/protocol";
import { clockMinute, date } from "../lib/clock";
import { fill, ink } from "../lib/colors";
import { compact, priceText } from "../lib/numbers";
import type { Desk } from "../shell/desk";
import type { Frame } from "../shell/dock";

const PRICE_FORMAT = { type: "price", precision: 2, minMove: 0.01 } as const;

export function Chart(props: { desk: Desk; frame: Frame }) {
  const { house, links } = props.desk;
  const symbol = createMemo(() => links.get(props.frame.group()).symbol());
  const [last, setLast] = createSignal<BarRow | null>(null);
  let host!: HTMLDivElement;
  let chart: IChartApi | undefined;
  let candles: ISeriesApi<"Candlestick"> | undefined;
  let volumes: ISeriesApi<"Histogram"> | undefined;
  let lines: IPriceLine[] = [];

  onMount(() => {
    chart = createChart(host, OPTIONS);
    candles = chart.addSeries(CandlestickSeries, {
      upColor: "#2bb585",
      downColor: "#e8625c",
      borderVisible: false,
      wickUpColor: "#2bb585",
      wickDownColor: "#e8625c",
      priceFormat: PRICE_FORMAT,
    });
    volumes = chart.addSeries(HistogramSeries, {
      priceFormat: { type: "volume" },
      priceScaleId: "volume",
      lastValueVisible: false,
      priceLineVisible: false,
    });
    chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.8, bottom: 0 } });
    props.frame.setFocus(() => host.focus());
    show();
    drawLines();
  });
  onCleanup(() => chart?.remove());

  const show = () => {
    const rows = house.bars.get(symbol()) ?? [];
    candles?.setData(rows.map(candle));
    volumes?.setData(rows.map(volume));
    setLast(rows[rows.length - 1] ?? null);
    chart?.timeScale().scrollToRealTime();
  };

  createEffect(() => {
    const now = symbol();
    if (now === "") return;
    const release = house.wanted.want("bars", now);
    const off = house.onBars.subscribe((update) => {
      if (update.symbol !== now) return;
      if (update.image) return show();
      const known = house.bars.get(now) ?? [];
      const from = known[known.length - 1]?.[0] ?? 0;
      for (const row of update.rows) {
        if (row[0] < from - 60_000_000) return show(); // an older bar was corrected
        candles?.update(candle(row), row[0] < from);
        volumes?.update(volume(row), row[0] < from);
      }
      setLast(known[known.length - 1] ?? null);
    });
    show();
    onCleanup(() => {
      release();
      off();
    });
  });

  /** The account's own prices in the picture. */
  const drawLines = () => {
    for (const line of lines) candles?.removePriceLine(line);
    lines = [];
    const add = (price: string | null, color: string, title: string) => {
      if (price === null || candles === undefined) return;
      lines.push(
        candles.createPriceLine({
          price: Number(price),
          color,
          title,
          lineWidth: 1,
          lineStyle: LineStyle.Dashed,
          axisLabelVisible: true,
        }),
      );
    };
    const position = house.positions[0]().get(symbol());
    if (position !== undefined && position.quantity !== 0)
      add(position.average_cost, ink.accent, `${position.quantity} avg`);
    for (const order of house.openOrders(symbol()).slice(0, 20)) {
      const word = order.side === "buy" ? "buy" : "sell";
      add(order.limit_price ?? order.stop_price, ink.own, `${word} ${order.leaves}`);
    }
  };
  createEffect(() => {
    house.positions[0]();
    house.orders[0]();
    symbol();
    drawLines();
  });

  return (
    <>
      <div class="panel-bar">
        <b>{symbol()}</b>
        <span class="dim">1 minute</span>
        <Show when={last()}>
          {(bar) => (
            <span class="ohlc">
              <span class="dim">{clockMinute(bar()[0])}</span> O {priceText(bar()[1])} H {priceText(bar()[2])}{" "}
              L {priceText(bar()[3])} C {priceText(bar()[4])} <span class="dim">V {compact(bar()[5])}</span>
            </span>
          )}
        </Show>
      </div>
      <div
        class="chart"
        ref={host}
        tabIndex={0}
        role="group"
        aria-label={`Chart of one-minute bars of ${symbol()}, last close ${priceText(last()?.[4])}`}
      />
    </>
  );
}

// The chart library draws with floating point; these numbers are only ever shown.
function candle(row: BarRow) {
  return {
    time: (row[0] / 1_000_000) as UTCTimestamp,
    open: Number(row[1]),
    high: Number(row[2]),
    low: Number(row[3]),
    close: Number(row[4]),
  };
}

function volume(row: BarRow) {
  const up = Number(row[4]) >= Number(row[1]);
  return {
    time: (row[0] / 1_000_000) as UTCTimestamp,
    value: row[5],
    color: up ? "rgba(43,181,133,0.4)" : "rgba(232,98,92,0.4)",
  };
}

const OPTIONS = {
  autoSize: true,
  layout: {
    background: { type: ColorType.Solid, color: fill.panel },
    textColor: ink.dim,
    fontFamily: '"IBM Plex Sans Condensed", sans-serif',
    fontSize: 12,
    attributionLogo: true,
  },
  grid: { vertLines: { color: "#1a212b" }, horzLines: { color: "#1a212b" } },
  rightPriceScale: { borderColor: fill.line, scaleMargins: { top: 0.08, bottom: 0.24 } },
  timeScale: {
    borderColor: fill.line,
    timeVisible: true,
    secondsVisible: false,
    rightOffset: 3,
    barSpacing: 7,
    tickMarkFormatter: (time: unknown) => clockMinute(Number(time) * 1_000_000),
  },
  localization: {
    timeFormatter: (time: unknown) =>
      `${date(Number(time) * 1_000_000)} ${clockMinute(Number(time) * 1_000_000)}`,
  },
  crosshair: { mode: 0 },
} as const;
