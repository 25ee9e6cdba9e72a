// Route legend: every route with its code, fees and state; with the permission `routes` they are switched here, live.

import { For, Show } from "solid-js";
import { venueInk } from "../lib/colors";
import type { Desk } from "../shell/desk";
import type { Frame } from "../shell/dock";

export function Routes(props: { desk: Desk; frame: Frame }) {
  const { house } = props.desk;
  let host!: HTMLDivElement;
  props.frame.setFocus(() => host.focus());
  const fee = (text: string | undefined) =>
    text === undefined ? "" : `${text.startsWith("-") ? "" : "+"}${text}`;
  const sequences = () =>
    house.hello[0]()?.strategies.flatMap((one) => Object.entries(one.sequences ?? {})) ?? [];
  return (
    <div class="scroll" tabIndex={0} ref={host}>
      <table class="plain">
        <caption class="hidden-text">Routes</caption>
        <thead>
          <tr>
            <th scope="col">Code</th>
            <th scope="col">Route</th>
            <th scope="col" class="num" title="Dollars a share for taking, + = paid">
              Take
            </th>
            <th scope="col" class="num" title="Dollars a share for adding, - = received">
              Add
            </th>
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody>
          <For each={house.routes[0]()}>
            {(route) => {
              const venue = () => (route.venue === null ? undefined : house.venue(route.venue));
              return (
                <tr>
                  <td>
                    <kbd>{route.route_code}</kbd>
                  </td>
                  <th
                    scope="row"
                    style={{ color: venueInk(venue()?.color ?? 0) }}
                    title={`${route.name} (${venue()?.mic ?? ""})`}
                  >
                    {route.code}
                  </th>
                  <td class="num">{fee(venue()?.take)}</td>
                  <td class="num">{fee(venue()?.make)}</td>
                  <td title={route.reason ?? ""}>
                    <Show
                      when={house.may("routes")}
                      fallback={
                        <span classList={{ up: route.enabled, down: !route.enabled }}>
                          {route.enabled ? "on" : "off"}
                        </span>
                      }
                    >
                      <button
                        type="button"
                        class="small"
                        role="switch"
                        aria-checked={route.enabled}
                        aria-label={`Route ${route.code}`}
                        onClick={() => void props.desk.switchRoute(route.code, !route.enabled)}
                      >
                        {route.enabled ? "on" : "off"}
                      </button>
                    </Show>
                    <Show when={route.health !== "healthy"}>
                      <span class="down" title={route.health_reason ?? ""}>
                        {" "}
                        {route.health}
                      </span>
                      <span class="dim"> {route.health_reason}</span>
                    </Show>
                    <Show when={route.reason}>
                      <span class="dim"> {route.reason}</span>
                    </Show>
                  </td>
                </tr>
              );
            }}
          </For>
        </tbody>
      </table>
      <Show when={sequences().length > 0}>
        <p class="legend-sequences">
          <span class="label">Sequences</span>
          <For each={sequences()}>
            {([name, sequence]) => (
              <span>
                {name.replaceAll("_", " ")} <kbd>{sequence || "none"}</kbd>
              </span>
            )}
          </For>
        </p>
      </Show>
    </div>
  );
}
