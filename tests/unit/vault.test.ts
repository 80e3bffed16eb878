// The vault: what its keys open and what they do not, and records that lie encrypted.
import { anyOf } from "../messages";
import "fake-indexeddb/auto";
import { argon2id } from "hash-wasm";
import { entries, createStore, del, set } from "idb-keyval";
import { beforeAll, describe, expect, test } from "vitest";
import { fromBase64, toBase64 } from "../../src/platform/encoding";
import type { StoredRecord } from "../../src/storage/forms";
import { Records } from "../../src/storage/records";
import { VAULT } from "../../src/storage/store";
import { Cipher, drop, type Sealed } from "../../src/storage/vault/cipher";
import { disclose, enclose, readVault } from "../../src/storage/vault/vault-store";
import {
  createVault,
  deriveWith,
  makeBackup,
  openVault,
  openWithPasskey,
  readBackup,
  withPasskey,
  withPassphrase,
  type Backup,
  type VaultKeys,
  type VaultRecord,
} from "../../src/storage/vault/vault";

import { simulateTabs } from "./tabs";

const argon2 = (passphrase: string, salt: Uint8Array, memory: number, iterations: number, parallelism: number) =>
  argon2id({
    password: passphrase,
    salt,
    memorySize: memory,
    iterations,
    parallelism,
    hashLength: 32,
    outputType: "binary",
  });

// The same function that the worker runs; with little memory, so that the tests are fast.
simulateTabs();
deriveWith(({ passphrase, salt, parallelism }) => argon2(passphrase, salt, 64, 1, parallelism));

const passphrase = "four words nobody guesses";
let record: VaultRecord;
let keys: VaultKeys;
beforeAll(async () => ({ record, keys } = await createVault(passphrase)));

/** Whether both open the same records. */
async function same(one: VaultKeys, other: VaultKeys): Promise<boolean> {
  const [name, sealed] = await new Cipher(one).seal("settings:app", { version: 1 });
  return new Cipher(other).open(name, sealed).then(
    () => true,
    () => false,
  );
}

test("Argon2id gives what another implementation gives (argon2-cffi 25.1, the reference in C)", async () => {
  const hash = await argon2(
    "correct horse battery staple é",
    Uint8Array.from({ length: 16 }, (_, i) => i),
    65536,
    3,
    1,
  );
  expect(Buffer.from(hash).toString("hex")).toBe("f37401ff36ce22b554dfd4671436ca0a809db7003d7f2c25207d36e21fc739f4");
});

describe("the keys", () => {
  test("are opened by the passphrase, however its letters are composed, and by no other", async () => {
    const { record, keys } = await createVault("café crème à midi");
    expect(await same(keys, await openVault(record, "café crème à midi".normalize("NFD")))).toBe(true);
    for (const wrong of ["cafe creme a midi", "café crème à midi ", ""])
      await expect(openVault(record, wrong)).rejects.toMatchObject({ code: "passphrase-wrong" });
  });

  test("cost what OWASP asks for at least, and say so in the record", () => {
    expect(record.kdf).toMatchObject({ name: "argon2id", parallelism: 1 });
    expect(record.kdf.memory).toBeGreaterThanOrEqual(19 * 1024);
    expect(record.kdf.iterations).toBeGreaterThanOrEqual(2);
  });

  test("are others for each vault with the same passphrase", async () => {
    const other = await createVault(passphrase);
    expect(await same(keys, other.keys)).toBe(false);
    expect(other.record.kdf.salt).not.toBe(record.kdf.salt);
  });

  test("cannot be read out of memory by a script", async () => {
    const { vault, ...secret } = keys;
    expect(vault).toBe(record.inbox.publicKey);
    for (const key of Object.values(secret)) {
      expect(key.extractable).toBe(false);
      await expect(crypto.subtle.exportKey("raw", key)).rejects.toThrow();
    }
  });

  test("stay the same under a new passphrase, and the old one opens nothing any more", async () => {
    const changed = await withPassphrase(record, passphrase, "another four words here");
    expect(await same(keys, await openVault(changed, "another four words here"))).toBe(true);
    await expect(openVault(changed, passphrase)).rejects.toMatchObject({ code: "passphrase-wrong" });
    await expect(withPassphrase(record, "not it", "x")).rejects.toMatchObject({ code: "passphrase-wrong" });
  });

  test("are opened by a passkey that was added, and by no other", async () => {
    const secret = crypto.getRandomValues(new Uint8Array(32));
    const passkey = { id: "a", salt: toBase64(new Uint8Array(32)), secret };
    const added = await withPasskey(record, passphrase, passkey);
    expect(await same(keys, await openWithPasskey(added, { id: "a", secret }))).toBe(true);
    expect(await same(keys, await openVault(added, passphrase))).toBe(true);
    const other = crypto.getRandomValues(new Uint8Array(32));
    await expect(openWithPasskey(added, { id: "a", secret: other })).rejects.toMatchObject({ code: "passkey-failed" });
    await expect(openWithPasskey(added, { id: "b", secret })).rejects.toMatchObject({ code: "passkey-failed" });
    await expect(withPasskey(record, "not it", passkey)).rejects.toMatchObject({ code: "passphrase-wrong" });
  });

  test("do not open a vault whose record was changed", async () => {
    const bytes = fromBase64(record.master.data);
    bytes[0]! ^= 1;
    const changed = { ...record, master: { ...record.master, data: toBase64(bytes) } };
    await expect(openVault(changed, passphrase)).rejects.toMatchObject({ code: "passphrase-wrong" });
  });
});

describe("records in the vault", () => {
  let n = 0;
  /** A database that has the vault of `keys`. */
  async function fresh(): Promise<string> {
    const database = `vault-test-${++n}`;
    await set(VAULT, record, createStore(database, "records"));
    return database;
  }
  const withText = (content: string): StoredRecord & { content: string } => ({ version: 1, content });
  const raw = async (database: string) =>
    (await entries<string, Sealed>(createStore(database, "records"))).filter(([name]) => name !== VAULT);

  test("are read as they were written, one by one and by kind; what lies in storage shows neither kind nor name nor content", async () => {
    const database = await fresh();
    const records = new Records(database, new Cipher(keys));
    const message = { version: 1, content: "Attorney-client privilege", list: [1, { a: null }] };
    await records.writeAll([
      ["message:1/1", message],
      ["message:1/2", withText("second")],
      ["conversation:1", withText("Secret title")],
    ]);
    expect(await records.read("message:1/1")).toEqual(message);
    expect([...(await records.all(anyOf("message"))).keys()].sort()).toEqual(["message:1/1", "message:1/2"]);
    const stored = await raw(database);
    expect(stored).toHaveLength(3);
    for (const [name, { iv, data }] of stored) {
      expect(name).toMatch(/^x[0-9a-f]{32}:[0-9a-f]{32}$/);
      expect(Buffer.from(data).toString("latin1")).not.toMatch(/privilege|title|message|version/);
      expect(iv).toHaveLength(12);
    }
    await records.remove(["message:1/1"]);
    expect(await records.read("message:1/1")).toBeUndefined();
    expect(await raw(database)).toHaveLength(2);
  });

  test("are never encrypted twice with the same numbers", async () => {
    const database = await fresh();
    const records = new Records(database, new Cipher(keys));
    const seen = new Set<string>();
    for (let i = 0; i < 20; i++) {
      await records.write("settings:app", { version: 1 });
      const [[, { iv, data }]] = (await raw(database)) as [[string, Sealed]];
      seen.add(String(iv) + Buffer.from(data).toString("hex"));
    }
    expect(seen.size).toBe(20);
  });

  test("are changed without losing what others change at the same time", async () => {
    const settings = anyOf("settings");
    const records = new Records(await fresh(), new Cipher(keys));
    await records.write("settings:app", { version: 1 });
    await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        records.change("settings:app", settings, (old) => ({ ...old, [`field${i}`]: i })),
      ),
    );
    expect(Object.keys((await records.read("settings:app"))!)).toHaveLength(11);
    await records.change("settings:other", settings, (old) => old);
    expect(await records.read("settings:other")).toBeUndefined();
  });

  test("that were put in another one's place, or changed, do not open, and that is said", async () => {
    const database = await fresh();
    const records = new Records(database, new Cipher(keys));
    await records.write("message:1/1", withText("yes"));
    await records.write("message:1/2", withText("no"));
    const [[one, yes], [two, no]] = (await raw(database)) as [[string, Sealed], [string, Sealed]];
    const store = createStore(database, "records");
    await set(one, no, store);
    await set(two, yes, store);
    let damaged = 0;
    records.onDamaged = (count) => (damaged = count);
    expect((await records.all(anyOf("message"))).size).toBe(0);
    expect(damaged).toBe(2);
    await expect(records.read("message:1/1")).rejects.toMatchObject({ code: "storage-failed" });
  });

  test("cannot be read without the keys", async () => {
    const database = await fresh();
    await new Records(database, new Cipher(keys)).write("message:1/1", { version: 1 });
    const other = await createVault(passphrase);
    expect((await new Records(database, new Cipher(other.keys)).all(anyOf("message"))).size).toBe(0);
    expect((await new Records(database).all(anyOf("message"))).size).toBe(0);
  });

  test("that the service worker dropped in while the vault was locked are taken in; what others dropped in is not", async () => {
    const database = await fresh();
    const store = createStore(database, "records");
    const [name, dropped] = await drop(record.inbox.publicKey, "network:1", { version: 1, path: "/models/x" } as never);
    expect(Buffer.from(dropped.data).toString("latin1")).not.toContain("models");
    await set(name, dropped, store);
    const stranger = await createVault(passphrase);
    await set("drop:1", (await drop(stranger.record.inbox.publicKey, "network:2", { version: 1 }))[1], store);
    // By somebody who would like to change the settings of a locked vault.
    const [forged, settings] = await drop(record.inbox.publicKey, "settings:app", { version: 1 });
    await set(forged, settings, store);
    // Written before the service worker knew that there is a vault.
    await set("network:3", { version: 1 }, store);
    const records = new Records(database, new Cipher(keys));
    await records.collect();
    expect([...(await records.all(anyOf("network"))).keys()].sort()).toEqual(["network:1", "network:3"]);
    expect(await records.read("settings:app")).toBeUndefined();
    // What it could not take in stays where it is: nothing is deleted for not opening.
    expect((await raw(database)).map(([key]) => key).filter((key) => !key.startsWith("x"))).toEqual(
      ["drop:1", forged].sort(),
    );
  });

  test("are encrypted all at once, and decrypted again without a loss", async () => {
    const plain = new Records();
    await plain.writeAll([
      ["message:1/1", withText("hello")],
      ["settings:app", { version: 1, language: "fr" } as never],
    ]);
    const vault = await enclose(passphrase);
    expect((await raw("islet/")).every(([name]) => name.startsWith("x"))).toBe(true);
    expect(await readVault()).toEqual(vault.record);
    expect(await plain.read("message:1/1")).toBeUndefined();
    const sealed = new Records(undefined, new Cipher(vault.keys));
    expect(await sealed.read("settings:app")).toEqual({ version: 1, language: "fr" });
    await disclose(vault.keys);
    expect((await raw("islet/")).map(([name]) => name).sort()).toEqual(["message:1/1", "settings:app"]);
    expect(await plain.read("message:1/1")).toEqual({ version: 1, content: "hello" });
    await del("message:1/1", createStore("islet/", "records"));
  });
});

describe("a backup", () => {
  test("is opened by the passphrase of its time, on any device, and shows nothing without it", async () => {
    const file = await makeBackup(record, keys, "everything I wrote");
    expect(await file.text()).not.toContain("everything");
    expect((await readBackup(file, passphrase)).text).toBe("everything I wrote");
    await expect(readBackup(file, "not it")).rejects.toMatchObject({ code: "passphrase-wrong" });
  });

  test("that was changed, is of another form or would take too long is refused", async () => {
    const backup = JSON.parse(await (await makeBackup(record, keys, "text")).text()) as Backup;
    const other = JSON.parse(await (await makeBackup(record, keys, "other")).text()) as Backup;
    const kdf = backup.kdf;
    const data = backup.content.data;
    const flipped = (data.startsWith("A") ? "B" : "A") + data.slice(1);
    for (const bad of [
      "",
      "[]",
      "null",
      "{",
      JSON.stringify({ ...backup, format: "islet-conversations" }),
      JSON.stringify({ ...backup, version: 3 }),
      JSON.stringify({ ...backup, kdf: { ...kdf, memory: 2 ** 31 } }),
      JSON.stringify({ ...backup, kdf: { ...kdf, iterations: 1e9 } }),
      JSON.stringify({ ...backup, kdf: { ...kdf, parallelism: 0 } }),
      JSON.stringify({ ...backup, kdf: { ...kdf, salt: "?" } }),
      JSON.stringify({ ...backup, kdf: { ...kdf, salt: "" } }),
      JSON.stringify({ ...backup, kdf: { ...kdf, name: "pbkdf2" } }),
      JSON.stringify({ ...backup, master: "x" }),
      JSON.stringify({ ...backup, content: { ...backup.content, data: flipped } }),
      JSON.stringify({
        ...backup,
        content: { ...backup.content, iv: other.content.iv },
      }),
    ])
      await expect(readBackup(new Blob([bad]), passphrase), bad.slice(0, 60)).rejects.toMatchObject({
        code: "backup-invalid",
      });
  });
});

test("a vault that is damaged, or of a later version, is named as that, and is not taken for none", async () => {
  const store = createStore("islet/", "records");
  const { inbox: _, ...partly } = record;
  for (const damaged of [null, {}, [], "x", partly, { ...record, version: 2 }, { ...record, passkeys: [null] }]) {
    await set(VAULT, damaged, store);
    await expect(readVault(), JSON.stringify(damaged)).rejects.toMatchObject({ code: "vault-unreadable" });
    await expect(new Records().write("settings:app", { version: 1 })).rejects.toMatchObject({ code: "vault-changed" });
    await expect(enclose(passphrase)).rejects.toMatchObject({ code: "vault-changed" });
  }
  await set(VAULT, record, store);
  expect(await readVault()).toEqual(record);
  await del(VAULT, store);
});
