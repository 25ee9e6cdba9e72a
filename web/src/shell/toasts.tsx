// Notices on the screen and in the ear: fills and refusals politely, alarms at once.

import { For } from "solid-js";
import type { Level, Notices } from "./notices";

const MARKS: Record<Level, string> = { fill: "✓", info: "i", warning: "!", refusal: "✕", alarm: "!!" };

export function Toasts(props: { notices: Notices }) {
  const shown = props.notices.shown[0];
  const spoken = (urgent: boolean) =>
    shown()
      .filter((note) => (note.level === "alarm") === urgent)
      .map((note) => `${note.title} ${note.text}`)
      .at(-1) ?? "";
  return (
    <>
      <div class="hidden-text" aria-live="polite">
        {spoken(false)}
      </div>
      <div class="hidden-text" aria-live="assertive">
        {spoken(true)}
      </div>
      <section class="toasts" aria-label="Notices">
        <ol>
          <For each={shown()}>
            {(note) => (
              <li class={`toast ${note.level}`}>
                <span class="toast-mark" aria-hidden="true">
                  {MARKS[note.level]}
                </span>
                <div>
                  <b>{note.title}</b>
                  {note.text !== "" ? <p>{note.text}</p> : null}
                </div>
                <button type="button" aria-label="Dismiss" onClick={() => props.notices.dismiss(note.id)}>
                  ×
                </button>
              </li>
            )}
          </For>
        </ol>
      </section>
    </>
  );
}
