// Decision trace of one order: what DART saw, which routes it weighed, why each was taken or left, and what came of it.

import { createResource, For, Match, Show, Switch } from "solid-js";
import { Dialog, DialogTitle } from "../forms/dialog";
import { clockMillis } from "../lib/clock";
import { venueInk } from "../lib/colors";
import { money, priceText, shares } from "../lib/numbers";
import { wholeSentence } from "../lib/sentences";
import { type Desk, sentence } from "../shell/desk";

const STRATEGY_WORDS: Record<string, string> = {
  sweep: "Sweep by all-in cost",
  sequence: "Route sequence",
  direct: "Direct route",
  post: "Post to rest",
};

export function TraceDialog(props: { desk: Desk; orderId: number; close: () => void }) {
  const { house } = props.desk;
  const [trace] = createResource(
    () => props.orderId,
    (id) => house.explain(id),
  );
  const refusal = () => house.orders[0]().get(props.orderId)?.reject?.message;
  const venue = (index: number) => (
    <span style={{ color: venueInk(house.venue(index)?.color ?? 0) }}>{house.venueCode(index) || "–"}</span>
  );
  return (
    <Dialog label={`Decision trace of order ${props.orderId}`} wide close={props.close}>
      <DialogTitle title={`Decision trace of order ${props.orderId}`} close={props.close} />
      <Switch>
        <Match when={trace.loading}>
          <p class="dim">Asking the house…</p>
        </Match>
        <Match when={trace.error as unknown}>
          <p class="answer bad" role="alert">
            {sentence(trace.error)}
          </p>
        </Match>
        <Match when={trace()?.strategy === "none"}>
          <p>This order was never sent to a venue.</p>
          <Show when={refusal()}>{(said) => <p class="answer bad">{wholeSentence(said())}</p>}</Show>
        </Match>
        <Match when={trace()}>
          {(found) => (
            <div class="trace">
              <p>
                <b>{STRATEGY_WORDS[found().strategy] ?? found().strategy}</b>
                <Show when={found().decided_us}>{(at) => <span>, decided at {clockMillis(at())}</span>}</Show>
                <Show when={found().decision_us}>{(took) => <span> in {took()} µs</span>}</Show>
                <Show when={found().nbbo}>
                  {(nbbo) => (
                    <span>
                      , NBBO {priceText(nbbo().bid) || "–"} × {priceText(nbbo().ask) || "–"} (
                      {shares(nbbo().bid_shares)} × {shares(nbbo().ask_shares)})
                    </span>
                  )}
                </Show>
                <Show when={found().expected_cost}>
                  {(cost) => <span>, expected cost ${money(cost())}</span>}
                </Show>
              </p>
              <Show when={found().steps.length > 0}>
                <h3>Routes weighed</h3>
                <table class="plain">
                  <thead>
                    <tr>
                      <th scope="col">Route</th>
                      <th scope="col">Decision</th>
                      <th scope="col" class="num">
                        Shares
                      </th>
                      <th scope="col" class="num">
                        Price
                      </th>
                      <th scope="col" class="num">
                        All-in
                      </th>
                      <th scope="col">Why</th>
                    </tr>
                  </thead>
                  <tbody>
                    <For each={found().steps}>
                      {(step) => (
                        <tr classList={{ dim: step.action === "skipped" }}>
                          <td>{house.venueCode(step.venue) === "" ? step.route : venue(step.venue)}</td>
                          <td>{step.action}</td>
                          <td class="num">{step.quantity > 0 ? shares(step.quantity) : ""}</td>
                          <td class="num">{priceText(step.price)}</td>
                          <td class="num">{priceText(step.cost)}</td>
                          <td>{step.why}</td>
                        </tr>
                      )}
                    </For>
                  </tbody>
                </table>
              </Show>
              <Show when={found().children.length > 0}>
                <h3>Child orders</h3>
                <table class="plain">
                  <thead>
                    <tr>
                      <th scope="col">Child</th>
                      <th scope="col">Venue</th>
                      <th scope="col" class="num">
                        Shares
                      </th>
                      <th scope="col" class="num">
                        Filled
                      </th>
                      <th scope="col" class="num">
                        Price
                      </th>
                      <th scope="col">State</th>
                      <th scope="col" class="num">
                        Answered in
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    <For each={found().children}>
                      {(child) => (
                        <tr>
                          <td>{child.child_id}</td>
                          <td>{venue(child.venue)}</td>
                          <td class="num">{shares(child.quantity)}</td>
                          <td class="num">{shares(child.filled)}</td>
                          <td class="num">{child.price === null ? "market" : priceText(child.price)}</td>
                          <td>{child.state}</td>
                          <td class="num">
                            {child.sent_us !== null && child.answered_us !== null
                              ? `${shares(child.answered_us - child.sent_us)} µs`
                              : ""}
                          </td>
                        </tr>
                      )}
                    </For>
                  </tbody>
                </table>
              </Show>
              <Show when={found().quotes.length > 0}>
                <details>
                  <summary>Quotes seen ({found().quotes.length})</summary>
                  <p class="quotes-seen">
                    <For each={found().quotes}>
                      {(quote) => (
                        <span>
                          {venue(quote.venue)} {quote.side} {priceText(quote.price)} × {shares(quote.shares)}
                        </span>
                      )}
                    </For>
                  </p>
                </details>
              </Show>
              <Show when={found().text.length > 0}>
                <details open={found().steps.length === 0}>
                  <summary>As the command line prints it</summary>
                  <pre>{found().text.join("\n")}</pre>
                </details>
              </Show>
            </div>
          )}
        </Match>
      </Switch>
    </Dialog>
  );
}
