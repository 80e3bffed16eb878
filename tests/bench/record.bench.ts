// Records what the workers tell the page while a model is brought, loaded and asked, for tests that replay it without a model
// (tests/unit/replay.ts). Run by hand when the messages change: npm run bench -- record.
import { writeFileSync } from "node:fs";
import { expect, test } from "playwright/test";
import { App } from "../e2e/app";

/** Runs in the page before the app: keeps what is said to and by each worker. */
function listen() {
  const heard: { worker: string; asked?: unknown; told?: unknown }[] = [];
  Object.assign(window, { heard });
  window.Worker = class extends Worker {
    private readonly called: string;
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      this.called = String(options?.name);
      this.addEventListener("message", ({ data }: MessageEvent<{ kind?: string }>) => {
        // A set does not come through to the test.
        const told = JSON.parse(
          JSON.stringify(data, (_, value: unknown) => (value instanceof Set ? [...value] : value)),
        );
        if (data.kind !== undefined) heard.push({ worker: this.called, told });
      });
    }
    override postMessage(message: { kind?: string }) {
      if (message.kind !== undefined) heard.push({ worker: this.called, asked: message });
      super.postMessage(message);
    }
  };
}

interface Heard {
  worker: string;
  asked?: { kind: string; id: number; call: string };
  told?: { kind: string; id: number };
}

test("record", async () => {
  const app = await App.open();
  await app.context.addInitScript(listen);
  await app.page.reload();
  await app.load("reasoner");
  await app.ask("What is 5 + 5?");
  await app.ask("What is 33 + 50 + 46 + 80?");
  const heard = await app.page.evaluate(() => (window as unknown as { heard: unknown[] }).heard as Heard[]);
  /** What was told of each call, in order. */
  const repliesTo = (worker: RegExp, call: string) =>
    heard.flatMap((one) => {
      if (one.asked?.kind !== "call" || one.asked.call !== call || !worker.test(one.worker)) return [];
      const { id } = one.asked;
      const replies = heard.flatMap((h) => (h.worker === one.worker && h.told?.id === id ? [h.told] : []));
      return [replies.map(({ id: _, ...reply }) => reply)];
    });
  const recording = {
    source: "npm run bench -- record: islet-reasoner, on a software adapter",
    download: repliesTo(/store/, "download")[0],
    load: repliesTo(/engine/, "load")[0],
    generate: repliesTo(/engine/, "generate"),
  };
  for (const replies of [recording.download, recording.load, ...recording.generate])
    expect(replies?.at(-1)?.kind).toBe("done");
  writeFileSync("tests/fixtures/recorded-run.json", `${JSON.stringify(recording)}\n`);
  await app.close();
});
