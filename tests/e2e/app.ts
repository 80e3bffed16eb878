// The app as a person meets it, for the tests: a browser with a profile of its own, the page, and what a person does there.
// Every request of page, worker and service worker is watched; `close` fails if one went to another origin, or if
// an error was caught by nobody.
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import axe from "axe-core";
import { chromium, expect, test, type BrowserContext, type Locator, type Page, type Worker } from "playwright/test";
import { chromiumPath } from "../../scripts/setup.mjs";
import type { NetworkEntry } from "../../src/trust/log/network-entry";
import type { Message } from "../../src/chat/conversation-records";
import { flatOf } from "../messages";
import { TestServer } from "./server";

/** A name for this machine that browsers do not take for it, as a site in a network would have. */
const hostFlags = ["--host-resolver-rules=MAP islet.test 127.0.0.1"];
/** Run on the graphics device of this machine, with every check of the browser. */
export const onDevice = process.env["ISLET_ADAPTER"] === "own";
const softwareFlags = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
  // A quarter faster; only for tests: it leaves out checks that protect against hostile pages.
  "--enable-dawn-features=disable_robustness,skip_validation",
];
const deviceFlags = [
  "--enable-unsafe-webgpu",
  "--enable-features=Vulkan",
  "--use-angle=vulkan",
  "--disable-vulkan-surface",
];
const gpuFlags = !onDevice ? softwareFlags : process.platform === "linux" ? deviceFlags : [];

interface OpenOptions {
  /** A profile of an earlier browser. */
  profile?: string;
  server?: TestServer;
  /** Origins besides the app's own that may be asked in this test. */
  allowed?: string[];
  /** Without WebGPU flags: the browser has no adapter here. */
  withoutGpu?: boolean;
  locale?: string;
  colorScheme?: "light" | "dark";
  viewport?: { width: number; height: number };
  path?: string;
  /** Switches of the browser besides those of every test; of two that set the same thing, the last one holds. */
  flags?: string[];
  /** Done before the page is opened for the first time. */
  before?: (page: Page) => Promise<void>;
}

export const models = {
  starter: { id: "smollm2-135m-instruct", name: "SmolLM2 135M Instruct" },
  tiny: { id: "islet-tiny", name: "Islet Tiny" },
  reasoner: { id: "islet-reasoner", name: "Islet Reasoner" },
} as const;
/** An entry of the network ledger, as it is exported. */
export type Exported = Omit<NetworkEntry, "time"> & { time: string };
export type ModelName = keyof typeof models;

/** A file of conversations as the app exports them, to be imported; what is not stated is left to the reader. */
export const conversationsFile = (conversations: readonly object[]) => ({
  name: "conversations.json",
  mimeType: "application/json",
  buffer: Buffer.from(JSON.stringify({ format: "islet-conversations", version: 1, conversations })),
});

/** What the small test model answers to "Count from ... to ...". */
export const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i).join(" ");

export class App {
  private constructor(
    readonly context: BrowserContext,
    readonly page: Page,
    readonly server: TestServer,
    readonly profile: string,
    private readonly ownServer: boolean,
    /** Requests to other origins, blocked ones among them; `close` wants none. */
    readonly foreign: string[],
    /** Errors that nothing in the page caught. */
    private readonly crashes: string[],
  ) {}

  static async open(options: OpenOptions = {}): Promise<App> {
    const server = options.server ?? new TestServer();
    if (!options.server) await server.start();
    const profile = options.profile ?? mkdtempSync(join(tmpdir(), "islet-"));
    const path = chromiumPath();
    const context = await chromium.launchPersistentContext(profile, {
      ...(path ? { executablePath: path } : { channel: "chromium" }),
      args: [
        ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
        ...hostFlags,
        ...(options.withoutGpu ? [] : gpuFlags),
        ...(options.flags ?? []),
      ],
      locale: options.locale ?? "en-GB",
      colorScheme: options.colorScheme ?? "light",
      viewport: options.viewport ?? { width: 1280, height: 800 },
      permissions: ["clipboard-read", "clipboard-write"],
    });
    const foreign: string[] = [];
    context.on("request", (request) => {
      const { protocol, origin } = new URL(request.url());
      const allowed = [new URL(server.url).origin, ...(options.allowed ?? [])];
      if (protocol.startsWith("http") && !allowed.includes(origin)) foreign.push(request.url());
    });
    const crashes: string[] = [];
    context.on("weberror", (event) => crashes.push(String(event.error())));
    const page = context.pages()[0] ?? (await context.newPage());
    const app = new App(context, page, server, profile, !options.server, foreign, crashes);
    await options.before?.(page);
    await app.goto(options.path);
    if (onDevice && !options.withoutGpu)
      expect(await app.adapter(), "ISLET_ADAPTER=own wants a graphics device").not.toMatch(/^$|software/);
    return app;
  }

  /** The graphics adapter that the browser offers, "" for none. */
  adapter(): Promise<string> {
    return this.page.evaluate(async () => {
      const { vendor, architecture, isFallbackAdapter } = (await navigator.gpu?.requestAdapter())?.info ?? {};
      return [vendor, architecture, isFallbackAdapter ? "(software)" : ""].filter(Boolean).join(" ");
    });
  }

  async goto(path = ""): Promise<void> {
    await this.page.goto(this.server.url + path);
  }

  /** Ends the browser, and the server unless it was given. */
  async close(): Promise<void> {
    await this.context.close();
    if (this.ownServer) await this.server.stop();
    expect(this.foreign, "requests to other origins").toEqual([]);
    expect(this.crashes, "uncaught errors").toEqual([]);
  }

  /** What the network ledger has, by its own export. */
  async ledger(): Promise<Exported[]> {
    await this.goto("#/trust");
    // What came last is written within a moment.
    await this.page.waitForTimeout(1500);
    const view = this.page.getByRole("region", { name: "Network ledger" });
    const [download] = await Promise.all([
      this.page.waitForEvent("download"),
      view.getByRole("button", { name: "Export these entries" }).click(),
    ]);
    const lines = readFileSync(await download.path(), "utf8")
      .trim()
      .split("\n");
    return lines.map((line) => JSON.parse(line) as Exported);
  }

  /** A second tab on the same profile. */
  async tab(path = ""): Promise<App> {
    const page = await this.context.newPage();
    const app = new App(this.context, page, this.server, this.profile, false, this.foreign, this.crashes);
    await app.goto(path);
    return app;
  }

  card(model: ModelName): Locator {
    return this.entry(models[model].name);
  }

  /** A model of the catalogue, by its name. */
  entry(name: string): Locator {
    return this.page.locator("article", { has: this.page.getByRole("heading", { name, exact: true }) });
  }

  /** Chooses files, or a folder, in the dialog that the button of this name opens. */
  async give(button: string, files: Parameters<Locator["setInputFiles"]>[0]): Promise<void> {
    const choosing = this.page.waitForEvent("filechooser");
    await this.page.getByRole("button", { name: button, exact: true }).click();
    await (await choosing).setFiles(files);
  }

  /** From the models screen: downloads or starts a model. Does not wait. */
  async startModel(model: ModelName): Promise<void> {
    await this.goto("#/models");
    await this.card(model)
      .getByRole("button", { name: /^(Download and start|Start)$/ })
      .click();
  }

  async load(model: ModelName = "tiny"): Promise<void> {
    await this.startModel(model);
    await expect(this.card(model).getByText("Running")).toBeVisible({ timeout: 120_000 });
    await this.newConversation();
  }

  async newConversation(): Promise<void> {
    await this.goto("#/new");
    await expect(this.page.getByRole("heading", { name: "What do you want to ask?" })).toBeVisible();
  }

  get composer(): Locator {
    return this.page.getByRole("textbox", { name: "Ask something…" });
  }

  get answers(): Locator {
    return this.page.getByRole("article", { name: "Answer", exact: true });
  }

  get questions(): Locator {
    return this.page.getByRole("article", { name: "You", exact: true });
  }

  /** Types a question and sends it. Waits until its answer has begun to wait or to stream. */
  async send(question: string): Promise<void> {
    // A page that has just opened shows its conversation before a question can be written.
    await expect(this.composer).toBeEnabled();
    const before = await this.answers.count();
    await this.composer.fill(question);
    await this.composer.press("Enter");
    await expect(this.answers).toHaveCount(before + 1);
  }

  /** Sends a question and waits for the end of its answer. Gives the answer's stored text. */
  async ask(question: string): Promise<string> {
    await this.send(question);
    await this.answered();
    return (await this.messages()).at(-1)!.content;
  }

  /** Waits until the last answer that is shown is finished, and no stored one is still being written. */
  async answered(): Promise<void> {
    await expect(this.answers.last()).toHaveAttribute("data-status", /complete|stopped|length|failed/, {
      timeout: 120_000,
    });
    await expect.poll(async () => (await this.messages()).some((m) => m.status === "streaming")).toBe(false);
  }

  /** Every message that lies in IndexedDB, oldest first, with the facts of its run among its own. */
  async messages(): Promise<ReturnType<typeof flatOf>[]> {
    const records = await this.page.evaluate(
      (name) =>
        new Promise<unknown[]>((resolve, reject) => {
          const opening = indexedDB.open(name);
          opening.onerror = () => reject(opening.error);
          opening.onsuccess = () => {
            const range = IDBKeyRange.bound("message:", "message;");
            const reading = opening.result.transaction("records").objectStore("records").getAll(range);
            reading.onerror = () => reject(reading.error);
            reading.onsuccess = () => {
              opening.result.close();
              resolve(reading.result);
            };
          };
        }),
      // The name that the app below this folder gives it (platform/deployment.ts).
      `islet${new URL(this.server.url).pathname}`,
    );
    return (records as Message[]).map(flatOf).sort((a, b) => a.createdAt - b.createdAt);
  }

  /** Puts a few bytes in the place of a stored file of a model, or of one that belongs to none. */
  async putFile(url: string): Promise<void> {
    await this.page.evaluate(
      (key) =>
        new Promise<void>((resolve, reject) => {
          const opening = indexedDB.open("webllm/model");
          opening.onerror = () => reject(opening.error);
          opening.onsuccess = () => {
            const transaction = opening.result.transaction("urls", "readwrite");
            transaction.objectStore("urls").put({ url: key, data: new ArrayBuffer(3) });
            transaction.onabort = () => reject(transaction.error);
            transaction.oncomplete = () => {
              opening.result.close();
              resolve();
            };
          };
        }),
      url,
    );
  }

  /** Serious and critical faults of what is shown now. Axe comes in by the debugger, which the page's policy does not bind. */
  async accessibilityFaults(): Promise<string[]> {
    await this.page.evaluate(axe.source);
    const { violations } = await this.page.evaluate(() => (window as unknown as { axe: Axe }).axe.run());
    return violations
      .filter((v) => ["serious", "critical"].includes(v.impact))
      .map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" | ")}`);
  }

  /** The engine worker of this tab; with `ended`, the one that takes the place of that one. */
  async engine(ended?: Worker): Promise<Worker> {
    // One that was ended leaves the list a moment later.
    const running = () => this.page.workers().filter((w) => w !== ended && w.url().includes("/engine-worker"));
    await expect.poll(() => running().length).toBe(1);
    return running()[0]!;
  }
}

export async function openWithModel(model: ModelName = "tiny"): Promise<App> {
  const app = await App.open();
  await app.load(model);
  return app;
}

/** Opens one app, with the small test model running unless `open` says otherwise, for all tests of a file or group; they then run in order. */
export function shareApp(assign: (app: App) => void, open: () => Promise<App> = () => openWithModel()): void {
  test.describe.configure({ mode: "serial" });
  let app: App;
  test.beforeAll(async () => assign((app = await open())));
  test.afterAll(() => app.close());
}

interface Axe {
  run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }>;
}
