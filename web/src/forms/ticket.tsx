// Order ticket: writes one order, shows what it would cost, sends it, and shows the house's answer whole.
//
// Enter sends from any field, Esc clears the answer and leaves. Loading a ticket (a click in the montage, the keys B, S)
// never sends. With "verify" on, a second Enter confirms the sentence that is shown.

import { createEffect, createMemo, createSignal, For, on, onCleanup, Show } from "solid-js";
import type { OrderType, Preview, Side, TimeInForce } from "../feed/protocol";
import { plainPrice, shares } from "../lib/numbers";
import type { Desk, Sent } from "../shell/desk";
import { sentence } from "../shell/desk";
import type { Frame } from "../shell/dock";
import {
  draftErrors,
  draftMarks,
  draftSentence,
  mayExtend,
  needsLimit,
  needsStop,
  orderBody,
  sideWord,
  stepQuantity,
  TIME_IN_FORCE_WORDS,
  TYPE_WORDS,
} from "./draft";
import { Field, PriceField } from "./fields";
import { PreviewTable } from "./preview";
import { SymbolField } from "./symbol-field";

const PREVIEW_AFTER_MS = 250;
const PREVIEW_AGAIN_MS = 2_000;
const SIDES: readonly Side[] = ["buy", "sell", "sell_short"];

export function Ticket(props: { desk: Desk; frame: Frame }) {
  const { house, links } = props.desk;
  const link = createMemo(() => links.get(props.frame.group()));
  const draft = () => link().draft();
  const symbol = createMemo(() => link().symbol());
  const errors = createMemo(() => draftErrors(symbol(), draft()));
  const whole = () => Object.keys(errors()).length === 0;
  const [touched, setTouched] = createSignal(false);
  const [preview, setPreview] = createSignal<Preview | null>(null);
  const [previewError, setPreviewError] = createSignal("");
  const [answer, setAnswer] = createSignal<Sent | null>(null);
  const [sending, setSending] = createSignal(false);
  const [asking, setAsking] = createSignal(false);
  const mayTrade = () => house.may("trade") && house.line[0]().state === "open";
  let quantityField!: HTMLInputElement;
  props.frame.setFocus(() => {
    quantityField.focus();
    quantityField.select();
  });

  // A price to begin with: the far side of the quote, proposed once for a symbol and side, and not moved after that.
  const propose = () => {
    if (!needsLimit(draft().type) || !draft().proposed) return;
    const index = house.instrument(symbol())?.index ?? -1;
    const units = (draft().side === "buy" ? house.quotes.ask : house.quotes.bid)[index] ?? 0;
    if (units > 0) link().change({ limit: plainPrice(units) });
  };
  const chosenSide = createMemo(() => draft().side);
  const chosenType = createMemo(() => draft().type);
  createEffect(
    on([link, symbol, chosenSide, chosenType], () => {
      if (draft().proposed) link().change({ limit: "" });
      propose();
    }),
  );
  onCleanup(house.onQuotes.subscribe(() => draft().limit === "" && propose()));
  createEffect(() => {
    const now = symbol();
    if (now !== "") onCleanup(house.wanted.want("watch", now));
  });

  // The preview follows every change of the draft, and is asked again while it stands: prices, positions and buying power move.
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asked = 0;
  const forget = () => {
    asked++;
    setPreview(null);
    setPreviewError("");
  };
  const ask = async () => {
    const turn = ++asked;
    try {
      const found = await house.preview(orderBody(symbol(), draft()));
      if (turn !== asked) return;
      setPreview(found);
      setPreviewError("");
    } catch (error) {
      if (turn !== asked) return;
      setPreview(null);
      setPreviewError(sentence(error));
    }
    timer = setTimeout(() => void ask(), PREVIEW_AGAIN_MS);
  };
  createEffect(() => {
    draft();
    symbol();
    setAsking(false);
    clearTimeout(timer);
    if (!whole() || house.line[0]().state !== "open") forget();
    else timer = setTimeout(() => void ask(), PREVIEW_AFTER_MS);
  });
  onCleanup(() => {
    asked++;
    clearTimeout(timer);
  });
  createEffect(on([symbol, draft], () => setAnswer(null), { defer: true })); // an answer belongs to what was sent

  const send = async (binding: string) => {
    setTouched(true);
    if (!whole() || sending() || !mayTrade()) return;
    if (props.desk.settings[0]().verify && !asking()) {
      setAsking(true);
      return;
    }
    setAsking(false);
    setSending(true);
    setAnswer(null);
    const sent = await props.desk.send(orderBody(symbol(), draft()), binding);
    setSending(false);
    setAnswer(sent);
    setTouched(false);
  };

  const keydown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Enter" && !event.repeat && (event.target as HTMLElement).tagName !== "BUTTON") {
      event.preventDefault();
      void send("ticket:Enter");
    } else if (event.key === "Escape") {
      if (asking()) setAsking(false);
      else if (answer() !== null) setAnswer(null);
      else (document.activeElement as HTMLElement | null)?.blur();
      event.preventDefault();
      event.stopPropagation();
    }
  };

  const error = (field: keyof ReturnType<typeof errors>) => (touched() ? errors()[field] : undefined);
  const routes = () => house.routes[0]();
  const strategies = () => house.hello[0]()?.strategies ?? [];
  const position = () => house.positions[0]().get(symbol())?.quantity ?? 0;

  return (
    <form
      class="ticket scroll"
      onKeyDown={keydown}
      onSubmit={(event) => event.preventDefault()}
      aria-label="Order ticket"
    >
      <div class="ticket-top">
        <SymbolField
          desk={props.desk}
          label="Symbol of the order"
          value={symbol()}
          choose={(next) => link().setSymbol(next)}
        />
        <span class="dim">{position() === 0 ? "no position" : `position ${shares(position())}`}</span>
      </div>
      <div class="sides" role="radiogroup" aria-label="Side">
        <For each={SIDES}>
          {(side) => (
            <button
              type="button"
              role="radio"
              aria-checked={draft().side === side}
              class={`side ${side}`}
              tabIndex={draft().side === side ? 0 : -1}
              onClick={() => link().change({ side })}
              onKeyDown={(event) => {
                const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
                if (step === 0) return;
                const next = SIDES[
                  (SIDES.indexOf(draft().side) + step + SIDES.length) % SIDES.length
                ] as Side;
                link().change({ side: next });
                (
                  event.currentTarget.parentElement?.children[SIDES.indexOf(next)] as HTMLElement | undefined
                )?.focus();
              }}
            >
              {side === "sell_short" ? "Short" : sideWord(side)}
            </button>
          )}
        </For>
      </div>
      <div class="fields">
        <Field label="Quantity" error={error("quantity")}>
          <input
            ref={quantityField}
            name="quantity"
            inputmode="numeric"
            autocomplete="off"
            value={draft().quantity}
            aria-invalid={error("quantity") !== undefined}
            onInput={(event) => link().change({ quantity: event.currentTarget.value })}
            onKeyDown={(event) => {
              const by = event.key === "ArrowUp" ? 1 : event.key === "ArrowDown" ? -1 : 0;
              if (by === 0) return;
              event.preventDefault();
              link().change({
                quantity: stepQuantity(draft().quantity, house.instrument(symbol())?.round_lot ?? 100, by),
              });
            }}
          />
        </Field>
        <Field label="Type">
          <select
            name="type"
            value={draft().type}
            onChange={(event) => link().change({ type: event.currentTarget.value as OrderType })}
          >
            <For each={house.hello[0]()?.order_types ?? []}>
              {(type) => (
                <option value={type} selected={type === draft().type}>
                  {TYPE_WORDS[type]}
                </option>
              )}
            </For>
          </select>
        </Field>
        <Show when={needsStop(draft().type)}>
          <PriceField
            name="stop"
            label="Stop"
            value={draft().stop}
            tick={house.instrument(symbol())?.tick ?? "0.01"}
            error={error("stop")}
            change={(stop) => link().change({ stop })}
          />
        </Show>
        <Show when={needsLimit(draft().type)}>
          <PriceField
            name="limit"
            label="Limit"
            value={draft().limit}
            tick={house.instrument(symbol())?.tick ?? "0.01"}
            error={error("limit")}
            change={(limit) => link().change({ limit, proposed: false })}
          />
        </Show>
        <Field label="Time in force">
          <select
            name="time_in_force"
            value={draft().timeInForce}
            onChange={(event) => link().change({ timeInForce: event.currentTarget.value as TimeInForce })}
          >
            <For each={house.hello[0]()?.times_in_force ?? []}>
              {(tif) => (
                <option value={tif} selected={tif === draft().timeInForce}>
                  {TIME_IN_FORCE_WORDS[tif]}
                </option>
              )}
            </For>
          </select>
        </Field>
        <Field label="Route">
          <select
            name="route"
            value={draft().route}
            onChange={(event) => link().change({ route: event.currentTarget.value })}
          >
            <optgroup label="DART">
              <For each={strategies()}>
                {(one) => (
                  <option value={one.code} selected={one.code === draft().route}>
                    {one.code === "DART" ? "DART" : "Sequence"}
                  </option>
                )}
              </For>
            </optgroup>
            <optgroup label="Direct">
              <For each={routes()}>
                {(route) => (
                  <option
                    value={route.code}
                    disabled={!route.enabled}
                    selected={route.code === draft().route}
                  >
                    {route.code} ({route.route_code}){route.enabled ? "" : " off"}
                  </option>
                )}
              </For>
            </optgroup>
          </select>
        </Field>
        <Show when={needsLimit(draft().type)}>
          <Field label="Show" error={error("display")}>
            <input
              name="display"
              inputmode="numeric"
              autocomplete="off"
              placeholder="all"
              value={draft().display}
              aria-invalid={error("display") !== undefined}
              title="Shares to display; empty = all, 0 = hidden"
              onInput={(event) => link().change({ display: event.currentTarget.value.trim() })}
            />
          </Field>
        </Show>
        <Show when={mayExtend(draft())}>
          <label class="check" title="What rests may trade before and after the regular session, too">
            <input
              type="checkbox"
              name="extended"
              checked={draft().extended}
              onChange={(event) => link().change({ extended: event.currentTarget.checked })}
            />
            Extended hours
          </label>
        </Show>
      </div>
      <label
        class="check"
        title="The house may choose price and time for you; it is then not held to the order"
      >
        <input
          type="checkbox"
          name="not_held"
          checked={draft().notHeld}
          onChange={(event) => link().change({ notHeld: event.currentTarget.checked })}
        />
        Not held
        <span class="dim marks">
          {draftMarks(
            draft(),
            strategies().map((one) => one.code),
          )}
        </span>
      </label>

      <button
        type="button"
        class={`send ${draft().side}`}
        disabled={sending() || !mayTrade()}
        onClick={() => void send("ticket:button")}
      >
        {asking() ? `Send: ${draftSentence(symbol(), draft())}?` : draftSentence(symbol(), draft())}
      </button>
      <Show when={asking()}>
        <p class="dim center">Enter sends, Esc goes back.</p>
      </Show>
      <Show when={!mayTrade()}>
        <p class="dim center">
          {house.line[0]().state === "open"
            ? "This login may look, not trade."
            : "No connection: orders cannot be sent."}
        </p>
      </Show>

      <div aria-live="polite">
        <Show when={answer()}>
          {(sent) => (
            <p
              class="answer"
              classList={{ bad: !sent().ok, good: sent().ok }}
              role={sent().ok ? "status" : "alert"}
            >
              {sent().text}
            </p>
          )}
        </Show>
      </div>
      <Show when={previewError() !== "" && answer()?.ok !== false}>
        <p class="answer bad">{previewError()}</p>
      </Show>
      <Show when={preview()}>
        {(found) => <PreviewTable preview={found()} desk={props.desk} refused={answer()?.ok === false} />}
      </Show>

      <label class="check">
        <input
          type="checkbox"
          checked={props.desk.settings[0]().verify}
          onChange={(event) => props.desk.change({ verify: event.currentTarget.checked })}
        />
        Verify before sending
      </label>
    </form>
  );
}
