// Login, and what is known before it: the market's label.

import type { Market, Session } from "./protocol";

export class LoginRefused extends Error {}

/** Null when nobody is logged in. */
export async function currentSession(): Promise<Session | null> {
  const answer = await fetch("/api/session", { headers: { Accept: "application/json" } });
  if (answer.status === 401) return null;
  return (await read(answer)) as Session;
}

export async function login(user: string, password: string): Promise<Session> {
  const answer = await fetch("/api/session", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify({ user, password }),
  });
  return (await read(answer)) as Session;
}

export async function logout(): Promise<void> {
  await fetch("/api/session", { method: "DELETE", headers: { "Content-Type": "application/json" } });
}

export async function marketBeforeLogin(): Promise<Market | null> {
  try {
    const answer = await fetch("/api/market", { headers: { Accept: "application/json" } });
    return answer.ok ? ((await answer.json()) as Market) : null;
  } catch {
    return null; // the login form says by itself when the house cannot be reached
  }
}

async function read(answer: Response): Promise<unknown> {
  const body: unknown = await answer.json().catch(() => null);
  if (answer.ok && body !== null) return body;
  const message = (body as { message?: unknown } | null)?.message;
  throw new LoginRefused(typeof message === "string" ? message : `The house answered ${answer.status}.`);
}
