// What one's own orders cost: per route, strategy or symbol, as the journal tells it. The house adds up; this shows its rows.

import { createEffect, createSignal, For, onCleanup, Show } from "solid-js";
import { type ScoreBy, type Scorecard, type ScoreRow, ownScorecard } from "../feed/scorecard";
import { money, shares } from "../lib/numbers";
import type { Desk } from "../shell/desk";
import type { Frame } from "../shell/dock";

const ASK_MS = 5_000;
const BY: readonly (readonly [ScoreBy, string])[] = [
  ["route", "Route"],
  ["strategy", "Strategy"],
  ["symbol", "Symbol"],
];
const REALIZED_AFTER_NS = 60_000_000_000;

export function ScorecardPanel(props: { desk: Desk; frame: Frame }) {
  const { house } = props.desk;
  const [by, setBy] = createSignal<ScoreBy>("route");
  const [found, setFound] = createSignal<Scorecard | null>(null);
  const [wrong, setWrong] = createSignal("");
  let host!: HTMLDivElement;
  props.frame.setFocus(() => host.focus());
  const account = () => house.account[0]()?.account_id ?? 0;
  const ask = async (wanted: ScoreBy, accountId: number) => {
    try {
      const answer = await ownScorecard(wanted, accountId);
      if (by() !== wanted || account() !== accountId) return;
      setFound(answer);
      setWrong("");
    } catch (error) {
      setWrong(error instanceof Error ? error.message : String(error));
    }
  };
  createEffect(() => {
    const [wanted, accountId] = [by(), account()];
    if (accountId === 0 || !props.frame.visible()) return;
    void ask(wanted, accountId);
    const asking = setInterval(() => void ask(wanted, accountId), ASK_MS);
    onCleanup(() => clearInterval(asking));
  });
  return (
    <div class="scroll scorecard" tabIndex={0} ref={host} role="region" aria-label="Execution cost">
      <div class="panel-bar">
        <div class="segments" role="group" aria-label="What a row is">
          <For each={BY}>
            {([one, word]) => (
              <button type="button" aria-pressed={by() === one} onClick={() => setBy(one)}>
                {word}
              </button>
            )}
          </For>
        </div>
        <span class="dim">
          <Show when={found()}>{(card) => `${shares(card().orders)} orders scored`}</Show>
        </span>
      </div>
      <Show when={wrong()}>
        <p class="empty">{wrong()}</p>
      </Show>
      <Show when={found()}>
        {(card) => (
          <Show
            when={card().rows.length > 0}
            fallback={
              <p class="empty">
                No order of yours can be scored yet: one counts when it has ended and the five minutes after
                its executions are known.
              </p>
            }
          >
            <Rows card={card()} />
          </Show>
        )}
      </Show>
    </div>
  );
}

function Rows(props: { card: Scorecard }) {
  return (
    <table class="plain">
      <caption class="hidden-text">Cost of your orders by {props.card.by}</caption>
      <thead>
        <tr>
          <th scope="col">{BY.find(([one]) => one === props.card.by)?.[1]}</th>
          <Head word="Filled" means="Shares executed" />
          <Head word="%" means="Part of the shares asked for that was executed" />
          <Head word="ms" means="Milliseconds to the first execution" />
          <Head
            word="Spread"
            means="Effective spread: mils ($0.0001) a share, twice the distance to the midpoint"
          />
          <Head
            word="1 min"
            means="Realized spread: what is left of it against the midpoint a minute later, mils a share"
          />
          <Head word="Better" means="Shares executed at a better price than was shown" />
          <Head word="Fee" means="The venue's fee, mils a share; below zero = received" />
          <Head word="Cost" means="Cost against the midpoint at arrival with the venue's fee, mils a share" />
          <Head word="$" means="The same in dollars" />
        </tr>
      </thead>
      <tbody>
        <For each={props.card.rows}>{(row) => <Row row={row} />}</For>
        <Row row={props.card.total} />
      </tbody>
    </table>
  );
}

function Head(props: { word: string; means: string }) {
  return (
    <th scope="col" class="num" title={props.means}>
      {props.word}
    </th>
  );
}

function Row(props: { row: ScoreRow }) {
  const realized = () => props.row.later.find((one) => one.after_ns === REALIZED_AFTER_NS)?.realized_mils;
  const figure = (text: string | null | undefined) => <td class="num">{text ?? "–"}</td>;
  return (
    <tr>
      <th scope="row">{props.row.name}</th>
      {figure(shares(props.row.filled))}
      {figure(props.row.fill_percent)}
      {figure(props.row.first_fill_ms)}
      {figure(props.row.effective_spread_mils)}
      {figure(realized())}
      {figure(shares(props.row.improved_shares))}
      {figure(props.row.venue_fee_mils)}
      {figure(props.row.cost_mils)}
      {figure(money(props.row.cost))}
    </tr>
  );
}
