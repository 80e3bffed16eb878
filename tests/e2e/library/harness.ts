// A bare WebLLM page around a model library, for tests and figures of the library itself: served by the test server,
// without the app. Not for: anything that a person does.
import { readFileSync } from "node:fs";
import type { MLCEngine } from "@mlc-ai/web-llm";
import { App, models, type ModelName } from "../app";
import type { Fault } from "../server";

interface Tensor {
  copyFrom(data: Float32Array): unknown;
  dispose(): void;
}

/** What the page has after `openLibrary`; WebLLM keeps the pipeline private. */
interface Library {
  engine: MLCEngine;
  /** Milliseconds from the first line of WebLLM's script to a loaded model, and from the start of the page's visit. */
  loadTime: number;
  readyAt: number;
  pipeline: {
    tvm: {
      beginScope(): void;
      endScope(): void;
      detachFromCurrentScope(tensor: Tensor): Tensor;
      empty(shape: number[], type: string, device: unknown): Tensor;
      setSeed(seed: number): void;
    };
    device: unknown;
    fullVocabSize: number;
    sampleFromRawLogits(logits: unknown, settings: { temperature: number; top_p: number }): Promise<number>;
  };
}

declare global {
  interface Window {
    library: Library;
  }
}

/** Opens a browser on a page of its own and loads the model there. `serve`: answers requests in the server's place. */
export async function openLibrary(model: ModelName, serve: Fault = () => false): Promise<App> {
  const app = await App.open();
  const html = readFileSync("tests/e2e/library/harness.html");
  const webllm = readFileSync("node_modules/@mlc-ai/web-llm/lib/index.js");
  app.server.fault = (path, request, response) => {
    if (path === "/library/") response.setHeader("content-type", "text/html").end(html);
    else if (path === "/library/web-llm.js") response.setHeader("content-type", "text/javascript").end(webllm);
    else return serve(path, request, response);
    return true;
  };
  await app.page.evaluate(async () => (await navigator.serviceWorker.ready).unregister());
  await visitLibrary(app, model);
  return app;
}

/** Visits the page, anew or again, and loads the model there. */
export async function visitLibrary(app: App, model: ModelName): Promise<void> {
  await app.goto("library/");
  await app.page.evaluate(async (id) => {
    const start = performance.now();
    const webllm = (await import("/library/web-llm.js" as string)) as typeof import("@mlc-ai/web-llm");
    const base = `${location.origin}/models/${id}/resolve/main/`;
    const engine = new webllm.MLCEngine({
      appConfig: {
        cacheBackend: "indexeddb",
        model_list: [{ model: base, model_id: id, model_lib: `${base}library.wasm` }],
      },
      logLevel: "SILENT",
    });
    await engine.reload(id);
    const pipelines = (engine as unknown as { loadedModelIdToPipeline: Map<string, Library["pipeline"]> })
      .loadedModelIdToPipeline;
    const readyAt = performance.now();
    window.library = { engine, pipeline: pipelines.get(id)!, loadTime: readyAt - start, readyAt };
  }, models[model].id);
}
