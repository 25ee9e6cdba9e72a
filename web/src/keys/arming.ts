// Whether keys may send orders. Disarmed at login, when idle, when the window loses the focus and when the line ends.
// Keys that only load a ticket, and everything that cancels, work always.

import { createSignal } from "solid-js";

export const IDLE_MS_MAX = 300_000;

export class Arming {
  private readonly signal = createSignal(false);
  private idle: ReturnType<typeof setTimeout> | undefined;

  /** `said` is called with the reason whenever the state changes. */
  constructor(
    private readonly said: (armed: boolean, why: string) => void,
    private readonly idleMs = IDLE_MS_MAX,
  ) {}

  readonly armed = (): boolean => this.signal[0]();

  arm(): void {
    if (!this.armed()) {
      this.signal[1](true);
      this.said(true, "");
    }
    this.touch();
  }

  disarm(why: string): void {
    clearTimeout(this.idle);
    if (!this.armed()) return;
    this.signal[1](false);
    this.said(false, why);
  }

  toggle(): void {
    if (this.armed()) this.disarm("by hand");
    else this.arm();
  }

  /** The trader did something. */
  touch(): void {
    clearTimeout(this.idle);
    if (this.armed()) this.idle = setTimeout(() => this.disarm("five minutes without a key"), this.idleMs);
  }
}
