import { describe, expect, test } from "vitest";
import { FLAG_STALE, FrameError, HEADER_BYTES, QuoteBoard, ROW_BYTES } from "../src/feed/quotes";
// @ts-expect-error the scripted house is plain JavaScript
import { quotesFrame } from "./quotes-frame.mjs";

const ROW = {
  index: 2,
  state: 1,
  flags: 8,
  place: 4,
  lastVenue: 3,
  bidVenues: 0b101,
  askVenues: 0b10,
  prints: 77,
  bid: 1_872_400,
  ask: 1_872_500,
  last: 6_990_000_000,
  bidShares: 300,
  askShares: 5_000_000_000,
  lastShares: 40,
  volume: 243_495_204,
  reference: 1_850_000,
  high: 1_880_000,
  low: 1_840_000,
  timeNs: 1_795_190_820_800_123_456n,
};

describe("the quotes frame", () => {
  test("every field arrives, beyond 32 bits too", () => {
    const board = new QuoteBoard(4);
    expect(board.apply(quotesFrame(9, 1n, [ROW]))).toBe(9);
    expect([board.state[2], board.flags[2], board.place[2], board.lastVenue[2]]).toEqual([1, 8, 4, 3]);
    expect([board.bidVenues[2], board.askVenues[2], board.prints[2]]).toEqual([5, 2, 77]);
    expect([board.bid[2], board.ask[2], board.last[2]]).toEqual([1_872_400, 1_872_500, 6_990_000_000]);
    expect([board.bidShares[2], board.askShares[2], board.lastShares[2]]).toEqual([300, 5_000_000_000, 40]);
    expect([board.volume[2], board.reference[2]]).toEqual([243_495_204, 1_850_000]);
    expect([board.high[2], board.low[2]]).toEqual([1_880_000, 1_840_000]);
    expect(board.timeUs[2]).toBeCloseTo(1_795_190_820_800_123, -1);
    expect([...board.version]).toEqual([0, 0, 1, 0]);
  });

  test("the layout is the documented one", () => {
    expect([HEADER_BYTES, ROW_BYTES]).toEqual([16, 104]);
    const bytes = new DataView(quotesFrame(1, 0n, [ROW]));
    expect(bytes.getBigInt64(HEADER_BYTES + 16, true)).toBe(1_872_400n);
    expect(bytes.getBigInt64(HEADER_BYTES + 96, true)).toBe(ROW.timeNs);
  });

  test.each([
    ["cut short", (frame: ArrayBuffer) => frame.slice(0, frame.byteLength - 1)],
    ["shorter than its header", (frame: ArrayBuffer) => frame.slice(0, 3)],
    ["of another kind", (frame: ArrayBuffer) => patched(frame, 0, 2)],
    ["of another version", (frame: ArrayBuffer) => patched(frame, 1, 9)],
    ["for a symbol nobody knows", (frame: ArrayBuffer) => patched(frame, HEADER_BYTES, 200)],
  ])("a frame %s is refused and changes nothing", (_, broken) => {
    const board = new QuoteBoard(4);
    expect(() => board.apply(broken(quotesFrame(9, 1n, [{ ...ROW, index: 1 }, ROW])))).toThrow(FrameError);
    expect([...board.version]).toEqual([0, 0, 0, 0]);
  });

  test("when the line is down every known quote is stale, and a new one is not", () => {
    const board = new QuoteBoard(4);
    board.apply(quotesFrame(1, 1n, [ROW]));
    board.markStale();
    expect(board.flags[2]).toBe(8 | FLAG_STALE);
    expect(board.flags[1]).toBe(0);
    board.apply(quotesFrame(2, 1n, [ROW]));
    expect(board.flags[2]).toBe(8);
  });
});

function patched(frame: ArrayBuffer, at: number, value: number): ArrayBuffer {
  const copy = frame.slice(0);
  new DataView(copy).setUint8(at, value);
  return copy;
}
