import { describe, expect, test } from "vitest";
import { PRINTS_KEPT, PrintTape } from "../src/feed/prints";
import type { PrintRow, Prints } from "../src/feed/protocol";
import { type Subject, Wanted } from "../src/feed/wanted";

const print = (index: number, condition = ""): PrintRow => [index, 0, "187.2500", 100, 0, 4, condition];
const push = (...rows: PrintRow[]): Prints => ({ push: "trades", symbol: "AAPL", skipped: 0, rows });

function shown(tape: PrintTape): (number | string)[] {
  return Array.from({ length: tape.length }, (_, row) => {
    const entry = tape.at(row);
    if (entry === undefined) return "nothing";
    return "skipped" in entry
      ? `skipped ${entry.skipped}`
      : entry.broken
        ? `broken ${entry.print[0]}`
        : entry.print[0];
  });
}

describe("time & sales", () => {
  test("the newest print stands first", () => {
    const tape = new PrintTape();
    tape.take(push(print(1), print(2)));
    tape.take(push(print(3)));
    expect(shown(tape)).toEqual([3, 2, 1]);
  });

  test("what was skipped is said where it was skipped", () => {
    const tape = new PrintTape();
    tape.take(push(print(1)));
    tape.take(push(print(5), print(6)));
    expect(shown(tape)).toEqual([6, 5, "skipped 3", 1]);
  });

  test("prints that were shown already are not shown twice", () => {
    const tape = new PrintTape();
    tape.take(push(print(1), print(2)));
    tape.take(push(print(1), print(2), print(3)));
    expect(shown(tape)).toEqual([3, 2, 1]);
  });

  test("a broken print stays, marked", () => {
    const tape = new PrintTape();
    tape.take(push(print(1), print(2)));
    tape.take(push(print(1, "broken")));
    expect(shown(tape)).toEqual([2, "broken 1"]);
  });

  test("it keeps a thousand", () => {
    const tape = new PrintTape();
    tape.take(push(...Array.from({ length: PRINTS_KEPT + 50 }, (_, i) => print(i))));
    expect(tape.length).toBe(PRINTS_KEPT);
    expect(shown(tape)[0]).toBe(PRINTS_KEPT + 49);
  });
});

describe("who wants what", () => {
  function wishes() {
    const sent: [Subject, string[]][] = [];
    const later: (() => void)[] = [];
    const wanted = new Wanted(
      (subject, symbols) => sent.push([subject, symbols]),
      (run) => later.push(run),
    );
    const settle = () => {
      for (const run of later.splice(0)) run();
    };
    return { sent, wanted, settle };
  }

  test("the whole set is sent once the dust has settled", () => {
    const { sent, wanted, settle } = wishes();
    wanted.want("depth", "IBM");
    wanted.want("depth", "AAPL");
    settle();
    expect(sent).toEqual([["depth", ["AAPL", "IBM"]]]);
  });

  test("a symbol that two panels want stays until both have let go", () => {
    const { sent, wanted, settle } = wishes();
    const [first, second] = [wanted.want("depth", "AAPL"), wanted.want("depth", "AAPL")];
    settle();
    first();
    first();
    settle();
    expect(sent).toEqual([["depth", ["AAPL"]]]);
    second();
    settle();
    expect(sent.at(-1)).toEqual(["depth", []]);
  });

  test("a new connection is told everything that is wanted, and nothing that is not", () => {
    const { sent, wanted, settle } = wishes();
    wanted.want("watch", "AAPL");
    wanted.want("bars", "IBM")();
    settle();
    sent.length = 0;
    wanted.resend();
    expect(sent).toEqual([["watch", ["AAPL"]]]);
  });
});
