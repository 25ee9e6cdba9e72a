// The command palette: every action by name. Typing a symbol shows it in the panel's group.

import { createMemo, createSignal, For, onMount, Show } from "solid-js";
import { Dialog } from "../forms/dialog";
import { search } from "../forms/symbol-field";
import type { Desk } from "./desk";

export const PALETTE_ROWS = 12;

interface Entry {
  title: string;
  group: string;
  keys: string[];
  enabled: boolean;
  run: () => void;
}

export function Palette(props: { desk: Desk; close: () => void }) {
  const { desk } = props;
  const [text, setText] = createSignal("");
  const [place, setPlace] = createSignal(0);
  let input!: HTMLInputElement;
  onMount(() => input.focus());

  const entries = createMemo<Entry[]>(() => {
    const commands = desk.commands.search(text()).map((command) => ({
      title: command.title,
      group: command.group,
      keys: desk.commands.keymap.keysOf(command.id),
      enabled: (command.enabled?.() ?? true) && (!command.armed || desk.arming.armed()),
      run: () => desk.commands.run(command.id, "palette"),
    }));
    const symbols = text().trim() === "" ? [] : search(desk.house.symbols(), text());
    const shown = symbols.slice(0, 4).map((one) => ({
      title: `Show ${one.symbol}, ${one.name}`,
      group: "Symbol",
      keys: [],
      enabled: true,
      run: () => desk.links.get(desk.group()).setSymbol(one.symbol),
    }));
    return [...shown, ...commands].slice(0, text() === "" ? 100 : PALETTE_ROWS);
  });

  const run = (entry: Entry | undefined) => {
    if (entry === undefined || !entry.enabled) return;
    props.close();
    queueMicrotask(entry.run); // after the dialog has given the focus back
  };

  return (
    <Dialog label="Commands" close={props.close}>
      <input
        ref={input}
        class="palette-input"
        role="combobox"
        aria-label="Command or symbol"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={`palette-${place()}`}
        placeholder="Command or symbol"
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setPlace(0);
        }}
        onKeyDown={(event) => {
          const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
          if (step !== 0) {
            setPlace((before) => (before + step + entries().length) % Math.max(1, entries().length));
            document.getElementById(`palette-${place()}`)?.scrollIntoView({ block: "nearest" });
            event.preventDefault();
          } else if (event.key === "Enter") {
            event.preventDefault();
            run(entries()[place()]);
          }
        }}
      />
      <ul class="palette" id="palette-list" role="listbox" aria-label="Commands">
        <For each={entries()} fallback={<li class="none">Nothing has that name.</li>}>
          {(entry, index) => (
            <li
              id={`palette-${index()}`}
              role="option"
              aria-selected={index() === place()}
              aria-disabled={!entry.enabled}
              onPointerMove={() => setPlace(index())}
              onClick={() => run(entry)}
            >
              <span class="palette-group">{entry.group}</span>
              <span class="palette-title">{entry.title}</span>
              <Show when={entry.keys.length > 0}>
                <kbd>{entry.keys.join(" / ")}</kbd>
              </Show>
            </li>
          )}
        </For>
      </ul>
    </Dialog>
  );
}
