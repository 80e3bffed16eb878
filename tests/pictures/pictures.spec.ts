// Not tests: each draws pictures into public/: icons, and screenshots for the install prompt and the README.
import { readFileSync } from "node:fs";
import { test } from "playwright/test";
import { App } from "../e2e/app";

test("icons", async () => {
  const app = await App.open();
  const svg = readFileSync("public/icons/icon.svg", "utf8");
  // A maskable icon may be cut to any shape: its ground reaches the edges and its drawing keeps to the middle.
  const maskable = svg
    .replace('rx="112"', "")
    .replace("<circle", '<g transform="translate(51 51) scale(0.8)"><circle')
    .replace("</svg>", "</g></svg>");
  for (const [name, source, size] of [
    ["icon-192", svg, 192],
    ["icon-512", svg, 512],
    ["icon-maskable-512", maskable, 512],
  ] as const) {
    await app.page.goto("about:blank");
    await app.page.setViewportSize({ width: size, height: size });
    await app.page.setContent(`<style>body{margin:0}svg{display:block;width:${size}px}</style>${source}`);
    await app.page.screenshot({ path: `public/icons/${name}.png`, omitBackground: true });
  }
  await app.close();
});

test("screenshots", async () => {
  const app = await App.open();
  await app.load("starter");
  await app.goto("#/settings");
  await app.page.getByRole("slider", { name: "Temperature" }).fill("0");
  await app.newConversation();
  await app.ask("What is the capital of France?");
  await app.ask("Give me three tips for writing a clear letter.");
  await app.page.mouse.move(5, 5);
  await app.page.screenshot({ path: "public/screenshots/wide.png" });
  await app.page.setViewportSize({ width: 720, height: 1280 });
  await app.page.waitForTimeout(500); // the drawer slides out of view
  await app.page.screenshot({ path: "public/screenshots/narrow.png" });
  await app.close();
});
