// Blobs: what was written is there, whole, whatever size it has; in a vault nobody reads it; and no kill at any step loses it or leaves part of it.
import { Blob as NodeBlob } from "node:buffer";
import { createStore, entries, set } from "idb-keyval";
import { beforeEach, describe, expect, test } from "vitest";
import { backupOf, backupPieces, restore } from "../../src/app/backup";
import type { Unstorable } from "../../src/app/record-forms";
import { Blobs, blobKey } from "../../src/storage/blobs/blobs";
import { BLOB_DATABASE, CHUNK, chunkName } from "../../src/storage/blobs/chunks";
import { Records } from "../../src/storage/records";
import { Cipher } from "../../src/storage/vault/cipher";
import { createVault, deriveWith, makeBackup, openVault, readBackup } from "../../src/storage/vault/vault";
import { disclose, enclose, readVault } from "../../src/storage/vault/vault-store";
import { simulateTabs, Tab } from "./tabs";

simulateTabs();
// That of jsdom cannot be read.
globalThis.Blob = NodeBlob as unknown as typeof Blob;
deriveWith(async ({ salt }) => new Uint8Array(await crypto.subtle.digest("SHA-256", salt.slice())));
const passphrase = "four words nobody guesses";
const owner = "conversation:c" as const;

const chunks = () => createStore(BLOB_DATABASE, "chunks");
const stored = async () => (await entries<string, unknown>(chunks())).filter(([name]) => name !== "vault:1");
const isSealed = (value: unknown) => "iv" in (value as object);

/** Bytes that differ from place to place. */
const bytes = (size: number, seed = 1) => Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8) * seed) % 251);
const same = async (blob: Blob, expected: Uint8Array) =>
  Buffer.from(await blob.arrayBuffer()).equals(Buffer.from(expected));

/** A page that opens records as they lie there now, and has finished what another one left, unless it is not to begin. */
async function open(begins = true): Promise<{ records: Records; blobs: Blobs; cipher: Cipher | undefined }> {
  const vault = await readVault();
  const cipher = vault && new Cipher(await openVault(vault, passphrase));
  const records = new Records(undefined, cipher);
  const blobs = new Blobs(records, cipher);
  if (begins) await blobs.begin();
  return { records, blobs, cipher };
}

async function begin() {
  for (const store of [createStore("islet/", "records"), chunks()]) await store("readwrite", (s) => void s.clear());
  const page = await open();
  await page.records.write(owner, { version: 1, id: "c", title: "", createdAt: 1, updatedAt: 1, leafId: null });
  return page;
}

let page: Awaited<ReturnType<typeof begin>>;
beforeEach(async () => {
  page = await begin();
});

describe.each(["in the clear", "in a vault"])("%s", (where) => {
  beforeEach(async () => {
    if (where === "in a vault") await enclose(passphrase);
    page = await open();
  });

  test.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7])("%i bytes come back as they were", async (size) => {
    const id = await page.blobs.write(owner, new Blob([bytes(size)]));
    expect(await same(await (await open()).blobs.read(id), bytes(size))).toBe(true);
    expect((await page.blobs.all()).map((b) => b.size)).toEqual([size]);
  });

  test("a chunk that is missing, cut or in another's place is found, and nothing of the blob is handed out as whole", async () => {
    const id = await page.blobs.write(owner, new Blob([bytes(3 * CHUNK)]));
    const all = new Map(await stored());
    const [first, second] = [chunkName(id, 0), chunkName(id, 1)];
    const harms: [string, unknown][][] = [
      [[second, new ArrayBuffer(5)]],
      // Only the keys tell one whole chunk from another.
      ...(where === "in a vault"
        ? [[[first, all.get(second)] as [string, unknown], [second, all.get(first)] as [string, unknown]]]
        : []),
    ];
    for (const harm of harms) {
      for (const [name, value] of harm) await set(name, value, chunks());
      await expect(page.blobs.read(id)).rejects.toMatchObject({ code: "records-unreadable" });
      for (const [name, value] of all) await set(name, value, chunks());
    }
    await chunks()("readwrite", (s) => void s.delete(second));
    await expect(page.blobs.read(id)).rejects.toMatchObject({ code: "records-unreadable" });
  });

  test("what belongs to a record goes with it, and a tab that is killed while it writes leaves nothing", async () => {
    const [one, other] = [bytes(CHUNK + 5), bytes(CHUNK + 5, 7)];
    const id = await page.blobs.write(owner, new Blob([one]));
    for (let at = 0; ; at++) {
      const result = await new Tab().run(() => page.blobs.write(owner, new Blob([other])), at);
      page = await open();
      const kept = (await page.blobs.all()).map((b) => b.id);
      expect((await stored()).map(([name]) => name.split("/")[0]).filter((one) => !kept.includes(one!))).toEqual([]);
      expect(await same(await page.blobs.read(id), one)).toBe(true);
      for (const whole of kept) if (whole !== id) expect(await same(await page.blobs.read(whole), other)).toBe(true);
      if (result !== "killed") break;
      expect(at).toBeLessThan(200);
    }
    await page.records.remove([owner]);
    await page.blobs.sweep();
    expect([await page.blobs.all(), await stored()]).toEqual([[], []]);
  }, 60_000);

  test("one that is stopped, or whose owner is deleted meanwhile, leaves nothing", async () => {
    const ending = new AbortController();
    ending.abort();
    await expect(page.blobs.write(owner, new Blob([bytes(9)]), ending.signal)).rejects.toThrow(/abort/i);
    await expect(page.blobs.write("conversation:gone", new Blob([bytes(9)]))).rejects.toThrow("deleted");
    expect([await page.blobs.all(), await stored()]).toEqual([[], []]);
  });

  test("while one is written, whoever clears up leaves it alone", async () => {
    const slow = new Blob([bytes(2 * CHUNK)]);
    const slice = slow.slice.bind(slow);
    slow.slice = (from, to) => {
      const part = slice(from, to);
      if (from === 0) return part;
      const read = part.arrayBuffer.bind(part);
      part.arrayBuffer = async () => (await page.blobs.sweep(), read());
      return part;
    };
    const id = await page.blobs.write(owner, slow);
    expect(await same(await page.blobs.read(id), bytes(2 * CHUNK))).toBe(true);
  });

  test("a backup brings it back elsewhere, and one that was cut or changed brings nothing", async () => {
    const id = await page.blobs.write(owner, new Blob([bytes(2 * CHUNK + 5)]));
    const { record, keys } = await createVault(passphrase);
    const text = await backupOf(page.records);
    const file = await makeBackup(record, keys, text, backupPieces(text, page.blobs));
    const whole = new Uint8Array(await file.arrayBuffer());
    const flipped = whole.slice();
    flipped[flipped.length - 9]! ^= 1;
    const others = await makeBackup(record, keys, text, backupPieces(text, page.blobs));
    const end = (all: Uint8Array) => all.indexOf(10) + 1;
    const otherBytes = new Uint8Array(await others.arrayBuffer());
    const mixed = [whole.slice(0, end(whole)), otherBytes.slice(end(otherBytes))];
    for (const bad of [[whole.slice(0, -1)], [whole.slice(0, end(whole))], [flipped], mixed]) {
      page = await begin();
      await page.records.remove([owner]);
      const taking = readBackup(new Blob(bad), passphrase).then(({ text, pieces }) =>
        restore(page.records, text, { blobs: page.blobs, pieces }),
      );
      await expect(taking).rejects.toMatchObject({ code: "backup-invalid" });
      expect([await page.blobs.all(), await stored(), await page.records.has(owner)]).toEqual([[], [], false]);
    }
    const { text: found, pieces } = await readBackup(file, passphrase);
    await restore(page.records, found, { blobs: page.blobs, pieces });
    expect(await same(await page.blobs.read(id), bytes(2 * CHUNK + 5))).toBe(true);
    // Once more changes nothing.
    const again = await readBackup(file, passphrase);
    await restore(page.records, again.text, { blobs: page.blobs, pieces: again.pieces });
    expect(await same(await page.blobs.read(id), bytes(2 * CHUNK + 5))).toBe(true);
  });
});

test("a vault is turned on and off with one chunk in memory at a time, and in it no byte lies in the clear", async () => {
  const id = await page.blobs.write(owner, new Blob([bytes(12 * CHUNK)]));
  let [read, written, most] = [0, 0, 0];
  const { get, put } = IDBObjectStore.prototype;
  IDBObjectStore.prototype.get = function (...args) {
    if (String(args[0]).includes("/")) most = Math.max(most, ++read - written);
    return get.apply(this, args);
  };
  IDBObjectStore.prototype.put = function (...args) {
    if (String(args[1]).includes("/")) written++;
    return put.apply(this, args);
  };
  try {
    await enclose(passphrase);
    expect((await stored()).every(([, value]) => isSealed(value))).toBe(true);
    expect([read, written, most]).toEqual([12, 12, 1]);
    page = await open();
    expect(await same(await page.blobs.read(id), bytes(12 * CHUNK))).toBe(true);
    [read, written, most] = [0, 0, 0];
    await disclose(await openVault((await readVault())!, passphrase));
    expect([read, written, most]).toEqual([12, 12, 1]);
  } finally {
    Object.assign(IDBObjectStore.prototype, { get, put });
  }
  expect((await stored()).some(([, value]) => isSealed(value))).toBe(false);
  expect(await same(await (await open()).blobs.read(id), bytes(12 * CHUNK))).toBe(true);
});

test("a kill at each step of turning a vault on or off loses nothing, and what was begun is finished when it is opened", async () => {
  const whole = bytes(CHUNK + 5);
  const id = await page.blobs.write(owner, new Blob([whole]));
  const changes = {
    on: async () => void (await enclose(passphrase)),
    off: async () => disclose(await openVault((await readVault())!, passphrase)),
  };
  for (const change of ["on", "off"] as const)
    for (let at = 0; ; at++) {
      const result = await new Tab().run(changes[change], at);
      page = await open();
      expect(await same(await page.blobs.read(id), whole)).toBe(true);
      const sealed = (await stored()).map(([, value]) => isSealed(value));
      expect(sealed, `${change}, killed at ${at}`).toEqual(Array(2).fill(page.cipher !== undefined));
      if (result !== "killed") break;
      // Each attempt begins from the same state.
      if ((page.cipher !== undefined) !== (change === "off")) await changes[change === "on" ? "off" : "on"]();
      expect(at).toBeLessThan(300);
    }
}, 120_000);

test("without room to encrypt files the vault is there all the same, says so each time it is opened, and goes on once there is room", async () => {
  const whole = bytes(2 * CHUNK + 5);
  const id = await page.blobs.write(owner, new Blob([whole]));
  const put = IDBObjectStore.prototype.put;
  let room = 1;
  IDBObjectStore.prototype.put = function (...args) {
    if (String(args[1]).includes("/") && room-- <= 0) throw new DOMException("no room", "QuotaExceededError");
    return put.apply(this, args);
  };
  try {
    await enclose(passphrase);
    expect((await stored()).map(([, value]) => isSealed(value))).toEqual([true, false, false]);
    page = await open(false);
    await expect(page.blobs.begin()).rejects.toMatchObject({ code: "files-in-clear", remedy: "free-space" });
    expect(await same(await page.blobs.read(id), whole)).toBe(true);
  } finally {
    IDBObjectStore.prototype.put = put;
  }
  await page.blobs.begin();
  expect((await stored()).every(([, value]) => isSealed(value))).toBe(true);
  expect(await same(await page.blobs.read(id), whole)).toBe(true);
});

test("a vault that cannot be turned off, since something does not open, leaves nothing in the clear", async () => {
  await page.blobs.write(owner, new Blob([bytes(3 * CHUNK)]));
  await enclose(passphrase);
  const keys = await openVault((await readVault())!, passphrase);
  const whole = await stored();
  const all = async () => (await stored()).map(([, value]) => isSealed(value));
  // A chunk, then a record.
  const [name, { iv }] = whole[0] as [string, { iv: Uint8Array }];
  await set(name, { iv, data: new ArrayBuffer(40) }, chunks());
  await expect(disclose(keys)).rejects.toMatchObject({ code: "records-unreadable" });
  expect(await all()).toEqual([true, true, true]);
  await set(name, whole[0]![1], chunks());
  const records = createStore("islet/", "records");
  await set(`x${"0".repeat(32)}:damaged`, { iv, data: new ArrayBuffer(40) }, records);
  await expect(disclose(keys)).rejects.toMatchObject({ code: "records-unreadable" });
  expect(await all()).toEqual([true, true, true]);
  expect(await readVault()).toBeDefined();
});

test("of two tabs that restore one backup at once, one that fails takes nothing from the other", async () => {
  const id = await page.blobs.write(owner, new Blob([bytes(2 * CHUNK)]));
  const record = await page.blobs.about(id);
  const kept: [string, ArrayBuffer][] = [];
  for await (const [name, content] of page.blobs.chunks(id)) kept.push([name, content]);
  await page.records.remove([blobKey(id)]);
  await page.blobs.sweep();
  async function* whole() {
    yield* kept;
  }
  async function* cut() {
    yield kept[0]!;
    // It is found to be cut when the other one is done, if that did not wait.
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const restored = [cut(), whole()].map((pieces) =>
    new Blobs(page.records).restore([record], pieces, () => page.records.write(blobKey(id), record)),
  );
  const [failed, worked] = await Promise.allSettled(restored);
  expect([failed!.status, worked!.status]).toEqual(["rejected", "fulfilled"]);
  expect(await same(await page.blobs.read(id), bytes(2 * CHUNK))).toBe(true);
  // And the other way round.
  await expect(new Blobs(page.records).restore([record], cut(), async () => {})).resolves.toBeUndefined();
  expect(await same(await page.blobs.read(id), bytes(2 * CHUNK))).toBe(true);
});

test("a page that missed that there is a vault now writes nothing", async () => {
  const stale = page.blobs;
  await enclose(passphrase);
  await expect(stale.write(owner, new Blob([bytes(5)]))).rejects.toMatchObject({ code: "vault-changed" });
  expect(await stored()).toEqual([]);
});

test("a record that holds bytes is refused, by the types and by the vault", async () => {
  const none: Unstorable[] = [];
  expect(none).toEqual([]);
  const vector = { version: 1, id: "c", vector: new Float32Array(2) };
  // @ts-expect-error: in a vault it would become {}.
  const inTheClear = page.records.write("draft:c", vector);
  await inTheClear;
  await page.records.remove(["draft:c", blobKey("none")]);
  const { keys } = await createVault(passphrase);
  for (const bytes of [new Float32Array(2), new ArrayBuffer(3), new Blob(["a"])])
    await expect(new Cipher(keys).seal("draft:c", { version: 1, parts: [{ bytes }] })).rejects.toThrow("blobs");
});
