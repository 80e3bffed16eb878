// What stands of an answer after each event of its run, live, resumed, voted on or replayed.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AnswerResult } from "../../src/engine/protocol";
import { partsOf, textIn, thoughtIn } from "../../src/runs/parts";
import { beginning, fold, type RunEvent } from "../../src/runs/run-events";

const stats = {
  ...{ promptTokens: 10, thoughtTokens: 2, answerTokens: 3, prefillRate: 5, decodeRate: 4, secondsToFirstToken: 1 },
  ...{ seconds: 6, thoughtSeconds: 2, contextUsed: 15, contextSize: 1024 },
};
const token = (part: "thought" | "answer", text: string, tokens = 1): RunEvent => ({
  kind: "token",
  part,
  text,
  tokens,
});
const result = (more: Partial<AnswerResult> = {}): AnswerResult => ({
  ...{ thought: "", answer: "42", finish: "stop", stats, ...more },
});
const start = beginning([], { status: "streaming", effort: "low" });
const after = (events: readonly RunEvent[], from = start) => events.reduce(fold, from);

describe("a run", () => {
  test("that goes well: its thought, its answer, what it took, and with what it was made", () => {
    const written = after([
      { kind: "begun", facts: { modelId: "m" } },
      { kind: "started", droppedTurns: 2 },
      ...[token("thought", "6 ", 1), token("thought", "times 7", 3), token("answer", "4"), token("answer", "2", 2)],
      { kind: "answered", result: result({ thought: "6 times 7", cut: "budget" }) },
      { kind: "ended", end: "done" },
    ]);
    expect(written.parts).toEqual([
      { kind: "thought", text: "6 times 7" },
      { kind: "text", text: "42" },
    ]);
    expect(written.facts).toEqual({
      ...{ status: "complete", effort: "low", modelId: "m", droppedTurns: 2, cut: "budget", stats },
    });
    expect(written).toMatchObject({ phase: "ended", thoughtTokens: 3 });
  });

  test("that is stopped or fails keeps what was streamed", () => {
    const events = [{ kind: "started", droppedTurns: 0 } as const, token("answer", "so far")];
    const error = { code: "device-lost", detail: "gone", remedy: "retry" } as const;
    expect(after([...events, { kind: "ended", end: "stopped" }])).toMatchObject({
      ...{ parts: partsOf("so far"), facts: { status: "stopped" } },
    });
    expect(after([...events, { kind: "ended", end: "overtaken" }]).facts.status).toBe("stopped");
    const failed = after([...events, { kind: "recovering" }, { kind: "ended", end: "failed", error }]);
    expect(failed.facts).toMatchObject({ status: "failed", error, recovered: true });
    expect(textIn(failed.parts)).toBe("so far");
  });

  test("waits, writes, and recovers", () => {
    const phases: string[] = [];
    const events: RunEvent[] = [{ kind: "started", droppedTurns: 0 }, { kind: "recovering" }, token("answer", "x")];
    events.reduce((written, event) => {
      const next = fold(written, event);
      phases.push(next.phase);
      return next;
    }, start);
    expect([start.phase, ...phases]).toEqual(["waiting", "writing", "recovering", "writing"]);
  });

  test("that is resumed goes on where the answer stands, and counts what that took", () => {
    const facts = { status: "streaming", seconds: 9, stats: { ...stats, seconds: 4 }, resumed: true } as const;
    const from = beginning(partsOf("so ", "hm"), facts);
    const streamed = after([{ kind: "started", droppedTurns: 0 }, token("answer", "far")], from);
    expect([thoughtIn(streamed.parts), textIn(streamed.parts)]).toEqual(["hm", "so far"]);
    const written = after([{ kind: "answered", result: result({ thought: "hm", answer: "so far" }) }], streamed);
    expect(written.facts.stats).toMatchObject({ promptTokens: 20, seconds: 15, thoughtSeconds: 4, answerTokens: 3 });
  });

  test("of several rounds shows each, and takes the one that is chosen", () => {
    const vote = { finals: ["41", "42", "42"], chosen: 1, votes: 2 };
    const rounds = ["41", "42", "42"].flatMap((text, i): RunEvent[] => [
      { kind: "round", n: i + 1, of: 3 },
      ...[{ kind: "started", droppedTurns: 0 } as const, token("answer", text)],
    ]);
    expect(after(rounds.slice(0, 6))).toMatchObject({ parts: partsOf("42"), round: { n: 2, of: 3 } });
    const written = after([...rounds, { kind: "answered", result: result(), vote }, { kind: "ended", end: "done" }]);
    expect(written.facts).toMatchObject({ status: "complete", vote });
    expect(textIn(written.parts)).toBe("42");
  });

  test("says what was streamed, whatever came in which pieces, and changes nothing that stood before", () => {
    const piece = fc.record({ part: fc.constantFrom("thought" as const, "answer" as const), text: fc.string() });
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        let written = start;
        for (const { part, text } of pieces) {
          const before = JSON.stringify(written);
          const next = fold(written, token(part, text));
          expect(JSON.stringify(written)).toBe(before);
          written = next;
        }
        const all = (kind: string) =>
          written.parts.flatMap((part) => (part.kind === kind && "text" in part ? [part.text] : [])).join("");
        for (const [part, kind] of [
          ["thought", "thought"],
          ["answer", "text"],
        ] as const)
          expect(all(kind)).toBe(pieces.flatMap((p) => (p.part === part ? [p.text] : [])).join(""));
      }),
    );
  });
});
