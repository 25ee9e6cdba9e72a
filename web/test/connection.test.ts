import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Connection, LineDown, type LineState, Refused, SILENCE_MS_MAX } from "../src/feed/connection";
import type { Push } from "../src/feed/protocol";
import { FrameError } from "../src/feed/quotes";

/** The far end of a socket, by hand. */
class FarEnd {
  readyState = 1;
  binaryType = "";
  sent: Record<string, unknown>[] = [];
  closedWith: number | undefined;
  onmessage: (event: { data: string | ArrayBuffer }) => void = () => undefined;
  onclose: (event: { code: number }) => void = () => undefined;

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(code: number): void {
    this.readyState = 3;
    this.closedWith = code;
  }

  says(message: object): void {
    this.onmessage({ data: JSON.stringify(message) });
  }

  asked(what: string): Record<string, unknown>[] {
    return this.sent.filter((one) => one.do === what);
  }
}

function line() {
  const ends: FarEnd[] = [];
  const pushes: Push[] = [];
  const states: [LineState, string][] = [];
  const connection = new Connection(
    "ws://house/ws",
    {
      push: (message) => pushes.push(message),
      binary: (buffer) => {
        if (buffer.byteLength !== 4) throw new FrameError("not four bytes");
        return new DataView(buffer).getUint32(0, true);
      },
      state: (state, why) => states.push([state, why]),
      latency: () => undefined,
    },
    () => {
      ends.push(new FarEnd());
      return ends[ends.length - 1] as unknown as WebSocket;
    },
    () => performance.now(),
  );
  connection.start();
  const end = (place = ends.length - 1) => ends[place] as FarEnd;
  const open = () => end().says({ push: "hello", seq: 1 });
  return { connection, ends, end, open, pushes, states, state: () => states[states.length - 1]?.[0] };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("requests", () => {
  test("an answer finds its request by its id", async () => {
    const { connection, end, open } = line();
    open();
    const first = connection.request<{ order_id: number }>("order.enter", { symbol: "AAPL" });
    const second = connection.request("order.cancel", { order_id: 4 });
    const [enter, cancel] = [end().asked("order.enter")[0], end().asked("order.cancel")[0]];
    end().says({ id: cancel?.id, ok: { done: true } });
    end().says({ id: enter?.id, ok: { order_id: 7 } });
    expect(await first).toEqual({ order_id: 7 });
    expect(await second).toEqual({ done: true });
    expect(enter).toMatchObject({ do: "order.enter", symbol: "AAPL" });
  });

  test("a refusal carries the house's whole sentence", async () => {
    const { connection, end, open } = line();
    open();
    const asked = connection.request("order.enter");
    const refusal = {
      code: 2004,
      reason: "BUYING_POWER_EXCEEDED",
      message: "49 shares or fewer would pass.",
    };
    end().says({ id: end().asked("order.enter")[0]?.id, error: refusal });
    await expect(asked).rejects.toThrow("49 shares or fewer would pass.");
    await expect(asked).rejects.toBeInstanceOf(Refused);
  });

  test("nothing is sent before hello, and the trader is told that nothing was", async () => {
    const { connection, end } = line();
    await expect(connection.request("order.enter")).rejects.toThrow("nothing was sent");
    expect(end().sent).toEqual([]);
  });

  test("when the line ends unanswered requests fail, and are not sent again", async () => {
    const { connection, ends, end, open } = line();
    open();
    const asked = connection.request("order.enter");
    end().onclose({ code: 1006 });
    await expect(asked).rejects.toBeInstanceOf(LineDown);
    await vi.advanceTimersByTimeAsync(10_000);
    open();
    expect(ends.length).toBeGreaterThan(1);
    expect(end().asked("order.enter")).toEqual([]);
  });
});

describe("pushes", () => {
  test("text and binary share one count", () => {
    const { end, open, pushes, state } = line();
    open();
    end().onmessage({ data: Uint32Array.of(2).buffer });
    end().says({ push: "heartbeat", seq: 3 });
    expect(state()).toBe("open");
    expect(pushes.map((one) => one.push)).toEqual(["hello", "heartbeat"]);
  });

  test.each([
    ["a hole", (end: FarEnd) => end.says({ push: "heartbeat", seq: 3 })],
    ["a repetition", (end: FarEnd) => end.says({ push: "heartbeat", seq: 1 })],
    ["text that is no JSON", (end: FarEnd) => end.onmessage({ data: "{" })],
    ["a frame that cannot be read", (end: FarEnd) => end.onmessage({ data: new ArrayBuffer(5) })],
  ])("%s ends the line, and a new one begins", async (_, happens) => {
    const { ends, end, open, state } = line();
    open();
    happens(end());
    expect(end(0).readyState).toBe(3);
    expect(state()).toBe("waiting");
    await vi.advanceTimersByTimeAsync(6_000);
    expect(ends).toHaveLength(2);
  });

  test("a mistake in the page is thrown, not taken for a broken line", () => {
    const { end, open, state, pushes } = line();
    open();
    pushes.push = () => {
      throw new TypeError("a bug");
    };
    expect(() => end().says({ push: "heartbeat", seq: 2 })).toThrow("a bug");
    expect(state()).toBe("open");
  });
});

describe("the watchdog", () => {
  test("six seconds of silence end the line", async () => {
    const { end, open, states } = line();
    open();
    await vi.advanceTimersByTimeAsync(SILENCE_MS_MAX + 3_000);
    expect(end(0).readyState).toBe(3);
    expect(states.map(([, why]) => why)).toContain("the house is silent");
  });

  test.each([4401, 4403, 4429])("after %d nobody knocks again", async (code) => {
    const { ends, end, open, state } = line();
    open();
    end().onclose({ code });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(state()).toBe("refused");
    expect(ends).toHaveLength(1);
  });

  test("after a stop nobody knocks again either", async () => {
    const { connection, ends, open } = line();
    open();
    connection.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(ends).toHaveLength(1);
  });

  test("knocking slows down to five seconds", async () => {
    const { ends, end } = line();
    for (let knock = 0; knock < 12; knock++) {
      end().onclose({ code: 1006 });
      await vi.advanceTimersByTimeAsync(7_000);
    }
    const before = ends.length;
    end().onclose({ code: 1006 });
    await vi.advanceTimersByTimeAsync(3_000);
    expect(ends.length).toBe(before);
    await vi.advanceTimersByTimeAsync(4_000);
    expect(ends.length).toBe(before + 1);
  });
});
