// What the house and the page tell the trader: shown as toasts, read out by screen readers, kept in a short history.
// Refusals and alarms stay until they are dismissed; the text is always whole.

import { createSignal } from "solid-js";

export const NOTICES_SHOWN = 5;
export const NOTICE_MS = 7_000;

export type Level = "fill" | "info" | "warning" | "refusal" | "alarm";

export interface Note {
  id: number;
  level: Level;
  title: string;
  text: string;
}

export class Notices {
  readonly shown = createSignal<readonly Note[]>([]);
  private ids = 0;

  say(level: Level, title: string, text = ""): void {
    const note: Note = { id: ++this.ids, level, title, text };
    this.shown[1]((before) => [...before, note].slice(-NOTICES_SHOWN));
    if (level !== "refusal" && level !== "alarm") setTimeout(() => this.dismiss(note.id), NOTICE_MS);
  }

  dismiss(id: number): void {
    this.shown[1]((before) => before.filter((note) => note.id !== id));
  }

  dismissAll(): void {
    this.shown[1]([]);
  }
}
