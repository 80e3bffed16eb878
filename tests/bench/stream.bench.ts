// What it costs to show a recorded answer of 8,000 tokens: the last thousand tokens against the same thousand at the
// start, and the longest task of the app's own code. The whole app runs, with the engine worker stood in for by the recording.
import { readFileSync } from "node:fs";
import { test } from "playwright/test";
import { App } from "../e2e/app";

/** Tokens per second that the recording is played at: faster than most devices write. */
const RATE = 200;
const PART = 1000;

const { pieces } = JSON.parse(readFileSync("tests/fixtures/long-answer.json", "utf8")) as { pieces: string[] };

/** Runs in the page before the app: an engine worker that plays pieces of text. */
function standIn({ pieces, rate }: { pieces: string[]; rate: number }) {
  const marks: number[] = [];
  const RealWorker = Worker;
  class Player extends EventTarget {
    onmessage: ((event: { data: unknown }) => void) | null = null;
    /** As a worker does: it lives as long as it holds a lock. */
    constructor() {
      super();
      const lifeLock = `player ${Math.random()}`;
      void navigator.locks.request(lifeLock, () => {
        this.onmessage?.({ data: { kind: "ready", lifeLock } });
        return new Promise(() => {});
      });
    }
    terminate() {}
    postMessage({ id, call }: { id: number; call?: string }) {
      const answer = (data: unknown) => this.onmessage?.({ data });
      const done = (value: unknown) => setTimeout(() => answer({ kind: "done", id, value }));
      if (call === "load")
        done({
          can: new Set(["think"]),
          contextSize: 16384,
          sampling: { temperature: 0, topP: 1 },
          adapter: "recording",
        });
      else if (call === "generate") {
        const start = performance.now();
        let at = 0;
        const play = setInterval(() => {
          const due = Math.min(pieces.length, Math.floor(((performance.now() - start) * rate) / 1000));
          for (; at < due; at++) answer({ kind: "token", id, part: "answer", text: pieces[at], tokens: at });
          Object.assign(window, { played: at });
          if (at < pieces.length) return;
          clearInterval(play);
          const stats = {
            promptTokens: 1,
            thoughtTokens: 0,
            answerTokens: at,
            prefillRate: 1,
            decodeRate: rate,
            secondsToFirstToken: 0,
            seconds: at / rate,
            thoughtSeconds: 0,
            contextUsed: at,
            contextSize: 16384,
          };
          done({ thought: "", answer: pieces.join(""), finish: "stop", stats });
        }, 5);
      }
    }
  }
  const scripts: { duration: number; source: string }[] = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as unknown as {
      scripts: { duration: number; sourceURL: string; sourceFunctionName: string }[];
    }[])
      for (const s of entry.scripts)
        scripts.push({ duration: s.duration, source: `${s.sourceFunctionName} ${s.sourceURL}` });
  }).observe({ type: "long-animation-frame", buffered: true });
  const make = function (url: string | URL, options?: WorkerOptions) {
    return String(url).includes("engine-worker") ? new Player() : new RealWorker(url, options);
  };
  Object.assign(window, { Worker: make, played: 0, scripts, marks });
}

test("streaming", async () => {
  const app = await App.open();
  const all = [...pieces, ...pieces.slice(0, PART)];
  await app.context.addInitScript(standIn, { pieces: all, rate: RATE });
  await app.page.reload();
  await app.load();
  const devtools = await app.context.newCDPSession(app.page);
  await devtools.send("Performance.enable");
  /** Seconds of the page's main thread so far. */
  const busy = async () => {
    const { metrics } = await devtools.send("Performance.getMetrics");
    return Object.fromEntries(metrics.map((m) => [m.name, m.value])) as Record<
      "TaskDuration" | "ScriptDuration" | "LayoutDuration",
      number
    >;
  };
  const played = (n: number) =>
    app.page.waitForFunction((n) => (window as unknown as { played: number }).played >= n, n, {
      timeout: 600_000,
      polling: 50,
    });
  await app.page.evaluate(() => ((window as unknown as { scripts: unknown[] }).scripts.length = 0));
  await app.send("Play the recording.");
  const at: Awaited<ReturnType<typeof busy>>[] = [];
  for (const n of [100, PART, all.length - PART + 100, all.length]) {
    await played(n);
    at.push(await busy());
  }
  await app.answered();
  const cost = (what: keyof (typeof at)[0]) => {
    const [first, last] = [at[1]![what] - at[0]![what], at[3]![what] - at[2]![what]];
    return `${((first * 1000) / (PART - 100)).toFixed(2)} ms a token at the start, ${((last * 1000) / (PART - 100)).toFixed(2)} ms at the end, ratio ${(last / first).toFixed(2)}`;
  };
  console.log(`${all.length} tokens at ${RATE} a second; the last ${PART} are the same text as the first`);
  console.log(`main thread: ${cost("TaskDuration")}`);
  console.log(`  script: ${cost("ScriptDuration")}`);
  console.log(`  layout: ${cost("LayoutDuration")}`);
  const scripts = await app.page.evaluate(
    () => (window as unknown as { scripts: { duration: number; source: string }[] }).scripts,
  );
  const longest = scripts.sort((a, b) => b.duration - a.duration);
  console.log(`tasks of the app's own code over 50 ms: ${scripts.filter((s) => s.duration > 50).length}`);
  console.log(
    `longest: ${
      longest
        .slice(0, 3)
        .map((s) => `${s.duration} ms (${s.source})`)
        .join(", ") || "none long enough to be reported"
    }`,
  );
  await app.close();
});
