// One WebSocket to the house: requests with their answers, pushes in order, a watchdog, reconnection.
//
// Theory of operation. States: `idle` → `connecting` → `open` → (`waiting` → `connecting` …) or `refused`.
// Every push carries `seq`, counted from 1 without a hole; a hole, silence of six seconds or a frame that cannot be
// read ends the socket, and the next one starts from fresh images. A request that was not answered when the socket
// ended fails with `LineDown`: the page says so and asks the trader, it never sends an order a second time by itself.

import type { Push, Refusal } from "./protocol";
import { FrameError } from "./quotes";

export type LineState = "idle" | "connecting" | "open" | "waiting" | "refused";

export const SILENCE_MS_MAX = 6_000;
export const RETRY_MS_FIRST = 250;
export const RETRY_MS_MAX = 5_000;
export const PING_EVERY_MS = 2_000;

export const CLOSE_NO_SESSION = 4401;
export const CLOSE_FOREIGN_ORIGIN = 4403;
export const CLOSE_TOO_MANY = 4429;
const CLOSE_BY_US = 4000;

/** The house has said no. `message` is its whole sentence. */
export class Refused extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.message);
  }
}

/** The line ended before the answer came: what became of the request is not known. */
export class LineDown extends Error {}

export interface Listener {
  push(message: Push): void;
  /** A binary frame; returns its `seq`. May throw: the frame is then unreadable. */
  binary(buffer: ArrayBuffer): number;
  state(state: LineState, why: string): void;
  latency(milliseconds: number): void;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export class Connection {
  private socket: WebSocket | null = null;
  private nextId = 1;
  private lastSeq = 0;
  private attempts = 0;
  private heardAt = 0;
  private readonly waiting = new Map<number, Waiting>();
  private watchdog: ReturnType<typeof setInterval> | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private wanted = false;

  constructor(
    private readonly url: string,
    private readonly listener: Listener,
    private readonly open: (url: string) => WebSocket = (target) => new WebSocket(target),
    private readonly now: () => number = () => performance.now(),
  ) {}

  start(): void {
    this.wanted = true;
    this.connect();
  }

  stop(): void {
    this.wanted = false;
    clearTimeout(this.retry);
    this.drop("stopped");
    this.listener.state("idle", "");
  }

  /** Ask the house. Rejects with Refused (it said no) or LineDown (nobody knows). */
  request<T>(what: string, values: object = {}): Promise<T> {
    const socket = this.socket;
    if (socket === null || socket.readyState !== 1 || this.lastSeq === 0) {
      return Promise.reject(new LineDown("Not connected: nothing was sent."));
    }
    const id = this.nextId++;
    socket.send(JSON.stringify({ id, do: what, ...values }));
    return new Promise<T>((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
    });
  }

  private connect(): void {
    this.listener.state("connecting", "");
    this.lastSeq = 0;
    this.heardAt = this.now();
    const socket = this.open(this.url);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onmessage = (event) => this.receive(event.data as string | ArrayBuffer);
    socket.onclose = (event) => {
      if (this.socket === socket) this.closed(event.code);
    };
    clearInterval(this.watchdog);
    this.watchdog = setInterval(() => this.watch(), PING_EVERY_MS);
  }

  /** What cannot be read ends the line; a mistake of this page's own is thrown, and seen. */
  private receive(data: string | ArrayBuffer): void {
    this.heardAt = this.now();
    if (typeof data !== "string") {
      this.receiveBinary(data);
      return;
    }
    const message = parsed(data);
    if (message === null) this.fail("a message that is no JSON object");
    else if (!("push" in message)) this.receiveAnswer(message);
    else if (this.inOrder(message.seq as number)) this.receivePush(message);
  }

  private receiveBinary(data: ArrayBuffer): void {
    try {
      this.inOrder(this.listener.binary(data));
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.fail(error.message);
    }
  }

  private receivePush(message: Record<string, unknown>): void {
    const first = message.push === "hello";
    if (first) this.attempts = 0;
    this.listener.push(message as unknown as Push);
    if (!first) return;
    this.listener.state("open", "");
    this.ping();
  }

  private receiveAnswer(message: Record<string, unknown>): void {
    const waiting = this.waiting.get(message.id as number);
    if (waiting === undefined) return;
    this.waiting.delete(message.id as number);
    if ("error" in message) waiting.reject(new Refused(message.error as Refusal));
    else waiting.resolve(message.ok);
  }

  /** Pushes are counted without a hole; false, and the line ended, when one is missing. */
  private inOrder(seq: number): boolean {
    const expected = (this.lastSeq + 1) >>> 0;
    if (seq >>> 0 !== expected) {
      this.fail(`message ${seq} came where ${expected} was due`);
      return false;
    }
    this.lastSeq = expected;
    return true;
  }

  private watch(): void {
    if (this.now() - this.heardAt > SILENCE_MS_MAX) this.fail("the house is silent");
    else if (this.lastSeq > 0) this.ping();
  }

  private ping(): void {
    const sent = this.now();
    this.request("ping", { client_us: Math.round(Date.now() * 1000) })
      .then(() => this.listener.latency(this.now() - sent))
      .catch(() => undefined); // the end of the line is reported by the line
  }

  private fail(why: string): void {
    this.drop(why);
    this.schedule(why);
  }

  private closed(code: number): void {
    const why = closeReason(code);
    this.drop(why);
    if (code === CLOSE_NO_SESSION || code === CLOSE_FOREIGN_ORIGIN || code === CLOSE_TOO_MANY) {
      this.wanted = false;
      this.listener.state("refused", why);
      return;
    }
    this.schedule(why);
  }

  private drop(why: string): void {
    clearInterval(this.watchdog);
    const socket = this.socket;
    this.socket = null;
    this.lastSeq = 0;
    if (socket !== null && socket.readyState <= 1) socket.close(CLOSE_BY_US, why.slice(0, 100));
    const waiting = [...this.waiting.values()];
    this.waiting.clear();
    for (const one of waiting) {
      one.reject(
        new LineDown("The line ended before the house answered. Look at the orders before sending again."),
      );
    }
  }

  private schedule(why: string): void {
    if (!this.wanted) return;
    this.listener.state("waiting", why);
    const delay = Math.min(RETRY_MS_MAX, RETRY_MS_FIRST * 2 ** this.attempts++);
    this.retry = setTimeout(() => this.connect(), delay * (0.75 + Math.random() / 2));
  }
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function closeReason(code: number): string {
  switch (code) {
    case CLOSE_NO_SESSION:
      return "the session has ended";
    case CLOSE_FOREIGN_ORIGIN:
      return "the house does not take this page's address";
    case CLOSE_TOO_MANY:
      return "too many windows of this session";
    case 4408:
      return "this browser was too slow";
    case 4410:
      return "new stocks have become known";
    case 1001:
      return "the house is stopping";
    default:
      return "the line ended";
  }
}
