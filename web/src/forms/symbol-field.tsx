// A field for a symbol: type, see what fits, Enter takes it. A combobox as the ARIA practices have it.

import { createMemo, createSignal, createUniqueId, For, Show } from "solid-js";
import type { Instrument } from "../feed/protocol";
import type { Desk } from "../shell/desk";

export const SUGGESTIONS = 8;

export function SymbolField(props: {
  desk: Desk;
  label: string;
  value: string;
  placeholder?: string;
  choose: (symbol: string) => void;
  ref?: (input: HTMLInputElement) => void;
}) {
  const id = createUniqueId();
  const [text, setText] = createSignal<string | null>(null);
  const [place, setPlace] = createSignal(0);
  const hits = createMemo<Instrument[]>(() => {
    const typed = text();
    return typed === null || typed === "" ? [] : search(props.desk.house.symbols(), typed);
  });
  const known = () => props.desk.house.instrument((text() ?? "").trim().toUpperCase());
  const take = (instrument: Instrument | undefined, input: HTMLInputElement) => {
    if (instrument === undefined) return;
    setText(null);
    input.value = props.value;
    props.choose(instrument.symbol);
    input.value = props.value;
    input.blur(); // the keys are commands again; Tab goes on from here all the same
  };
  return (
    <div class="symbol-field">
      <input
        ref={(input) => props.ref?.(input)}
        role="combobox"
        aria-label={props.label}
        aria-expanded={hits().length > 0}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={hits().length > 0 ? `${id}-${place()}` : undefined}
        aria-invalid={text() !== null && text() !== "" && hits().length === 0}
        autocomplete="off"
        spellcheck={false}
        placeholder={props.placeholder ?? ""}
        value={text() ?? props.value}
        onFocus={(event) => event.currentTarget.select()}
        onInput={(event) => {
          setText(event.currentTarget.value.toUpperCase());
          event.currentTarget.value = event.currentTarget.value.toUpperCase();
          setPlace(0);
        }}
        onBlur={(event) => {
          setText(null);
          event.currentTarget.value = props.value;
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter") {
            if (text() === null) return;
            take(place() === 0 ? (known() ?? hits()[0]) : hits()[place()], event.currentTarget);
            event.preventDefault();
            event.stopPropagation();
          } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
            if (hits().length === 0) return;
            const step = event.key === "ArrowDown" ? 1 : -1;
            setPlace((before) => (before + step + hits().length) % hits().length);
            event.preventDefault();
          } else if (event.key === "Escape" && text() !== null) {
            setText(null);
            event.currentTarget.value = props.value;
            event.stopPropagation();
          }
        }}
      />
      <Show when={text() !== null && text() !== ""}>
        <ul class="suggestions" role="listbox" id={`${id}-list`} aria-label="Symbols">
          <For
            each={hits()}
            fallback={
              <li class="none" role="option" aria-selected="false">
                No such symbol here
              </li>
            }
          >
            {(hit, index) => (
              <li
                id={`${id}-${index()}`}
                role="option"
                aria-selected={index() === place()}
                onPointerDown={(event) => {
                  event.preventDefault();
                  const field = event.currentTarget.closest(".symbol-field")?.querySelector("input");
                  if (field) take(hit, field);
                }}
              >
                <b>{hit.symbol}</b> <span>{hit.name}</span>
              </li>
            )}
          </For>
        </ul>
      </Show>
    </div>
  );
}

/** Exact symbol, then symbols that start so, then names that contain it. */
export function search(symbols: readonly Instrument[], typed: string): Instrument[] {
  const wanted = typed.trim().toUpperCase();
  const rank = (one: Instrument) =>
    one.symbol === wanted
      ? 0
      : one.symbol.startsWith(wanted)
        ? 1
        : one.name.toUpperCase().includes(wanted)
          ? 2
          : 3;
  return symbols
    .filter((one) => rank(one) < 3)
    .sort((a, b) => rank(a) - rank(b) || (a.symbol < b.symbol ? -1 : 1))
    .slice(0, SUGGESTIONS);
}
