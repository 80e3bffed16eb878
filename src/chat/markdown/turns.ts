// Takes turns at drawing: what many answers of a conversation have to draw is drawn in short steps, between which the page stays usable.

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
    // One that fails holds up no other.
    if (waiting.length > 0) ask();
  }
}

/** Runs a step in the next frame, or in a later one if others were asked for before. Gives what takes it back. */
export function takeTurn(step: () => void): () => void {
  waiting.push(step);
  ask();
  return () => {
    const at = waiting.indexOf(step);
    if (at >= 0) waiting.splice(at, 1);
  };
}
