// What an order would cost, and where it would go: the house's own preview, shown.

import { For, Show } from "solid-js";
import type { Preview } from "../feed/protocol";
import { money, priceText, shares, signOf } from "../lib/numbers";
import { wholeSentence } from "../lib/sentences";
import type { Desk } from "../shell/desk";

/** `refused`: the house has refused the order just now, and its sentence stands above; the preview does not repeat it. */
export function PreviewTable(props: { preview: Preview; desk: Desk; refused: boolean }) {
  const fees = () => props.preview.fees.filter((fee) => signOf(fee.amount) !== 0);
  return (
    <section class="preview" aria-label="What the order would cost">
      <Show when={props.preview.reject && !props.refused}>
        <p class="answer bad">{wholeSentence(props.preview.reject?.message ?? "")}</p>
      </Show>
      <For each={props.preview.warnings}>
        {(warning) => <p class="answer warn">{wholeSentence(warning)}</p>}
      </For>
      <dl class="figures">
        <Row
          word={
            props.preview.reference_price ? `Value at ${priceText(props.preview.reference_price)}` : "Value"
          }
          text={money(props.preview.notional)}
        />
        <Row word="Commission" text={money(props.preview.commission)} />
        <For each={fees()}>{(fee) => <Row word={fee.name} text={money(fee.amount)} />}</For>
        <Row
          word={props.preview.total.startsWith("-") ? "Brings" : "Costs"}
          text={money(props.preview.total.replace("-", ""))}
          strong
        />
        <Row word="Buying power after" text={money(props.preview.buying_power_after)} />
        <Row word="Position after" text={shares(props.preview.position_after)} />
      </dl>
      <Show when={props.preview.plan.length > 0}>
        <p class="plan">
          <span class="label">Route plan</span>{" "}
          <For each={props.preview.plan}>
            {(child, place) => (
              <span>
                {place() > 0 ? ", " : ""}
                {shares(child.quantity)} {props.desk.house.venueCode(child.venue) || child.route}
                {child.price ? ` at ${priceText(child.price)}` : ""}
              </span>
            )}
          </For>
        </p>
      </Show>
    </section>
  );
}

function Row(props: { word: string; text: string; strong?: boolean }) {
  return (
    <div classList={{ strong: props.strong ?? false }}>
      <dt>{props.word}</dt>
      <dd>{props.text}</dd>
    </div>
  );
}
