// The fields of order forms: a label, the control, and what is wrong with it.

import { type JSX, Show } from "solid-js";
import { stepPrice } from "./draft";

export function Field(props: { label: string; error?: string | undefined; children: JSX.Element }) {
  return (
    <label class="field" classList={{ bad: props.error !== undefined }}>
      <span class="label">{props.label}</span>
      {props.children}
      <Show when={props.error}>
        <span class="field-error">{props.error}</span>
      </Show>
    </label>
  );
}

export function PriceField(props: {
  name: string;
  label: string;
  value: string;
  tick: string;
  error: string | undefined;
  change: (text: string) => void;
}) {
  return (
    <Field label={props.label} error={props.error}>
      <input
        name={props.name}
        inputmode="decimal"
        autocomplete="off"
        value={props.value}
        aria-invalid={props.error !== undefined}
        onFocus={(event) => event.currentTarget.select()}
        onInput={(event) => props.change(event.currentTarget.value.trim())}
        onKeyDown={(event) => {
          const by = event.key === "ArrowUp" ? 1 : event.key === "ArrowDown" ? -1 : 0;
          if (by === 0) return;
          event.preventDefault();
          props.change(stepPrice(props.value, props.tick, event.shiftKey ? by * 10 : by));
        }}
      />
    </Field>
  );
}
