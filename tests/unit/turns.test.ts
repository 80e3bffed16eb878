// What is drawn in many steps leaves the page usable between them: one run of steps a frame, however many steps ask for a next one.
import { afterEach, expect, test, vi } from "vitest";
import { takeTurn } from "../../src/chat/markdown/turns";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** Frames by hand, and a clock that only steps move. */
function frames() {
  let next: FrameRequestCallback[] = [];
  let now = 0;
  vi.stubGlobal("requestAnimationFrame", (callback: FrameRequestCallback) => next.push(callback));
  vi.spyOn(performance, "now").mockImplementation(() => now);
  return {
    pass: (milliseconds: number) => void (now += milliseconds),
    frame() {
      const due = next;
      next = [];
      for (const callback of due) callback(now);
    },
  };
}

for (const [each, most] of [
  [50, 1],
  [5, 3],
] as const)
  test(`a long text whose steps take ${each} ms takes at most ${most} of them in each frame`, () => {
    const { pass, frame } = frames();
    let left = 40;
    let drawn = 0;
    const draw = () => {
      pass(each);
      drawn++;
      if (--left > 0) takeTurn(draw);
    };
    takeTurn(draw);
    while (left > 0) {
      drawn = 0;
      frame();
      expect(drawn).toBeGreaterThan(0);
      expect(drawn).toBeLessThanOrEqual(most);
    }
    // Another one afterwards gets its turn as well.
    takeTurn(() => (left = -1));
    frame();
    expect(left).toBe(-1);
  });

test("a step that fails holds up no other, and one that was taken back is not run", () => {
  const { frame } = frames();
  const ran: string[] = [];
  takeTurn(() => {
    throw new Error("of this step");
  });
  const takeBack = takeTurn(() => ran.push("taken back"));
  takeTurn(() => ran.push("other"));
  takeBack();
  expect(frame).toThrow("of this step");
  frame();
  expect(ran).toEqual(["other"]);
});
