// The canvas grid as a Solid component: mounts it, hands it out, takes it down.

import { onCleanup, onMount } from "solid-js";
import { CanvasGrid, type Handlers, type Source } from "./canvas-grid";

export function Grid(props: {
  source: Source;
  handlers: Handlers;
  name: string;
  ready: (grid: CanvasGrid) => void;
}) {
  let host!: HTMLDivElement;
  onMount(() => {
    const grid = new CanvasGrid(host, props.source, props.handlers);
    props.ready(grid);
    onCleanup(() => grid.dispose());
  });
  return <div ref={host} data-grid={props.name} />;
}
