// Spans of time, sizes and counts in the words of an operator: three figures are enough to act on.

/** 950 → "950 ms", 12_345 → "12.3 s", 150_000 → "2 min 30 s", 7_500_000 → "2 h 5 min". */
export function duration(milliseconds: number): string {
  const ms = Math.max(0, Math.round(milliseconds));
  if (ms < 1_000) return `${ms} ms`;
  if (ms < 60_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1_440) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1_440)} d ${Math.floor((minutes % 1_440) / 60)} h`;
}

/** A line's lag: -1 is not known; below zero the source's clock is ahead. */
export function lag(microseconds: number): string {
  if (microseconds === -1) return "–";
  const sign = microseconds < 0 ? "-" : "";
  const us = Math.abs(microseconds);
  if (us < 1_000) return `${sign}${us} µs`;
  if (us < 1_000_000) return `${sign}${(us / 1_000).toFixed(1)} ms`;
  return `${sign}${(us / 1_000_000).toFixed(1)} s`;
}

/** 5_368_709_120 → "5.0 GiB" */
export function bytes(size: number): string {
  let value = size;
  for (const unit of ["B", "KiB", "MiB", "GiB"]) {
    if (value < 1_024) return unit === "B" ? `${value} B` : `${value.toFixed(1)} ${unit}`;
    value /= 1_024;
  }
  return `${value.toFixed(1)} TiB`;
}

/** 1_234_567 → "1.2 M": where the order of size is what counts. */
export function count(many: number): string {
  if (many < 10_000) return String(many);
  return many < 1_000_000 ? `${(many / 1_000).toFixed(1)} k` : `${(many / 1_000_000).toFixed(1)} M`;
}

/** Points of a small picture, 1 unit apart: the greatest value reaches the top, -1 (not known) is left out. */
export function spark(values: readonly number[], height: number): string {
  const most = Math.max(1, ...values);
  return values
    .map((value, place) => [place, value] as const)
    .filter(([, value]) => value !== -1)
    .map(
      ([place, value]) => `${place},${(height - 1 - (Math.max(0, value) / most) * (height - 2)).toFixed(1)}`,
    )
    .join(" ");
}
