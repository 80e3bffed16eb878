// A download through a mirror, with a fault at each step: it ends in a working model or in a clear error with nothing half-installed,
// and what was finished is not fetched again.
import type { ServerResponse } from "node:http";
import { expect, test } from "playwright/test";
import { App, numbers } from "./app";
import { Mirror, mirrored, mirrorOrigin, shardName, SHARDS } from "./mirror";
import { TestServer, type Fault } from "./server";

const mirror = new Mirror();
let server: TestServer;
let app: App;
const cutShard = shardName(3);

test.beforeAll(async () => {
  await mirror.start();
  server = new TestServer("127.0.0.1", mirror.app);
  await server.start();
});
test.afterAll(async () => {
  await server.stop();
  await mirror.stop();
});
const open = (options: Pick<NonNullable<Parameters<typeof App.open>[0]>, "profile" | "before"> = {}) =>
  App.open({ server, allowed: [mirrorOrigin], ...options });
test.beforeEach(async () => {
  mirror.reset();
  app = await open();
});
test.afterEach(() => app.close());

const entry = (of = app) => of.entry(mirrored.name);
const begin = async (of = app) => {
  await of.goto("#/models");
  await entry(of).getByRole("button", { name: "Download and start" }).click();
};
const running = (of = app) => expect(entry(of).getByText("Running")).toBeVisible({ timeout: 60_000 });
/** Among others: where there is no room, writing something else may fail as well, which a second notice says. */
const shows = (text: string | RegExp) => expect(app.page.getByRole("alert").filter({ hasText: text })).toBeVisible();
const status = () => app.page.getByRole("region", { name: `Loading ${mirrored.name}` });

/** Answers requests for one file by `how`, the first `times` times. */
function faultAt(file: string, how: (response: ServerResponse, bytes: Buffer) => void, times = Infinity): void {
  const bytes = mirror.bytes(file);
  let left = times;
  const fault: Fault = (path, _request, response) => {
    if (!path.endsWith(`/${file}`) || left-- <= 0) return false;
    how(response, bytes);
    return true;
  };
  mirror.fault = fault;
}

async function notInstalled(of = app): Promise<void> {
  const records = await of.page.evaluate(
    () =>
      new Promise<string[]>((resolve, reject) => {
        const opening = indexedDB.open("islet/");
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const reading = opening.result.transaction("records").objectStore("records").getAllKeys();
          reading.onerror = () => reject(reading.error);
          reading.onsuccess = () => {
            opening.result.close();
            resolve(reading.result.map(String));
          };
        };
      }),
  );
  expect(records.filter((key) => key.startsWith("model:"))).toEqual([]);
  await expect(entry(of).getByText("On this device")).toHaveCount(0);
}

/** Every file was asked for once, but for those named. */
function askedOnce(except: readonly string[] = []): void {
  const names = ["mlc-chat-config.json", "tokenizer.json", "tensor-cache.json", "library.wasm"];
  for (const name of [...names, ...Array.from({ length: SHARDS }, (_, i) => shardName(i))])
    if (!except.includes(name)) expect(mirror.asked(name), name).toBe(1);
}

async function answers(of = app): Promise<void> {
  await of.newConversation();
  expect(await of.ask("Count from 1 to 40")).toBe(numbers(1, 40));
}

test("without a fault fetches every file once, and the model answers; a second start fetches nothing", async () => {
  await begin();
  await running();
  askedOnce();
  await entry().getByText(`More about ${mirrored.name}`).click();
  await expect(entry()).toContainText(`All ${SHARDS + 4} files match the hashes stated by the mirror they came from`);
  await answers();
  mirror.reset();
  await app.page.reload();
  expect(await app.ask("What is 2 + 6?")).toBe("8");
  expect(mirror.requests).toEqual([]);
});

for (const part of [0.25, 0.5, 0.75])
  test(`cut at ${part * 100} % of a file goes on by itself`, async () => {
    faultAt(
      cutShard,
      (response, bytes) => {
        response.writeHead(200, { "content-length": bytes.length });
        response.write(bytes.subarray(0, Math.floor(bytes.length * part)));
        setTimeout(() => response.destroy(), 100);
      },
      1,
    );
    await begin();
    await running();
    askedOnce([cutShard]);
    expect(mirror.asked(cutShard)).toBe(2);
  });

test("that comes slowly shows files, bytes, rate and time left", async () => {
  faultAt(cutShard, (response, bytes) => {
    response.writeHead(200, { "content-length": bytes.length });
    let at = 0;
    const drip = setInterval(() => {
      response.write(bytes.subarray(at, (at += bytes.length / 20)));
      if (at >= bytes.length) {
        clearInterval(drip);
        response.end();
      }
    }, 150);
    response.on("close", () => clearInterval(drip));
  });
  await begin();
  await expect(status()).toContainText(
    new RegExp(`Downloading: .* of .*\\d of ${SHARDS + 4} files.* per second, .* left`),
  );
  await running();
  askedOnce();
});

test("that a server fails once goes on by itself; one that it fails for good says so and keeps what came", async () => {
  faultAt(cutShard, (response) => response.writeHead(500).end());
  await begin();
  await expect(status()).toContainText(/trying again in \d+ seconds? \(.*HTTP 500\)/);
  await shows("The host is not providing this file right now");
  await notInstalled();
  expect(mirror.asked(cutShard)).toBe(5);
  mirror.fault = undefined;
  await app.page.getByRole("button", { name: "Try again" }).click();
  await running();
  askedOnce([cutShard]);
});

test("that a server puts off with 429 waits as long as it was asked to", async () => {
  const times: number[] = [];
  faultAt(
    cutShard,
    (response) => {
      times.push(Date.now());
      response.writeHead(429, { "retry-after": "3" }).end();
    },
    1,
  );
  await begin();
  await expect(status()).toContainText("HTTP 429");
  await running();
  expect(mirror.asked(cutShard)).toBe(2);
  expect(Date.now() - times[0]!).toBeGreaterThanOrEqual(3000);
});

const wrong: Record<string, (response: ServerResponse, bytes: Buffer) => void> = {
  "wrong bytes": (response, bytes) => response.end(Buffer.alloc(bytes.length, 7)),
  "a web page": (response) =>
    response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>Please log in</title>"),
  "too few bytes": (response, bytes) => response.end(bytes.subarray(0, -1)),
  "too many bytes": (response, bytes) => response.end(Buffer.concat([bytes, Buffer.alloc(1)])),
};
for (const [name, how] of Object.entries(wrong))
  test(`of ${name} is thrown away, and nothing counts as installed`, async () => {
    faultAt(cutShard, how);
    await begin();
    const page = name === "a web page";
    await shows(page ? "A web page came instead of the model’s file" : "The download is not the published model");
    await notInstalled();
    expect(mirror.asked(cutShard)).toBe(1);
    mirror.fault = undefined;
    await app.page.getByRole("button", { name: "Try again" }).click();
    await running();
  });

test("whose list of hashes is missing or wrong says so", async () => {
  mirror.fault = (path, _request, response) => {
    if (!path.endsWith("/islet-model.json")) return false;
    response.end(JSON.stringify({ files: { "../../evil": { bytes: 1, integrity: "sha256-x" } } }));
    return true;
  };
  await begin();
  await shows("These files are not a complete model");
  await notInstalled();
  await app.page.getByRole("button", { name: "Dismiss" }).click();
  mirror.fault = (path, _request, response) => {
    if (!path.endsWith("/islet-model.json")) return false;
    response.writeHead(404).end();
    return true;
  };
  await begin();
  await shows("The host has no such file");
  await app.page.getByText("Technical detail", { exact: true }).click();
  await shows("HTTP 404");
});

test("onto a full disk says so, offers to free space, and goes on when there is room", async () => {
  await app.goto("#/models");
  await app.card("tiny").getByRole("button", { name: "Download for later" }).click();
  await expect(app.card("tiny").getByText("On this device")).toBeVisible();
  // The app itself is all here as well.
  const usage = await app.page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    return (await navigator.storage.estimate()).usage!;
  });
  // Chrome remembers for a while how much room a site has, so the quota is set in a new browser before anything is written.
  const { profile } = app;
  await app.close();
  const origin = new URL(app.server.url).origin;
  const quota = async (quotaSize?: number) =>
    devtools.send("Storage.overrideQuotaForOrigin", { origin, ...(quotaSize ? { quotaSize } : {}) });
  let devtools!: Awaited<ReturnType<typeof app.context.newCDPSession>>;
  app = await open({
    profile,
    before: async (page) => {
      devtools = await page.context().newCDPSession(page);
      await quota(usage + 1_500_000);
    },
  });
  await begin();
  await shows("The browser's storage is full");
  await expect(entry().getByText("On this device")).toHaveCount(0);
  await app.page.getByRole("button", { name: "Free space" }).click();
  const dialog = app.page.getByRole("dialog", { name: "Free space" });
  await expect(dialog).toContainText("Islet Tiny");
  await expect(dialog.getByRole("checkbox")).toBeChecked();
  expect(await app.accessibilityFaults()).toEqual([]);
  await quota(usage + 60_000_000);
  await dialog.getByRole("button", { name: /^Remove 4.1 MB/ }).click();
  await running();
  await expect(app.card("tiny").getByText("On this device")).toHaveCount(0);
  await quota();
});

test("that would not fit the storage is not begun, says how much is wanting, and offers what could go", async () => {
  await app.goto("#/models");
  await app.card("tiny").getByRole("button", { name: "Download for later" }).click();
  await expect(app.card("tiny").getByText("On this device")).toBeVisible();
  // What Chrome says of the quota cannot be set from outside, so the answer to the page is.
  await app.context.addInitScript(() => {
    StorageManager.prototype.estimate = () => Promise.resolve({ quota: 100_000_000, usage: 60_000_000 });
  });
  await app.page.reload();
  const starter = app.card("starter");
  await expect(starter).toContainText("Will not fit: it needs 101.9 MB of storage; 40 MB are free");
  await expect(starter.getByRole("button", { name: "Download and start" })).toBeDisabled();
  await starter.getByRole("button", { name: "Free space" }).click();
  const dialog = app.page.getByRole("dialog", { name: "Free space" });
  await expect(dialog).toContainText("61.9 MB more needed");
  await dialog.getByRole("button", { name: /^Remove 4.1 MB/ }).click();
  await expect(dialog).toHaveCount(0);
  await expect(app.card("tiny").getByText("On this device")).toHaveCount(0);
  expect(server.modelRequests().filter((path) => path.includes("smollm2"))).toEqual([]);
});

test("is not offered to a phone that it would kill", async () => {
  await app.context.addInitScript(() => {
    Object.defineProperty(Navigator.prototype, "userAgentData", { get: () => ({ mobile: true }) });
    Object.defineProperty(Navigator.prototype, "deviceMemory", { get: () => 8 });
  });
  await app.page.reload();
  await app.goto("#/models");
  const large = app.entry("Qwen3 8B");
  await expect(large).toContainText(
    "Will not fit: it needs 7.2 GB of memory; on a phone the system would close the page",
  );
  for (const name of ["Download and start", "Download for later"])
    await expect(large.getByRole("button", { name })).toBeDisabled();
  await app.page.getByLabel("Fits here").check();
  await expect(large).toHaveCount(0);
  await expect(app.card("tiny")).toBeVisible();
});

test("wanted by two tabs is fetched once, and both have it", async () => {
  faultAt(cutShard, (response, bytes) => void setTimeout(() => response.end(bytes), 4000));
  const other = await app.tab("#/models");
  await begin();
  await begin(other);
  // Either tab may be the one that fetches.
  const said = async () => {
    const shown = (of: App) => of.page.getByRole("region", { name: `Loading ${mirrored.name}` }).allTextContents();
    return [...(await shown(app)), ...(await shown(other))].join();
  };
  await expect.poll(said).toContain("Another tab");
  await running();
  await running(other);
  askedOnce();
});

test("of a tab that was closed goes on at the next visit, without what was finished", async () => {
  faultAt(cutShard, (response) => void response.writeHead(200, { "content-length": mirror.bytes(cutShard).length }));
  await begin();
  await expect(status()).toContainText(`${SHARDS + 3} of ${SHARDS + 4} files`);
  const { profile } = app;
  await app.close();
  mirror.fault = undefined;
  app = await open({ profile });
  await app.goto("#/models");
  await running();
  askedOnce([cutShard]);
  expect(mirror.asked(cutShard)).toBe(2);
});

test("whose worker dies goes on in another one, without what was finished", async () => {
  faultAt(cutShard, (response) => void response.writeHead(200, { "content-length": mirror.bytes(cutShard).length }), 1);
  await begin();
  await expect(status()).toContainText(`${SHARDS + 3} of ${SHARDS + 4} files`);
  await app.page
    .workers()
    .find((worker) => worker.url().includes("/store-worker"))!
    .evaluate(() => self.close());
  await running();
  askedOnce([cutShard, "islet-model.json"]);
});

test("that lost the network goes on by itself when it is back", async () => {
  faultAt(cutShard, (response) => response.destroy());
  await begin();
  await shows("The download was interrupted");
  mirror.fault = undefined;
  await app.page.evaluate(() => dispatchEvent(new Event("online")));
  await running();
  askedOnce([cutShard]);
});

test("can be paused, also over a reload, and goes on where it stood; cancelled, it leaves nothing", async () => {
  const hold = () =>
    faultAt(cutShard, (response) => void response.writeHead(200, { "content-length": mirror.bytes(cutShard).length }));
  hold();
  await begin();
  await expect(status()).toContainText(`${SHARDS + 3} of ${SHARDS + 4} files`);
  await app.page.getByRole("button", { name: "Pause" }).click();
  const paused = app.page.getByRole("region", { name: `Downloading ${mirrored.name}` });
  await expect(paused).toContainText("Paused");
  await app.page.reload();
  await expect(paused).toContainText("Paused");
  expect(await app.accessibilityFaults()).toEqual([]);
  mirror.fault = undefined;
  await paused.getByRole("button", { name: "Resume" }).click();
  await running();
  askedOnce([cutShard]);

  await entry().getByRole("button", { name: "Remove from this device" }).click();
  hold();
  await begin();
  await expect(status()).toContainText(`${SHARDS + 3} of ${SHARDS + 4} files`);
  await app.page.getByRole("button", { name: "Cancel" }).click();
  await expect(status()).toBeHidden();
  await expect.poll(() => keptFiles(app)).toEqual([]);
  await notInstalled();
});

test("that takes long leaves the model before it at hand, now and at the next visit", async () => {
  await app.load();
  faultAt(cutShard, (response) => void response.writeHead(200, { "content-length": mirror.bytes(cutShard).length }));
  await begin();
  await expect(status()).toContainText(`${SHARDS + 3} of ${SHARDS + 4} files`);
  await app.newConversation();
  await app.page.getByRole("button", { name: /^Model that answers/ }).click();
  await app.page.getByRole("menuitem", { name: "Islet Tiny", exact: true }).click();
  expect(await app.ask("What is 3 + 6?")).toBe("9");
  await app.page.reload();
  expect(await app.ask("What is 2 + 6?")).toBe("8");
  mirror.fault = undefined;
  await app.goto("#/models");
  await app.page.getByRole("button", { name: "Pause" }).click();
  await app.page.getByRole("button", { name: "Resume" }).click();
  await running();
});

test("waits for its turn behind another", async () => {
  faultAt(cutShard, (response) => void response.writeHead(200, { "content-length": mirror.bytes(cutShard).length }));
  await app.goto("#/models");
  await entry().getByRole("button", { name: "Download for later" }).click();
  await app.card("tiny").getByRole("button", { name: "Download for later" }).click();
  const second = app.page.getByRole("region", { name: "Downloading Islet Tiny" });
  await expect(second).toContainText("Waiting for its turn");
  await app.page
    .getByRole("region", { name: `Downloading ${mirrored.name}` })
    .getByRole("button", { name: "Pause" })
    .click();
  await expect(app.card("tiny").getByText("On this device")).toBeVisible();
});

test("of a model of the person's own, without published hashes, records them and holds the model to them", async () => {
  await app.goto("#/models");
  await app.page.getByText("Bring your own").click();
  await app.page.getByText("Add a model from an address").click();
  await app.page.getByLabel("Hugging Face repository or address").fill("owner/a-model");
  await app.page.getByLabel("Address of the library").fill(`${mirrorOrigin}/models/tiny/library.wasm`);
  await app.page.getByRole("button", { name: "Add", exact: true }).click();
  await shows("The policy of this site does not allow this");
  await app.page.getByText("Technical detail", { exact: true }).click();
  await shows("https://huggingface.co/owner/a-model/resolve/main/");
  await app.page.getByRole("button", { name: "Dismiss" }).click();
  await app.page.getByLabel("Hugging Face repository or address").fill("not an address");
  await app.page.getByRole("button", { name: "Add", exact: true }).click();
  await shows("This is not an address");
  await app.page.getByRole("button", { name: "Dismiss" }).click();
  await app.page.getByLabel("Hugging Face repository or address").fill(`${mirrorOrigin}/models/tiny`);
  await app.page.getByRole("button", { name: "Add", exact: true }).click();
  const own = app.entry("tiny");
  faultAt(shardName(1), (response) =>
    response.writeHead(200, { "content-type": "text/html" }).end("<title>no</title>"),
  );
  await own.getByRole("button", { name: "Download and start" }).click();
  await shows("A web page came instead of the model’s file");
  mirror.fault = undefined;
  await app.page.getByRole("button", { name: "Try again" }).click();
  await expect(own.getByText("Running")).toBeVisible();
  await own.getByText("More about tiny").click();
  await expect(own).toContainText(`All ${SHARDS + 4} files match the hashes recorded when they arrived`);
  await answers();

  // Another file in the place of a recorded one is found, and one that has changed at its source is not taken for it.
  await app.putFile(`${server.url}models/tiny/resolve/main/${shardName(2)}`);
  await app.goto("#/storage");
  mirror.reset();
  await app.page.getByRole("button", { name: "Check and repair" }).click();
  await expect(app.page.getByText(`tiny was repaired: ${shardName(2)}`)).toBeVisible();
  expect(mirror.requests).toEqual([`/models/tiny/${shardName(2)}`]);
  await app.page.getByRole("button", { name: "Check and repair" }).click();
  await expect(app.page.getByText("tiny is intact")).toBeVisible();
  expect(mirror.requests).toHaveLength(1);
});

/** The names of all files that are kept of any model. */
async function keptFiles(of: App): Promise<string[]> {
  return of.page.evaluate(async () => {
    const keys: string[] = [];
    for (const name of ["webllm/config", "webllm/model", "webllm/wasm"])
      keys.push(
        ...(await new Promise<string[]>((resolve, reject) => {
          const opening = indexedDB.open(name);
          opening.onerror = () => reject(opening.error);
          opening.onsuccess = () => {
            const reading = opening.result.transaction("urls").objectStore("urls").getAllKeys();
            reading.onsuccess = () => {
              opening.result.close();
              resolve(reading.result.map(String));
            };
          };
        })),
      );
    return keys;
  });
}
