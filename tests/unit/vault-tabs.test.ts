// No order of what several tabs do with the vault, and no kill at any step of it, loses a record: a model of what must be there is compared
// with what a fresh tab finds.
import { anyOf } from "../messages";
import { createStore, entries, set } from "idb-keyval";
import { argon2id } from "hash-wasm";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { restore } from "../../src/app/backup";
import { Conversations } from "../../src/chat/conversations.svelte";
import { conversationForm } from "../../src/chat/conversation-forms";
import type { Conversation } from "../../src/chat/conversation-records";
import { toBase64 } from "../../src/platform/encoding";
import type { RecordKey, StoredRecord } from "../../src/storage/forms";
import { Records } from "../../src/storage/records";
import { VAULT } from "../../src/storage/store";
import { Cipher } from "../../src/storage/vault/cipher";
import {
  deriveWith,
  openVault,
  openWithPasskey,
  withPasskey,
  withPassphrase,
  type VaultKeys,
  type VaultRecord,
} from "../../src/storage/vault/vault";
import { writeWithoutKeys } from "../../src/storage/write-without-keys";
import { changeVault, disclose, enclose, readVault, recordsLock } from "../../src/storage/vault/vault-store";
import type { AuditLog } from "../../src/trust/log/audit-log.svelte";
import { simulateTabs, Tab } from "./tabs";

simulateTabs();
deriveWith(({ passphrase, salt }) =>
  argon2id({
    password: passphrase,
    salt,
    memorySize: 8,
    iterations: 1,
    parallelism: 1,
    hashLength: 32,
    outputType: "binary",
  }),
);

const raw = () => entries<string, unknown>(createStore("islet/", "records"));
const conversation = (n: number, title: string, updatedAt: number): [RecordKey, Conversation] => [
  `conversation:${n}`,
  { version: 1, id: String(n), title, createdAt: 1, updatedAt, leafId: null },
];

/** Deletes every record. */
async function begin(): Promise<void> {
  const store = createStore("islet/", "records");
  await store("readwrite", (s) => void s.clear());
}

/** What a page does when it opens, from the lock to the records; it ends when `leave` is called. */
async function openPage(passphrases: Iterable<string>): Promise<Page> {
  let leave!: () => void;
  const left = new Promise<void>((resolve) => (leave = resolve));
  await new Promise<void>((held) => {
    const holding = navigator.locks.request(recordsLock, { mode: "shared" }, () => {
      held();
      return left;
    });
    // A tab that is killed meanwhile.
    holding.catch(() => {});
  });
  const vault = await readVault();
  if (!vault) return { records: new Records(), keys: undefined, leave };
  for (const passphrase of passphrases) {
    const keys = await openVault(vault, passphrase).catch(() => undefined);
    if (keys) return { records: new Records(undefined, new Cipher(keys)), keys, leave, passphrase };
  }
  leave();
  throw new Error("none of the passphrases opens the vault");
}
interface Page {
  records: Records;
  keys: VaultKeys | undefined;
  passphrase?: string;
  leave(): void;
}

describe("two tabs", () => {
  const stored: [RecordKey, StoredRecord][] = [
    conversation(1, "one", 1),
    ["settings:app", { version: 1, language: "fr" } as never],
  ];

  test("that set a passphrase at the same time: one does, the other changes nothing and says so", async () => {
    await begin();
    await new Records().writeAll(stored);
    const results = await Promise.allSettled([enclose("the first passphrase"), enclose("the second passphrase")]);
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(results.find((r) => r.status === "rejected")).toMatchObject({ reason: { code: "vault-changed" } });
    const page = await openPage(["the first passphrase", "the second passphrase"]);
    for (const [key, record] of stored) expect(await page.records.read(key)).toEqual(record);
    page.leave();
  });

  test("that remove it at the same time: one does, the other changes nothing and says so", async () => {
    await begin();
    await new Records().writeAll(stored);
    const { keys } = await enclose("the first passphrase");
    const results = await Promise.allSettled([disclose(keys), disclose(keys)]);
    expect(results.find((r) => r.status === "rejected")).toMatchObject({ reason: { code: "vault-changed" } });
    expect(new Map(await raw())).toEqual(new Map<string, StoredRecord>(stored));
  });

  test("of which one missed that there is a vault now, or another one, write nothing", async () => {
    await begin();
    const stale = new Records();
    await stale.writeAll(stored);
    const { keys } = await enclose("the first passphrase");
    const before = await raw();
    for (const write of [
      () => stale.write("message:1/1", { version: 1 }),
      () => stale.remove(["settings:app"]),
      () => new Records(undefined, new Cipher({ ...keys, vault: "another" })).write("message:1/1", { version: 1 }),
      () => changeVault("another", (record) => Promise.resolve({ ...record, passkeys: [] })),
    ])
      await expect(write()).rejects.toMatchObject({ code: "vault-changed" });
    expect(await raw()).toEqual(before);
    await disclose(keys);
    const closed = new Records(undefined, new Cipher(keys));
    await expect(closed.write("message:1/1", { version: 1 })).rejects.toMatchObject({ code: "vault-changed" });
    await expect(changeVault(keys.vault, (record) => Promise.resolve(record))).rejects.toMatchObject({
      code: "vault-changed",
    });
    expect(new Map(await raw())).toEqual(new Map<string, StoredRecord>(stored));
  });
});

describe("a conversion that meets what it cannot read", () => {
  test.each([
    [
      "a record of another vault",
      "x00000000000000000000000000000000:00000000000000000000000000000001",
      { iv: new Uint8Array(12), data: new ArrayBuffer(40) },
    ],
    [
      "an entry dropped for another vault",
      "drop:1",
      { iv: new Uint8Array(12), data: new ArrayBuffer(40), from: new ArrayBuffer(8) },
    ],
  ])("%s, changes nothing and names it", async (_what, name, value) => {
    await begin();
    const store = createStore("islet/", "records");
    await new Records().writeAll([conversation(1, "one", 1)]);
    await set(name, value, store);
    const before = await raw();
    await expect(enclose("a passphrase for it")).rejects.toMatchObject({ code: "records-unreadable", detail: name });
    expect(await raw()).toEqual(before);
    await store("readwrite", (s) => void s.delete(name));
    const { keys } = await enclose("a passphrase for it");
    await set(name, value, store);
    const closed = await raw();
    await expect(disclose(keys)).rejects.toMatchObject({ code: "records-unreadable", detail: name });
    expect(await raw()).toEqual(closed);
    // A record that somebody put there in the clear is none of the vault's.
    await store("readwrite", (s) => void s.delete(name));
    await set("settings:app", { version: 1 }, store);
    await expect(disclose(keys)).rejects.toMatchObject({ code: "records-unreadable", detail: "settings:app" });
  });
});

/** What may be there: what was, and what a tab that was killed was about to write. `undefined`: nothing. */
type Possible = Map<RecordKey, (StoredRecord | undefined)[]>;

const oldest = 1_000;
/** What tabs do; times are small numbers, and what was changed at `oldest` or before is too old where retention is turned on. */
const action = fc.oneof(
  fc.record({ kind: fc.constant("enclose" as const) }),
  fc.record({ kind: fc.constant("disclose" as const) }),
  fc.record({ kind: fc.constantFrom("change" as const, "passkey" as const, "no passkeys" as const) }),
  fc.record({
    kind: fc.constant("write" as const),
    id: fc.integer({ min: 1, max: 4 }),
    at: fc.integer({ min: 900, max: 1100 }),
  }),
  fc.record({
    kind: fc.constant("restore" as const),
    id: fc.integer({ min: 1, max: 4 }),
    at: fc.integer({ min: 900, max: 1100 }),
  }),
  fc.record({ kind: fc.constant("expire" as const) }),
  fc.record({ kind: fc.constant("service worker" as const) }),
);
const step = fc.record({
  action,
  /** The step at which its tab is killed. */
  killAt: fc.option(fc.nat(60), { nil: Infinity, freq: 2 }),
  /** Turns of the event loop by which it begins later than the others. */
  late: fc.nat(12),
});
/** Each round: what up to three tabs do at the same time. */
const rounds = fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 6 });

class Browser {
  readonly possible: Possible = new Map();
  /** Those that may open the vault now. */
  passphrases = new Set<string>();
  passkeys = new Map<string, Uint8Array<ArrayBuffer>>();
  private n = 0;
  /** Of this round: what was written by tabs that lived to the end of it. */
  private written: [RecordKey, Conversation][] = [];

  /** One more value that a record may have. */
  private may(key: RecordKey, value: StoredRecord | undefined): void {
    this.possible.set(key, [...(this.possible.get(key) ?? [undefined]), value]);
  }

  private async withPage(act: (page: Page) => Promise<unknown>): Promise<void> {
    const page = await openPage([...this.passphrases]);
    try {
      await act(page);
    } finally {
      page.leave();
    }
  }

  /** Does it as the app does. A refusal since another tab was faster is no fault. */
  async act({ action: a, killAt, late }: typeof step extends fc.Arbitrary<infer S> ? S : never): Promise<void> {
    for (let i = 0; i < late; i++) await new Promise((resolve) => setImmediate(resolve));
    const passphrase = `passphrase ${++this.n}`;
    const run = async () => {
      switch (a.kind) {
        case "enclose":
          this.passphrases.add(passphrase);
          return enclose(passphrase);
        case "disclose": {
          const vault = await readVault();
          if (!vault) return;
          return disclose(await this.keysOf(vault));
        }
        case "change":
          this.passphrases.add(passphrase);
          return this.withPage(async ({ keys, passphrase: old }) => {
            if (keys) await changeVault(keys.vault, (record) => withPassphrase(record, old!, passphrase));
          });
        case "passkey": {
          const passkey = {
            id: toBase64(new TextEncoder().encode(passphrase)),
            secret: new Uint8Array(32).fill(this.n),
          };
          this.passkeys.set(passkey.id, passkey.secret);
          return this.withPage(async ({ keys, passphrase: old }) => {
            if (keys)
              await changeVault(keys.vault, (record) => withPasskey(record, old!, { ...passkey, salt: "AAAA" }));
          });
        }
        case "no passkeys":
          return this.withPage(async ({ keys }) => {
            if (keys) await changeVault(keys.vault, (record) => Promise.resolve({ ...record, passkeys: [] }));
          });
        case "write": {
          const [key, record] = conversation(a.id, passphrase, a.at);
          this.may(key, record);
          return this.withPage(({ records }) => records.write(key, record));
        }
        case "restore": {
          const [key, record] = conversation(a.id, passphrase, a.at);
          this.may(key, record);
          return this.withPage(({ records }) => restore(records, JSON.stringify({ records: [[key, record]] })));
        }
        case "expire":
          for (const key of this.possible.keys()) this.may(key, undefined);
          return this.withPage(({ records }) =>
            records.settle(conversationForm, (all) => ({
              remove: [...all].filter(([, c]) => c.updatedAt <= oldest).map(([key]) => key),
            })),
          );
        case "service worker": {
          const key: RecordKey = `network:${passphrase}`;
          this.may(key, { version: 1 });
          return writeWithoutKeys([[key, { version: 1 }]]);
        }
      }
    };
    const refused = (error: { code?: string }) => {
      if (!["vault-changed", "passphrase-wrong"].includes(error.code ?? "")) throw error;
    };
    const done = await new Tab().run(() => run().catch(refused), killAt);
    if (done === "killed") return;
    // Nothing else can have changed it.
    if (a.kind === "service worker") this.possible.set(`network:${passphrase}`, [{ version: 1 }]);
    if (a.kind === "write") this.written.push(conversation(a.id, passphrase, a.at));
  }

  private async keysOf(vault: VaultRecord): Promise<VaultKeys> {
    for (const passphrase of this.passphrases) {
      const keys = await openVault(vault, passphrase).catch(() => undefined);
      if (keys) return keys;
    }
    throw new Error("none of the passphrases opens the vault");
  }

  /** What a fresh tab finds is what may be there, all of it readable; from then on that is what must be there. */
  async check(killed: boolean): Promise<void> {
    const page = await openPage([...this.passphrases]);
    const damaged: number[] = [];
    page.records.onDamaged = (count) => void damaged.push(count);
    await page.records.collect();
    const found = new Map<string, StoredRecord>([
      ...(await page.records.all(conversationForm)),
      ...(await page.records.all(anyOf("network"))),
    ]);
    expect(damaged, "records that do not open").toEqual([]);
    for (const [key, values] of this.possible) {
      const value = found.get(key);
      expect(values, `${key}: ${JSON.stringify(value)}`).toContainEqual(value);
      this.possible.set(key, [value]);
    }
    expect(
      [...found.keys()].filter((key) => !this.possible.has(key as RecordKey)),
      "records from nowhere",
    ).toEqual([]);
    // What is newer is neither replaced by a backup nor deleted for its age.
    for (const [key, { updatedAt }] of this.written)
      if (updatedAt > oldest && this.written.filter(([other]) => other === key).length === 1 && !killed)
        expect(
          (found.get(key) as Conversation | undefined)?.updatedAt,
          `${key} of ${updatedAt}`,
        ).toBeGreaterThanOrEqual(updatedAt);
    this.written = [];
    const names = (await raw()).map(([name]) => name).filter((name) => name !== VAULT);
    if (page.keys)
      expect(
        names.filter((name) => !name.startsWith("x")),
        "in the clear in a vault",
      ).toEqual([]);
    else
      expect(
        names.filter((name) => /^(x|drop:)/.test(name)),
        "encrypted without a vault",
      ).toEqual([]);
    expect(names).toHaveLength(found.size);
    const vault = await readVault();
    for (const { id } of vault?.passkeys ?? []) {
      const keys = await openWithPasskey(vault!, { id, secret: this.passkeys.get(id)! });
      expect(keys.vault).toBe(page.keys!.vault);
    }
    if (page.passphrase) this.passphrases = new Set([page.passphrase]);
    page.leave();
  }
}

test("in every order of what three tabs do, killed at any step, nothing is lost", { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(rounds, async (rounds) => {
      await begin();
      const browser = new Browser();
      for (const round of rounds) {
        await Promise.all(round.map((step) => browser.act(step)));
        await browser.check(round.some(({ killAt }) => killAt !== Infinity));
      }
    }),
    { numRuns: Number(process.env["ISLET_RUNS"] ?? 150) },
  );
});

test(
  "a kill at each single step of setting and removing a passphrase leaves all or nothing changed",
  { timeout: 60_000 },
  async () => {
    const stored = Array.from({ length: 5 }, (_, i) => conversation(i, `title ${i}`, i));
    for (const change of ["enclose", "disclose"] as const) {
      let killed = 0;
      for (let killAt = 0; ; killAt++) {
        await begin();
        await new Records().writeAll(stored);
        const keys = change === "disclose" ? (await enclose("before the kill")).keys : undefined;
        const done = await new Tab().run(
          () => (keys ? disclose(keys) : enclose("before the kill").then(() => {})),
          killAt,
        );
        const page = await openPage(["before the kill"]);
        const found = await page.records.all(conversationForm);
        expect(
          [...found].sort(([a], [b]) => (a < b ? -1 : 1)),
          `killed at step ${killAt}`,
        ).toEqual(stored);
        page.leave();
        if (done !== "killed") break;
        killed++;
      }
      expect(killed).toBeGreaterThan(10);
    }
  },
);

test.each(["enclose", "disclose"])("what the service worker writes meanwhile is not lost: %s", async (change) => {
  await begin();
  await new Records().writeAll(Array.from({ length: 20 }, (_, i) => conversation(i, `title ${i}`, i)));
  const keys = change === "disclose" ? (await enclose("a passphrase")).keys : undefined;
  const method = keys ? "open" : "seal";
  const own = Cipher.prototype[method] as (...args: unknown[]) => Promise<unknown>;
  const spy = vi.spyOn(Cipher.prototype, method as "seal").mockImplementationOnce(async function (
    this: Cipher,
    ...args
  ) {
    await writeWithoutKeys([["network:1", { version: 1 }]]);
    return own.apply(this, args) as ReturnType<Cipher["seal"]>;
  });
  await (keys ? disclose(keys) : enclose("a passphrase").then(() => {}));
  expect(spy).toHaveBeenCalled();
  spy.mockRestore();
  const page = await openPage(["a passphrase"]);
  expect(await page.records.read("network:1")).toEqual({ version: 1 });
  expect((await page.records.all(conversationForm)).size).toBe(20);
  page.leave();
});

test.each(["plain", "closed"])(
  "whatever comes first, a backup and retention take nothing that another tab changed meanwhile: %s",
  async (form) => {
    for (let late = 0; late < 30; late++) {
      await begin();
      const [key, old] = conversation(1, "old", 900);
      await new Records().write(key, old);
      if (form === "closed") await enclose("a passphrase");
      const [one, two] = [await openPage(["a passphrase"]), await openPage(["a passphrase"])];
      const [, newer] = conversation(1, "newer", 1100);
      const [, backed] = conversation(1, "from the backup", 1000);
      const writes = async () => {
        for (let i = 0; i < late; i++) await new Promise((resolve) => setImmediate(resolve));
        await two.records.write(key, newer);
      };
      const conversations = new Conversations(one.records, { note() {} } as unknown as AuditLog);
      await conversations.load();
      await Promise.all([
        restore(one.records, JSON.stringify({ records: [[key, backed]] })),
        conversations.removeWhere((time) => time <= 950),
        writes(),
      ]);
      expect(await two.records.read(key), `${late} turns later`).toEqual(newer);
      one.leave();
      two.leave();
    }
  },
  30_000,
);
