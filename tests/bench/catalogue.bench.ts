// Whether the models screen stays instant with 500 models: the main thread's cost of a typed letter and of opening the screen, for a
// catalogue of 500 against the one that comes with the app. The further models are the person's own, put among the app's records.
import { expect, test } from "playwright/test";
import { App } from "../e2e/app";

const ROUNDS = 9;
const middle = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

async function addModels(app: App, count: number): Promise<void> {
  await app.page.evaluate(
    (total) =>
      new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open("islet/");
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const transaction = opening.result.transaction("records", "readwrite");
          for (let i = 0; i < total; i++) {
            const id = `own-model-${i}`;
            const base = `${location.origin}/own/${id}/`;
            const card = {
              ...{
                id,
                key: id,
                name: `Own model ${i}`,
                family: "Own",
                publisher: `Publisher ${i % 20}`,
                licence: "MIT",
              },
              ...{ languages: ["en", "fr"], tools: false, task: "chat", contextWindow: 4096 },
              ...{ repository: "", quantization: "q4f32_1", halfPrecision: false, size: 1e8 + i, sizeIsExact: true },
              ...{ memory: 2e8, parameters: 1e8, origin: { kind: "address", base, library: `${base}x.wasm` } },
            };
            transaction.objectStore("records").put({ version: 1, card }, `added-model:${id}`);
          }
          transaction.onabort = () => reject(transaction.error);
          transaction.oncomplete = () => {
            opening.result.close();
            resolve();
          };
        };
      }),
    count,
  );
  await app.page.reload();
}

/** Milliseconds of the page's main thread, from an action until what it changed has been painted. */
async function cost(app: App, action: () => Promise<unknown>): Promise<number> {
  const devtools = await app.context.newCDPSession(app.page);
  await devtools.send("Performance.enable");
  const busy = async () => {
    const { metrics } = await devtools.send("Performance.getMetrics");
    return metrics.find((m) => m.name === "TaskDuration")!.value * 1000;
  };
  const before = await busy();
  await action();
  await app.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  const after = await busy();
  await devtools.detach();
  return after - before;
}

test("catalogue", async () => {
  const app = await App.open({ path: "#/models" });
  const results: Record<string, { open: number; letter: number }> = {};
  const shown = async () => Number((await app.page.getByText(/^Models shown/).textContent())!.match(/\d+/)![0]);
  let own = 0;
  for (const name of ["own", "500"]) {
    if (name === "500") await addModels(app, 500 - own);
    await expect.poll(shown).toBeGreaterThan(name === "500" ? 499 : 10);
    own = await shown();
    const open: number[] = [];
    const letter: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await app.goto("#/settings");
      open.push(await cost(app, () => app.page.evaluate(() => (location.hash = "/models"))));
      const search = app.page.getByRole("searchbox", { name: "Search models" });
      await search.focus();
      letter.push(await cost(app, () => app.page.keyboard.press("m")));
      letter.push(await cost(app, () => app.page.keyboard.press("Backspace")));
    }
    results[name] = { open: middle(open), letter: middle(letter) };
    console.log(
      `${own} models: opening the screen ${middle(open).toFixed(1)} ms, a letter typed in the search ${middle(letter).toFixed(1)} ms ` +
        `(worst ${Math.max(...letter).toFixed(1)} ms)`,
    );
  }
  const ratio = (what: "open" | "letter") => (results["500"]![what] / results["own"]![what]).toFixed(2);
  console.log(`500 models : the app's own, opening ${ratio("open")}, letter ${ratio("letter")}`);
  await app.close();
});
