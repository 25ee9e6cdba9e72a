// `/datacenter`: the data center's state as a page of its own, for a screen on the wall or a desk without the workstation.

import { createEffect, onCleanup, onMount } from "solid-js";
import { House } from "../feed/house";
import { DataCenter } from "../panels/datacenter";
import { ReplayBar } from "../panels/replay";
import { MarketLabel } from "./bars";

export function DataCenterPage(props: { leave: (why: string) => void }) {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const house = new House(`${scheme}://${location.host}/ws`);
  onMount(() => {
    document.title = "Data center – RushTrade";
    house.start();
    onCleanup(() => house.stop());
  });
  createEffect(() => {
    const { state, why } = house.line[0]();
    if (state === "refused") props.leave(`Logged out: ${why}.`);
  });
  return (
    <div class="data-center-page">
      <div class="tops">
        <header class="top-bar">
          <h1 class="brand">
            <span>
              Rush<b>Trade</b> data center
            </span>
          </h1>
          <MarketLabel market={house.market[0]()} />
          <span class="spacer" />
          <a class="button-link" href="/">
            Workstation
          </a>
          <button type="button" class="small" onClick={() => props.leave("")}>
            Log out
          </button>
        </header>
        <ReplayBar house={house} />
      </div>
      <main>
        <DataCenter house={house} />
      </main>
    </div>
  );
}
