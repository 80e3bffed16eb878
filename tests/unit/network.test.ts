// The network ledger: what an entry says, and what its sums say of all of them.
import { describe, expect, test } from "vitest";
import { Records } from "../../src/storage/records";
import {
  askerOf,
  bytesOf,
  networkKey,
  purposeOf,
  trafficOf,
  type NetworkEntry,
} from "../../src/trust/log/network-entry";
import { NetworkLedger } from "../../src/trust/log/network-ledger.svelte";

const own = "https://islet.example.org";
const entry = (changes: Partial<NetworkEntry>): NetworkEntry => ({
  version: 1,
  time: 1000,
  method: "GET",
  origin: own,
  path: "/",
  asker: "page",
  purpose: "app",
  verdict: "sent",
  bytes: 100,
  bytesOut: 0,
  status: 200,
  ...changes,
});

test.each([
  ["https://islet.example.org/app/", "app"],
  ["https://islet.example.org/app/assets/page-x.js", "app"],
  ["https://islet.example.org/app/policy.json", "policy"],
  ["https://islet.example.org/app/build.json", "build"],
  ["https://islet.example.org/app/models/islet-tiny/resolve/main/library.wasm", "model"],
  ["https://islet.example.org/models/x", "model"],
  ["https://huggingface.co/x", "model"],
  ["https://fetch-page.islet-probe.example/", "proof"],
  ["wss://websocket-store.islet-probe.example/", "proof"],
  ["https://not-islet-probe.example/", "model"],
])("says what a request is for: %s", (url, purpose) => {
  expect(purposeOf(new URL(url), "https://islet.example.org/app/")).toBe(purpose);
});

test("says who asked", () => {
  expect(askerOf({ type: "window", url: own })).toBe("page");
  expect(askerOf({ type: "worker", url: `${own}/assets/store-worker-x.js` })).toBe("store");
  expect(askerOf({ type: "worker", url: `${own}/assets/engine-worker-x.js` })).toBe("engine");
  expect(askerOf({ type: "worker", url: `${own}/assets/probe-worker-x.js` })).toBe("proof");
  expect(askerOf({ type: "worker", url: `${own}/assets/stranger.js` })).toBe("other");
  expect(askerOf(undefined)).toBe("other");
});

test("takes bytes only from a server that states them", () => {
  expect(bytesOf(new Headers({ "content-length": "12" }))).toBe(12);
  expect(bytesOf(new Headers({ "content-length": "0" }))).toBe(0);
  for (const stated of ["-1", "x", "1e3", ""]) expect(bytesOf(new Headers({ "content-length": stated }))).toBeNull();
  expect(bytesOf(new Headers())).toBeNull();
});

describe("its sums", () => {
  test("count what went to the network, apart for the app's own origin, and nothing else", () => {
    const { own: home, elsewhere } = trafficOf(
      [
        entry({ time: 1 }),
        entry({ time: 5, bytes: null }),
        entry({ time: 9, verdict: "cache", bytes: 0 }),
        entry({ time: 2, origin: "https://huggingface.co", bytes: 7, bytesOut: 3 }),
        entry({ time: 3, origin: "https://huggingface.co", verdict: "failed", bytes: 0 }),
        entry({ time: 8, origin: "https://evil.example", verdict: "blocked", bytes: 0 }),
      ],
      own,
    );
    expect(home).toEqual({ requests: 2, bytes: 100, bytesOut: 0, unknown: 1, last: 5 });
    expect(elsewhere).toEqual({ requests: 2, bytes: 7, bytesOut: 3, unknown: 0, last: 3 });
  });

  test("say nothing went where nothing did, blocked attempts or not", () => {
    const blocked = entry({ origin: "https://evil.example", verdict: "blocked", bytes: 0 });
    expect(trafficOf([blocked], own).elsewhere).toMatchObject({ requests: 0, last: undefined });
  });
});

test("keeps the order of time, and deletes the oldest by age, or all", async () => {
  const records = new Records("network-test");
  for (const time of [3000, 1000, 2000]) await records.write(networkKey({ time }), entry({ time }));
  const ledger = new NetworkLedger(records);
  expect(await ledger.removeWhere((time) => time < 1500)).toBe(1);
  const stop = ledger.show();
  await expect.poll(() => ledger.entries.map(({ time }) => time)).toEqual([2000, 3000]);
  expect(await ledger.removeExcess()).toBe(0);
  expect(await ledger.removeWhere(() => true)).toBe(2);
  await expect.poll(() => ledger.entries).toEqual([]);
  stop();
});

test("has each look for a new version, as the service worker's own request", async () => {
  const ledger = new NetworkLedger(new Records("network-test-looks"));
  const stop = ledger.show();
  ledger.lookedForVersion(`${own}/app/service-worker.js`, 2000, true);
  ledger.lookedForVersion(`${own}/app/service-worker.js`, 3000, false);
  const look = { asker: "service-worker", purpose: "update", path: "/app/service-worker.js", status: null } as const;
  await expect
    .poll(() => ledger.entries)
    .toEqual([
      entry({ ...look, time: 2000, bytes: null }),
      entry({ ...look, time: 3000, verdict: "failed", bytes: 0 }),
    ]);
  stop();
});
