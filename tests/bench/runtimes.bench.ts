// The runtimes beside each other on this machine, and llama.cpp beside its own bare library: load, reading and writing, with the same weights. Turn by
// turn, each in a page of its own.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { test, type Page } from "playwright/test";
import { ggufModels } from "../../scripts/gguf/shipped.mjs";
import type { AnswerStats } from "../../src/engine/protocol";
import { App } from "../e2e/app";
import { openBench } from "../e2e/runtime/harness";
import { TestServer } from "../e2e/server";

const ROUNDS = Number(process.env["ISLET_ROUNDS"] ?? 3);
const wllama = dirname(createRequire(import.meta.url).resolve("@wllama/wllama/esm/index.js"));
const middle = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** What is measured: milliseconds, and tokens a second. */
interface Figures {
  load: number;
  read: number;
  write: number;
}

/** Long enough to be read for a while, by each of the models. */
const question = `Repeat: ${"red lamp stone ".repeat(60)}`;
const TOKENS = 64;

async function ofRuntime(form: "mlc" | "gguf", id: string): Promise<Figures> {
  const app = await openBench();
  try {
    const name = form === "gguf" ? `${id}-gguf` : id;
    return await app.page.evaluate(
      async ([form, name, question, tokens]) => {
        // Once to bring it.
        await window.bench.load(form, name);
        await window.bench.unload();
        const began = performance.now();
        await window.bench.load(form, name);
        const load = performance.now() - began;
        const { result, error } = await window.bench.ask({
          turns: [{ role: "user", content: question }],
          sampling: { temperature: 0, topP: 1 },
          maxTokens: tokens,
        });
        if (!result) throw new Error(error?.detail);
        const { prefillRate, decodeRate } = result.stats as AnswerStats;
        return { load, read: prefillRate, write: decodeRate };
      },
      [form, name, question, TOKENS] as const,
    );
  } finally {
    await app.close();
    await app.server.stop();
  }
}

interface Bare {
  loadModel(files: Blob[], settings: object): Promise<void>;
  setCompat(compat: null): void;
  createChatCompletion(
    settings: object,
  ): Promise<{ timings: { prompt_per_second: number; predicted_per_second: number } }>;
}

/** wllama on a page that has nothing else, with the settings that the app gives it. */
async function ofBareLibrary(id: string): Promise<Figures> {
  const model = ggufModels().find((one) => one.id === id)!;
  const server = new TestServer();
  await server.start();
  const files: Record<string, [type: string, content: () => string | Buffer]> = {
    "/bare/": ["text/html", () => "<!doctype html><title>wllama</title>"],
    "/bare/index.js": ["text/javascript", () => readFileSync(`${wllama}/index.js`)],
    "/bare/wllama.wasm": ["application/wasm", () => readFileSync(`${wllama}/wasm/wllama.wasm`)],
    "/bare/model.gguf": ["application/octet-stream", () => readFileSync(model.file)],
  };
  server.fault = (path, _request, response) => {
    const found = files[path];
    if (found) response.setHeader("content-type", found[0]).end(found[1]());
    return found !== undefined;
  };
  const app = await App.open({ server, path: "bare/" });
  try {
    return await measureBare(app.page);
  } finally {
    await app.close();
    await server.stop();
  }
}

const measureBare = (page: Page): Promise<Figures> =>
  page.evaluate(
    async ([question, tokens]) => {
      const { Wllama } = (await import(`${location.origin}/bare/index.js`)) as {
        Wllama: new (path: object, settings: object) => Bare;
      };
      const file = await (await fetch("model.gguf")).blob();
      const bare = new Wllama({ default: "wllama.wasm" }, { suppressNativeLog: true });
      bare.setCompat(null);
      const began = performance.now();
      const threads = Math.max(1, navigator.hardwareConcurrency - 1);
      await bare.loadModel([file], { n_gpu_layers: 0, n_threads: threads, n_ctx: 1024, n_batch: 64, n_parallel: 1 });
      const load = performance.now() - began;
      const { timings } = await bare.createChatCompletion({
        messages: [{ role: "user", content: question }],
        temperature: 0,
        max_tokens: tokens,
      });
      return { load, read: timings.prompt_per_second, write: timings.predicted_per_second };
    },
    [question, TOKENS] as const,
  );

for (const id of ["smollm2-135m-instruct", "islet-tiny"])
  test(`runtimes: ${id}`, async () => {
    const ways = {
      "WebLLM, WebGPU": () => ofRuntime("mlc", id),
      "llama.cpp, CPU": () => ofRuntime("gguf", id),
      "bare wllama, CPU": () => ofBareLibrary(id),
    };
    const all: Record<string, Figures[]> = {};
    for (let round = 0; round < ROUNDS; round++)
      for (const [name, measure] of Object.entries(ways)) (all[name] ??= []).push(await measure());
    for (const [name, figures] of Object.entries(all)) {
      const of = (key: keyof Figures) => middle(figures.map((one) => one[key]));
      console.log(
        `${id}, ${name}: load ${(of("load") / 1000).toFixed(2)} s, reads ${of("read").toFixed(1)} and writes ${of("write").toFixed(1)} tokens a second ` +
          `(writes ${figures.map(({ write }) => write.toFixed(1)).join(", ")})`,
      );
    }
  });
