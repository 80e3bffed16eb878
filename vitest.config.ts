// Unit tests: pure code and storage, in Node with a DOM where a test asks for one.
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";
import { webllmModels } from "./scripts/webllm-models.mjs";

export default defineConfig({
  plugins: [svelte({ configFile: false })],
  define: { __PREBUILT_MODELS__: JSON.stringify(webllmModels()) },
  resolve: { conditions: ["browser"] },
  test: { include: ["tests/unit/**/*.test.ts"], environment: "jsdom", setupFiles: ["tests/unit/setup.ts"] },
});
