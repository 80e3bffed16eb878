// Records of a version whose database did not carry the folder of the deployment are taken over whole, once, and never twice.
import { entries, promisifyRequest, set } from "idb-keyval";
import { beforeEach, describe, expect, test } from "vitest";
import { adoptLegacy, LEGACY, legacyDatabase, takeLeft } from "../../src/storage/legacy";
import type { StoredRecord } from "../../src/storage/forms";
import { Records } from "../../src/storage/records";
import { openStore } from "../../src/storage/store";
import { recordsLock } from "../../src/storage/vault/vault-store";
import { simulateTabs, Tab } from "./tabs";

simulateTabs();
const old: [string, StoredRecord][] = [
  ["conversation:1", { version: 1 }],
  ["vault:1", { version: 1 }],
];
let registrations: { scope: string; active: { scriptURL: string } }[] = [];
Object.defineProperty(navigator, "serviceWorker", {
  configurable: true,
  value: { getRegistrations: () => Promise.resolve(registrations) },
});
const names = async () => (await entries<string, unknown>(openStore())).map(([name]) => name);

async function placeOld(records = old): Promise<void> {
  const opening = indexedDB.open(LEGACY);
  opening.onupgradeneeded = () => opening.result.createObjectStore("records");
  const database = await promisifyRequest(opening);
  const store = database.transaction("records", "readwrite").objectStore("records");
  for (const [name, value] of records) store.put(value, name);
  await promisifyRequest(store.transaction);
  database.close();
}

beforeEach(async () => {
  registrations = [];
  await openStore()("readwrite", (s) => void s.clear());
  await placeOld();
});

test("what the older version kept is here, beside what the service worker wrote before the first page", async () => {
  await set("network:1", { version: 1 }, openStore());
  await adoptLegacy();
  expect(await names()).toEqual(["conversation:1", "legacy:1", "network:1", "vault:1"]);
});

test("a kill at any step leaves it here whole, or still to be taken over", async () => {
  for (let killAt = 0, done: unknown = "killed"; done === "killed"; killAt++) {
    await openStore()("readwrite", (s) => void s.clear());
    await placeOld();
    done = await new Tab().run(adoptLegacy, killAt);
    const left = await names();
    expect([0, 3], `killed at step ${killAt}: ${left.join(" ")}`).toContain(left.length);
    await adoptLegacy();
    expect(await names()).toEqual(["conversation:1", "legacy:1", "vault:1"]);
  }
});

test("a deployment that has records of its own is left as it is", async () => {
  await new Records().write("settings:app", { version: 1 });
  await adoptLegacy();
  expect(await names()).toEqual(["settings:app"]);
});

test("the old database goes where nobody else can use it, and stays where another deployment may", async () => {
  registrations = [
    { scope: "http://localhost:3000/b/", active: { scriptURL: "http://localhost:3000/b/service-worker.js" } },
  ];
  expect(await legacyDatabase()).toBe("shared");
  await adoptLegacy();
  expect(await legacyDatabase()).toBe("shared");
  registrations = [];
  expect(await legacyDatabase()).toBe("own");
  await adoptLegacy();
  expect(await legacyDatabase()).toBe("none");
});

describe("an older version that writes once more after it was taken over", () => {
  const later: [string, StoredRecord][] = [
    ["conversation:2", { version: 1 }],
    ["message:2/1", { version: 1 }],
    ["settings:app", { version: 1 }],
  ];

  test("loses nothing: what it wrote is still there at the next start, and is taken over beside what is here", async () => {
    await placeOld([["conversation:1", { version: 1 }]]);
    await openStore()("readwrite", (s) => void s.clear());
    await adoptLegacy();
    await placeOld(later);
    await adoptLegacy();
    expect(await legacyDatabase()).toBe("own");
    await openStore()("readwrite", (s) => void s.delete("vault:1"));
    const records = new Records();
    await records.write("conversation:1", { version: 1, title: "changed" } as StoredRecord);
    await takeLeft(records);
    expect(await names()).toEqual(["conversation:1", "conversation:2", "legacy:1", "message:2/1"]);
    expect(await records.read("conversation:1")).toMatchObject({ title: "changed" });
    expect(await legacyDatabase()).toBe("none");
  });

  test("under another passphrase: it stays where it is", async () => {
    await adoptLegacy();
    await placeOld([["vault:1", { version: 1 }], ["x1:1", { version: 1 }] as [string, StoredRecord]]);
    await adoptLegacy();
    await takeLeft(new Records());
    expect(await legacyDatabase()).toBe("own");
    await new Promise<void>((resolve) => (indexedDB.deleteDatabase(LEGACY).onsuccess = () => resolve()));
  });
});

test("a second tab begins beside the first, also where another deployment keeps the old database", async () => {
  registrations = [
    { scope: "http://localhost:3000/b/", active: { scriptURL: "http://localhost:3000/b/service-worker.js" } },
  ];
  const openPage = async () => {
    await adoptLegacy();
    await new Promise<void>((held) => {
      void navigator.locks.request(recordsLock, { mode: "shared" }, () => {
        held();
        return new Promise(() => {});
      });
    });
  };
  await openPage();
  await openPage();
});
