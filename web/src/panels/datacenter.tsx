// The data center on one page: is the data good, or exactly why not. Alarms first, with what to do; then lines, books,
// store, fan-out and clients. The house sends a whole state a second; this draws it, and computes nothing but words.

import { createSignal, For, Index, onCleanup, onMount, Show } from "solid-js";
import type { Center, CenterAlarm, CenterClient, CenterLine } from "../feed/center";
import type { House } from "../feed/house";
import { clock, clockMillis } from "../lib/clock";
import { shares } from "../lib/numbers";
import { bytes, count, duration, lag, spark } from "../lib/quantities";

const STATE_MARK: Record<CenterLine["state"], string> = {
  live: "●",
  gap: "✕",
  recovering: "◐",
  stale: "◌",
  closed: "■",
};

export function DataCenter(props: { house: House; focus?: (give: () => void) => void }) {
  const [refused, setRefused] = createSignal("");
  let host!: HTMLDivElement;
  props.focus?.(() => host.focus());
  onMount(() => onCleanup(props.house.wantCenter(setRefused)));
  const center = props.house.center[0];
  return (
    <div class="scroll data-center" tabIndex={0} ref={host} role="region" aria-label="Data center">
      <Show when={center()} fallback={<p class="empty">{refused() || "Waiting for the data center…"}</p>}>
        {(now) => (
          <>
            <Verdict center={now()} down={props.house.line[0]().state !== "open"} />
            <Alarms alarms={now().alarms} nowUs={now().now_us} />
            <Lines lines={now().lines} nowUs={now().now_us} />
            <div class="center-cards">
              <Books center={now()} />
              <Store center={now()} />
              <FanOut center={now()} />
            </div>
            <Clients clients={now().clients} nowUs={now().now_us} />
          </>
        )}
      </Show>
    </div>
  );
}

function Verdict(props: { center: Center; down: boolean }) {
  const word = () => (props.down ? "NOT CONNECTED" : props.center.good ? "GOOD" : "NOT GOOD");
  return (
    <header class="verdict" classList={{ good: props.center.good && !props.down }}>
      <strong class="verdict-word">
        <span aria-hidden="true">{props.center.good && !props.down ? "✓" : "✕"}</span> {word()}
      </strong>
      <p role="status">
        {props.down
          ? "This page has lost its line to the data center: what it shows is old."
          : props.center.verdict}
      </p>
      <dl class="verdict-facts">
        <Fact word="Center" text={`${props.center.name} (${props.center.role})`} />
        <Fact word="Trade date" text={props.center.trade_date} />
        <Fact
          word="Market time"
          text={props.center.market_time_us > 0 ? clockMillis(props.center.market_time_us) : "–"}
        />
        <Fact word="Looked at" text={clock(props.center.now_us)} />
        <Fact word="Up for" text={duration((props.center.now_us - props.center.started_us) / 1000)} />
      </dl>
    </header>
  );
}

function Fact(props: { word: string; text: string; bad?: boolean }) {
  return (
    <div class="fact">
      <dt class="label">{props.word}</dt>
      <dd classList={{ bad: props.bad ?? false }}>{props.text}</dd>
    </div>
  );
}

function Alarms(props: { alarms: CenterAlarm[]; nowUs: number }) {
  return (
    <section class="center-alarms" aria-label="Alarms">
      <Show when={props.alarms.length > 0} fallback={<p class="no-alarms">No alarm is on.</p>}>
        <ol>
          <Index each={props.alarms}>
            {(alarm) => (
              <li class={`center-alarm ${alarm().severity}`}>
                <span class="badge">{alarm().severity === "alarm" ? "ALARM" : "WARNING"}</span>
                <div>
                  <b>{alarm().text}</b>
                  <p>{alarm().do}</p>
                </div>
                <span class="alarm-side">
                  since {clock(alarm().since_us)} ({duration((props.nowUs - alarm().since_us) / 1000)})
                  <a href={`/runbooks/${alarm().code}`} target="_blank" rel="noopener">
                    Runbook: {alarm().code}
                  </a>
                </span>
              </li>
            )}
          </Index>
        </ol>
      </Show>
    </section>
  );
}

const SHOWN_COUNTS: readonly (readonly [string, string, string])[] = [
  ["repeats", "Repeats", "Messages that came more than once"],
  ["holes", "Holes", "Spans of numbers that were missing at some time"],
  ["requests", "Asked", "Requests to send messages again"],
  ["given up", "Given up", "Messages nobody could send again"],
  ["images", "Images", "Book images fetched after a gap"],
  ["malformed", "Malformed", "Packets that could not be read"],
];

/** Why a line's lag is not a number. */
function lagReason(line: CenterLine): string {
  if (line.lag_us !== -1) return "How late the newest message was against this machine's clock";
  return line.messages > 0
    ? "Another day's messages, played now: their times are no measure of how late they are"
    : "No message has come yet";
}

function Lines(props: { lines: CenterLine[]; nowUs: number }) {
  const ways = (one: CenterLine) =>
    Object.entries(one.counts)
      .filter(([name, many]) => name.startsWith("packets ") && many > 0)
      .map(([name, many]) => `${name.slice(8)} ${count(many)}`)
      .join(" · ");
  return (
    <table class="plain center-lines">
      <caption>Lines</caption>
      <thead>
        <tr>
          <th scope="col">Venue</th>
          <th scope="col">State</th>
          <th scope="col">Since</th>
          <th scope="col" class="num">
            Lag
          </th>
          <th scope="col">Lag, 2 minutes</th>
          <th scope="col" class="num">
            Silence
          </th>
          <th scope="col" class="num">
            Messages/s
          </th>
          <th scope="col" class="num">
            Packets/s
          </th>
          <th scope="col" class="num">
            Messages
          </th>
          <th scope="col" class="num">
            Gaps
          </th>
          <th scope="col" class="num">
            Missing
          </th>
          <For each={SHOWN_COUNTS}>
            {([, word, meaning]) => (
              <th scope="col" class="num" title={meaning}>
                {word}
              </th>
            )}
          </For>
          <th scope="col" class="num">
            Source time
          </th>
        </tr>
      </thead>
      <tbody>
        <Index each={props.lines}>
          {(line) => (
            <>
              <tr data-line={line().name} data-state={line().state}>
                <th scope="row" title={`${line().kind} ${line().name}`}>
                  {line().venue}
                </th>
                <td class={`line-state ${line().state}`}>
                  <span aria-hidden="true">{STATE_MARK[line().state]}</span> {line().state}
                </td>
                <td>{clock(line().since_us)}</td>
                <td class="num" title={lagReason(line())}>
                  {line().lag_us === -1 && line().messages > 0 ? "not live" : lag(line().lag_us)}
                </td>
                <td>
                  <svg class="spark" viewBox="0 0 120 20" preserveAspectRatio="none" aria-hidden="true">
                    <polyline points={spark(line().lag_history_us, 20)} />
                  </svg>
                </td>
                <td class="num">{duration(line().silence_ms)}</td>
                <td class="num">{shares(line().messages_per_second)}</td>
                <td class="num">{shares(line().packets_per_second)}</td>
                <td class="num" title={ways(line())}>
                  {shares(line().messages)}
                </td>
                <td class="num">{shares(line().gaps)}</td>
                <td class="num" classList={{ bad: line().missing > 0 }}>
                  {shares(line().missing)}
                </td>
                <For each={SHOWN_COUNTS}>
                  {([name]) => <td class="num">{shares(line().counts[name] ?? 0)}</td>}
                </For>
                <td class="num">{line().last_time_us > 0 ? clockMillis(line().last_time_us) : "–"}</td>
              </tr>
              <Show when={line().fault || Object.keys(line().anomalies).length > 0}>
                <tr class="line-fault">
                  <td />
                  <td colSpan={11 + SHOWN_COUNTS.length}>
                    <Show when={line().fault}>
                      <span class={line().state === "closed" && line().ended ? "dim" : "bad"}>
                        {line().fault}
                        {line().gap_ms > 0 ? ` (books not known for ${duration(line().gap_ms)})` : ""}
                      </span>{" "}
                    </Show>
                    <For each={Object.entries(line().anomalies)}>
                      {([name, many]) => (
                        <span class="dim">
                          {count(many)} × {name.replaceAll("_", " ")}{" "}
                        </span>
                      )}
                    </For>
                  </td>
                </tr>
              </Show>
            </>
          )}
        </Index>
      </tbody>
    </table>
  );
}

function Books(props: { center: Center }) {
  const books = () => props.center.books;
  return (
    <section class="center-card" aria-label="Books by state">
      <h2>Books by state</h2>
      <dl>
        <Fact word="Instruments" text={shares(books().instruments)} />
        <Fact word="Good" text={shares(books().good)} />
        <Fact word="One-sided" text={shares(books().one_sided)} />
        <Fact word="Locked" text={shares(books().locked)} />
        <Fact word="Crossed" text={shares(books().crossed)} bad={books().crossed > 0} />
        <Fact word="Halted" text={shares(books().halted)} />
        <Fact
          word="Not known"
          text={shares(books().unknown)}
          bad={books().unknown > 0 && !props.center.good}
        />
        <Fact word="Nothing said yet" text={shares(books().empty)} />
        <Show when={books().crossed_symbol !== ""}>
          <Fact
            word="Crossed longest"
            text={`${books().crossed_symbol}, ${duration(books().crossed_longest_ms)}`}
            bad
          />
        </Show>
      </dl>
    </section>
  );
}

function Store(props: { center: Center }) {
  return (
    <section class="center-card" aria-label="Tick store">
      <h2>Tick store</h2>
      <Show when={props.center.store} fallback={<p class="dim">This data center writes no ticks.</p>}>
        {(store) => (
          <>
            <dl>
              <Fact word="State" text={store().state} bad={store().state === "stopped"} />
              <Fact word="Size" text={bytes(store().bytes)} />
              <Fact word="Free on disk" text={bytes(store().free_bytes)} />
              <Fact
                word="Last flush"
                text={store().flush_age_ms < 0 ? "–" : `${duration(store().flush_age_ms)} ago`}
              />
              <Fact word="Behind" text={duration(store().behind_ms)} bad={store().behind_ms > 2_000} />
              <For each={Object.entries(store().rows)}>
                {([schema, rows]) => <Fact word={`${schema} rows`} text={shares(rows)} />}
              </For>
            </dl>
            <Show when={store().fault}>
              <p class="bad">{store().fault}</p>
            </Show>
            <p>
              <a href="/datacenter/quality" target="_blank" rel="noopener">
                Data quality of the day
              </a>
            </p>
          </>
        )}
      </Show>
    </section>
  );
}

function FanOut(props: { center: Center }) {
  return (
    <Show when={props.center.fan_out}>
      {(out) => (
        <section class="center-card" aria-label="Fan-out">
          <h2>{props.center.role === "gateway" ? "Line to the host" : "Fan-out to gateways"}</h2>
          <dl>
            <Fact word="Server" text={out().server} />
            <Fact word="Connected" text={out().connected ? "yes" : "no"} bad={!out().connected} />
            <Fact word="Gateways" text={shares(out().gateways)} />
            <Fact word="Number" text={shares(out().number)} />
            <Fact word="Lag" text={duration(out().lag_ms)} bad={out().lag_ms > 1_000} />
            <Fact word="Sent" text={bytes(out().bytes)} />
            <Fact word="Asked again" text={shares(out().asked_again)} />
            <Fact word="Snapshots" text={shares(out().snapshots)} />
          </dl>
          <Show when={out().fault}>
            <p class="bad">{out().fault}</p>
          </Show>
        </section>
      )}
    </Show>
  );
}

function Clients(props: { clients: CenterClient[]; nowUs: number }) {
  return (
    <table class="plain center-clients">
      <caption>Clients</caption>
      <thead>
        <tr>
          <th scope="col">Client</th>
          <th scope="col">Stream</th>
          <th scope="col">Here for</th>
          <th scope="col" class="num">
            Subscriptions
          </th>
          <th scope="col" class="num">
            Sent
          </th>
          <th scope="col" class="num">
            Waiting
          </th>
          <th scope="col" class="num">
            Lag
          </th>
          <th scope="col" class="num">
            Skipped
          </th>
        </tr>
      </thead>
      <tbody>
        <Index
          each={props.clients}
          fallback={
            <tr>
              <td colSpan={8} class="dim">
                Nobody takes data.
              </td>
            </tr>
          }
        >
          {(client) => (
            <tr>
              <th scope="row">{client().name}</th>
              <td>{client().stream}</td>
              <td>{duration((props.nowUs - client().since_us) / 1000)}</td>
              <td class="num">{shares(client().subscriptions)}</td>
              <td class="num">{shares(client().sent)}</td>
              <td class="num">{shares(client().waiting)}</td>
              <td class="num" classList={{ bad: client().lag_ms > 1_000 }}>
                {duration(client().lag_ms)}
              </td>
              <td class="num" classList={{ bad: client().skipped > 0 }}>
                {shares(client().skipped)}
              </td>
            </tr>
          )}
        </Index>
      </tbody>
    </table>
  );
}
