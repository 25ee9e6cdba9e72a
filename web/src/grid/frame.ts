// One animation-frame loop for the whole page, with a budget: whoever does not fit is painted in the next frame.
// The focused panel goes first, so that what the trader looks at never waits for what he does not.

export const BUDGET_MS = 6;

export interface Painter {
  /** True for the panel the trader works in. */
  readonly focused: boolean;
  paint(nowMs: number): void;
}

const dirty = new Set<Painter>();
let scheduled = false;

export function requestPaint(painter: Painter): void {
  dirty.add(painter);
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(run);
}

export function forgetPainter(painter: Painter): void {
  dirty.delete(painter);
}

function run(nowMs: number): void {
  const queue = [...dirty].sort((a, b) => Number(b.focused) - Number(a.focused));
  const started = performance.now();
  scheduled = false;
  let painted = 0;
  for (const painter of queue) {
    if (painted > 0 && performance.now() - started > BUDGET_MS) break;
    dirty.delete(painter);
    painter.paint(nowMs);
    painted++;
  }
  if (dirty.size > 0 && !scheduled) {
    scheduled = true;
    requestAnimationFrame(run);
  }
}
