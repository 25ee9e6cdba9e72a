// Layouts: the ones of the house, written as rows and columns with weights, and the trader's own, saved by name.

import type { SerializedDockview } from "dockview";
import { readStored, writeStored } from "../lib/stored";

export interface Tile {
  /** Share of the row or column it stands in. */
  size: number;
  row?: Tile[];
  column?: Tile[];
  /** Panel kinds in tabs, the first one in front; ":B" after a kind names its link group. */
  tabs?: string[];
}

/** Weights are pixels of a 1440 × 830 dock; bigger screens share what is left in proportion. */
export const HOUSE_LAYOUTS: Record<string, Tile> = {
  Trader: {
    size: 1,
    row: [
      {
        size: 316,
        column: [
          { size: 440, tabs: ["watch", "routes"] },
          { size: 390, tabs: ["positions", "account"] },
        ],
      },
      {
        size: 1124,
        column: [
          {
            size: 500,
            row: [
              { size: 496, tabs: ["depth"] },
              { size: 300, tabs: ["tape"] },
              { size: 328, tabs: ["ticket"] },
            ],
          },
          {
            size: 330,
            row: [
              { size: 440, tabs: ["chart"] },
              { size: 684, tabs: ["orders", "executions", "scorecard"] },
            ],
          },
        ],
      },
    ],
  },
  Market: {
    size: 1,
    row: [
      {
        size: 360,
        column: [
          { size: 400, tabs: ["watch"] },
          { size: 430, tabs: ["scanner"] },
        ],
      },
      {
        size: 640,
        column: [
          { size: 460, tabs: ["depth"] },
          { size: 370, tabs: ["chart"] },
        ],
      },
      {
        size: 440,
        column: [
          { size: 400, tabs: ["stock"] },
          { size: 430, tabs: ["tape", "datacenter"] },
        ],
      },
    ],
  },
  "Two symbols": {
    size: 1,
    row: [
      {
        size: 290,
        column: [
          { size: 415, tabs: ["watch"] },
          { size: 415, tabs: ["positions", "account"] },
        ],
      },
      {
        size: 860,
        column: [
          {
            size: 500,
            row: [
              { size: 430, tabs: ["depth"] },
              { size: 430, tabs: ["depth:B"] },
            ],
          },
          { size: 330, tabs: ["orders", "executions"] },
        ],
      },
      {
        size: 290,
        column: [
          { size: 415, tabs: ["ticket"] },
          { size: 415, tabs: ["ticket:B"] },
        ],
      },
    ],
  },
  Chart: {
    size: 1,
    row: [
      {
        size: 1090,
        column: [
          { size: 560, tabs: ["chart"] },
          { size: 270, tabs: ["orders", "positions", "executions"] },
        ],
      },
      {
        size: 350,
        column: [
          { size: 330, tabs: ["depth", "tape"] },
          { size: 500, tabs: ["ticket"] },
        ],
      },
    ],
  },
};

export interface PanelSpec {
  kind: string;
  group: string;
}

export function parsePanel(text: string): PanelSpec {
  const [kind, group] = text.split(":");
  return { kind: kind ?? text, group: group ?? "A" };
}

type Node = SerializedDockview["grid"]["root"];

/** A tile tree as the docking library wants it, for a dock of this size. */
export function serialized(
  tile: Tile,
  width: number,
  height: number,
  titles: (kind: string) => string,
): SerializedDockview {
  const panels: SerializedDockview["panels"] = {};
  let groups = 0;
  const leaf = (tabs: string[], size: number): Node => {
    const views = tabs.map((text) => {
      const { kind, group } = parsePanel(text);
      let id = `${kind}-${group}`;
      for (let n = 2; panels[id] !== undefined; n++) id = `${kind}-${group}-${n}`;
      panels[id] = {
        id,
        contentComponent: kind,
        tabComponent: "tab",
        title: titles(kind),
        params: { group },
      };
      return id;
    });
    groups++;
    return {
      type: "leaf",
      size,
      data: { id: `group-${groups}`, views, activeView: views[0] as string },
    } as Node;
  };
  // In the library's tree the direction alternates level by level, and the root is a row.
  const build = (one: Tile, across: number, along: number): Node => {
    const children = one.row ?? one.column;
    if (children === undefined) return leaf(one.tabs ?? [], along);
    const total = children.reduce((sum, child) => sum + child.size, 0);
    const data = children.map((child) => build(child, along, (across * child.size) / total));
    return { type: "branch", size: along, data } as Node;
  };
  const root = build(tile, width, height);
  return {
    grid: { root, width, height, orientation: "HORIZONTAL" as SerializedDockview["grid"]["orientation"] },
    panels,
    activeGroup: "group-1",
  };
}

export interface SavedLayouts {
  [name: string]: SerializedDockview;
}

export function savedLayouts(): SavedLayouts {
  return readStored<SavedLayouts>("layouts", {});
}

export function saveLayout(name: string, layout: SerializedDockview): void {
  writeStored("layouts", { ...savedLayouts(), [name]: layout });
}

export function removeLayout(name: string): void {
  const { [name]: _, ...rest } = savedLayouts();
  writeStored("layouts", rest);
}
