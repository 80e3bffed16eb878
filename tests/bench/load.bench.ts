// How long the app takes until a model is ready, against a bare page around WebLLM that loads the same files from the same server:
// the first time (everything is fetched) and again (everything is in IndexedDB). Turn by turn, each round in new profiles.
import { expect, test } from "playwright/test";
import { App, models, type ModelName } from "../e2e/app";
import { openLibrary, visitLibrary } from "../e2e/library/harness";

const ROUNDS = Number(process.env["ISLET_ROUNDS"] ?? 3);
const middle = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** Milliseconds, measured in the page: from the click, or for `again` from the start of the visit, to "Running". */
async function appReady(app: App, name: string): Promise<number> {
  return app.page.evaluate(
    (wanted) =>
      new Promise<number>((resolve) => {
        const look = () => {
          const entries = [...document.querySelectorAll("article")];
          const entry = entries.find((a) => a.querySelector("h3")?.textContent === wanted);
          if (entry?.querySelector(".badge")?.textContent === "Running") resolve(performance.now());
          else requestAnimationFrame(look);
        };
        look();
      }),
    name,
  );
}

for (const model of ["starter", "tiny"] as ModelName[])
  test(`load: ${models[model].id}`, async () => {
    test.setTimeout(1_800_000);
    const times = {
      cold: { app: [] as number[], bare: [] as number[] },
      warm: { app: [] as number[], bare: [] as number[] },
    };
    for (let round = 0; round < ROUNDS; round++) {
      const app = await App.open({ path: "#/models" });
      const button = app.card(model).getByRole("button", { name: "Download and start" });
      await expect(button).toBeEnabled();
      await app.page.evaluate(() => navigator.serviceWorker.ready);
      const start = await button.evaluate((b: HTMLElement) => {
        b.click();
        return performance.now();
      });
      times.cold.app.push((await appReady(app, models[model].name)) - start);
      await app.page.reload();
      times.warm.app.push(await appReady(app, models[model].name));
      await app.close();

      const bare = await openLibrary(model);
      times.cold.bare.push(await bare.page.evaluate(() => window.library.loadTime));
      await visitLibrary(bare, model);
      times.warm.bare.push(await bare.page.evaluate(() => window.library.readyAt));
      await bare.close();
    }
    for (const [name, { app, bare }] of Object.entries(times))
      console.log(
        `${models[model].id}, ${name}: app ${(middle(app) / 1000).toFixed(2)} s, bare WebLLM ${(middle(bare) / 1000).toFixed(2)} s, ` +
          `app : bare = ${(middle(app) / middle(bare)).toFixed(3)}   (app ${app.map(Math.round).join(", ")}; bare ${bare.map(Math.round).join(", ")} ms)`,
      );
  });
