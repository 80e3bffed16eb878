// What the graphics device of this machine does with the whole app: which adapter, how fast the starter model reads and writes, how soon
// a stop is heard, and whether a crash of the browser's graphics process is recovered from. Observations, each printed as it comes.
// With ISLET_ADAPTER=own only; what the kernels should compute there is first-light's and sampling's business.
import { expect, test } from "playwright/test";
import { App, numbers, onDevice } from "../e2e/app";

test.skip(!onDevice, "ISLET_ADAPTER=own");
const told = (what: string, facts: unknown) => console.log(`${what}: ${JSON.stringify(facts)}`);
/** Letters of an answer that say how fast it is written; a model of this size goes on to the end of its window. */
const LONG_ENOUGH = 800;
const story = "Write a long story about a lighthouse keeper and the sea.";

/** What page and workers wrote to the console: a graphics device's own warnings are seen nowhere else. */
function listen(app: App): string[] {
  const lines: string[] = [];
  app.context.on("console", (message) => {
    if (message.type() !== "log") lines.push(`${message.type()}: ${message.text().slice(0, 400)}`);
  });
  return lines;
}

test("the adapter", async () => {
  const app = await App.open();
  const adapter = await app.page.evaluate(async () => {
    const { info, features, limits } = (await navigator.gpu.requestAdapter())!;
    const { vendor, architecture, device, description, isFallbackAdapter, subgroupMinSize, subgroupMaxSize } = info;
    const { maxBufferSize, maxStorageBufferBindingSize, maxComputeWorkgroupStorageSize } = limits;
    const { maxComputeInvocationsPerWorkgroup, maxStorageBuffersPerShaderStage } = limits;
    return {
      info: { vendor, architecture, device, description, isFallbackAdapter, subgroupMinSize, subgroupMaxSize },
      limits: {
        maxBufferSize,
        maxStorageBufferBindingSize,
        maxComputeWorkgroupStorageSize,
        maxComputeInvocationsPerWorkgroup,
        maxStorageBuffersPerShaderStage,
      },
      features: [...features],
    };
  });
  told("adapter", { ...adapter, browser: app.context.browser()?.version() });
  await app.close();
});

test("the starter model: rate by length of the conversation, stop, and a picture", async () => {
  const app = await App.open();
  const console = listen(app);
  await app.goto("#/settings");
  await app.page.getByRole("slider", { name: "Temperature" }).fill("0");
  const start = Date.now();
  await app.load("starter");
  told("seconds from the click until it runs", (Date.now() - start) / 1000);
  const last = async () => (await app.messages()).at(-1)!;
  await app.ask("Hello");
  for (const [name, question] of Object.entries({
    short: "What is the capital of France?",
    story,
    long: `${"The lamp is red, the stone is green, and nobody knows why. ".repeat(90)} What colour is the lamp?`,
  })) {
    await app.newConversation();
    await app.send(question);
    const goesOn = async () => {
      const { status, content } = await last();
      return status === "streaming" && content.length < LONG_ENOUGH;
    };
    await expect.poll(goesOn, { timeout: 60_000 }).toBe(false);
    // Not by a locator: it would wait for the button of an answer that has just come to its end.
    await app.page.evaluate(() => document.querySelector<HTMLElement>("button[aria-label=Stop]")?.click());
    await app.answered();
    const { stats, status, content } = await last();
    told(name, { ...stats, status, text: content.slice(0, 160) });
    if (name === "story") await app.page.screenshot({ path: test.info().outputPath("answer.png") });
  }
  const waits: number[] = [];
  for (let i = 0; i < 3; i++) {
    await app.newConversation();
    await app.send(story);
    await expect(app.answers.last()).toContainText(/\w+ \w+/);
    waits.push(
      await app.page.evaluate(async () => {
        const began = performance.now();
        const stop = document.querySelector<HTMLElement>("button[aria-label=Stop]");
        if (!stop) return -1;
        stop.click();
        while (!document.querySelector("[data-status=stopped]")) await new Promise((done) => setTimeout(done, 1));
        return performance.now() - began;
      }),
    );
    await app.answered();
  }
  told("milliseconds from Stop until the answer is shown as stopped (-1: it was over before)", waits);
  told("console", console);
  await app.close();
});

test("a crash of the graphics process is recovered from", async () => {
  const app = await App.open();
  const console = listen(app);
  await app.load();
  const browser = await app.context.newCDPSession(app.page);
  await app.send("Count from 1 to 150");
  await expect(app.answers.last()).toContainText("5 6 7");
  const began = Date.now();
  await browser.send("Browser.crashGpuProcess");
  await app.answered();
  const { content, status, recovered, error } = (await app.messages()).at(-1)!;
  told("after the crash", { status, recovered, error, seconds: (Date.now() - began) / 1000, console });
  expect(content).toBe(numbers(1, 150));
  told("afterwards", { adapter: await app.adapter(), answer: await app.ask("What is 2 + 3?") });
  await app.close();
});
