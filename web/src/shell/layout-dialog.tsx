// Layouts by name: load one of the house's or one's own, save the present one, remove an old one.

import { createSignal, For, Show } from "solid-js";
import { Dialog, DialogTitle } from "../forms/dialog";
import type { Desk } from "./desk";
import { HOUSE_LAYOUTS, removeLayout } from "./layouts";

export const LAYOUT_NAME_MAX = 40;

export function LayoutDialog(props: { desk: Desk; close: () => void }) {
  const dock = props.desk.dock;
  const [names, setNames] = createSignal(dock?.layoutNames() ?? []);
  const [name, setName] = createSignal("");
  const own = (one: string) => !(one in HOUSE_LAYOUTS);
  return (
    <Dialog label="Layouts" close={props.close}>
      <DialogTitle title="Layouts" close={props.close} />
      <ul class="layouts">
        <For each={names()}>
          {(one) => (
            <li>
              <button
                type="button"
                onClick={() => {
                  dock?.load(one);
                  props.close();
                }}
              >
                {one}
              </button>
              <Show when={own(one)}>
                <button
                  type="button"
                  class="small danger"
                  aria-label={`Remove ${one}`}
                  onClick={() => {
                    removeLayout(one);
                    setNames(dock?.layoutNames() ?? []);
                  }}
                >
                  Remove
                </button>
              </Show>
            </li>
          )}
        </For>
      </ul>
      <form
        class="inline"
        onSubmit={(event) => {
          event.preventDefault();
          const wanted = name().trim();
          if (wanted === "" || !own(wanted)) return;
          dock?.save(wanted);
          props.close();
        }}
      >
        <label class="field">
          <span class="label">Save the present one as</span>
          <input
            maxLength={LAYOUT_NAME_MAX}
            value={name()}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="small" disabled={name().trim() === "" || !own(name().trim())}>
          Save
        </button>
      </form>
    </Dialog>
  );
}
