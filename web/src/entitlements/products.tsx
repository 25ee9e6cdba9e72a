// The products of the running market as they are to one subscriber: shown, late or not, why, and for how much.

import { For, Show } from "solid-js";
import { money } from "../lib/numbers";
import { wholeSentence } from "../lib/sentences";
import { plainWord, type SubscriberFile } from "./files";

export function Products(props: { file: SubscriberFile }) {
  return (
    <section>
      <h3>Products</h3>
      <table class="plain products">
        <thead>
          <tr>
            <th>Product</th>
            <th>Shows</th>
            <th>Is</th>
            <th class="num">A month</th>
          </tr>
        </thead>
        <tbody>
          <For each={props.file.products}>
            {(row) => (
              <tr data-product={row.code}>
                <th scope="row">{row.code}</th>
                <td>
                  {row.title}
                  <Show when={row.state !== "shown"}>
                    <p class="dim">{wholeSentence(row.reason)}</p>
                  </Show>
                </td>
                <td>
                  <span class="badge" classList={{ warn: row.state !== "shown" }} data-state={row.state}>
                    {row.state === "shown" ? "shown" : row.state === "late" ? "15 min late" : "not shown"}
                  </span>
                </td>
                <td class="num">{row.yours === null ? "–" : money(row.yours)}</td>
              </tr>
            )}
          </For>
        </tbody>
      </table>
      <Show when={props.file.products.some((row) => row.source === "illustrative")}>
        <p class="dim">Prices are illustrative: this house has not set its own.</p>
      </Show>
      <Show when={props.file.owed.length > 0}>
        <p>
          This month as it stands:{" "}
          <For each={props.file.owed}>
            {(row, index) => (
              <>
                {index() > 0 ? ", " : ""}
                {row.product} <b>{money(row.amount)}</b>{" "}
                <span class="dim">
                  ({plainWord(row.status)}
                  {row.is_charged ? ", charged" : ""})
                </span>
              </>
            )}
          </For>
          .
        </p>
      </Show>
    </section>
  );
}
