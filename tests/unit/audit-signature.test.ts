// Who wrote an audit log, byte for byte: each line has one form, and the end is signed with a key of this browser. How entries follow from one
// another: audit.test.ts.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { entries as storedEntries, get, set } from "idb-keyval";
import { beforeAll, describe, expect, test } from "vitest";
import { toBase64 } from "../../src/platform/encoding";
import type { RecordKey, StoredRecord } from "../../src/storage/forms";
import { Records } from "../../src/storage/records";
import { signingKey, type SigningKey } from "../../src/storage/signing-key";
import { openStore, SIGNING, VAULT } from "../../src/storage/store";
import { Cipher } from "../../src/storage/vault/cipher";
import { deriveWith } from "../../src/storage/vault/vault";
import { disclose, enclose } from "../../src/storage/vault/vault-store";
import {
  canonical,
  emptyHead,
  nextEntry,
  toJsonLines,
  type AuditData,
  type AuditEntry,
} from "../../src/trust/log/audit-chain";
import { AuditLog } from "../../src/trust/log/audit-log.svelte";
import { installationOf, signHead } from "../../src/trust/log/audit-signature";
import { verify } from "../../src/trust/log/audit-verify";
import { oneAfterTheOther } from "./locks";

oneAfterTheOther();

const folder = "tests/fixtures/audit";
const faultsOf = async (file: string | Uint8Array, expected = {}) =>
  (await verify(file, expected)).faults.map(({ line, fault }) => `${line} ${fault}`);
const linesOf = (text: string) => text.trimEnd().split("\n");
const joined = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join("");
let databases = 0;
const freshLog = (key?: () => Promise<SigningKey>) => new AuditLog(new Records(`signature-test-${++databases}`), key);

/** A key of another browser. */
async function foreignKey(): Promise<SigningKey> {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
  const publicKey = toBase64(new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey)));
  return { version: 1, publicKey, privateKey: pair.privateKey };
}

/** A log as it lies in storage from before there was a key. */
async function oldLog(records: Records, count: number): Promise<void> {
  let head = emptyHead;
  for (let n = 0; n < count; n++) {
    const entry = await nextEntry(head, new Date(1e12 + n * 1000).toISOString(), n === 0 ? "begin" : "generation", {
      n,
    });
    head = { entries: entry.seq, hash: entry.hash };
    await records.write(`audit:${String(entry.seq).padStart(10, "0")}`, { version: 1, ...entry } as StoredRecord);
  }
  await records.write("audit-head:1", { version: 1, policy: "p", ...head } as StoredRecord);
}

let text = "";
let lines: string[] = [];
let key: SigningKey;
beforeAll(async () => {
  const log = freshLog();
  await log.start("1.0.0", { a: 1 });
  for (let n = 0; n < 3; n++) await log.append("generation", { model: "islet-tiny", n });
  text = await log.export();
  lines = linesOf(text);
  key = await signingKey();
});

describe("a log that was signed", () => {
  test("names the installation in its first entry, by the hash of a key that no script can read", async () => {
    const installation = await installationOf(key.publicKey);
    const begin = JSON.parse(lines[0]!) as AuditEntry;
    expect(begin).toMatchObject({ seq: 1, kind: "begin", data: { publicKey: key.publicKey, installation } });
    expect(begin.data).toMatchObject({ version: "1.0.0" });
    expect(await verify(text, { installation })).toMatchObject({
      entries: 4,
      faults: [],
      notes: [],
      installation,
      signedFrom: 1,
    });
    expect(key.privateKey.extractable).toBe(false);
    for (const form of ["pkcs8", "jwk"] as const)
      await expect(crypto.subtle.exportKey(form, key.privateKey)).rejects.toThrow();
  });

  test("whose end was cut off is found, whatever new last line somebody without the key writes", async () => {
    const stranger = await foreignKey();
    const last = JSON.parse(lines.at(-1)!) as { head: { signature: string } };
    for (let keep = 1; keep < 4; keep++) {
      const { seq, hash } = JSON.parse(lines[keep - 1]!) as AuditEntry;
      const head = { entries: seq, hash };
      for (const signature of [undefined, "", "00".repeat(64), last.head.signature, await signHead(head, stranger)]) {
        const cut = joined([...lines.slice(0, keep), canonical({ head: { ...head, signature } })]);
        expect(await faultsOf(cut)).toEqual([`${keep + 1} signature`]);
        expect(await faultsOf(cut, { unsigned: true })).toEqual([`${keep + 1} signature`]);
      }
    }
  });

  test("that somebody without the key went on with is found, also when they name a key of their own", async () => {
    const stranger = await foreignKey();
    const { head } = JSON.parse(lines.at(-1)!) as { head: { entries: number; hash: string; signature: string } };
    const data = { publicKey: stranger.publicKey, installation: await installationOf(stranger.publicKey) };
    for (const kind of ["signing-begun", "begin", "log-trimmed"] as const) {
      const entry = await nextEntry(head, new Date().toISOString(), kind, data);
      const end = { entries: entry.seq, hash: entry.hash };
      const signed = { ...end, signature: await signHead(end, stranger) };
      const longer = joined([...lines.slice(0, -1), canonical(entry), canonical({ head: signed })]);
      expect(await faultsOf(longer)).toContain("5 rekeyed");
    }
    const entry = await nextEntry(head, new Date().toISOString(), "generation", {});
    const end = { entries: entry.seq, hash: entry.hash, signature: head.signature };
    expect(await faultsOf(joined([...lines.slice(0, -1), canonical(entry), canonical({ head: end })]))).toEqual([
      "6 signature",
    ]);
  });

  test("of another browser is consistent in itself, and is told by the installation that was noted", async () => {
    const stranger = await foreignKey();
    const log = freshLog(() => Promise.resolve(stranger));
    await log.append("generation", {});
    const other = await log.export();
    expect(await faultsOf(other)).toEqual([]);
    expect(await faultsOf(other, { installation: await installationOf(key.publicKey) })).toEqual(["3 unexpected"]);
    expect(await faultsOf(other, { installation: await installationOf(stranger.publicKey) })).toEqual([]);
  });

  test("that names one installation and carries the key of another is found", async () => {
    const stranger = await foreignKey();
    const data = { publicKey: stranger.publicKey, installation: await installationOf(key.publicKey) };
    const begin = await nextEntry(emptyHead, new Date().toISOString(), "begin", data);
    const head = { entries: 1, hash: begin.hash };
    const forged = toJsonLines([begin], { ...head, signature: await signHead(head, stranger) });
    expect(await faultsOf(forged)).toEqual(["1 signature"]);
  });

  test("is found to be another where any one byte was changed, added or taken away", async () => {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at]! ^= 1 << (at % 8);
      expect((await faultsOf(changed)).length, `byte ${at}`).toBeGreaterThan(0);
    }
    const mutation = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255), fc.constantFrom("change", "add", "take"));
    await fc.assert(
      fc.asyncProperty(mutation, async ([at, byte, how]) => {
        fc.pre(how !== "change" || bytes[at] !== byte);
        const new_ = how === "take" ? [] : [byte];
        const changed = Uint8Array.from([...bytes.slice(0, at), ...new_, ...bytes.slice(how === "add" ? at : at + 1)]);
        expect((await faultsOf(changed)).length).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  }, 60_000);

  test("has values that no other form of JSON can tell apart, and they come back", async () => {
    const log = freshLog();
    const odd: AuditData[] = [
      { a: "\ud800", b: "\udfff\ud800", "\ud83d": "\u0000\u2028\ufeff" },
      { zero: -0, large: 1e300, small: 5e-324, whole: 2 ** 53 },
      JSON.parse('{"__proto__":"own","constructor":1,"":null}') as AuditData,
      { nan: NaN, infinite: Infinity, none: undefined } as unknown as AuditData,
    ];
    for (const data of odd) await log.append("generation", data);
    const file = await log.export();
    expect(await faultsOf(file)).toEqual([]);
    const read = linesOf(file)
      .slice(1, -1)
      .map((line) => (JSON.parse(line) as AuditEntry).data);
    expect(read[0]).toEqual(odd[0]);
    expect(read[1]).toEqual({ zero: 0, large: 1e300, small: 5e-324, whole: 2 ** 53 });
    expect(Object.entries(read[2]!)).toEqual(
      expect.arrayContaining([
        ["__proto__", "own"],
        ["constructor", 1],
        ["", null],
      ]),
    );
    expect(read[3]).toEqual({ nan: null, infinite: null });
    await fc.assert(
      fc.property(fc.jsonValue({ stringUnit: "binary" } as object), (value) => {
        const once = canonical(value);
        expect(canonical(JSON.parse(once))).toBe(once);
      }),
    );
  });
});

describe("the key", () => {
  test("is one, however many tabs ask for it at once", async () => {
    const keys = await Promise.all(Array.from({ length: 8 }, () => signingKey("signature-key-race")));
    expect(new Set(keys.map(({ publicKey }) => publicKey)).size).toBe(1);
    expect((await signingKey("signature-key-race")).publicKey).toBe(keys[0]!.publicKey);
  });

  test("stays where it is when all records are encrypted and decrypted, and the log goes on under it", async () => {
    deriveWith(() => Promise.resolve(new Uint8Array(32)));
    await new AuditLog(new Records()).append("generation", { n: 1 });
    const { keys } = await enclose("four words nobody guesses");
    const cipher = new Cipher(keys);
    expect(
      (await storedEntries(openStore()))
        .map(([name]) => name)
        .filter((name) => !String(name).startsWith("x"))
        .sort(),
    ).toEqual([SIGNING, VAULT]);
    await new AuditLog(new Records(undefined, cipher)).append("generation", { n: 2 });
    await disclose(keys);
    const log = new AuditLog(new Records());
    await log.append("generation", { n: 3 });
    expect(await log.verify()).toMatchObject({ entries: 4, faults: [], notes: [], signedFrom: 1 });
    expect(((await get(SIGNING, openStore())) as SigningKey).publicKey).toBe(key.publicKey);
  });

  test("that was lost or replaced shows from the entry on that names another", async () => {
    let current = key;
    const log = freshLog(() => Promise.resolve(current));
    await log.append("generation", {});
    current = await foreignKey();
    await log.append("generation", {});
    expect(await faultsOf(await log.export())).toEqual(["3 rekeyed"]);
  });

  test("makes anew what in storage is none", async () => {
    await set(SIGNING, { version: 1, publicKey: "x", privateKey: "y" }, openStore("signature-key-bad"));
    expect((await signingKey("signature-key-bad")).privateKey).toBeInstanceOf(CryptoKey);
  });
});

describe("a log from before there was a key", () => {
  test("is signed from the next start on, says from which entry, and stays bound to the key when its beginning is deleted", async () => {
    const records = new Records(`signature-test-${++databases}`);
    await oldLog(records, 3);
    const log = new AuditLog(records);
    expect(await faultsOf(await log.export())).toEqual(["4 unsigned"]);
    await log.start("1.0.0", {});
    expect((await log.entries()).map(({ kind }) => kind)).toEqual([
      "begin",
      "generation",
      "generation",
      "signing-begun",
      "policy-changed",
    ]);
    expect(await log.verify()).toMatchObject({ entries: 5, faults: [], signedFrom: 4 });
    expect(await log.removeBefore(1e12 + 1500, "age")).toBe(2);
    expect(await log.verify()).toMatchObject({ faults: [], signedFrom: 4 });
    expect(await log.removeBefore(Infinity, "hand")).toBe(4);
    const found = await log.verify();
    expect(found).toMatchObject({
      entries: 1,
      faults: [],
      signedFrom: 4,
      installation: await installationOf(key.publicKey),
    });
    // The key of a shortened log cannot be exchanged either.
    const [base, trimmed] = linesOf(await log.export());
    const stranger = await foreignKey();
    const { hash, seq } = JSON.parse(trimmed!) as AuditEntry;
    const signature = await signHead({ entries: seq, hash }, stranger);
    expect(await faultsOf(joined([base!, trimmed!, canonical({ head: { entries: seq, hash, signature } })]))).toEqual([
      "3 signature",
    ]);
  });

  test("whose end an older version in another tab wrote is stated, and goes on signed", async () => {
    const records = new Records(`signature-test-${++databases}`);
    const log = new AuditLog(records);
    await log.append("generation", {});
    const head = (await records.read<StoredRecord & { entries: number; hash: string }>("audit-head:1"))!;
    const entry = await nextEntry(head, new Date().toISOString(), "locked", {});
    const name: RecordKey = `audit:${String(entry.seq).padStart(10, "0")}`;
    await records.write(name, { version: 1, ...entry } as StoredRecord);
    await records.write("audit-head:1", { ...head, entries: entry.seq, hash: entry.hash } as StoredRecord);
    expect(await faultsOf(await log.export())).toEqual(["4 signature"]);
    await log.append("generation", {});
    expect(await log.verify()).toMatchObject({
      faults: [],
      notes: [{ entry: 4, note: "unsigned-before" }],
      signedFrom: 1,
    });
  });
});

describe("what others have made of a log without a key (tests/fixtures/audit)", () => {
  const cases: [string, string[]][] = [
    ["00-good.jsonl", []],
    ["11-dupkeys.jsonl", ["8 form"]],
    ["12-blank-lines-then-edit.jsonl", ["8 form", "9 form", "10 form", "11 edited"]],
    ["14-bom.jsonl", ["1 form"]],
    ["21-head-only.jsonl", ["1 missing"]],
    ["27-head-extra-claim.jsonl", ["21 form"]],
  ];
  test.each(cases)("%s has these faults: %j", async (name, faults) => {
    const file = readFileSync(join(folder, name));
    expect(await faultsOf(file, { unsigned: true })).toEqual(faults);
    expect((await faultsOf(file)).join()).toContain("unsigned");
  });

  test("08: an end that was cut off and written anew is told by the hash that was noted, and that nothing is signed is a fault", async () => {
    const { hash } = await verify(readFileSync(join(folder, "00-good.jsonl")));
    const cut = readFileSync(join(folder, "08-cut-tail-newhead.jsonl"));
    expect(await faultsOf(cut)).toEqual(["16 unsigned"]);
    expect(await faultsOf(cut, { unsigned: true, head: hash })).toEqual(["16 unexpected"]);
  });
});

describe("a file that is none", () => {
  const deep = "[".repeat(200_000) + "]".repeat(200_000);
  const odd: [string, string | Uint8Array][] = [
    ["nothing", ""],
    ["a line break", "\n"],
    ["bytes that are no text", Uint8Array.from([0xff, 0xfe, 10, 0x80, 10])],
    [
      "deep nesting",
      `${deep}\n{"data":${deep},"seq":1}\n{"base":${deep}}\n{"head":{"entries":1,"hash":"${"0".repeat(64)}","x":${deep}}}\n`,
    ],
    ["a head that is no object", '{"head":7}\n{"head":null}\n{"base":[]}\n'],
    ["a hash that is no hash", '{"head":{"entries":1,"hash":"zz","signature":"zz"}}\n'],
    ["a number out of all bounds", '{"head":{"entries":1e300,"hash":""}}\n'],
  ];
  test.each(odd)("%s has faults, and nothing is thrown", async (_, file) => {
    expect((await faultsOf(file)).length).toBeGreaterThan(0);
  });

  test("of one line that is longer than any of a log is not read", async () => {
    const line = new Uint8Array(17 * 2 ** 20).fill("[".charCodeAt(0));
    expect((await verify(line)).faults[0]).toMatchObject({
      fault: "unreadable",
      detail: expect.stringContaining("longer") as string,
    });
  });

  test("of a million blank lines ends soon", async () => {
    expect((await faultsOf("\n".repeat(1_000_000))).length).toBeLessThan(2000);
  });

  test("has faults and throws nothing, whatever it is", async () => {
    const piece = fc.oneof(
      fc.constantFrom(...lines, ...lines.map((line) => line.slice(0, 50)), "", "\uFEFF", "\r"),
      fc.json(),
      fc.string({ unit: "binary" }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 8 }), fc.constantFrom("\n", "\r\n", ""), async (pieces, end) => {
        const file = pieces.join("\n") + end;
        fc.pre(file !== text);
        expect((await faultsOf(file)).length).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        expect((await faultsOf(bytes)).length).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  }, 60_000);
});

describe("npm run verify-audit", () => {
  const files = mkdtempSync(join(tmpdir(), "islet-audit-"));
  const write = (name: string, content: string | Uint8Array) => {
    writeFileSync(join(files, name), content);
    return join(files, name);
  };
  async function run(...options: string[]): Promise<{ code: number; out: string }> {
    const command = ["scripts/verify-audit.mjs", ...options];
    const { code, stdout, stderr } = await promisify(execFile)(process.execPath, command).then(
      (said) => ({ code: 0, ...said }),
      (error: unknown) => error as { code: number; stdout: string; stderr: string },
    );
    expect(stdout + stderr, options.join(" ")).not.toMatch(/^\s+at |node:internal|Error:/m);
    return { code, out: stdout + stderr };
  }

  test("says that a log is unbroken, of which installation, and compares it with what was noted", async () => {
    const whole = write("whole.jsonl", text);
    const { hash, installation } = await verify(text);
    const said = await run(whole);
    expect(said).toMatchObject({ code: 0, out: expect.stringContaining("4 entries, unbroken") as string });
    expect(said.out).toContain(`The installation is ${installation}`);
    expect((await run(whole, "--head", hash, "--installation", installation!.toUpperCase())).code).toBe(0);
    for (const [option, text] of [
      ["--head", "the hash"],
      ["--installation", "the installation"],
    ] as const) {
      const { code, out } = await run(whole, option, "ab".repeat(32));
      expect(code).toBe(1);
      expect(out).toContain(text);
    }
    const broken = await run(write("broken.jsonl", joined(lines.filter((_, i) => i !== 2))));
    expect(broken.code).toBe(1);
    expect(broken.out).toMatch(/broken\.jsonl:3: missing: entries 3 to 3/);
  }, 60_000);

  test("takes a log from before there was a key only where it is told to, and says how", async () => {
    const old = join(folder, "00-good.jsonl");
    const refused = await run(old);
    expect(refused.code).toBe(1);
    expect(refused.out).toContain("--unsigned");
    expect(await run(old, "--unsigned")).toMatchObject({
      code: 0,
      out: expect.stringContaining("20 entries, unbroken") as string,
    });
  }, 60_000);

  test("never ends in a stack trace, and says what to do", async () => {
    const large = write("large.jsonl", "");
    truncateSync(large, 3 * 2 ** 30);
    const whole = write("whole.jsonl", text);
    const cases: [string[], number, RegExp][] = [
      [[], 2, /^Usage/],
      [["a", "b"], 2, /^Usage/],
      [[join(files, "not-there")], 2, /no such file/],
      [[files], 2, /folder/],
      [["/dev/zero"], 2, /no file/],
      [[large], 2, /No audit log is that large/],
      [[write("empty.jsonl", "")], 1, /truncated/],
      [
        [
          write(
            "binary.jsonl",
            Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) % 256),
          ),
        ],
        1,
        /not UTF-8/,
      ],
      [[write("deep.jsonl", "[".repeat(1_000_000))], 1, /unreadable/],
      [[whole, "--head"], 2, /Usage/],
      [[whole, "--head", "xyz"], 2, /64 digits/],
      [[whole, "--installation", ""], 2, /64 digits/],
      [[whole, "--nonsense"], 2, /Usage/],
    ];
    for (const [options, code, says] of cases) {
      const said = await run(...options);
      expect(said.code, options.join(" ")).toBe(code);
      expect(said.out).toMatch(says);
    }
  }, 120_000);
});

test("a log whose head was removed goes on after its last entry, and says that its end was not signed", async () => {
  const records = new Records(`signature-test-${++databases}`);
  const log = new AuditLog(records);
  await log.start("1", {});
  for (let n = 0; n < 3; n++) await log.append("generation", { n });
  const before = await log.entries();
  await records.remove(["audit-head:1"]);
  await log.append("generation", { n: 3 });
  const after = await log.entries();
  expect(after.slice(0, before.length)).toEqual(before);
  expect(after.slice(before.length).map(({ kind }) => kind)).toEqual(["signing-begun", "generation"]);
  expect(await log.verify()).toMatchObject({ faults: [], notes: [{ note: "unsigned-before" }] });

  // One that was shortened, and of which an entry cannot be read.
  await log.removeBefore(Infinity, "hand");
  await log.append("generation", { n: 4 });
  await records.remove(["audit-head:1"]);
  await log.append("generation", { n: 5 });
  expect((await log.verify()).faults).toEqual([]);
  const last = (await log.entries()).at(-1)!;
  await records.remove(["audit-head:1"]);
  await records.write(`audit:${String(last.seq).padStart(10, "0")}`, { version: 1, strange: true } as StoredRecord);
  await expect(log.append("generation", { n: 6 })).rejects.toMatchObject({ code: "storage-failed" });
});
