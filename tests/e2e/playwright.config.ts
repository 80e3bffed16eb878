// End-to-end tests: the built app in a real Chromium on real WebGPU (the software adapter). One worker: two browsers
// that compute at once would only slow each other down.
import { defineConfig } from "playwright/test";

export default defineConfig({
  testDir: ".",
  outputDir: "../../test-results",
  workers: 1,
  fullyParallel: false,
  forbidOnly: Boolean(process.env["CI"]),
  timeout: 180_000,
  // On a busy machine a software adapter can outlast a patience; what passes only the second time is reported as flaky.
  retries: 1,
  expect: { timeout: 60_000 },
  reporter: [["list"]],
});
