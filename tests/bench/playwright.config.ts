// npm run bench: figures, each a ratio of two things measured side by side in one run. Not part of npm test: a slow
// machine is no fault.
import { defineConfig } from "playwright/test";

export default defineConfig({
  testDir: ".",
  testMatch: "*.bench.ts",
  outputDir: "../../test-results",
  workers: 1,
  timeout: 1_800_000,
  reporter: [["list"]],
});
