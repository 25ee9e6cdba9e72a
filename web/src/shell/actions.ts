// The table of all commands with their keys. One place, so that a key is seen beside every other key.

import type { Side } from "../feed/protocol";
import { needsLimit } from "../forms/draft";
import type { Command } from "../keys/commands";
import type { HotKey } from "../keys/hotkeys";
import { plainPrice } from "../lib/numbers";
import type { Desk } from "./desk";
import type { PanelKind } from "./dock";
import { GROUPS } from "./links";

export function addCommands(desk: Desk, kinds: readonly PanelKind[]): void {
  desk.commands.add(...orders(desk), ...hotKeys(desk), ...panels(desk, kinds), ...session(desk));
}

function orders(desk: Desk): Command[] {
  const load = (id: string, side: Side, word: string, key: string): Command => ({
    id: `ticket.${id}`,
    title: `Write a ${word} order`,
    group: "Order",
    keys: [key],
    run: () => {
      loadTicket(desk, side);
      desk.dock?.open("ticket");
    },
  });
  return [
    load("buy", "buy", "buy", "B"),
    load("sell", "sell", "sell", "S"),
    load("short", "sell_short", "short", "Q"),
    {
      id: "order.cancel_symbol",
      title: "Cancel all orders in this symbol",
      group: "Order",
      keys: ["X"],
      run: () => void desk.cancelAll(desk.links.get(desk.group()).symbol()),
    },
    {
      id: "order.cancel_all",
      title: "Cancel all orders",
      group: "Order",
      run: () => void desk.cancelAll(),
    },
    {
      id: "order.panic",
      title: "Cancel all orders and disarm",
      group: "Order",
      keys: ["Shift+X"],
      run: () => desk.panic(),
    },
  ];
}

/** Side, and the far side of the quote as the limit. Loads, never sends. */
function loadTicket(desk: Desk, side: Side): void {
  const link = desk.links.get(desk.group());
  const index = desk.house.instrument(link.symbol())?.index ?? -1;
  const units = (side === "buy" ? desk.house.quotes.ask : desk.house.quotes.bid)[index] ?? 0;
  const limit =
    units > 0 && needsLimit(link.draft().type) ? { limit: plainPrice(units), proposed: true } : {};
  link.change({ side, ...limit });
}

function hotKeys(desk: Desk): Command[] {
  const trade = (key: HotKey, title: string, binding: string): Command => ({
    id: `trade.${key}`,
    title,
    group: "Trade",
    keys: [binding],
    armed: true,
    run: (from) => void desk.hotKey(key, from),
  });
  return [
    {
      id: "keys.arm",
      title: "Arm or disarm hot keys",
      group: "Trade",
      keys: ["Shift+A"],
      run: () => desk.arming.toggle(),
    },
    trade("buy_ask", "Buy at the ask", "Shift+B"),
    trade("sell_bid", "Sell at the bid", "Shift+S"),
    trade("join_bid", "Join the bid", "Shift+J"),
    trade("join_ask", "Join the ask", "Shift+K"),
    trade("flatten", "Flatten the position at market", "Shift+F"),
  ];
}

function panels(desk: Desk, kinds: readonly PanelKind[]): Command[] {
  const open = kinds.map<Command>((kind) => ({
    id: `panel.${kind.kind}`,
    title: `Go to ${kind.title}`,
    group: "Panel",
    keys: [kind.key],
    run: () => desk.dock?.open(kind.kind),
  }));
  const another = kinds
    .filter((kind) => kind.linked)
    .flatMap((kind) =>
      GROUPS.slice(1).map<Command>((group) => ({
        id: `panel.${kind.kind}.${group}`,
        title: `Open another ${kind.title}, symbol group ${group}`,
        group: "Panel",
        run: () => desk.dock?.openAnother(kind.kind, group),
      })),
    );
  return [
    ...open,
    { id: "panel.next", title: "Next panel", group: "Panel", keys: ["."], run: () => desk.dock?.next(1) },
    {
      id: "panel.previous",
      title: "Previous panel",
      group: "Panel",
      keys: [","],
      run: () => desk.dock?.next(-1),
    },
    {
      id: "panel.maximize",
      title: "Maximise or restore the panel",
      group: "Panel",
      keys: ["M"],
      run: () => desk.dock?.maximize(),
    },
    {
      id: "panel.pop_out",
      title: "Put the panel into a window of its own",
      group: "Panel",
      run: () => desk.dock?.popOut(),
    },
    { id: "panel.close", title: "Close the panel", group: "Panel", run: () => desk.dock?.close() },
    {
      id: "panel.group",
      title: "Next symbol group for the panel",
      group: "Panel",
      keys: ["G"],
      run: () => desk.dock?.changeGroup(),
    },
    ...another,
    {
      id: "layout",
      title: "Layouts: load, save, remove",
      group: "Layout",
      keys: ["Y"],
      run: () => desk.dialog[1]({ kind: "layout" }),
    },
    {
      id: "layout.reset",
      title: "Back to the Trader layout",
      group: "Layout",
      run: () => desk.dock?.load("Trader"),
    },
  ];
}

function session(desk: Desk): Command[] {
  return [
    {
      id: "palette",
      title: "All commands",
      group: "Session",
      keys: ["Ctrl+K"],
      run: () => desk.dialog[1]({ kind: "palette" }),
    },
    {
      id: "keys",
      title: "All keys",
      group: "Session",
      keys: ["?"],
      run: () => desk.dialog[1]({ kind: "keys" }),
    },
    {
      id: "data",
      title: "Market data: class, agreements, products, what they cost",
      group: "Session",
      keys: ["I"],
      run: () => desk.dialog[1]({ kind: "data" }),
    },
    {
      id: "symbol",
      title: "Type a symbol",
      group: "Symbol",
      keys: ["/"],
      run: () => {
        const fields = document.querySelectorAll<HTMLInputElement>(`[data-symbol-of="${desk.group()}"]`);
        fields[0]?.focus();
      },
    },
    {
      id: "notices.dismiss",
      title: "Dismiss all notices",
      group: "Session",
      keys: ["N"],
      run: () => desk.notices.dismissAll(),
    },
    { id: "session.leave", title: "Log out", group: "Session", run: () => desk.leave() },
  ];
}
