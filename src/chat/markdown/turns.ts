// Takes turns at drawing: the many answers of a conversation are drawn in short steps, between which the page stays usable.

/** How long the steps of one frame may take, in milliseconds. One step always runs. */
const FRAME = 12;

const waiting: (() => void)[] = [];
/** A frame was asked for, or is under way: one at a time, also where a step asks for the next one. */
let asked = false;

function ask(): void {
  if (asked) return;
  asked = true;
  requestAnimationFrame(run);
}

function run(): void {
  const began = performance.now();
  try {
    do waiting.shift()?.();
    while (waiting.length > 0 && performance.now() - began < FRAME);
  } finally {
    asked = false;
    // A failing step does not hold up others.
    if (waiting.length > 0) ask();
  }
}

/** Runs a step in the next frame, or in a later one if others are waiting. Returns a function that cancels it. */
export function takeTurn(step: () => void): () => void {
  waiting.push(step);
  ask();
  return () => {
    const at = waiting.indexOf(step);
    if (at >= 0) waiting.splice(at, 1);
  };
}
