// npm run pictures: draws the icons and screenshots that the app and the README show, from the real app.
import { defineConfig } from "playwright/test";

export default defineConfig({
  testDir: ".",
  outputDir: "../../test-results",
  workers: 1,
  timeout: 600_000,
  reporter: [["list"]],
});
