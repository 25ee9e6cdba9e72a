// The trader's desk: everything a panel is handed. Composes the feed, the symbol groups, the commands and the arming.

import { createSignal } from "solid-js";
import type { House } from "../feed/house";
import type { Execution, Order, OrderBody } from "../feed/protocol";
import { sideWord } from "../forms/draft";
import { Arming } from "../keys/arming";
import { Commands } from "../keys/commands";
import type { HotKey, KeyLimits } from "../keys/hotkeys";
import { keyOrder } from "../keys/hotkeys";
import { priceText, shares } from "../lib/numbers";
import { wholeSentence } from "../lib/sentences";
import { readStored, writeStored } from "../lib/stored";
import type { Dock } from "./dock";
import { type Group, Links } from "./links";
import { Notices } from "./notices";

export interface Settings {
  /** Ask before a ticket's order is sent. */
  verify: boolean;
  keyLimits: KeyLimits;
}

const SETTINGS: Settings = { verify: false, keyLimits: { shares: 1_000, dollars: 250_000 } };

export interface Sent {
  ok: boolean;
  /** A whole sentence. */
  text: string;
  orderId: number | null;
}

export type Dialog =
  | { kind: "palette" }
  | { kind: "keys" }
  | { kind: "trace"; orderId: number }
  | { kind: "replace"; order: Order }
  | { kind: "layout" }
  | { kind: "data" };

export class Desk {
  readonly links = new Links();
  readonly commands = new Commands();
  readonly notices = new Notices();
  readonly arming: Arming;
  readonly dialog = createSignal<Dialog | null>(null);
  readonly settings = createSignal<Settings>({ ...SETTINGS, ...readStored("settings", SETTINGS) });
  dock: Dock | null = null;

  constructor(
    readonly house: House,
    readonly leave: () => void,
  ) {
    this.arming = new Arming((armed, why) => {
      if (armed)
        this.notices.say(
          "warning",
          "Hot keys are armed",
          "Shift with B, S, J, K and F sends orders at once.",
        );
      else if (why !== "by hand") this.notices.say("info", "Hot keys are disarmed", `Reason: ${why}.`);
    });
    house.onExecution.subscribe((execution) => this.tellExecution(execution));
    house.onOrder.subscribe(({ order, before }) => this.tellOrder(order, before));
    house.onNotice.subscribe((notice) => this.notices.say(notice.level, wholeSentence(notice.text)));
  }

  change(part: Partial<Settings>): void {
    this.settings[1]((before) => ({ ...before, ...part }));
    writeStored("settings", this.settings[0]());
  }

  // ------------------------------------------------------------------ orders

  /** Send an order; the answer is a sentence for the trader, and nothing is ever sent twice by itself. */
  async send(body: OrderBody, binding: string): Promise<Sent> {
    try {
      const answer = await this.house.enter({ ...body, binding });
      const text = answer.repeated
        ? `This was order ${answer.order_id} already.`
        : `Order ${answer.order_id} is in.`;
      return { ok: true, text, orderId: answer.order_id };
    } catch (error) {
      return { ok: false, text: sentence(error), orderId: null };
    }
  }

  async cancel(orderId: number): Promise<void> {
    await this.attempt(`Order ${orderId} cannot be cancelled`, () => this.house.cancel(orderId));
  }

  async cancelAll(symbol?: string): Promise<void> {
    await this.attempt("Cancelling did not work", async () => {
      const { orders } = await this.house.cancelAll(symbol);
      const where = symbol === undefined ? "" : ` in ${symbol}`;
      this.notices.say(
        "info",
        orders === 0 ? `No open orders${where}` : `Cancelling ${shares(orders)} orders${where}`,
      );
    });
  }

  async switchRoute(code: string, enabled: boolean): Promise<void> {
    await this.attempt(`Route ${code} cannot be switched`, () => this.house.switchRoute(code, enabled));
  }

  /** What an armed key does for the symbol of the panel in use. */
  async hotKey(key: HotKey, binding: string): Promise<void> {
    if (!this.arming.armed()) {
      this.notices.say("info", "Hot keys are disarmed", "Shift+A arms them. Nothing was sent.");
      return;
    }
    const link = this.links.get(this.dock?.activeGroup() ?? "A");
    const symbol = link.symbol();
    const index = this.house.instrument(symbol)?.index ?? -1;
    const quotes = this.house.quotes;
    const draft = link.draft();
    const order = keyOrder(key, {
      symbol,
      bid: quotes.bid[index] ?? 0,
      ask: quotes.ask[index] ?? 0,
      trusted: (quotes.state[index] ?? 0) !== 0 && ((quotes.flags[index] ?? 0) & 3) === 0,
      position: this.house.positions[0]().get(symbol)?.quantity ?? 0,
      quantity: Number(draft.quantity) || 0,
      route: draft.route,
      limits: this.settings[0]().keyLimits,
    });
    if ("refused" in order) {
      this.notices.say("refusal", `${binding.replace(/^key:/, "")} sent nothing`, order.refused);
      return;
    }
    const sent = await this.send(order.body, binding);
    if (!sent.ok)
      this.notices.say("refusal", `${sideWord(order.body.side)} ${symbol} was refused`, sent.text);
  }

  /** Cancel everything and take the finger off the trigger. */
  panic(): void {
    this.arming.disarm("by hand");
    void this.cancelAll();
  }

  group(): Group {
    return this.dock?.activeGroup() ?? "A";
  }

  private async attempt(title: string, act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.notices.say("refusal", title, sentence(error));
    }
  }

  // ------------------------------------------------------------------ what happened

  private tellExecution(execution: Execution): void {
    // An execution tells which way the shares went; only its order knows of a short sale.
    const side = this.house.orders[0]().get(execution.order_id)?.side ?? execution.side;
    const verb = side === "buy" ? "Bought" : side === "sell" ? "Sold" : "Sold short";
    const venue = this.house.venueCode(execution.venue);
    const where = venue === "" ? "" : ` on ${venue}`;
    this.notices.say(
      "fill",
      `${verb} ${shares(execution.quantity)} ${execution.symbol} at ${priceText(execution.price)}${where}`,
    );
  }

  private tellOrder(order: Order, before: Order | undefined): void {
    if (order.reject === null || before?.reject?.message === order.reject.message) return;
    // Refused on arrival: whoever sent it from this page has the answer already.
    if (before === undefined && this.house.isOurs(order)) return;
    const what = `${sideWord(order.side)} ${shares(order.quantity)} ${order.symbol}`;
    const title = order.state === "Rejected" ? `${what} was refused` : `${what}: the change was refused`;
    this.notices.say("refusal", title, wholeSentence(order.reject.message));
  }
}

/** What went wrong, as a sentence to show whole. */
export function sentence(error: unknown): string {
  return wholeSentence(error instanceof Error ? error.message : String(error));
}
