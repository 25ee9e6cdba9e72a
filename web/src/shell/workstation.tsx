// The workstation after login: composes the desk, the dock with all panels, the bars, the dialogs and the keys.

import { createEffect, Match, onCleanup, onMount, Switch } from "solid-js";
import { DataDialog } from "../entitlements/dialog";
import { House } from "../feed/house";
import { Replace } from "../forms/replace";
import { Ticket } from "../forms/ticket";
import { Account } from "../panels/account";
import { Chart } from "../panels/chart";
import { DataCenter } from "../panels/datacenter";
import { Depth } from "../panels/depth";
import { Executions } from "../panels/executions";
import { Orders } from "../panels/orders";
import { Positions } from "../panels/positions";
import { ReplayBar } from "../panels/replay";
import { Routes } from "../panels/routes";
import { Scanner } from "../panels/scanner";
import { ScorecardPanel } from "../panels/scorecard";
import { StockPanel } from "../panels/stock";
import { Tape } from "../panels/tape";
import { TraceDialog } from "../panels/trace";
import { Watch } from "../panels/watch";
import { addCommands } from "./actions";
import { StatusBar, TopBar } from "./bars";
import { Desk, type Dialog } from "./desk";
import { Dock, type PanelKind } from "./dock";
import { KeysDialog } from "./help";
import { LayoutDialog } from "./layout-dialog";
import { Palette } from "./palette";
import { Toasts } from "./toasts";

function panelKinds(desk: Desk): PanelKind[] {
  return [
    {
      kind: "watch",
      title: "Watch list",
      linked: true,
      key: "W",
      view: (frame) => <Watch desk={desk} frame={frame} />,
    },
    {
      kind: "depth",
      title: "Level II",
      linked: true,
      key: "L",
      view: (frame) => <Depth desk={desk} frame={frame} />,
    },
    {
      kind: "tape",
      title: "Time & sales",
      linked: true,
      key: "A",
      view: (frame) => <Tape desk={desk} frame={frame} />,
    },
    {
      kind: "ticket",
      title: "Order ticket",
      linked: true,
      key: "T",
      view: (frame) => <Ticket desk={desk} frame={frame} />,
    },
    {
      kind: "chart",
      title: "Chart",
      linked: true,
      key: "C",
      view: (frame) => <Chart desk={desk} frame={frame} />,
    },
    {
      kind: "orders",
      title: "Orders",
      linked: true,
      key: "O",
      view: (frame) => <Orders desk={desk} frame={frame} />,
    },
    {
      kind: "executions",
      title: "Executions",
      linked: false,
      key: "E",
      view: (frame) => <Executions desk={desk} frame={frame} />,
    },
    {
      kind: "positions",
      title: "Positions",
      linked: true,
      key: "P",
      view: (frame) => <Positions desk={desk} frame={frame} />,
    },
    {
      kind: "account",
      title: "Account",
      linked: false,
      key: "U",
      view: (frame) => <Account desk={desk} frame={frame} />,
    },
    {
      kind: "routes",
      title: "Routes",
      linked: false,
      key: "R",
      view: (frame) => <Routes desk={desk} frame={frame} />,
    },
    {
      kind: "stock",
      title: "State & auctions",
      linked: true,
      key: "H",
      view: (frame) => <StockPanel desk={desk} frame={frame} />,
    },
    {
      kind: "scanner",
      title: "Scanner",
      linked: true,
      key: "V",
      view: (frame) => <Scanner desk={desk} frame={frame} />,
    },
    {
      kind: "scorecard",
      title: "Execution cost",
      linked: false,
      key: "Z",
      view: (frame) => <ScorecardPanel desk={desk} frame={frame} />,
    },
    {
      kind: "datacenter",
      title: "Data center",
      linked: false,
      key: "D",
      view: (frame) => <DataCenter house={desk.house} focus={frame.setFocus} />,
    },
  ];
}

export function Workstation(props: { leave: (why: string) => void }) {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const house = new House(`${scheme}://${location.host}/ws`);
  const desk = new Desk(house, () => props.leave(""));
  const kinds = panelKinds(desk);
  addCommands(desk, kinds);
  let dockElement!: HTMLDivElement;

  onMount(() => {
    const dock = new Dock(dockElement, new Map(kinds.map((kind) => [kind.kind, kind])), listen);
    desk.dock = dock;
    house.start();
    onCleanup(() => {
      house.stop();
      dock.dispose();
    });
  });
  createEffect(() => {
    if (house.market[0]()?.takes_orders === false) desk.dock?.begin("Market");
  });
  createEffect(() => desk.links.fill(house.symbols().map((one) => one.symbol)));
  createEffect(() => {
    const { state, why } = house.line[0]();
    if (state === "waiting" || state === "refused") desk.arming.disarm("the line ended");
    if (state === "refused") props.leave(`Logged out: ${why}.`);
  });

  const keydown = (event: KeyboardEvent) => {
    desk.arming.touch();
    if (event.repeat || event.isComposing || desk.dialog[0]() !== null) return;
    const target = event.target as HTMLElement;
    const inText = target.matches("input:not([type=checkbox]), textarea, select, [contenteditable]");
    if (inText && event.key === "Escape") target.blur();
    const found = desk.commands.keymap.find(event, inText);
    if (found === null) return;
    event.preventDefault();
    desk.commands.run(found.command, `key:${found.binding}`);
  };
  const blur = () => {
    // Going from one window of the workstation to another is no loss of focus.
    setTimeout(() => {
      if (!windows.some((one) => !one.closed && one.document.hasFocus())) {
        desk.arming.disarm("the window lost the focus");
      }
    });
  };
  const windows: Window[] = [];
  const listen = (target: Window) => {
    windows.push(target);
    target.addEventListener("keydown", keydown);
    target.addEventListener("blur", blur);
  };
  listen(window);
  onCleanup(() => {
    for (const one of windows) {
      one.removeEventListener("keydown", keydown);
      one.removeEventListener("blur", blur);
    }
  });

  const close = () => desk.dialog[1](null);
  const dialog = <K extends Dialog["kind"]>(kind: K) => {
    const open = desk.dialog[0]();
    return open?.kind === kind ? (open as Extract<Dialog, { kind: K }>) : undefined;
  };
  return (
    <div class="workstation" classList={{ armed: desk.arming.armed() }}>
      <div class="tops">
        <TopBar desk={desk} />
        <ReplayBar house={house} />
      </div>
      <main class="dock" ref={dockElement} aria-label="Workstation" />
      <StatusBar desk={desk} />
      <Toasts notices={desk.notices} />
      <Switch>
        <Match when={dialog("palette")}>
          <Palette desk={desk} close={close} />
        </Match>
        <Match when={dialog("keys")}>
          <KeysDialog desk={desk} close={close} />
        </Match>
        <Match when={dialog("layout")}>
          <LayoutDialog desk={desk} close={close} />
        </Match>
        <Match when={dialog("data")}>
          <DataDialog desk={desk} close={close} />
        </Match>
        <Match when={dialog("trace")}>
          {(open) => <TraceDialog desk={desk} orderId={open().orderId} close={close} />}
        </Match>
        <Match when={dialog("replace")}>
          {(open) => <Replace desk={desk} order={open().order} close={close} />}
        </Match>
      </Switch>
    </div>
  );
}
