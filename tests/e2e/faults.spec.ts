// What can break between the weights and an answer: each fault ends in a working model or in a clear error with a way on.
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, type Worker } from "playwright/test";
import { App, conversationsFile, models, numbers, shareApp } from "./app";
import { TestServer } from "./server";

const folder = `/models/${models.tiny.id}/resolve/main/`;
const shard = `${folder}params_shard_0.bin`;
const configuration = `${folder}mlc-chat-config.json`;
const pinned = JSON.parse(readFileSync(`public${folder}islet-model.json`, "utf8")) as {
  files: Record<string, { bytes: number }>;
};

/** Puts other bytes in the place of a stored file of the model. */
async function damage(app: App, file: string): Promise<void> {
  await app.page.evaluate(
    ({ url }) =>
      new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open("webllm/model");
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const transaction = opening.result.transaction("urls", "readwrite");
          const store = transaction.objectStore("urls");
          store.get(url).onsuccess = ({ target }) => {
            const record = (target as IDBRequest<{ data: ArrayBuffer }>).result;
            new Uint8Array(record.data)[1000]! ^= 1;
            store.put(record);
          };
          transaction.onabort = () => reject(transaction.error);
          transaction.oncomplete = () => {
            opening.result.close();
            resolve();
          };
        };
      }),
    { url: new URL(file, app.server.url).href },
  );
}

test.describe("a download", () => {
  let app: App;
  test.beforeEach(async () => {
    app = await App.open();
  });
  test.afterEach(() => app.close());

  const shows = (title: string) => expect(app.page.getByRole("alert")).toContainText(title);
  const tryAgain = () => app.page.getByRole("button", { name: "Try again" }).click();

  test("that breaks off says so; trying again fetches only what is missing", async () => {
    app.server.fault = (path, _request, response) => {
      if (path !== shard) return false;
      response.writeHead(200, { "content-length": pinned.files["params_shard_0.bin"]!.bytes });
      response.write(Buffer.alloc(400_000));
      setTimeout(() => response.destroy(), 200);
      return true;
    };
    await app.startModel("tiny");
    await shows("The download was interrupted");
    await expect(app.card("tiny").getByText("On this device")).toHaveCount(0);
    app.server.fault = undefined;
    app.server.requests = [];
    await tryAgain();
    await expect(app.card("tiny").getByText("Running")).toBeVisible();
    expect(app.server.modelRequests()).toContain(shard);
    expect(app.server.modelRequests()).not.toContain(configuration);
  });

  test("of bytes that are not the published ones is thrown away", async () => {
    app.server.fault = (path, _request, response) => {
      if (path !== configuration) return false;
      response.end(Buffer.alloc(pinned.files["mlc-chat-config.json"]!.bytes, " "));
      return true;
    };
    await app.startModel("tiny");
    await shows("The download is not the published model");
    app.server.fault = undefined;
    await tryAgain();
    await expect(app.card("tiny").getByText("Running")).toBeVisible();
  });

  test("that the server refuses says so", async () => {
    app.server.fault = (path, _request, response) => {
      if (path !== shard) return false;
      response.writeHead(503).end();
      return true;
    };
    await app.startModel("tiny");
    await shows("The host is not providing this file right now");
    await app.page.getByText("Technical detail").click();
    await shows("HTTP 503");
    expect(await app.accessibilityFaults()).toEqual([]);
  });

  test("shows bytes, rate and time left, and can be cancelled", async () => {
    app.server.fault = (path, _request, response) => {
      if (path !== shard) return false;
      response.writeHead(200, { "content-length": pinned.files["params_shard_0.bin"]!.bytes });
      const drip = setInterval(() => response.write(Buffer.alloc(20_000)), 100);
      response.on("close", () => clearInterval(drip));
      return true;
    };
    await app.startModel("tiny");
    const status = app.page.getByRole("region", { name: "Loading Islet Tiny" });
    await expect(status).toContainText(
      /Downloading: [\d.]+ .?B of [\d.]+ MB\s*\d of 5 files\s*[\d.]+ .?B per second, \d+ \w+ left/,
    );
    await app.page.setViewportSize({ width: 360, height: 640 });
    await app.card("reasoner").scrollIntoViewIfNeeded();
    await expect(status).toBeInViewport();
    await app.page.setViewportSize({ width: 1280, height: 800 });
    expect(await app.accessibilityFaults()).toEqual([]);
    await app.page.getByRole("button", { name: "Cancel" }).click();
    await expect(status).toBeHidden();
    await expect(app.page.getByRole("alert")).toHaveCount(0);
    app.server.fault = undefined;
    await app.load();
    expect(await app.ask("What is 3 + 4?")).toBe("7");
  });

  test("that does not fit the browser's storage says so", async () => {
    const devtools = await app.context.newCDPSession(app.page);
    const origin = new URL(app.server.url).origin;
    await devtools.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 500_000 });
    await app.startModel("tiny");
    await shows("The browser's storage is full");
    await devtools.send("Storage.overrideQuotaForOrigin", { origin });
    await tryAgain();
    await expect(app.card("tiny").getByText("Running")).toBeVisible();
  });
});

test.describe("a running model", () => {
  let app: App;
  shareApp((opened) => (app = opened));
  test.beforeEach(() => app.newConversation());

  /** Loads the model in a worker whose graphics device the test can get at. */
  async function withDevice(): Promise<void> {
    await app.goto("#/models");
    await app.card("tiny").getByRole("button", { name: "Remove from this device" }).click();
    await expect(app.card("tiny").getByText("Running")).toBeHidden();
    await (
      await app.engine()
    ).evaluate(() => {
      const { requestDevice } = GPUAdapter.prototype;
      GPUAdapter.prototype.requestDevice = async function (...args) {
        const device = await requestDevice.apply(this, args);
        Object.assign(self, { testDevice: device });
        return device;
      };
    });
    await app.load();
  }

  /** Whether a worker has begun to hold the lock by which its end is noticed. */
  const lives = (worker: Worker) =>
    worker.evaluate(async () => {
      const { held } = await navigator.locks.query();
      // A lock says the client that holds it, but not to whom it belongs: only one engine runs in this test, beside the store.
      return held!.filter(({ name }) => name!.startsWith("islet-worker-")).length === 2;
    });

  const loseDevice = async () =>
    (await app.engine()).evaluate(() => (self as unknown as { testDevice: GPUDevice }).testDevice.destroy());

  test("that loses its device while it answers recovers by itself and keeps what was streamed", async () => {
    await withDevice();
    await app.send("Count from 1 to 40");
    await expect(app.answers.last()).toContainText("5 6 7");
    const before = (await app.answers.last().textContent())!.trim();
    await loseDevice();
    await expect(app.answers.last()).toContainText("The model stopped unexpectedly. It is restarting");
    await expect(app.answers.last()).toContainText(before.slice(0, 10));
    await app.answered();
    const { content, recovered } = (await app.messages()).at(-1)!;
    expect(content).toBe(numbers(1, 40));
    expect(recovered).toBe(true);
    await expect(app.answers.last()).toContainText("The model was restarted while this was being written.");
  });

  test("whose worker dies while it answers recovers by itself", async () => {
    await app.send("Count from 1 to 40");
    await expect(app.answers.last()).toContainText("5 6 7");
    await (await app.engine()).evaluate(() => self.close());
    await app.answered();
    expect((await app.messages()).at(-1)!.content).toBe(numbers(1, 40));
  });

  test("that is lost again while it recovers says so, and trying again needs no reload", async () => {
    await app.send("Count from 1 to 40");
    await expect(app.answers.last()).toContainText("5 6 7");
    const first = await app.engine();
    await first.evaluate(() => self.close());
    await expect(app.answers.last()).toContainText("It is restarting");
    const second = await app.engine(first);
    await expect.poll(() => lives(second)).toBe(true);
    await second.evaluate(() => self.close());
    await expect(app.answers.last().getByRole("alert")).toContainText("The model stopped unexpectedly");
    await expect(app.answers.last()).toContainText("5 6 7");
    await expect(app.page.getByRole("alert")).toHaveCount(1);
    await app.page.getByRole("button", { name: "Try again" }).click();
    await expect(app.answers.last()).toContainText(numbers(1, 40));
    await app.answered();
  });

  test("whose worker dies between answers says so, and the next question starts it again", async () => {
    await (await app.engine()).evaluate(() => self.close());
    await expect(app.page.getByRole("alert")).toContainText("The model stopped unexpectedly");
    expect(await app.ask("What is 2 + 2?")).toBe("4");
    await expect(app.page.getByRole("alert")).toHaveCount(0);
  });

  test("that runs out of memory says so and offers another", async () => {
    await app.goto("#/models");
    await app.card("tiny").getByRole("button", { name: "Remove from this device" }).click();
    await (
      await app.engine()
    ).evaluate(() => {
      GPUDevice.prototype.popErrorScope = () => Promise.resolve(new GPUOutOfMemoryError("no room"));
    });
    await app.startModel("tiny");
    await expect(app.page.getByRole("alert")).toContainText("Not enough memory for this model");
    await expect(app.page.getByRole("button", { name: "Choose another model" })).toBeVisible();
    await app.load();
    expect(await app.ask("What is 1 + 2?")).toBe("3");
  });

  test("whose stored weights were damaged says so, and repair fetches just the damaged file", async () => {
    await damage(app, shard);
    await app.page.reload();
    await expect(app.page.getByRole("alert")).toContainText("The stored model is damaged");
    app.server.requests = [];
    await app.page.getByRole("button", { name: "Repair" }).click();
    await expect(app.page.getByRole("alert")).toHaveCount(0);
    expect(await app.ask("What is 5 + 4?")).toBe("9");
    expect(app.server.modelRequests()).toEqual([shard]);
  });

  test("that hangs is ended by 'stop' all the same, and what was streamed stays", async () => {
    await app.send("Count from 1 to 100");
    await expect(app.answers.last()).toContainText("1 2 3");
    const engine = await app.engine();
    // What a hostile template or tokenizer can do: the worker comes to no end.
    void engine
      .evaluate(() => {
        for (;;);
      })
      .catch(() => {});
    await app.page.getByRole("button", { name: "Stop", exact: true }).click();
    await app.engine(engine);
    await app.answered();
    await expect(app.answers.last()).toContainText("1 2 3");
    expect(await app.ask("What is 6 + 7?")).toBe("13");
  });
});

test("a browser that offers no graphics device gets an explanation, and its conversations stay readable", async () => {
  const app = await App.open({ withoutGpu: true });
  await expect(app.page.getByRole("alert")).toContainText("The browser offers no graphics device");
  expect(await app.accessibilityFaults()).toEqual([]);
  await expect(app.composer).toBeDisabled();
  await app.close();
});

test("a browser without WebGPU gets an explanation", async () => {
  const app = await App.open();
  await app.context.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, "gpu"));
  await app.page.reload();
  await expect(app.page.getByRole("alert")).toContainText("This browser has no WebGPU");
  await expect(app.composer).toBeDisabled();
  await app.close();
});

test("a page that came over plain HTTP says that it needs HTTPS", async () => {
  const server = new TestServer("islet.test");
  await server.start();
  const app = await App.open({ server });
  await expect(app.page.getByRole("alert")).toContainText("This address is not secure");
  await expect(app.composer).toBeDisabled();
  // Whatever else needs a secure origin says the same.
  const conversation = { title: "Plain", createdAt: 1, updatedAt: 1, leafId: null };
  const says = () => expect(app.page.getByRole("alert")).toContainText("only on pages that come over HTTPS");
  const anew = async (screen: string) => {
    await app.goto(`#/${screen}`);
    await app.page.reload();
    await expect(app.page.getByRole("status").filter({ hasText: "pages that come over HTTPS" })).toBeVisible();
  };
  await anew("settings");
  await app.give("Import conversations", conversationsFile([{ conversation, messages: [] }]));
  await says();
  await anew("settings");
  await expect(app.page.getByText("Add to home screen")).toHaveCount(0);
  await app.page.getByRole("button", { name: "Set a passphrase…" }).click();
  await says();
  await anew("trust");
  await app.page.getByRole("button", { name: "Export the log" }).click();
  await says();
  // The proof goes on there, and nothing that it tries ends the page.
  await anew("trust");
  await expect(app.page.getByText("could not be read")).toHaveCount(0);
  await app.page.getByRole("button", { name: "Try all ways out" }).click();
  await expect(app.page.getByRole("button", { name: "Try all ways out" })).toBeEnabled({ timeout: 60_000 });
  await expect(app.page.getByRole("alert")).toHaveCount(0);
  for (const screen of ["report", "models", "storage"]) await anew(screen);
  expect(app.foreign.filter((url) => !new URL(url).hostname.endsWith(".islet-probe.example"))).toEqual([]);
  app.foreign.length = 0;
  await app.close();
  await server.stop();
});

test("a browser that blocks site data says so, and how to allow it", async () => {
  const profile = mkdtempSync(join(tmpdir(), "islet-blocked-"));
  mkdirSync(join(profile, "Default"));
  const settings = { profile: { default_content_setting_values: { cookies: 2 } } };
  writeFileSync(join(profile, "Default", "Preferences"), JSON.stringify(settings));
  const app = await App.open({ profile });
  const alert = app.page.getByRole("alert");
  await expect(alert).toContainText("The browser keeps nothing for this site", { timeout: 2_000 });
  await expect(alert).toContainText("Cookies and site data");
  await expect(app.page.getByText("another tab")).toHaveCount(0);
  expect(await app.accessibilityFaults()).toEqual([]);
  await app.close();
});
