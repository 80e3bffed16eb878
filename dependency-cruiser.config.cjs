// One direction between rooms (docs/architecture.md): a room imports only from rooms below it.
const below = {
  "ui|i18n|platform": ["ui", "i18n", "platform"],
  trust: ["storage", "ui", "i18n", "platform"],
  reasoning: ["engine/protocol", "engine/sampling", "engine/thoughts"],
  storage: ["platform"],
  pwa: ["trust", "storage", "platform"],
  engine: ["platform", "trust"],
  runs: ["models", "reasoning", "engine/client", "engine/protocol", "engine/sampling", "storage", "platform"],
  evaluation: ["runs", "models", "reasoning", "engine/protocol", "engine/sampling", "ui", "i18n", "platform"],
  models: [
    "engine/client",
    "engine/contract",
    "engine/gguf",
    "engine/protocol",
    "engine/sampling",
    "engine/thoughts",
    "storage",
    "trust",
    "ui",
    "i18n",
    "platform",
  ],
  chat: [
    "runs",
    "models",
    "reasoning",
    "engine/protocol",
    "engine/sampling",
    "storage",
    "trust",
    "ui",
    "i18n",
    "platform",
  ],
};
const rules = Object.entries(below).map(([room, allowed]) => ({
  name: `${room.replaceAll("|", "-")}-imports-only-from-below`,
  severity: "error",
  from: { path: `^src/(${room})/` },
  to: { path: "^src/", pathNot: `^src/(${[...room.split("|"), ...allowed].join("|")})(/|\\.ts)` },
}));

/** Every room that a rule above speaks of; the shell may import all of them. */
const named = ["app", ...Object.keys(below).flatMap((rooms) => rooms.split("|"))];

module.exports = {
  forbidden: [
    ...rules,
    {
      name: "a-room-without-a-rule-imports-nothing",
      severity: "error",
      from: { path: "^src/[^/]+/", pathNot: `^src/(${named.join("|")})/` },
      to: {},
    },
    {
      name: "rules-are-pure",
      severity: "error",
      from: { path: "^src/trust/rules/" },
      to: { path: "^src/", pathNot: "^src/(trust/rules|platform|i18n)/" },
    },
    {
      name: "files-of-models-are-read-by-pure-code",
      severity: "error",
      from: { path: "^src/engine/gguf/" },
      to: { path: "^src/", pathNot: "^src/(engine/gguf|trust/rules|platform)/" },
    },
    {
      name: "only-engines-and-models-read-files-of-models",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(engine/(gguf|store|llama)|models)/" },
      to: { path: "^src/engine/gguf/" },
    },
    {
      name: "logic-knows-no-view",
      severity: "error",
      from: { path: "\\.ts$", pathNot: "^src/main|-room\\.ts$" },
      to: { path: "\\.svelte$" },
    },
    {
      name: "what-a-room-brings-comes-when-needed",
      severity: "error",
      from: { path: "-room\\.ts$" },
      to: { path: "\\.svelte$", dynamic: false },
    },
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "only-its-own-folder-uses-web-llm",
      severity: "error",
      from: { pathNot: "^src/engine/webllm/" },
      to: { path: "node_modules/@mlc-ai/web-llm" },
    },
    {
      name: "only-its-own-folder-uses-wllama",
      severity: "error",
      from: { pathNot: "^src/engine/llama/" },
      to: { path: "node_modules/@wllama/wllama" },
    },
    {
      name: "only-the-list-knows-a-runtime",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/engine/(webllm/|llama/|runtimes\\.ts)" },
      to: { path: "^src/engine/(webllm|llama)/" },
    },
    {
      name: "no-runtime-knows-another",
      severity: "error",
      from: { path: "^src/engine/(webllm|llama)/" },
      to: { path: "^src/engine/(webllm|llama)/", pathNot: "^src/engine/$1/" },
    },
    {
      name: "the-page-has-no-runtime-in-it",
      severity: "error",
      from: { path: "^src/engine/(webllm/webllm|llama/llama)\\.ts" },
      to: { pathNot: "^src/(platform|engine/contract)" },
    },
    {
      name: "only-storage-opens-the-records",
      severity: "error",
      from: { pathNot: "^src/storage/" },
      to: { path: "node_modules/idb-keyval" },
    },
    {
      name: "nothing-imports-the-service-worker",
      severity: "error",
      from: {},
      to: { path: "^src/pwa/service-worker" },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      extensions: [".ts", ".svelte", ".js", ".json"],
      conditionNames: ["svelte", "import", "browser", "default"],
    },
    doNotFollow: { path: "node_modules" },
  },
};
