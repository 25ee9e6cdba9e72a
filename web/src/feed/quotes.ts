// The latest quote of every symbol, in typed arrays indexed by the symbol's number in `hello`.
// Decodes the one binary frame of the protocol. Knows no view: readers compare `version[i]` with what they have seen.

export const FRAME_KIND_QUOTES = 1;
export const FRAME_VERSION = 1;
export const HEADER_BYTES = 16;
export const ROW_BYTES = 104;

export const FLAG_HALTED = 1;
export const FLAG_STALE = 2;
export const FLAG_SHORT_SALE_RESTRICTED = 4;
export const FLAG_REFERENCE_IS_PRIOR_CLOSE = 8;
/** Shown a quarter of an hour late: the reader has no product that shows it now. */
export const FLAG_LATE = 16;

const TWO_TO_32 = 4_294_967_296;

export class FrameError extends Error {}

/** Why each array is a Float64Array: it holds any integer of the protocol up to 2^53 exactly. */
export class QuoteBoard {
  readonly version: Uint32Array;
  readonly state: Uint8Array;
  readonly flags: Uint8Array;
  readonly place: Uint8Array;
  readonly lastVenue: Uint8Array;
  readonly bidVenues: Uint16Array;
  readonly askVenues: Uint16Array;
  readonly prints: Int32Array;
  readonly bid: Float64Array;
  readonly ask: Float64Array;
  readonly last: Float64Array;
  readonly bidShares: Float64Array;
  readonly askShares: Float64Array;
  readonly lastShares: Float64Array;
  readonly volume: Float64Array;
  readonly reference: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  /** Source time, microseconds. */
  readonly timeUs: Float64Array;

  constructor(readonly size: number) {
    const numbers = () => new Float64Array(size);
    this.version = new Uint32Array(size);
    this.state = new Uint8Array(size);
    this.flags = new Uint8Array(size);
    this.place = new Uint8Array(size);
    this.lastVenue = new Uint8Array(size).fill(255);
    this.bidVenues = new Uint16Array(size);
    this.askVenues = new Uint16Array(size);
    this.prints = new Int32Array(size);
    this.bid = numbers();
    this.ask = numbers();
    this.last = numbers();
    this.bidShares = numbers();
    this.askShares = numbers();
    this.lastShares = numbers();
    this.volume = numbers();
    this.reference = numbers();
    this.high = numbers();
    this.low = numbers();
    this.timeUs = numbers();
  }

  /** Take a frame in. Returns its `seq`; throws FrameError and changes nothing when it is not a quotes frame. */
  apply(buffer: ArrayBuffer): number {
    if (buffer.byteLength < HEADER_BYTES)
      throw new FrameError(`a binary frame of ${buffer.byteLength} bytes`);
    const view = new DataView(buffer);
    const kind = view.getUint8(0);
    const version = view.getUint8(1);
    if (kind !== FRAME_KIND_QUOTES || version !== FRAME_VERSION) {
      throw new FrameError(`a binary frame of kind ${kind}, version ${version}`);
    }
    const rows = view.getUint16(2, true);
    if (buffer.byteLength !== HEADER_BYTES + rows * ROW_BYTES) {
      throw new FrameError(`a quotes frame of ${rows} rows in ${buffer.byteLength} bytes`);
    }
    for (let row = 0; row < rows; row++) {
      const index = view.getInt32(HEADER_BYTES + row * ROW_BYTES, true);
      if (index < 0 || index >= this.size)
        throw new FrameError(`a quote for symbol number ${index} of ${this.size}`);
    }
    for (let row = 0; row < rows; row++) this.take(view, HEADER_BYTES + row * ROW_BYTES);
    return view.getUint32(4, true);
  }

  /** Everything shown is old until the next image: the line is down. */
  markStale(): void {
    for (let i = 0; i < this.size; i++) {
      if (this.version[i] === 0) continue;
      this.flags[i] = (this.flags[i] ?? 0) | FLAG_STALE;
      this.bump(i);
    }
  }

  private take(view: DataView, at: number): void {
    const i = view.getInt32(at, true);
    this.state[i] = view.getUint8(at + 4);
    this.flags[i] = view.getUint8(at + 5);
    this.place[i] = view.getUint8(at + 6);
    this.lastVenue[i] = view.getUint8(at + 7);
    this.bidVenues[i] = view.getUint16(at + 8, true);
    this.askVenues[i] = view.getUint16(at + 10, true);
    this.prints[i] = view.getInt32(at + 12, true);
    this.bid[i] = int64(view, at + 16);
    this.ask[i] = int64(view, at + 24);
    this.last[i] = int64(view, at + 32);
    this.bidShares[i] = int64(view, at + 40);
    this.askShares[i] = int64(view, at + 48);
    this.lastShares[i] = int64(view, at + 56);
    this.volume[i] = int64(view, at + 64);
    this.reference[i] = int64(view, at + 72);
    this.high[i] = int64(view, at + 80);
    this.low[i] = int64(view, at + 88);
    this.timeUs[i] = Math.floor(int64(view, at + 96) / 1000);
    this.bump(i);
  }

  private bump(i: number): void {
    this.version[i] = (this.version[i] ?? 0) + 1;
  }
}

function int64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getInt32(at + 4, true) * TWO_TO_32;
}
