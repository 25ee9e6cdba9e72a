// The day ranked, and scans over all stocks: facts of the tape, asked again every two seconds while the panel is seen. No advice.

import { createEffect, createSignal, For, onCleanup, Show } from "solid-js";
import type { FoundStock } from "../feed/stock";
import { Refused } from "../feed/connection";
import { compact } from "../lib/numbers";
import { readStored, writeStored } from "../lib/stored";
import type { Desk } from "../shell/desk";
import type { Frame } from "../shell/dock";

const EVERY_MS = 2_000;
const TOP = 40;
const SCAN = "scan";

const LISTS: readonly (readonly [string, string])[] = [
  ["most_active_volume", "Most active by shares"],
  ["most_active_trades", "Most active by trades"],
  ["most_active_dollars", "Most active by dollars"],
  ["gainers", "Gainers"],
  ["losers", "Losers"],
  ["unusual_volume", "Unusual volume"],
  ["new_highs", "New highs of the day"],
  ["new_lows", "New lows of the day"],
  ["new_year_highs", "New highs of a year"],
  ["new_year_lows", "New lows of a year"],
  [SCAN, "Scan…"],
];

interface Answer {
  rows: FoundStock[];
  said: string;
  wrong: string;
}

export function Scanner(props: { desk: Desk; frame: Frame }) {
  const { house, links } = props.desk;
  const [kind, setKind] = createSignal(readStored("scanner.list", "most_active_volume"));
  const [expression, setExpression] = createSignal(readStored("scanner.scan", "volume > 100k"));
  const [answer, setAnswer] = createSignal<Answer>({ rows: [], said: "", wrong: "" });
  let host!: HTMLSelectElement;
  let asked = 0;
  props.frame.setFocus(() => host.focus());

  const ask = async () => {
    const mine = ++asked;
    try {
      const found = await (kind() === SCAN ? scan() : list());
      if (mine === asked) setAnswer(found);
    } catch (error) {
      if (mine !== asked || !(error instanceof Refused)) return; // a line that is down: the next turn asks again
      setAnswer({ rows: [], said: "", wrong: error.message });
    }
  };
  const list = async (): Promise<Answer> => {
    const found = await house.list(kind(), TOP);
    return {
      rows: found.rows,
      said: found.known
        ? `${found.rows.length} ${found.rows.length === 1 ? "stock" : "stocks"}`
        : `Not known: ${found.reason}`,
      wrong: "",
    };
  };
  const scan = async (): Promise<Answer> => {
    const found = await house.scan(expression(), TOP);
    return {
      rows: found.rows,
      said: `${found.total.toLocaleString("en-US")} of all stocks; largest volume first`,
      wrong: "",
    };
  };

  createEffect(() => {
    kind();
    expression();
    if (!props.frame.visible() || house.line[0]().state !== "open") return;
    void ask();
    const timer = setInterval(() => void ask(), EVERY_MS);
    onCleanup(() => clearInterval(timer));
  });
  const choose = (symbol: string) => links.get(props.frame.group()).setSymbol(symbol);
  const chosen = () => links.get(props.frame.group()).symbol();

  return (
    <>
      <div class="panel-bar scanner-bar">
        <select
          ref={host}
          aria-label="List"
          value={kind()}
          onChange={(event) => {
            setKind(event.currentTarget.value);
            writeStored("scanner.list", kind());
          }}
        >
          <For each={LISTS}>{([value, word]) => <option value={value}>{word}</option>}</For>
        </select>
        <Show when={kind() === SCAN}>
          <input
            name="scan"
            aria-label="Scan expression"
            aria-invalid={answer().wrong !== ""}
            value={expression()}
            spellcheck={false}
            autocomplete="off"
            placeholder="volume > 1m and change_percent > 3"
            onKeyDown={(event) => {
              if (event.key !== "Enter") return;
              setExpression(event.currentTarget.value);
              writeStored("scanner.scan", expression());
            }}
          />
        </Show>
        <span class="hint">{answer().said}</span>
      </div>
      <div class="scroll scanner">
        <Show when={answer().wrong !== ""}>
          <p class="scanner-wrong" role="alert">
            {answer().wrong}
          </p>
        </Show>
        <table class="plain">
          <caption class="hidden-text">Stocks found</caption>
          <thead>
            <tr>
              <th scope="col">Symbol</th>
              <th scope="col" class="num">
                Last
              </th>
              <th scope="col" class="num">
                Chg %
              </th>
              <th scope="col" class="num">
                Low
              </th>
              <th scope="col" class="num">
                High
              </th>
              <th scope="col" class="num">
                Volume
              </th>
              <th scope="col" class="num">
                Trades
              </th>
            </tr>
          </thead>
          <tbody>
            <For each={answer().rows}>
              {(row) => (
                <tr data-symbol={row.symbol} classList={{ chosen: row.symbol === chosen() }}>
                  <th scope="row">
                    <button type="button" class="symbol-button" onClick={() => choose(row.symbol)}>
                      {row.symbol}
                    </button>
                  </th>
                  <td class="num">{figure(row.price)}</td>
                  <td
                    class="num"
                    classList={{ up: (row.percent_change ?? 0) > 0, down: (row.percent_change ?? 0) < 0 }}
                  >
                    {row.percent_change === null
                      ? "–"
                      : `${row.percent_change > 0 ? "+" : ""}${row.percent_change.toFixed(2)}%`}
                  </td>
                  <td class="num">{figure(row.low)}</td>
                  <td class="num">{figure(row.high)}</td>
                  <td class="num">{compact(row.volume)}</td>
                  <td class="num">{compact(row.trade_count)}</td>
                </tr>
              )}
            </For>
          </tbody>
        </table>
        <Show when={answer().rows.length === 0 && answer().wrong === "" && answer().said !== ""}>
          <p class="empty">No stock is on this list.</p>
        </Show>
      </div>
    </>
  );
}

function figure(price: number | null): string {
  return price === null ? "–" : price.toFixed(price < 1 ? 4 : 2);
}
