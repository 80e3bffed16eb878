// Opens a browser on a page that has runtimes and no app around them. Not for: what the page does (page.ts), or what is wanted of it (runtime.spec.ts).
import { readFileSync } from "node:fs";
import { extname } from "node:path";
import { build, type Rolldown } from "vite";
import { ggufModels } from "../../../scripts/gguf/shipped.mjs";
import { llamaWorkers } from "../../../scripts/llama-workers.mjs";
import { contentSecurityPolicy, parsePolicy } from "../../../src/trust/rules/policy";
import { App } from "../app";
import { TestServer } from "../server";

const types: Readonly<Record<string, string>> = {
  "": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

/** The page and its workers by their addresses, from the same sources and by the same rules for scripts as the app. */
async function buildPage(): Promise<Map<string, string | Uint8Array>> {
  const built = (await build({
    configFile: false,
    root: "tests/e2e/runtime",
    base: "./",
    publicDir: false,
    logLevel: "error",
    plugins: [llamaWorkers()],
    worker: {
      format: "es",
      plugins: () => [llamaWorkers()],
      rolldownOptions: { output: { entryFileNames: "assets/[name]-[hash].js" } },
    },
    build: {
      write: false,
      minify: false,
      target: "es2022",
      modulePreload: { polyfill: false },
      rolldownOptions: { output: { entryFileNames: "assets/page-[hash].js" } },
    },
  })) as Rolldown.RolldownOutput;
  const policy = contentSecurityPolicy(parsePolicy(readFileSync("dist/policy.json", "utf8")), "page");
  return new Map(
    built.output.map((file) => {
      const content = file.type === "chunk" ? file.code : file.source;
      if (file.fileName !== "index.html") return [`/runtime/${file.fileName}`, content];
      const meta = `<meta http-equiv="Content-Security-Policy" content="${policy}" />`;
      return ["/runtime/", String(content).replace("<meta", `${meta}\n<meta`)];
    }),
  );
}

/** Opens the page, whose `window.bench` drives a runtime. */
export async function openBench(): Promise<App> {
  const files = await buildPage();
  for (const { path, file, pins } of ggufModels()) {
    files.set(`/${path}islet-model.json`, JSON.stringify({ files: pins }));
    for (const name of Object.keys(pins)) files.set(`/${path}${name}`, readFileSync(file));
  }
  const server = new TestServer();
  await server.start();
  server.fault = (path, _request, response) => {
    const content = files.get(path);
    if (content === undefined) return false;
    response.setHeader("content-type", types[extname(path)] ?? "application/octet-stream").end(content);
    return true;
  };
  return App.open({ server, path: "runtime/" });
}
