// The audit log: entries are chained, and every way of tampering with an export is found where it was done. Who signs it: audit-signature.test.ts.
import { beforeAll, describe, expect, test } from "vitest";
import { Records } from "../../src/storage/records";
import { canonical, hashOf, type AuditEntry } from "../../src/trust/log/audit-chain";
import { AuditLog } from "../../src/trust/log/audit-log.svelte";
import { verify } from "../../src/trust/log/audit-verify";
import { oneAfterTheOther } from "./locks";

oneAfterTheOther();

const log = new AuditLog(new Records("audit-test"));
let text = "";
let lines: string[] = [];
beforeAll(async () => {
  const noted = Array.from({ length: 5 }, (_, n) => log.append("generation", { model: "islet-tiny", answerTokens: n }));
  await Promise.all(noted);
  text = await log.export();
  lines = text.trim().split("\n");
});

const joined = (changed: string[]) => changed.map((line) => `${line}\n`).join("");
const faults = async (changed: string[]) =>
  (await verify(joined(changed))).faults.map(({ line, fault }) => `${line} ${fault}`);
const without = (...at: number[]) => lines.filter((_, i) => !at.includes(i));
const altered = (at: number, change: (entry: AuditEntry) => Partial<AuditEntry>) =>
  lines.map((line, i) => {
    const entry = JSON.parse(line) as AuditEntry;
    return i === at ? canonical({ ...entry, ...change(entry) }) : line;
  });

describe("an export of the audit log", () => {
  test("is unbroken as it was written, also when entries were noted at the same moment", async () => {
    expect(lines).toHaveLength(7);
    expect(await verify(text)).toMatchObject({ entries: 6, faults: [] });
    expect((await log.verify()).faults).toEqual([]);
    expect((await log.entries()).map((e) => e.seq)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("shows an entry that was edited, in any of its fields", async () => {
    for (let at = 0; at < 6; at++) {
      expect(await faults(altered(at, () => ({ data: { model: "other" } })))).toEqual([`${at + 1} edited`]);
      expect(await faults(altered(at, () => ({ time: "2020-01-01T00:00:00.000Z" })))).toEqual([`${at + 1} edited`]);
      expect(await faults(altered(at, () => ({ kind: "locked" })))).toEqual([`${at + 1} edited`]);
      expect(await faults(altered(at, () => ({ note: "added" }) as object))).toEqual([`${at + 1} form`]);
    }
  });

  test("shows an entry that was edited and given a fitting hash, by the entry after it or by the end", async () => {
    for (let at = 0; at < 6; at++) {
      const entry = { ...(JSON.parse(lines[at]!) as AuditEntry), data: { model: "other" } };
      const forged = { ...entry, hash: await hashOf(entry) };
      const found = await faults(lines.map((line, i) => (i === at ? canonical(forged) : line)));
      expect(found).toEqual([at < 5 ? `${at + 2} unchained` : "7 truncated"]);
    }
  });

  test("shows entries that were dropped", async () => {
    for (let at = 0; at < 5; at++) expect(await faults(without(at))).toEqual([`${at + 1} missing`]);
    expect(await faults(without(1, 2))).toEqual(["2 missing"]);
  });

  test("shows entries that were moved or doubled", async () => {
    for (let at = 0; at < 5; at++) {
      const moved = [...lines];
      [moved[at], moved[at + 1]] = [moved[at + 1]!, moved[at]!];
      expect(await faults(moved)).toEqual([`${at + 1} misplaced`, `${at + 2} misplaced`]);
    }
    expect(await faults([lines[0]!, ...lines])).toEqual(["2 misplaced"]);
  });

  test("shows that its end was cut off, with or without the line that counts", async () => {
    for (let keep = 0; keep < 6; keep++) {
      expect(await faults(lines.slice(0, keep))).toEqual([`${keep + 1} truncated`]);
      const found = await faults([...lines.slice(0, keep), lines[6]!]);
      expect(found).toContain(`${keep + 1} truncated`);
    }
  });

  test("shows a line that is none of its own", async () => {
    expect(await faults([lines[0]!, "{not json", ...lines.slice(1)])).toEqual(["2 unreadable"]);
    expect(await faults([lines[0]!, '"text"', ...lines.slice(1)])).toEqual(["2 unreadable"]);
  });

  test("made anew from its beginning in the same browser is told from the old one by the hash that was noted", async () => {
    const other = new AuditLog(new Records("audit-other"));
    for (let n = 0; n < 5; n++) await other.append("generation", { model: "islet-tiny", answerTokens: 7 });
    const { hash } = await verify(text);
    const forged = await other.export();
    expect((await verify(forged)).faults).toEqual([]);
    expect((await verify(forged, { head: hash })).faults).toMatchObject([{ fault: "unexpected" }]);
    expect((await verify(text, { head: hash })).faults).toEqual([]);
  });

  test("whose old entries were deleted is unbroken, and says that they were; a beginning that somebody else cut off is found", async () => {
    const database = "audit-trimmed";
    const log = new AuditLog(new Records(database));
    for (let n = 0; n < 4; n++) await log.append("generation", { n });
    await new Promise((resolve) => setTimeout(resolve, 5));
    const now = Date.now();
    await log.append("generation", { n: 4 });
    expect(await log.removeBefore(now, "age")).toBe(5);
    expect(await log.removeBefore(now, "age")).toBe(0);
    await log.append("generation", { n: 5 });
    const entries = await log.entries();
    expect(entries.map(({ seq, kind }) => [seq, kind])).toEqual([
      [6, "generation"],
      [7, "log-trimmed"],
      [8, "generation"],
    ]);
    const trimmed = await log.export();
    expect(await verify(trimmed)).toMatchObject({ entries: 3, faults: [] });
    const lines = trimmed.trim().split("\n");
    // Without the first line, with another first entry, and with the line of somebody who cut off one more.
    expect((await verify(joined(lines.slice(1)))).faults).toMatchObject([{ line: 1, fault: "missing" }]);
    expect((await verify(joined([lines[0]!, ...lines.slice(2)]))).faults).toMatchObject([{ fault: "missing" }]);
    const base = canonical({ base: { entries: entries[0]!.seq, hash: entries[0]!.hash } });
    expect((await verify(joined([base, ...lines.slice(2)]))).faults).toMatchObject([{ line: 1, fault: "missing" }]);
    // Everything by hand: what stays is the entry that says so.
    expect(await log.removeBefore(Infinity, "hand")).toBe(3);
    expect((await log.entries()).map(({ kind }) => kind)).toEqual(["log-trimmed"]);
    expect(await log.verify()).toMatchObject({ entries: 1, faults: [] });
  });
});
