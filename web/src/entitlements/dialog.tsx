// "Market data": one's own file (class, agreements, products, what they cost), and the desk's view of everybody's.

import { createResource, createSignal, For, Show } from "solid-js";
import { Dialog, DialogTitle } from "../forms/dialog";
import { wholeSentence } from "../lib/sentences";
import type { Desk } from "../shell/desk";
import { DeskView } from "./desk-view";
import { ask, type Agreement, type Questionnaire, type SubscriberFile } from "./files";
import { Products } from "./products";

export function DataDialog(props: { desk: Desk; close: () => void }) {
  const isDesk = () => props.desk.house.hello[0]()?.permissions.includes("entitlements") ?? false;
  const [tab, setTab] = createSignal<"own" | "desk">("own");
  const [refusal, setRefusal] = createSignal("");
  const [file, { mutate }] = createResource(() => ask<SubscriberFile>(""));
  const change = async (path: string, body: object): Promise<boolean> => {
    setRefusal("");
    try {
      mutate(await ask<SubscriberFile>(path, body));
      return true;
    } catch (error) {
      setRefusal(wholeSentence((error as Error).message));
      return false;
    }
  };
  return (
    <Dialog label="Market data" wide close={props.close}>
      <DialogTitle title="Market data" close={props.close} />
      <Show when={isDesk()}>
        <div class="segments data-tabs" role="group" aria-label="Whose file">
          <button type="button" aria-pressed={tab() === "own"} onClick={() => setTab("own")}>
            My file
          </button>
          <button type="button" aria-pressed={tab() === "desk"} onClick={() => setTab("desk")}>
            Desk
          </button>
        </div>
      </Show>
      <Show when={tab() === "own"} fallback={<DeskView />}>
        <Show
          when={file()}
          fallback={
            <p class="dim">
              {file.error ? wholeSentence((file.error as Error).message) : "Asking the house…"}
            </p>
          }
        >
          {(own) => (
            <>
              <Show when={refusal() !== ""}>
                <p class="field-error" role="alert">
                  {refusal()}
                </p>
              </Show>
              <ClassSection asked={own().questionnaire} answer={(body) => change("/questionnaire", body)} />
              <Agreements rows={own().agreements} sign={(body) => void change("/agreements", body)} />
              <Products file={own()} />
            </>
          )}
        </Show>
      </Show>
    </Dialog>
  );
}

const CLASS_WORDS: Record<Questionnaire["status"], string> = {
  unknown: "not known yet: answer the questionnaire",
  professional: "professional",
  non_professional: "non-professional",
};

function ClassSection(props: { asked: Questionnaire; answer: (body: object) => Promise<boolean> }) {
  const fresh = () => props.asked.status !== "unknown" && !props.asked.is_due;
  const [open, setOpen] = createSignal(!fresh());
  const [answers, setAnswers] = createSignal<(boolean | null)[]>(props.asked.questions.map(() => null));
  const missing = () => answers().filter((one) => one === null).length;
  const send = async (event: Event) => {
    event.preventDefault();
    if (missing() > 0) return;
    if (await props.answer({ version: props.asked.version, answers: answers() })) setOpen(false);
  };
  return (
    <section>
      <h3>Class</h3>
      <p>
        Your class: <b data-class={props.asked.status}>{CLASS_WORDS[props.asked.status]}</b>
        <Show when={props.asked.answered_on}>
          {(on) => (
            <span class="dim">
              , answered {on()}
              {props.asked.due_on === null ? "" : `, due again ${props.asked.due_on}`}
            </span>
          )}
        </Show>
        .{" "}
        <Show when={props.asked.is_due}>
          <span class="badge warn">answers are due again: until then you count as a professional</span>
        </Show>
        <Show when={props.asked.is_due_soon}>
          <span class="badge warn">answers are due again soon</span>
        </Show>
      </p>
      <Show
        when={props.asked.is_asked}
        fallback={<p class="dim">Organisations and trusts are professional without a question.</p>}
      >
        <Show
          when={open()}
          fallback={
            <button type="button" class="small" onClick={() => setOpen(true)}>
              Answer again
            </button>
          }
        >
          <form class="questions" onSubmit={(event) => void send(event)}>
            <ol>
              <For each={props.asked.questions}>
                {(question, index) => (
                  <li>
                    <fieldset>
                      <legend>{question}</legend>
                      <For each={[false, true]}>
                        {(value) => (
                          <label class="choice">
                            <input
                              type="radio"
                              name={`question-${index()}`}
                              checked={answers()[index()] === value}
                              onChange={() =>
                                setAnswers((before) =>
                                  before.map((one, place) => (place === index() ? value : one)),
                                )
                              }
                            />
                            {value ? "Yes" : "No"}
                          </label>
                        )}
                      </For>
                    </fieldset>
                  </li>
                )}
              </For>
            </ol>
            <div class="inline">
              <button type="submit" class="small" disabled={missing() > 0}>
                These are my answers
              </button>
              <span class="dim">
                {missing() > 0
                  ? `${missing()} to go. A person whose every answer is no is non-professional.`
                  : "They are dated and kept; say so again whenever they change."}
              </span>
            </div>
          </form>
        </Show>
      </Show>
    </section>
  );
}

function Agreements(props: { rows: Agreement[]; sign: (body: object) => void }) {
  return (
    <section>
      <h3>Agreements</h3>
      <Show when={props.rows.length > 0} fallback={<p class="dim">None is asked for.</p>}>
        <ul class="agreements">
          <For each={props.rows}>
            {(row) => (
              <li>
                <details>
                  <summary>
                    <b>{row.code}</b> {row.title}, version {row.version}{" "}
                    <Show when={row.must_sign} fallback={<span class="badge">signed {row.signed_on}</span>}>
                      <span class="badge warn">
                        {row.signed_version > 0 ? `version ${row.signed_version} signed` : "not signed"}
                      </span>
                    </Show>
                  </summary>
                  <p class="agreement-text">{row.text || "The text is not at hand here: ask the desk."}</p>
                </details>
                <Show when={row.must_sign}>
                  <button
                    type="button"
                    class="small"
                    aria-label={`Sign ${row.code} version ${row.version}`}
                    onClick={() => props.sign({ agreement: row.code, version: row.version })}
                  >
                    Sign
                  </button>
                </Show>
              </li>
            )}
          </For>
        </ul>
      </Show>
    </section>
  );
}
