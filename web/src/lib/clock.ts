// Market time in New York words. The house sends UTC microseconds; which zone they are shown in is decided here alone.

const ZONE = "America/New_York";

const timeOfDay = new Intl.DateTimeFormat("en-GB", {
  timeZone: ZONE,
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const minuteOfDay = new Intl.DateTimeFormat("en-GB", {
  timeZone: ZONE,
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});
const day = new Intl.DateTimeFormat("en-CA", {
  timeZone: ZONE,
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
});

/** "09:31:07" */
export function clock(timeUs: number): string {
  return timeOfDay.format(timeUs / 1000);
}

/** "09:31:07.123" */
export function clockMillis(timeUs: number): string {
  const millis = Math.floor(timeUs / 1000) % 1000;
  return `${clock(timeUs)}.${String(millis).padStart(3, "0")}`;
}

/** "09:31" */
export function clockMinute(timeUs: number): string {
  return minuteOfDay.format(timeUs / 1000);
}

/** "2026-11-20" */
export function date(timeUs: number): string {
  return day.format(timeUs / 1000);
}

/**
 * The market's clock between two messages of the house: the last value, moved on at the market's speed.
 * At speed "max" nobody can extrapolate, so the last value stands.
 */
export function marketNow(
  sentUs: number,
  heardAtMs: number,
  nowMs: number,
  speed: string,
  running: boolean,
): number {
  const factor = Number(speed);
  if (!running || !Number.isFinite(factor)) return sentUs;
  return sentUs + Math.max(0, nowMs - heardAtMs) * 1000 * factor;
}
