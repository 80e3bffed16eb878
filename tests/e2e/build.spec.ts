// The comparison with the build, where the server has moved on, and its commands on a narrow screen.
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "playwright/test";
import rules from "../../src/trust/rules/policy.json" with { type: "json" };
import { App } from "./app";
import { TestServer } from "./server";

test("a page whose successor waits says so, in place of a bare alarm; the commands can be scrolled by keys", async () => {
  const folder = mkdtempSync(join(tmpdir(), "islet-build-"));
  const built = join(folder, "dist");
  cpSync("dist", built, { recursive: true, filter: (path) => !/params_shard|models\/.*\.wasm$/.test(path) });
  const server = new TestServer("127.0.0.1", built);
  await server.start();
  const app = await App.open({ server, path: "#/trust", viewport: { width: 360, height: 740 }, colorScheme: "dark" });
  await app.page.evaluate(() => navigator.serviceWorker.ready);
  await app.page.reload();
  const view = app.page.getByRole("region", { name: "What you run" });
  const compare = () => view.getByRole("button", { name: "Compare the files of this page" }).click();
  await compare();
  await expect(view.getByRole("status")).toContainText("files match the build");
  await view.getByText("Commands that make the same build").click();
  await expect(view.getByRole("group", { name: "Commands that make the same build" })).toBeVisible();
  expect(await app.accessibilityFaults()).toEqual([]);

  writeFileSync(join(folder, "mine.json"), JSON.stringify({ ...rules, network: { modelHosts: [], mirror: null } }));
  execFileSync("node", ["scripts/policy.mjs", join(folder, "mine.json"), built], { stdio: "pipe" });
  await compare();
  await expect(view.getByRole("status")).toContainText("Files that do not match the build: 1. index.html");
  await expect(view.getByRole("status")).toContainText("A newer version of the app has arrived");
  await app.close();
  await server.stop();
});
