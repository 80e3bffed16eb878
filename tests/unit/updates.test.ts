// When a page that stays open looks for a new version of the app. What then becomes of one: tests/e2e/lifecycle.spec.ts.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Updates } from "../../src/pwa/updates.svelte";

const HOUR = 3600_000;
const update = vi.fn(() => Promise.resolve());
let online = true;
let updates: Updates;
let looks: Parameters<Updates["onLooked"]>[];

beforeEach(async () => {
  vi.useFakeTimers();
  vi.stubEnv("PROD", true);
  online = true;
  vi.spyOn(navigator, "onLine", "get").mockImplementation(() => online);
  // The service worker is the browser's, and Node has none.
  const active = Object.assign(new EventTarget(), { scriptURL: new URL("./service-worker.js", location.href).href });
  const registration = Object.assign(new EventTarget(), { active, installing: null, waiting: null, update });
  const serviceWorker = Object.assign(new EventTarget(), {
    controller: active,
    register: async () => registration,
    getRegistration: async () => registration,
  });
  Object.defineProperty(navigator, "serviceWorker", { configurable: true, value: serviceWorker });
  updates = new Updates();
  looks = [];
  updates.onLooked = (...look) => looks.push(look);
  updates.begin();
  await vi.advanceTimersByTimeAsync(0);
  update.mockClear();
});
afterEach(() => {
  // Each of these pages would go on listening.
  online = false;
  Reflect.deleteProperty(navigator, "serviceWorker");
  vi.useRealTimers();
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

test("each hour, and not more often", async () => {
  await vi.advanceTimersByTimeAsync(HOUR - 1);
  expect(update).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(update).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(5 * HOUR);
  expect(update).toHaveBeenCalledTimes(6);
});

test("an answer that fails is told, and ends no later look", async () => {
  const start = Date.now();
  const script = new URL("./service-worker.js", location.href).href;
  update.mockRejectedValueOnce(new TypeError("a login page"));
  await vi.advanceTimersByTimeAsync(HOUR);
  expect(updates.unanswered).toBe(start + HOUR);
  await vi.advanceTimersByTimeAsync(HOUR);
  expect(updates.unanswered).toBeUndefined();
  expect(looks).toEqual([
    [script, start + HOUR, false],
    [script, start + 2 * HOUR, true],
  ]);
});

test("asks nobody without a network, and looks when it is back", async () => {
  online = false;
  await vi.advanceTimersByTimeAsync(3 * HOUR);
  document.dispatchEvent(new Event("visibilitychange"));
  await vi.advanceTimersByTimeAsync(0);
  expect(update).not.toHaveBeenCalled();
  expect(looks).toEqual([]);
  online = true;
  dispatchEvent(new Event("online"));
  await vi.advanceTimersByTimeAsync(0);
  expect(update).toHaveBeenCalled();
});

test("when the page comes to the front", async () => {
  document.dispatchEvent(new Event("visibilitychange"));
  await vi.advanceTimersByTimeAsync(0);
  expect(update).toHaveBeenCalled();
});
