// Replace an open order: a new quantity or new prices, under a new order of the same chain.

import { createSignal, Show } from "solid-js";
import type { Order } from "../feed/protocol";
import { plainPrice, priceText, shares, toUnits } from "../lib/numbers";
import { type Desk, sentence } from "../shell/desk";
import { Dialog, DialogTitle } from "./dialog";
import { needsLimit, needsStop, sideWord, stepPrice, wholeNumber } from "./draft";

export function Replace(props: { desk: Desk; order: Order; close: () => void }) {
  const { house } = props.desk;
  const order = props.order;
  const plain = (text: string | null) => priceText(text).replaceAll(",", "");
  const [quantity, setQuantity] = createSignal(String(order.quantity));
  const [limit, setLimit] = createSignal(plain(order.limit_price));
  const [stop, setStop] = createSignal(plain(order.stop_price));
  const [problem, setProblem] = createSignal("");
  const tick = () => house.instrument(order.symbol)?.tick ?? "0.01";

  const change = () => {
    const count = wholeNumber(quantity());
    const units = { limit: toUnits(limit()), stop: toUnits(stop()) };
    if (count === null || count <= order.filled) {
      return `Whole shares, more than the ${shares(order.filled)} that are filled.`;
    }
    if (needsLimit(order.type) && (units.limit === null || units.limit <= 0))
      return "A limit price like 187.25.";
    if (needsStop(order.type) && (units.stop === null || units.stop <= 0)) return "A stop price like 187.25.";
    return {
      ...(count === order.quantity ? {} : { quantity: count }),
      ...(needsLimit(order.type) && limit() !== plain(order.limit_price)
        ? { limit_price: plainPrice(units.limit as number) }
        : {}),
      ...(needsStop(order.type) && stop() !== plain(order.stop_price)
        ? { stop_price: plainPrice(units.stop as number) }
        : {}),
    };
  };

  const send = async () => {
    const wanted = change();
    if (typeof wanted === "string") return setProblem(wanted);
    if (Object.keys(wanted).length === 0) return setProblem("Nothing is different.");
    try {
      await house.replace(order.order_id, wanted);
      props.close();
    } catch (error) {
      setProblem(sentence(error));
    }
  };

  const price = (label: string, value: () => string, set: (text: string) => void) => (
    <label class="field">
      <span class="label">{label}</span>
      <input
        inputmode="decimal"
        autocomplete="off"
        value={value()}
        onInput={(event) => set(event.currentTarget.value.trim())}
        onKeyDown={(event) => {
          const by = event.key === "ArrowUp" ? 1 : event.key === "ArrowDown" ? -1 : 0;
          if (by === 0) return;
          event.preventDefault();
          set(stepPrice(value(), tick(), by));
        }}
      />
    </label>
  );

  return (
    <Dialog label={`Replace order ${order.order_id}`} close={props.close}>
      <DialogTitle title={`Replace order ${order.order_id}`} close={props.close} />
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <p class="dim">
          {sideWord(order.side)} {shares(order.quantity)} {order.symbol}, {shares(order.filled)} filled
        </p>
        <div class="fields">
          <label class="field">
            <span class="label">Quantity</span>
            <input
              inputmode="numeric"
              autocomplete="off"
              value={quantity()}
              onInput={(event) => setQuantity(event.currentTarget.value)}
            />
          </label>
          <Show when={needsLimit(order.type)}>{price("Limit", limit, setLimit)}</Show>
          <Show when={needsStop(order.type)}>{price("Stop", stop, setStop)}</Show>
        </div>
        <Show when={problem() !== ""}>
          <p class="answer bad" role="alert">
            {problem()}
          </p>
        </Show>
        <button type="submit" class="send">
          Replace
        </button>
      </form>
    </Dialog>
  );
}
