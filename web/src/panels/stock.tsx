// What one stock may do now: trading state, short-sale test, price bands, auctions; and the montage by market participant.

import { createEffect, createMemo, For, onCleanup, Show } from "solid-js";
import type { House } from "../feed/house";
import type { Bands, Imbalance, ParticipantRow, StockKnown, Told } from "../feed/stock";
import { clock } from "../lib/clock";
import { venueInk } from "../lib/colors";
import { priceText, shares } from "../lib/numbers";
import type { Desk } from "../shell/desk";
import type { Frame } from "../shell/dock";

export function StockPanel(props: { desk: Desk; frame: Frame }) {
  const { house, links } = props.desk;
  const symbol = createMemo(() => links.get(props.frame.group()).symbol());
  const stock = () => house.stocks[0]().get(symbol());
  const known = () => {
    const found = stock();
    return found?.known ? found : undefined;
  };
  let host!: HTMLDivElement;
  props.frame.setFocus(() => host.focus());
  createEffect(() => {
    if (symbol() !== "") onCleanup(house.wanted.want("stock", symbol()));
  });
  return (
    <div
      class="scroll stock-panel"
      tabIndex={0}
      ref={host}
      role="region"
      aria-label={`State and auctions of ${symbol()}`}
    >
      <Show
        when={known()}
        fallback={
          <p class="empty">
            {stock() === undefined ? "" : `Nothing of ${symbol()} may be shown to you as it happens.`}
          </p>
        }
      >
        {(now) => (
          <>
            <State stock={now()} house={house} />
            <Show when={now().bands}>{(bands) => <PriceBands bands={bands()} />}</Show>
            <Show when={now().collar}>
              {(collar) => (
                <p class="stock-line">
                  Reopening collar <b>{dollars(collar().low)}</b> – <b>{dollars(collar().high)}</b> around{" "}
                  {dollars(collar().reference)}, extension {collar().extension}, {clock(collar().time_us)}
                </p>
              )}
            </Show>
            <Imbalances rows={now().imbalances} house={house} />
            <Participants stock={now()} house={house} />
          </>
        )}
      </Show>
    </div>
  );
}

const dollars = (text: string | null) => (text === null ? "–" : priceText(text));

function State(props: { stock: StockKnown; house: House }) {
  const halted = () => ["H", "P", "Q"].includes(props.stock.trading.code);
  const own = () => props.stock.venues.filter((one) => one.operational === "H");
  const since = (told: Told) => (told.since_us > 0 ? ` since ${clock(told.since_us)}` : "");
  return (
    <header class="stock-state" classList={{ halted: halted() }} data-trading={props.stock.trading.code}>
      <b>{props.stock.symbol}</b>{" "}
      <strong class="badge" classList={{ warn: halted() }}>
        {props.stock.trading.text.toUpperCase()}
      </strong>
      <span>
        {since(props.stock.trading)}
        <Show when={props.stock.trading.reason !== ""}>
          {" "}
          ({props.stock.trading.reason}: {props.stock.trading.reason_text})
        </Show>
      </span>
      <p>
        Short-sale test: <b>{props.stock.short_sale.text}</b>
        {since(props.stock.short_sale)}
      </p>
      <For each={own()}>
        {(one) => <p class="bad">{props.house.venueCode(one.venue)} has halted it for reasons of its own.</p>}
      </For>
    </header>
  );
}

function PriceBands(props: { bands: Bands }) {
  return (
    <table class="plain stock-bands">
      <caption>
        Price bands (tier {props.bands.tier}
        {props.bands.doubled ? ", doubled" : ""})
        <Show when={props.bands.limit_state !== ""}>
          {" "}
          <span class="badge warn">{props.bands.limit_text.toUpperCase()}</span> since{" "}
          {clock(props.bands.limit_since_us)}
        </Show>
      </caption>
      <thead>
        <tr>
          <th scope="col">By</th>
          <th scope="col" class="num">
            Lower
          </th>
          <th scope="col" class="num">
            Reference
          </th>
          <th scope="col" class="num">
            Upper
          </th>
          <th scope="col" class="num">
            Since
          </th>
        </tr>
      </thead>
      <tbody>
        <tr>
          <th scope="row">computed</th>
          <td class="num">{dollars(props.bands.low)}</td>
          <td class="num">{dollars(props.bands.reference)}</td>
          <td class="num">{dollars(props.bands.high)}</td>
          <td class="num">{props.bands.since_us > 0 ? clock(props.bands.since_us) : "–"}</td>
        </tr>
        <tr>
          <th scope="row">published</th>
          <td class="num">{dollars(props.bands.published_low)}</td>
          <td class="num">–</td>
          <td class="num">{dollars(props.bands.published_high)}</td>
          <td class="num">{props.bands.differs > 0 ? `${shares(props.bands.differs)} times another` : ""}</td>
        </tr>
      </tbody>
    </table>
  );
}

function Imbalances(props: { rows: Imbalance[]; house: House }) {
  return (
    <Show
      when={props.rows.length > 0}
      fallback={<p class="stock-line dim">No auction imbalance was told.</p>}
    >
      <table class="plain">
        <caption>Auctions</caption>
        <thead>
          <tr>
            <th scope="col">Venue</th>
            <th scope="col">Cross</th>
            <th scope="col">Side</th>
            <th scope="col" class="num">
              Imbalance
            </th>
            <th scope="col" class="num">
              Paired
            </th>
            <th scope="col" class="num">
              Reference
            </th>
            <th scope="col" class="num">
              Near
            </th>
            <th scope="col" class="num">
              Far
            </th>
            <th scope="col" class="num">
              Time
            </th>
          </tr>
        </thead>
        <tbody>
          <For each={props.rows}>
            {(row) => (
              <tr data-cross={row.cross}>
                <th scope="row">{props.house.venueCode(row.venue)}</th>
                <td>{row.cross}</td>
                <td>{row.direction}</td>
                <td class="num">{shares(row.imbalance)}</td>
                <td class="num">{shares(row.paired)}</td>
                <td class="num">{dollars(row.reference)}</td>
                <td class="num">{dollars(row.near)}</td>
                <td class="num">{dollars(row.far)}</td>
                <td class="num">{clock(row.time_us)}</td>
              </tr>
            )}
          </For>
        </tbody>
      </table>
    </Show>
  );
}

function Participants(props: { stock: StockKnown; house: House }) {
  return (
    <div class="participants">
      <Side rows={props.stock.bids} house={props.house} word="Bid" />
      <Side rows={props.stock.asks} house={props.house} word="Ask" />
    </div>
  );
}

function Side(props: { rows: ParticipantRow[]; house: House; word: string }) {
  return (
    <table class="plain" data-side={props.word.toLowerCase()}>
      <caption>{props.word} by participant</caption>
      <thead>
        <tr>
          <th scope="col">Who</th>
          <th scope="col">Venue</th>
          <th scope="col" class="num">
            {props.word}
          </th>
          <th scope="col" class="num">
            Size
          </th>
          <th scope="col" class="num">
            #
          </th>
        </tr>
      </thead>
      <tbody>
        <For each={props.rows}>
          {([who, venue, at, size, orders]) => (
            <tr>
              <td classList={{ dim: who === "" }}>{who === "" ? "–" : who}</td>
              <td style={{ color: venueInk(props.house.venue(venue)?.color ?? 0) }}>
                {props.house.venueCode(venue)}
              </td>
              <td class="num">{priceText(at)}</td>
              <td class="num">{shares(size)}</td>
              <td class="num">{orders}</td>
            </tr>
          )}
        </For>
      </tbody>
    </table>
  );
}
