// A part of the build: the worker scripts of wllama (llama.cpp), as files of the app. wllama holds them as texts and starts them from blob: addresses,
// which the Content-Security-Policy does not allow. Assumes wllama 3.13, whose bundle assigns each text to a variable of its own.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { parseAst } from "vite";

const MODULE = "virtual:llama-workers";
const bundle = createRequire(import.meta.url).resolve("@wllama/wllama/esm/index.js");

/** The texts that the bundle assigns to variables of these names, at its top. Throws where one is missing: then wllama has changed. */
function textsOf(...names) {
  const found = {};
  for (const { type, declarations = [] } of parseAst(readFileSync(bundle, "utf8")).body)
    if (type === "VariableDeclaration")
      for (const { id, init } of declarations)
        if (names.includes(id.name))
          found[id.name] = init.type === "TemplateLiteral" ? init.quasis[0].value.cooked : init.value;
  return names.map((name) => {
    if (typeof found[name] !== "string") throw new Error(`${bundle}: no text ${name}`);
    return found[name];
  });
}

/** Takes addresses of scripts only from the app's own folder for them. */
const ownScriptsOnly = `if (self.trustedTypes) trustedTypes.createPolicy("default", { createScriptURL: (url) => {
  if (!/^[\\w-]+\\.js$/.test(url.slice(new URL(".", location.href).href.length)) || !url.startsWith(new URL(".", location.href).href)) throw new TypeError("not a script of this app: " + url);
  return url;
} });
`;

/** Where no graphics device is wanted, llama.cpp finds none. */
const withoutDevice = `if (!SETTINGS.gpu) Object.defineProperty(WorkerNavigator.prototype, "gpu", { get: () => ({ requestAdapter: () => Promise.resolve(null) }) });
`;

function scripts() {
  const [main, module, jspi] = textsOf("LLAMA_CPP_WORKER_CODE", "WLLAMA_EMSCRIPTEN_CODE", "JSPI_STUB");
  const thread = fileOf("llama-thread-worker", ownScriptsOnly + jspi + module);
  return {
    thread,
    main: fileOf(
      "llama-main-worker",
      `${ownScriptsOnly}const SETTINGS = JSON.parse(self.name);
${withoutDevice}const RUN_OPTIONS = { pathConfig: { "wllama.wasm": SETTINGS.wasm }, nbThread: SETTINGS.threads, compat: false };
// What it makes an address of is the script of its threads.
URL.createObjectURL = () => new URL(${JSON.stringify(thread.name)}, location.href).href;
function wModuleInit() { ${jspi}${module.replace("var Module", "var ___Module")}; return Module; }
${main}`,
    ),
  };
}

/** By "-worker-" in their names the service worker tells the scripts that it holds to the policy (src/pwa/policy-headers.ts). */
function fileOf(name, text) {
  const hash = createHash("sha256").update(text).digest("base64url").replace(/\W/g, "_").slice(0, 8);
  return { name: `${name}-${hash}.js`, text };
}

/**
 * A plugin for the build and for its workers: writes the two scripts beside them, and gives the name of the first as "virtual:llama-workers".
 * @returns {import("vite").Plugin}
 */
export function llamaWorkers() {
  const files = scripts();
  return {
    name: "islet-llama-workers",
    resolveId: (id) => (id === MODULE ? `\0${MODULE}` : undefined),
    load: (id) => (id === `\0${MODULE}` ? `export const mainScript = ${JSON.stringify(files.main.name)};` : undefined),
    generateBundle() {
      for (const { name, text } of Object.values(files))
        this.emitFile({ type: "asset", fileName: `assets/${name}`, source: text });
    },
    // While developing, a worker lies beside its source.
    configureServer: ({ middlewares }) =>
      void middlewares.use((request, response, next) => {
        const file = Object.values(files).find(({ name }) => request.url?.split("?")[0].endsWith(`/${name}`));
        if (!file) return next();
        response.setHeader("content-type", "text/javascript");
        response.end(file.text);
      }),
  };
}
