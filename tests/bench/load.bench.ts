// How long the app takes until a model is ready, against a bare page around WebLLM that loads the same files from the same server:
// the first time (everything is fetched) and again (everything is in IndexedDB). Turn by turn, each round in new profiles.
import { expect, test } from "playwright/test";
import { App, models, type ModelName } from "../e2e/app";
import { openLibrary, visitLibrary } from "../e2e/library/harness";

const ROUNDS = Number(process.env["ISLET_ROUNDS"] ?? 3);
/** Visits again in each round, turn by turn. */
const WARM = 4;
const middle = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** Milliseconds, measured in the page, until the model that the person asked for is loaded: the chat names it and no load is shown. */
async function appReady(app: App): Promise<number> {
  return app.page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        // By what changes, not frame by frame: to look all the time would take time from what is measured.
        const look = () => {
          const named = document.querySelector("main button[aria-haspopup=menu]") !== null;
          if (named && document.querySelector("section.loading") === null) resolve(performance.now());
        };
        new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
        look();
      }),
  );
}

for (const model of ["starter", "tiny"] as ModelName[])
  test(`load: ${models[model].id}`, async () => {
    test.setTimeout(60_000 + ROUNDS * 240_000);
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
        location.hash = "/new";
        return performance.now();
      });
      times.cold.app.push((await appReady(app)) - start);
      const bare = await openLibrary(model);
      times.cold.bare.push(await bare.page.evaluate(() => window.library.loadTime));
      for (let again = 0; again < WARM; again++) {
        await app.page.reload();
        times.warm.app.push(await appReady(app));
        await visitLibrary(bare, model);
        times.warm.bare.push(await bare.page.evaluate(() => window.library.readyAt));
      }
      await app.close();
      await bare.close();
    }
    for (const [name, { app, bare }] of Object.entries(times)) {
      const pairs = app.map((time, i) => time / bare[i]!);
      console.log(
        `${models[model].id}, ${name}: app ${(middle(app) / 1000).toFixed(2)} s, bare WebLLM ${(middle(bare) / 1000).toFixed(2)} s, ` +
          `app : bare = ${(middle(app) / middle(bare)).toFixed(3)}, middle of the pairs ${middle(pairs).toFixed(3)} ` +
          `(app ${app.map(Math.round).join(", ")}; bare ${bare.map(Math.round).join(", ")} ms)`,
      );
    }
  });
