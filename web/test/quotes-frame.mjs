// Writes the binary `quotes` frame of docs/protocols/workstation.md: the page's decoder is held against it.

export const HEADER_BYTES = 16;
export const ROW_BYTES = 104;

export function quotesFrame(seq, clockNs, rows) {
  const view = new DataView(new ArrayBuffer(HEADER_BYTES + rows.length * ROW_BYTES));
  view.setUint8(0, 1);
  view.setUint8(1, 1);
  view.setUint16(2, rows.length, true);
  view.setUint32(4, seq, true);
  view.setBigInt64(8, BigInt(clockNs), true);
  rows.forEach((row, number) => {
    const at = HEADER_BYTES + number * ROW_BYTES;
    view.setInt32(at, row.index, true);
    view.setUint8(at + 4, row.state);
    view.setUint8(at + 5, row.flags);
    view.setUint8(at + 6, row.place);
    view.setUint8(at + 7, row.lastVenue);
    view.setUint16(at + 8, row.bidVenues, true);
    view.setUint16(at + 10, row.askVenues, true);
    view.setInt32(at + 12, row.prints, true);
    const longs = [
      row.bid,
      row.ask,
      row.last,
      row.bidShares,
      row.askShares,
      row.lastShares,
      row.volume,
      row.reference,
      row.high,
      row.low,
      row.timeNs,
    ];
    longs.forEach((value, place) => {
      view.setBigInt64(at + 16 + place * 8, BigInt(value), true);
    });
  });
  return view.buffer;
}
