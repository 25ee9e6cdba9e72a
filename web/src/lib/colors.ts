// Colours of the canvases. The same values stand in style/tokens.css for the rest of the page.
// Text colours keep 4.5:1 against `panel` and against every fill they are used on.

export const ink = {
  text: "#dbe2ec",
  strong: "#ffffff",
  dim: "#94a1b5",
  up: "#3ad6a0",
  down: "#ff8079",
  accent: "#6bb6ff",
  warn: "#ffc35a",
  own: "#ffd76a",
} as const;

export const fill = {
  panel: "#0f1319",
  stripe: "#12171e",
  header: "#171d26",
  line: "#232b37",
  selected: "#1d3350",
  selectedIdle: "#1b2430",
  flashUp: "#0f3a2e",
  flashDown: "#42191d",
  button: "#2a3442",
} as const;

/** Price levels of the montage, best first: the bands by which a Level II window is read at a glance. */
export const levels: readonly string[] = ["#4f3f0c", "#0e4236", "#15375f", "#3d2657", "#4d2a1c"];
export const levelRest = "#1b222c";

/** Prints by their place against the quote, index = `place` of the protocol. */
export const places: readonly { ink: string; fill: string; mark: string; brief: string }[] = [
  { ink: "#b9c3d1", fill: "", mark: " ", brief: "" },
  { ink: "#ffffff", fill: "#8f2436", mark: "⇓", brief: "below" },
  { ink: "#ff8079", fill: "", mark: "↓", brief: "bid" },
  { ink: "#dbe2ec", fill: "", mark: "·", brief: "between" },
  { ink: "#3ad6a0", fill: "", mark: "↑", brief: "ask" },
  { ink: "#ffffff", fill: "#0a6b4b", mark: "⇑", brief: "above" },
];

/** A venue keeps its colour on every screen; index = `color` of the protocol. */
export const venues: readonly string[] = [
  "#5fb4ff",
  "#ffb454",
  "#7fdb8a",
  "#e58cff",
  "#ff8f8f",
  "#5fe0d8",
  "#d9d06b",
  "#a9a2ff",
  "#ff9fcf",
  "#9bd0ff",
  "#c7e07a",
  "#ffc9a1",
  "#8fe3b4",
  "#cfb3ff",
  "#f0a0a0",
  "#a8c7d9",
];

export function venueInk(color: number): string {
  return venues[color % venues.length] ?? ink.text;
}
