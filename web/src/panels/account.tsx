// The account in full: every figure the house knows of it, with what it means.

import { For, Show } from "solid-js";
import type { Account as AccountFigures } from "../feed/protocol";
import { money, signedMoney, signOf } from "../lib/numbers";
import type { Desk } from "../shell/desk";
import type { Frame } from "../shell/dock";

type Figure = [key: keyof AccountFigures, word: string, meaning: string, signed?: true];

const FIGURES: readonly Figure[] = [
  ["equity", "Equity", "Cash and the value of all positions"],
  ["cash", "Cash", "Trade-date cash balance"],
  ["buying_power", "Buying power", "What the risk checks would let a purchase cost now"],
  ["held", "Held for orders", "Money set aside for open orders"],
  ["day_pnl", "Day P&L", "Change of equity since the prior close, without deposits", true],
  ["realized", "Realised", "Profit of closed lots today", true],
  ["unrealized", "Unrealised", "Open positions against their average cost", true],
  ["long_value", "Long value", "Market value of long positions"],
  ["short_value", "Short value", "Market value of short positions"],
  ["maintenance", "Maintenance", "Margin that must stay in the account"],
];

const STATES: Record<AccountFigures["state"], string> = {
  enabled: "enabled",
  close_only: "close only: orders that reduce a position pass",
  disabled: "disabled",
};

export function Account(props: { desk: Desk; frame: Frame }) {
  const account = props.desk.house.account[0];
  let host!: HTMLDivElement;
  props.frame.setFocus(() => host.focus());
  return (
    <div class="scroll" tabIndex={0} ref={host}>
      <Show when={account()} fallback={<p class="empty">No account yet.</p>}>
        {(figures) => (
          <>
            <p class="account-title">
              <b>{figures().title}</b> {figures().number}, {figures().kind} account, {STATES[figures().state]}
            </p>
            <dl class="figures">
              <For each={FIGURES}>
                {([key, word, meaning, signed]) => {
                  const text = () => String(figures()[key] ?? "");
                  return (
                    <div>
                      <dt title={meaning}>{word}</dt>
                      <dd
                        classList={{ up: signed && signOf(text()) > 0, down: signed && signOf(text()) < 0 }}
                        data-figure={key}
                      >
                        {signed ? signedMoney(text()) : money(text())}
                      </dd>
                    </div>
                  );
                }}
              </For>
            </dl>
          </>
        )}
      </Show>
    </div>
  );
}
