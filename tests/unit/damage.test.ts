// One bad record takes none of the others along: it is named, handed out, and removed only when a person says so.
import { messageOf } from "../messages";
import { createStore, entries, get, set } from "idb-keyval";
import { flushSync, mount, unmount } from "svelte";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { backupOf, restore } from "../../src/app/backup";
import { forms, strictForms } from "../../src/app/record-forms";
import { conversationForm, messageForm } from "../../src/chat/conversation-forms";
import type { Conversation, Message } from "../../src/chat/conversation-records";
import { rawJson } from "../../src/platform/raw-json";
import type { RecordKey, StoredRecord } from "../../src/storage/forms";
import { Records, type UnreadableRecord } from "../../src/storage/records";
import { Settings } from "../../src/storage/settings.svelte";
import { VAULT } from "../../src/storage/store";
import { Cipher } from "../../src/storage/vault/cipher";
import { createVault, deriveWith, type VaultKeys, type VaultRecord } from "../../src/storage/vault/vault";
import { AuditLog } from "../../src/trust/log/audit-log.svelte";
import { Unreadable } from "../../src/trust/damage/unreadable.svelte";
import Rows from "./damage/Rows.svelte";

// Node has no Web Locks; here nobody else wants one.
Object.defineProperty(navigator, "locks", {
  configurable: true,
  value: { request: (_name: string, run: () => Promise<unknown>) => run() },
});

let n = 0;
const fresh = () => `damage-test-${++n}`;
/** A database that has the vault of `keys`. */
async function withVault(): Promise<string> {
  const database = fresh();
  await set(VAULT, vaultRecord, createStore(database, "records"));
  return database;
}
const raw = (database: string) => entries<string, unknown>(createStore(database, "records"));
const sealed = async (database: string) => (await raw(database)).filter(([name]) => name !== VAULT);

const conversation = (id: string, more: object = {}) =>
  [
    `conversation:${id}`,
    { version: 1, id, title: id, createdAt: 1, updatedAt: 2, leafId: `${id}2`, ...more },
  ] as unknown as [RecordKey, Conversation];
const message = (c: string, id: string, parentId: string | null, more: object = {}) =>
  [
    `message:${c}/${id}`,
    { ...messageOf({ id, conversationId: c, parentId, role: "user", content: id, createdAt: 1 }), ...more },
  ] as unknown as [RecordKey, Message];

/** What no reader takes, of each kind. */
const bad: [RecordKey, unknown, UnreadableRecord["reason"]][] = [
  ["conversation:null", null, "form"],
  ["conversation:text", "x", "form"],
  ["conversation:other", { ...conversation("b")[1], id: "c" }, "form"],
  ["conversation:next", { ...conversation("next")[1], version: 2 }, "later"],
  ["conversation:zero", { ...conversation("zero")[1], version: 0 }, "form"],
  ["message:a/x", { ...message("a", "x", null)[1], parts: [{ kind: "text", text: 5 }] }, "form"],
  ["message:a/y", { ...message("a", "y", null)[1], role: "system" }, "form"],
  ["message:a/z", { ...message("a", "z", null)[1], version: 1e300 }, "form"],
  ["settings:app", [], "form"],
  ["model:m", { version: 1, id: "m", files: null }, "form"],
  ["added-model:m", { version: 1, card: { id: "../m" } }, "form"],
  ["download:m", { version: 1, id: "m", pins: 5 }, "form"],
  ["audit:0000000001", { version: 1, seq: 1, time: "yesterday", kind: "begin", data: {} }, "form"],
  ["audit-head:1", { version: 1, entries: -1 }, "form"],
  ["network:x", { version: 1, time: 1e300 }, "form"],
];

let keys: VaultKeys;
let vaultRecord: VaultRecord;
beforeAll(async () => {
  deriveWith(
    async ({ passphrase }) =>
      new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(passphrase))),
  );
  ({ keys, record: vaultRecord } = await createVault("a passphrase"));
});

describe("records that cannot be read", () => {
  for (const vault of [false, true])
    test(`are left out, counted once, listed by kind and key, and stay as they are (${vault ? "vault" : "plain"})`, async () => {
      const database = vault ? await withVault() : fresh();
      const records = new Records(database, vault ? new Cipher(keys) : undefined);
      let found = 0;
      records.onDamaged = (count) => (found = count);
      await records.writeAll([conversation("a"), message("a", "a1", null), message("a", "a2", "a1")]);
      await records.writeAll(bad.map(([key, record]) => [key, record as StoredRecord]));
      const before = await raw(database);
      for (let again = 0; again < 2; again++) {
        expect([...(await records.all(conversationForm)).keys()]).toEqual(["conversation:a"]);
        expect((await records.all(messageForm)).size).toBe(2);
        expect(found).toBe(8);
      }
      for (const [key] of bad) expect(await records.read(key, forms[key.split(":")[0] as "audit"])).toBeUndefined();
      expect(found).toBe(bad.length);
      const list = await records.unreadable(Object.values(forms));
      const facts = list.map(({ key, kind, reason }) => [key, kind, reason]);
      const byKey = (a: unknown[], b: unknown[]) => (String(a[0]) < String(b[0]) ? -1 : 1);
      expect(facts.sort(byKey)).toEqual(bad.map(([key, , reason]) => [key, key.split(":")[0], reason]).sort(byKey));
      expect(await raw(database)).toEqual(before);
    });

  test("since they do not open are listed by the kind that their name shows, and only what was named is removed", async () => {
    const database = await withVault();
    const records = new Records(database, new Cipher(keys));
    const stranger = new Cipher((await createVault("another")).keys);
    await records.writeAll([conversation("a"), conversation("b")]);
    const [[name, value]] = (await sealed(database)) as [[string, { iv: Uint8Array; data: ArrayBuffer }]];
    const store = createStore(database, "records");
    await set(name, { ...value, iv: new Uint8Array(12) }, store);
    const [strange, closed] = await stranger.seal("conversation:c", { version: 1 });
    await set(strange, closed, store);
    await set("message:a/plain", { version: 1 }, store);
    await set("drop:1", { iv: new Uint8Array(12), data: new ArrayBuffer(20), from: new ArrayBuffer(3) }, store);
    await set("something-else:1", "x", store);
    const list = await records.unreadable(Object.values(forms));
    const facts = list.filter(({ name }) => name !== "drop:1").map(({ name, kind, reason }) => [name, kind, reason]);
    expect(facts).toHaveLength(3);
    expect(facts).toEqual(
      expect.arrayContaining([
        [name, "conversation", "closed"],
        [strange, undefined, "closed"],
        ["message:a/plain", "message", "closed"],
      ]),
    );
    await records.removeNamed([strange]);
    const left = (await raw(database)).map(([key]) => key);
    expect(left).not.toContain(strange);
    expect(left).toEqual(expect.arrayContaining([name, "message:a/plain", "vault:1", "something-else:1"]));
  });

  test("are handed out as they lie in storage, with bytes in base64; not where the policy forbids taking words along", async () => {
    expect(JSON.parse(rawJson({ iv: new Uint8Array([1, 2]), data: new Uint8Array([255]).buffer }))).toEqual({
      ...{ iv: { base64: "AQI=" }, data: { base64: "/w==" } },
    });
    const circle: Record<string, unknown> = {
      n: NaN,
      big: 10n,
      when: new Date(NaN),
      map: new Map([[1, 2]]),
      nothing: undefined,
    };
    circle["self"] = circle;
    expect(JSON.parse(rawJson(circle))).toMatchObject({ n: "NaN", big: "10", when: "NaN", map: [[1, 2]] });
    const click = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => {});
    URL.createObjectURL = () => "blob:x";
    const records = new Records(fresh());
    new Unreadable(records, strictForms, false).save([]);
    await new Unreadable(records, strictForms, false).saveRow("message:a/1");
    expect(click).not.toHaveBeenCalled();
    new Unreadable(records, strictForms, true).save([]);
    expect(click).toHaveBeenCalledOnce();
    click.mockRestore();
  });

  test("take messages along, which are then named as well", async () => {
    const records = new Records(fresh());
    await records.writeAll([conversation("a"), message("a", "a2", null), message("b", "b2", null)]);
    const unreadable = new Unreadable(records, strictForms, true);
    await unreadable.look();
    expect(unreadable.list.map(({ key }) => key)).toEqual(["message:b/b2"]);
    await unreadable.remove(unreadable.list);
    expect(unreadable.list).toEqual([]);
    expect([...(await records.all(messageForm)).keys()]).toEqual(["message:a/a2"]);
  });

  test("are no reason not to begin: settings that do not open are the defaults", async () => {
    const database = await withVault();
    const records = new Records(database, new Cipher(keys));
    await records.write("settings:app", { version: 1, language: "fr" } as StoredRecord);
    const [[name]] = (await sealed(database)) as [[string, unknown]];
    await set(name, { iv: new Uint8Array(12), data: new ArrayBuffer(40) }, createStore(database, "records"));
    const settings = new Settings(records);
    await settings.load();
    expect(settings.current).toEqual({ version: 1 });
  });

  test("do not make a log begin anew over the entries that are there", async () => {
    const database = fresh();
    const records = new Records(database);
    const audit = new AuditLog(records);
    await audit.append("begin", {});
    await set("audit-head:1", { version: 2 }, createStore(database, "records"));
    await expect(audit.append("locked", {})).rejects.toMatchObject({ code: "storage-failed" });
    expect(await get("audit:0000000001", createStore(database, "records"))).toMatchObject({ kind: "begin" });
  });

  test("are not in a backup, which holds all others and can be restored", async () => {
    const records = new Records(fresh());
    await records.writeAll([
      conversation("a", { updatedAt: 1e300, leafId: "gone" }),
      ...[message("a", "a1", null), message("a", "a3", "a2"), message("gone", "g", null)],
    ]);
    await records.writeAll(bad.map(([key, record]) => [key, record as StoredRecord]));
    await records.remove(["settings:app", "added-model:m"]);
    const other = new Records(fresh());
    expect(await restore(other, await backupOf(records))).toMatchObject({ conversations: 1 });
    expect([...(await other.all(messageForm)).keys()]).toEqual(["message:a/a1", "message:a/a3"]);
    expect((await other.all(messageForm)).get("message:a/a3")!.parentId).toBeNull();
    expect((await other.all(conversationForm)).get("conversation:a")!.updatedAt).toBe(1);
  });
});

describe("a row that cannot be drawn", () => {
  test("is named in its place, with the others beside it; it can be kept, tried again, and removed after a question", async () => {
    HTMLDialogElement.prototype.showModal = function () {
      this.open = true;
    };
    HTMLDialogElement.prototype.close = function () {
      this.open = false;
    };
    let broken = true;
    const rows = [
      { id: "1", text: () => "first" },
      {
        id: "2",
        text: () => {
          if (broken) throw new RangeError("Invalid time value");
          return "second";
        },
      },
      { id: "3", text: () => "third" },
    ];
    const unreadable = new Unreadable(new Records(fresh()), strictForms, true);
    const save = vi.spyOn(unreadable, "saveRow").mockResolvedValue();
    const removed: string[] = [];
    const target = document.createElement("div");
    document.body.append(target);
    const app = mount(Rows, {
      target,
      props: { rows, unreadable, onRemove: async (id: string) => void removed.push(id) },
    });
    flushSync();
    const items = () => [...target.querySelectorAll("ul > li")];
    const button = (text: RegExp) => [...target.querySelectorAll("button")].find((b) => text.test(b.textContent))!;
    expect(items().map((li) => li.textContent)).toEqual([
      "first",
      expect.stringMatching(/could not be shown.*message:c\/2.*RangeError: Invalid time value/s),
      "third",
    ]);
    expect(target.querySelectorAll("tbody > tr")).toHaveLength(3);
    button(/Save as a file/).click();
    expect(save).toHaveBeenCalledWith("message:c/2");
    button(/Remove…/).click();
    flushSync();
    expect(removed).toEqual([]);
    button(/Delete for good/).click();
    flushSync();
    expect(removed).toEqual(["2"]);
    broken = false;
    button(/Try again/).click();
    flushSync();
    expect(items().map((li) => li.textContent)).toEqual(["first", "second", "third"]);
    await unmount(app);
  });
});
