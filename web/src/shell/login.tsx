// The login page. It says which market this is before anybody logs in.

import { createResource, createSignal, onMount, Show } from "solid-js";
import type { Session } from "../feed/protocol";
import { LoginRefused, login, marketBeforeLogin } from "../feed/session";
import { wholeSentence } from "../lib/sentences";
import { MarketLabel } from "./bars";

export function Login(props: { entered: (session: Session) => void; why: string }) {
  const [market] = createResource(marketBeforeLogin);
  const [problem, setProblem] = createSignal("");
  const [busy, setBusy] = createSignal(false);
  let user!: HTMLInputElement;
  let password!: HTMLInputElement;
  onMount(() => user.focus());

  const enter = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem("");
    const session = await login(user.value.trim(), password.value).catch((error: unknown) => {
      setProblem(
        error instanceof LoginRefused ? wholeSentence(error.message) : "The house cannot be reached.",
      );
      return null;
    });
    setBusy(false);
    if (session === null) password.select();
    else props.entered(session);
  };

  return (
    <main class="login">
      <form onSubmit={enter}>
        <h1 class="brand">
          <svg viewBox="0 0 32 32" aria-hidden="true">
            <path d="M4 23 12 15l4.5 4.5L27 9" />
            <path d="M19.5 9H27v7.5" />
          </svg>
          <span>
            Rush<b>Trade</b>
          </span>
        </h1>
        <p class="dim">Direct-access trading workstation</p>
        <MarketLabel market={market() ?? null} />
        <label class="field">
          <span class="label">User</span>
          <input
            ref={user}
            name="user"
            autocomplete="username"
            required
            autocapitalize="none"
            spellcheck={false}
          />
        </label>
        <label class="field">
          <span class="label">Password</span>
          <input ref={password} name="password" type="password" autocomplete="current-password" required />
        </label>
        <div role="alert">
          <Show when={problem() || props.why}>
            <p class="answer bad">{problem() || props.why}</p>
          </Show>
        </div>
        <button type="submit" class="send" disabled={busy()}>
          Log in
        </button>
        <p class="dim small-text">
          The demo login is printed by <code>rushtrade demo-credentials</code>.
        </p>
      </form>
    </main>
  );
}
