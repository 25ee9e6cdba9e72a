// The list of all keys, and the caps that hold for those which send orders.

import { For } from "solid-js";
import { Dialog, DialogTitle } from "../forms/dialog";
import { wholeNumber } from "../forms/draft";
import type { Command } from "../keys/commands";
import type { Desk } from "./desk";

const ORDER: readonly Command["group"][] = ["Trade", "Order", "Panel", "Layout", "Symbol", "Session"];

export function KeysDialog(props: { desk: Desk; close: () => void }) {
  const { desk } = props;
  const limits = () => desk.settings[0]().keyLimits;
  const keyed = (group: Command["group"]) =>
    desk.commands
      .list()
      .filter((one) => one.group === group && desk.commands.keymap.keysOf(one.id).length > 0);
  const cap = (field: "shares" | "dollars", label: string) => (
    <label class="field">
      <span class="label">{label}</span>
      <input
        inputmode="numeric"
        autocomplete="off"
        value={limits()[field].toLocaleString("en-US")}
        onChange={(event) => {
          const value = wholeNumber(event.currentTarget.value);
          if (value !== null && value > 0) desk.change({ keyLimits: { ...limits(), [field]: value } });
          event.currentTarget.value = limits()[field].toLocaleString("en-US");
        }}
      />
    </label>
  );
  return (
    <Dialog label="Keys" wide close={props.close}>
      <DialogTitle title="Keys" close={props.close} />
      <p class="dim">
        Single letters work outside text fields. Keys marked <span class="badge warn">armed</span> send orders
        at once and work only while hot keys are armed: they disarm when the window loses the focus, after
        five minutes, and when the line ends.
      </p>
      <div class="keys">
        <For each={ORDER}>
          {(group) => (
            <section>
              <h3>{group}</h3>
              <dl>
                <For each={keyed(group)}>
                  {(command) => (
                    <div>
                      <dt>
                        <For each={desk.commands.keymap.keysOf(command.id)}>{(key) => <kbd>{key}</kbd>}</For>
                      </dt>
                      <dd>
                        {command.title} {command.armed ? <span class="badge warn">armed</span> : null}
                      </dd>
                    </div>
                  )}
                </For>
              </dl>
            </section>
          )}
        </For>
      </div>
      <h3>Caps of one key</h3>
      <div class="fields caps">
        {cap("shares", "Shares")}
        {cap("dollars", "Dollars")}
      </div>
    </Dialog>
  );
}
