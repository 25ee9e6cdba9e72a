// A time of day as a person types it, on the day of a known instant.

import { clock } from "./clock";

/** "9:45", "09:45:30" in New York, on the New York day of `dayUs`; null when it is no time of day. */
export function atClock(text: string, dayUs: number): number | null {
  const found = /^\s*(\d{1,2}):(\d{2})(?::(\d{2}))?\s*$/.exec(text);
  if (found === null) return null;
  const [hours, minutes, seconds] = [Number(found[1]), Number(found[2]), Number(found[3] ?? 0)];
  if (hours > 23 || minutes > 59 || seconds > 59) return null;
  const [h = 0, m = 0, s = 0] = clock(dayUs).split(":").map(Number);
  const began = Math.floor(dayUs / 1_000_000) * 1_000_000 - ((h * 60 + m) * 60 + s) * 1_000_000;
  return began + ((hours * 60 + minutes) * 60 + seconds) * 1_000_000; // trading days begin behind the change of clocks
}
