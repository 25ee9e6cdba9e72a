// The two bars that are on every screen: the account above, the market, the line and the feeds below.

import { createSignal, For, onCleanup, Show } from "solid-js";
import type { Line, Market } from "../feed/protocol";
import { clock, date, marketNow } from "../lib/clock";
import { venueInk } from "../lib/colors";
import { money, shares, signedMoney, signOf } from "../lib/numbers";
import { wholeSentence } from "../lib/sentences";
import type { Desk } from "./desk";

export function TopBar(props: { desk: Desk }) {
  const { desk } = props;
  const { house } = desk;
  const account = house.account[0];
  const accounts = () => house.hello[0]()?.accounts ?? [];
  const figure = (word: string, text: () => string | undefined, key: string, signed = false) => (
    <div class="figure" data-account={key}>
      <span class="label">{word}</span>
      <b classList={{ up: signed && signOf(text()) > 0, down: signed && signOf(text()) < 0 }}>
        {text() === undefined ? "–" : signed ? signedMoney(text()) : money(text())}
      </b>
    </div>
  );
  return (
    <header class="top-bar">
      <span class="brand">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <path d="M4 23 12 15l4.5 4.5L27 9" />
          <path d="M19.5 9H27v7.5" />
        </svg>
        <span>
          Rush<b>Trade</b>
        </span>
      </span>
      <MarketLabel market={house.market[0]()} />
      <Show when={house.market[0]()?.takes_orders !== false}>
        <div class="figures-line" role="group" aria-label="Account">
          <Show
            when={accounts().length > 1}
            fallback={
              <div class="figure">
                <span class="label">{account()?.kind ?? ""} account</span>
                <b class="plain">{account()?.number ?? ""}</b>
              </div>
            }
          >
            <label class="figure">
              <span class="label">Account</span>
              <select
                value={account()?.account_id ?? 0}
                onChange={(event) => {
                  const chosen = accounts().find(
                    (one) => one.account_id === Number(event.currentTarget.value),
                  );
                  if (chosen === undefined) return;
                  house.rememberAccount(chosen);
                  void house.selectAccount(chosen);
                }}
              >
                <For each={accounts()}>{(one) => <option value={one.account_id}>{one.number}</option>}</For>
              </select>
            </label>
          </Show>
          {figure("Equity", () => account()?.equity, "equity")}
          {figure("Cash", () => account()?.cash, "cash")}
          {figure("Buying power", () => account()?.buying_power, "buying_power")}
          {figure("Day P&L", () => account()?.day_pnl, "day_pnl", true)}
          {figure("Realised", () => account()?.realized, "realized", true)}
          {figure("Unrealised", () => account()?.unrealized, "unrealized", true)}
        </div>
      </Show>
      <span class="spacer" />
      <Show when={house.market[0]()?.takes_orders !== false}>
        <button
          type="button"
          class="arm"
          aria-pressed={desk.arming.armed()}
          title="Hot keys that send orders at once (Shift+A)"
          onClick={() => desk.commands.run("keys.arm", "button")}
        >
          <span aria-hidden="true">{desk.arming.armed() ? "●" : "○"}</span> Keys{" "}
          {desk.arming.armed() ? "ARMED" : "safe"}
        </button>
      </Show>
      <button type="button" class="small" onClick={() => desk.commands.run("palette", "button")}>
        Commands <kbd>Ctrl+K</kbd>
      </button>
      <button type="button" class="small" onClick={() => desk.commands.run("session.leave", "button")}>
        Log out
      </button>
    </header>
  );
}

/** Which market this is: on the login page and on every screen. */
export function MarketLabel(props: { market: Market | null }) {
  return (
    <Show when={props.market}>
      {(market) => (
        <span
          class={`market-label ${market().source}`}
          title={
            market().source === "simulated" ? "A generated order flow: no real prices" : (market().file ?? "")
          }
        >
          <Show when={market().source === "recorded"}>
            <span class="kind">RECORDED</span>
          </Show>
          <span class="name">{market().label}</span>
          <Show when={market().state !== "open"}>
            <span class="kind">{STATE_WORDS[market().state].toUpperCase()}</span>
          </Show>
          <Show when={market().speed !== "1" && market().state === "open"}>
            <span class="speed">
              {market().speed === "max" ? "as fast as possible" : `×${market().speed}`}
            </span>
          </Show>
        </span>
      )}
    </Show>
  );
}

/** From here on a page that takes its messages late is told so: a quarter of a second is seen by eye. */
const LAG_SHOWN_MS = 250;

const STATE_WORDS: Record<Market["state"], string> = {
  before_open: "Before the open",
  open: "Open",
  closed: "Closed",
};
const LINE_WORDS: Record<Line["state"], string> = {
  live: "live",
  gap: "gap",
  closed: "closed",
  down: "down",
  none: "no line",
};
const LINE_MARKS: Record<Line["state"], string> = { live: "●", gap: "▲", closed: "○", down: "✕", none: "·" };

export function StatusBar(props: { desk: Desk }) {
  const { house } = props.desk;
  const market = house.market[0];
  const [now, setNow] = createSignal(performance.now());
  const timer = setInterval(() => setNow(performance.now()), 200);
  onCleanup(() => clearInterval(timer));
  const connected = () => house.line[0]().state === "open";
  const timeUs = () => {
    const said = market();
    if (said === null) return null;
    return marketNow(
      said.clock_us,
      house.marketHeardAtMs,
      now(),
      said.speed,
      said.state === "open" && connected(),
    );
  };
  const lineText = () => {
    const { state, why } = house.line[0]();
    if (state === "open") return "Connected";
    if (state === "connecting") return "Connecting…";
    if (state === "refused") return `Refused: ${why}`;
    return why === "" ? "Not connected" : `Not connected (${why}), trying again…`;
  };
  return (
    <footer class="status-bar">
      <Show when={timeUs()}>
        {(at) => (
          <span class="status-clock" title="The market's clock, New York">
            {date(at())} <b>{clock(at())}</b> ET
          </span>
        )}
      </Show>
      <Show when={market()}>
        {(said) => (
          <>
            <span class="status-state" data-state={said().state}>
              <span aria-hidden="true">{said().state === "open" ? "●" : "○"}</span>{" "}
              {STATE_WORDS[said().state]}
              <Show when={said().state === "open"}>
                <span class="dim"> {said().session}</span>
              </Show>
            </span>
            <Show when={said().progress !== null}>
              <span class="progress" title="Through the recorded file">
                <progress max={1} value={said().progress ?? 0} aria-label="Through the recorded file" />
                {Math.floor((said().progress ?? 0) * 100)}%
              </span>
            </Show>
            <Show when={said().message}>
              {(message) => (
                <span class="status-message" title={wholeSentence(message())}>
                  {wholeSentence(message())}
                </span>
              )}
            </Show>
          </>
        )}
      </Show>
      <span class="spacer" />
      <span class="feeds" role="group" aria-label="Market data lines">
        <For each={house.lines[0]().filter((line) => line.state !== "none")}>
          {(line) => {
            const venue = () => house.venue(line.venue);
            const good = () => connected() && line.state === "live" && line.orders === "up";
            const word = () => `${venue()?.code}: data ${LINE_WORDS[line.state]}, orders ${line.orders}`;
            return (
              <span
                class="feed"
                classList={{
                  bad: !good() && line.state !== "closed",
                  unknown: !connected(),
                }}
                title={`${word()}, ${shares(line.messages)} messages, ${line.gaps} gaps, ${line.anomalies} anomalies`}
              >
                <span aria-hidden="true">{line.orders === "down" ? "✕" : LINE_MARKS[line.state]}</span>
                <span style={{ color: venueInk(venue()?.color ?? 0) }}>{venue()?.code}</span>
                <span class="hidden-text">{word()}</span>
              </span>
            );
          }}
        </For>
      </span>
      <span class="status-line" classList={{ bad: !connected() }} role="status">
        <span aria-hidden="true">{connected() ? "●" : "✕"}</span> {lineText()}
        <Show when={house.latencyMs[0]() !== null}>
          <span class="dim"> {(house.latencyMs[0]() ?? 0).toFixed(1)} ms</span>
        </Show>
        <Show when={house.lagMs[0]() >= LAG_SHOWN_MS}>
          <span class="bad">
            {" "}
            page {(house.lagMs[0]() / 1000).toFixed(1)} s behind: quotes are newest, tapes say what they
            skipped
          </span>
        </Show>
      </span>
      <span class="dim">{house.hello[0]()?.name ?? ""}</span>
      <span class="dim house-name">{house.hello[0]()?.house ?? ""}</span>
    </footer>
  );
}
