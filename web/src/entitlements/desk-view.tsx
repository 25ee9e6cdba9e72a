// The desk's view: every subscriber in a line, one in full, granting and taking away, a month's charge and report.

import { createResource, createSignal, For, Show } from "solid-js";
import { money } from "../lib/numbers";
import { wholeSentence } from "../lib/sentences";
import { ask, plainWord, reportAt, type Charged, type SubscriberFile, type SubscriberLine } from "./files";
import { Products } from "./products";

export function DeskView() {
  const [lines, { refetch }] = createResource(() =>
    ask<{ subscribers: SubscriberLine[] }>("/subscribers").then((found) => found.subscribers),
  );
  const [file, setFile] = createSignal<SubscriberFile | null>(null);
  const [said, setSaid] = createSignal<{ text: string; bad: boolean }>({ text: "", bad: false });
  const guarded = async (work: () => Promise<string>) => {
    try {
      setSaid({ text: await work(), bad: false });
    } catch (error) {
      setSaid({ text: wholeSentence((error as Error).message), bad: true });
    }
  };
  const choose = (id: number) =>
    guarded(async () => {
      setFile(await ask<SubscriberFile>(`/subscribers/${id}`));
      return "";
    });
  const change = (path: string, body: object, done: string) =>
    guarded(async () => {
      setFile(await ask<SubscriberFile>(path, body));
      void refetch();
      return done;
    });
  return (
    <>
      <Show when={said().text !== ""}>
        <p classList={{ "field-error": said().bad }} role={said().bad ? "alert" : "status"}>
          {said().text}
        </p>
      </Show>
      <section>
        <h3>Subscribers</h3>
        <Show
          when={lines()}
          fallback={<p class="dim">{lines.error ? wholeSentence((lines.error as Error).message) : "…"}</p>}
        >
          {(found) => (
            <table class="plain">
              <thead>
                <tr>
                  <th>User</th>
                  <th>Class</th>
                  <th>Due again</th>
                  <th>Products</th>
                  <th>To sign</th>
                  <th />
                </tr>
              </thead>
              <tbody>
                <For
                  each={found()}
                  fallback={
                    <tr>
                      <td colspan="6">Nobody has looked at market data yet.</td>
                    </tr>
                  }
                >
                  {(row) => (
                    <tr aria-current={file()?.subscriber_id === row.subscriber_id ? "true" : undefined}>
                      <th scope="row">{row.user}</th>
                      <td>{plainWord(row.status)}</td>
                      <td>
                        {row.due_on ?? ""}{" "}
                        <Show when={row.is_due}>
                          <span class="badge warn">due</span>
                        </Show>
                      </td>
                      <td>{row.products.join(", ")}</td>
                      <td>{row.unsigned.join(", ")}</td>
                      <td class="num">
                        <button
                          type="button"
                          class="small"
                          aria-label={`Open the file of ${row.user}`}
                          onClick={() => void choose(row.subscriber_id)}
                        >
                          File
                        </button>
                      </td>
                    </tr>
                  )}
                </For>
              </tbody>
            </table>
          )}
        </Show>
      </section>
      <Show when={file()}>{(one) => <OneFile file={one()} change={change} />}</Show>
      <Months guarded={guarded} />
    </>
  );
}

function OneFile(props: {
  file: SubscriberFile;
  change: (path: string, body: object, done: string) => Promise<void>;
}) {
  const [product, setProduct] = createSignal("");
  const [displays, setDisplays] = createSignal("1");
  const [reason, setReason] = createSignal("");
  const id = () => props.file.subscriber_id;
  const held = () => props.file.products.filter((row) => row.grant !== null);
  return (
    <section class="one-file">
      <h3>File of {props.file.user}</h3>
      <form
        class="inline"
        onSubmit={(event) => {
          event.preventDefault();
          const body = { subscriber_id: id(), product: product(), displays_max: Number(displays()) };
          void props.change("/grants", body, `${props.file.user} has ${product()}.`);
        }}
      >
        <label class="field">
          <span class="label">Product</span>
          <select value={product()} onChange={(event) => setProduct(event.currentTarget.value)} required>
            <option value="">choose</option>
            <For each={props.file.products}>{(row) => <option value={row.code}>{row.code}</option>}</For>
          </select>
        </label>
        <label class="field">
          <span class="label">Displays at once, 0 = any</span>
          <input
            inputmode="numeric"
            pattern="[0-9]{1,4}"
            required
            value={displays()}
            onInput={(event) => setDisplays(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="small">
          Grant
        </button>
      </form>
      <Show when={held().length > 0}>
        <div class="inline">
          <label class="field">
            <span class="label">Why it is taken away; the subscriber is told</span>
            <input
              value={reason()}
              maxlength={200}
              onInput={(event) => setReason(event.currentTarget.value)}
            />
          </label>
          <For each={held()}>
            {(row) => (
              <button
                type="button"
                class="small danger"
                disabled={reason().trim() === ""}
                onClick={() =>
                  void props.change(
                    "/revocations",
                    { subscriber_id: id(), product: row.code, use: row.grant?.use, reason: reason().trim() },
                    `${props.file.user} has ${row.code} no more.`,
                  )
                }
              >
                Take {row.code} away
              </button>
            )}
          </For>
        </div>
      </Show>
      <Products file={props.file} />
      <Show when={props.file.history.length > 0}>
        <h3>Grants so far</h3>
        <table class="plain">
          <tbody>
            <For each={props.file.history}>
              {(row) => (
                <tr>
                  <th scope="row">{row.product}</th>
                  <td>
                    {plainWord(row.use)}, {displaysText(row.displays_max)},{" "}
                    {row.billing === "monthly" ? "by the month" : "by the query"}
                  </td>
                  <td>{row.since.slice(0, 10)}</td>
                  <td>{row.until === null ? "still" : `${row.until.slice(0, 10)}: ${row.reason}`}</td>
                </tr>
              )}
            </For>
          </tbody>
        </table>
      </Show>
    </section>
  );
}

function displaysText(most: number): string {
  return most === 0 ? "any number of displays" : most === 1 ? "1 display" : `${most} displays`;
}

function Months(props: { guarded: (work: () => Promise<string>) => Promise<void> }) {
  const [month, setMonth] = createSignal("");
  const isMonth = () => /^\d{4}-\d{2}$/.test(month());
  const charge = () =>
    props.guarded(async () => {
      const done = await ask<Charged>("/charges", { month: month() });
      return `${done.month}: ${money(done.total)} charged to ${done.charges.length} ${done.charges.length === 1 ? "product" : "products"} of subscribers.`;
    });
  return (
    <section>
      <h3>A month</h3>
      <div class="inline">
        <label class="field">
          <span class="label">Month</span>
          <input
            placeholder="2026-11"
            value={month()}
            onInput={(event) => setMonth(event.currentTarget.value.trim())}
          />
        </label>
        <button type="button" class="small" disabled={!isMonth()} onClick={() => void charge()}>
          Charge it
        </button>
        <Show when={isMonth()}>
          <a class="button-link" href={reportAt(month(), "pdf")} download="">
            Report as PDF
          </a>
          <a class="button-link" href={reportAt(month(), "csv")} download="">
            CSV by product
          </a>
          <a class="button-link" href={reportAt(month(), "csv", true)} download="">
            CSV by user
          </a>
        </Show>
      </div>
    </section>
  );
}
