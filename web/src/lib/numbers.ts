// Exact numbers on the screen. Prices are integers of $0.0001, money arrives as decimal strings: nothing here
// computes with fractions of a number, so what is shown is what the house said.

export const UNITS_PER_DOLLAR = 10_000;

const DECIMAL = /^(-?)(\d{1,12})(?:\.(\d*))?$/;

/** "187.25" → 1872500. Null when it is no decimal, or finer than $0.0001. */
export function toUnits(text: string): number | null {
  const found = DECIMAL.exec(text.trim());
  if (found === null) return null;
  const fraction = found[3] ?? "";
  const [kept, rest] = [fraction.slice(0, 4), fraction.slice(4)];
  if (/[1-9]/.test(rest)) return null;
  const units = Number(found[2]) * UNITS_PER_DOLLAR + Number(kept.padEnd(4, "0"));
  return found[1] === "-" ? -units : units;
}

/** 1872500 → "187.25"; 1872450 → "187.2450": two decimals, or four when they say something. */
export function price(units: number): string {
  const sign = units < 0 ? "-" : "";
  const all = Math.abs(units);
  const dollars = Math.floor(all / UNITS_PER_DOLLAR);
  const rest = all - dollars * UNITS_PER_DOLLAR;
  const digits = String(rest).padStart(4, "0");
  return `${sign}${grouped(String(dollars))}.${rest % 100 === 0 ? digits.slice(0, 2) : digits}`;
}

/** The same without thousands marks: what goes into input fields and orders. */
export function plainPrice(units: number): string {
  return price(units).replaceAll(",", "");
}

/** A price string of the house as the screens show it: "187.2500" → "187.25". Null and "" → "". */
export function priceText(text: string | null | undefined): string {
  if (!text) return "";
  const units = toUnits(text);
  return units === null ? trimmed(text) : price(units);
}

/** An average can be finer than $0.0001: "187.253333" → "187.2533". */
export function averageText(text: string | null | undefined): string {
  if (!text) return "";
  const found = DECIMAL.exec(text);
  if (found === null) return text;
  return price(Number(roundedAt(text, 4)));
}

/** Money with thousands and cents: "-1234.565" → "-1,234.57" (half a cent away from zero). */
export function money(text: string | null | undefined): string {
  if (text === null || text === undefined || text === "") return "";
  if (DECIMAL.exec(text) === null) return text;
  const cents = roundedAt(text, 2);
  const all = cents < 0n ? -cents : cents;
  const digits = String(all).padStart(3, "0");
  return `${cents < 0n ? "-" : ""}${grouped(digits.slice(0, -2))}.${digits.slice(-2)}`;
}

/** Money with its sign always written, for profit and loss. */
export function signedMoney(text: string | null | undefined): string {
  const shown = money(text);
  return shown === "" || shown.startsWith("-") || shown === "0.00" ? shown : `+${shown}`;
}

/** -1, 0, 1 of a decimal string, as shown with cents. */
export function signOf(text: string | null | undefined): number {
  if (!text || DECIMAL.exec(text) === null) return 0;
  const cents = roundedAt(text, 2);
  return cents > 0n ? 1 : cents < 0n ? -1 : 0;
}

export function shares(count: number): string {
  return grouped(String(count));
}

/** 1,234,567 → "1.23M": for volumes, where the magnitude is what counts. */
export function compact(count: number): string {
  if (count < 100_000) return shares(count);
  if (count < 1_000_000) return `${(count / 1_000).toFixed(0)}K`;
  if (count < 1_000_000_000) return `${(count / 1_000_000).toFixed(2)}M`;
  return `${(count / 1_000_000_000).toFixed(2)}B`;
}

/** Change of `now` against `before`, in percent with its sign. */
export function changePercent(now: number, before: number): string {
  if (now <= 0 || before <= 0) return "";
  const hundredths = Math.round(((now - before) * 10_000) / before);
  const sign = hundredths > 0 ? "+" : hundredths < 0 ? "-" : "";
  return `${sign}${(Math.abs(hundredths) / 100).toFixed(2)}%`;
}

export function signedPrice(units: number): string {
  return units > 0 ? `+${price(units)}` : price(units);
}

/** The decimal as an integer of 10^-places, rounded half away from zero. */
function roundedAt(text: string, places: number): bigint {
  const found = DECIMAL.exec(text);
  if (found === null) return 0n;
  const fraction = (found[3] ?? "").padEnd(places + 1, "0");
  const kept = BigInt((found[2] ?? "0") + fraction.slice(0, places));
  const up = (fraction[places] ?? "0") >= "5" ? 1n : 0n;
  return found[1] === "-" ? -(kept + up) : kept + up;
}

function trimmed(text: string): string {
  return text.includes(".") ? text.replace(/(\.\d\d\d*?)0+$/, "$1") : text;
}

function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}
