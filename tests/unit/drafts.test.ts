// What is written and not sent: kept over reloads and crashes, each in its own conversation, gone with it, and encrypted while there is a vault.
import { begin, messageOf } from "../messages";
import { promisifyRequest } from "idb-keyval";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Conversations } from "../../src/chat/conversations.svelte";
import { draftKey, type Message } from "../../src/chat/conversation-records";
import { Session } from "../../src/chat/session.svelte";
import { forms } from "../../src/app/record-forms";
import type { Models } from "../../src/models/models.svelte";
import type { Runs } from "../../src/runs/runs.svelte";
import { Records } from "../../src/storage/records";
import { Settings } from "../../src/storage/settings.svelte";
import { entriesOf, openStore, VAULT } from "../../src/storage/store";
import { Cipher } from "../../src/storage/vault/cipher";
import { createVault, deriveWith } from "../../src/storage/vault/vault";
import { AuditLog } from "../../src/trust/log/audit-log.svelte";
import { closeChannels, countChannels } from "./browser";

/** Locks of tabs, of which each ends with its tab. */
let held = new Map<string, number>();
let tabs = 0;
const opened: TestTab[] = [];
/** The tab that asks for locks now. */
let here = 0;

interface TestTab {
  n: number;
  conversations: Conversations;
  session: Session;
}

/** A tab that has read what is stored. */
async function open(cipher?: Cipher): Promise<TestTab> {
  const n = (here = ++tabs);
  const records = new Records(undefined, cipher);
  const audit = new AuditLog(records);
  const conversations = new Conversations(records, audit);
  const settings = new Settings(records);
  const session = new Session(conversations, {} as Models, {} as Runs, settings, audit);
  await conversations.load();
  const tab = { n, conversations, session };
  opened.push(tab);
  return tab;
}

/** The tab ends as a crash ends it: nothing more is stored. */
function crash({ n, conversations }: TestTab): void {
  for (const [lock, tab] of held) if (tab === n) held.delete(lock);
  vi.spyOn(conversations.drafts, "flush").mockResolvedValue();
}

const stored = async (name: string) =>
  openStore()("readonly", (s) => promisifyRequest(s.get(name) as IDBRequest<unknown>));
const storedDrafts = async () =>
  (await openStore()("readonly", (s) => entriesOf(s))).filter(([name]) => name.startsWith("draft:"));
const said = (conversationId: string, id: string): Message =>
  messageOf({ id, conversationId, parentId: null, role: "user", content: id, createdAt: 1 });

beforeEach(async () => {
  closeChannels();
  countChannels();
  held = new Map();
  vi.stubGlobal("isSecureContext", true);
  const request = async (name: string, ...rest: unknown[]) => {
    const run = rest.at(-1) as (lock: object | null) => unknown;
    if (held.has(name)) return run(null);
    held.set(name, here);
    try {
      return await run({ name });
    } finally {
      held.delete(name);
    }
  };
  Object.defineProperty(navigator, "locks", { configurable: true, value: { request } });
  await openStore()("readwrite", (s) => void s.clear());
});
afterEach(async () => {
  vi.restoreAllMocks();
  // Nothing of a test is stored while the next one looks.
  await Promise.all(opened.splice(0).map(({ conversations }) => conversations.drafts.flush()));
  vi.unstubAllGlobals();
});

describe("what is written", () => {
  test("is there after a reload, in the conversation in which it was written and in no other", async () => {
    const first = await open();
    const [one, two] = [await begin(first.conversations, "one"), await begin(first.conversations, "two")];
    const write = (id: string | null, text: string) => {
      first.conversations.openId = id;
      expect(first.session.draft).toBe("");
      first.session.draft = text;
    };
    write(one.id, "of one");
    write(two.id, "of two\nin lines");
    write(null, "of a new one");
    await first.conversations.drafts.flush();
    crash(first);

    const { conversations, session } = await open();
    for (const [id, text] of [
      [one.id, "of one"],
      [two.id, "of two\nin lines"],
      [null, "of a new one"],
    ] as const) {
      conversations.openId = id;
      expect(session.draft).toBe(text);
    }
  });

  test("is stored at once when it begins, and within a moment as it goes on", async () => {
    const { conversations, session } = await open();
    const { id } = await begin(conversations, "c");
    session.draft = "a";
    await vi.waitFor(async () => expect(await stored(draftKey(id))).toMatchObject({ text: "a" }), { timeout: 150 });
    session.draft = "ab";
    session.draft = "abc";
    await vi.waitFor(async () => expect(await stored(draftKey(id))).toMatchObject({ text: "abc" }), { timeout: 600 });
  });

  test("is stored when the page is put away or left", async () => {
    const { conversations, session } = await open();
    conversations.drafts.begin();
    const { id } = await begin(conversations, "c");
    session.draft = "a";
    session.draft = "at the end";
    dispatchEvent(new Event("pagehide"));
    await vi.waitFor(async () => expect(await stored(draftKey(id))).toMatchObject({ text: "at the end" }), {
      timeout: 150,
    });
  });

  test("is gone from storage when it was sent, but not before the question is stored", async () => {
    const { conversations, session } = await open();
    const { id } = await begin(conversations, "c");
    session.draft = "question ";
    await conversations.drafts.flush();
    let during: unknown;
    await session.sendDraft(async (question) => {
      expect([question, session.draft]).toEqual(["question", ""]);
      during = await stored(draftKey(id));
    });
    expect(during).toMatchObject({ text: "question " });
    await conversations.drafts.flush();
    expect(await stored(draftKey(id))).toBeUndefined();
  });

  test("is back where it was written when it could not be sent, wherever the person is by then", async () => {
    const { conversations, session } = await open();
    const one = await begin(conversations, "one");
    const two = await begin(conversations, "two");
    conversations.openId = one.id;
    session.draft = "question";
    const sent = session.sendDraft(async () => {
      conversations.openId = two.id;
      throw new Error("full");
    });
    await expect(sent).rejects.toThrow("full");
    expect(session.draft).toBe("");
    conversations.openId = one.id;
    expect(session.draft).toBe("question");
  });

  test("is back where it was written when its conversation cannot be begun, of which nothing is left", async () => {
    const { conversations, session } = await open();
    session.draft = "first";
    const change = vi.spyOn(Records.prototype, "change").mockRejectedValueOnce(new Error("full"));
    await expect(session.sendDraft()).rejects.toThrow("full");
    change.mockRestore();
    expect([conversations.open, conversations.all.size]).toEqual([undefined, 0]);
    expect(session.draft).toBe("first");
  });

  test("that cannot be stored is told, and stays", async () => {
    const { conversations, session } = await open();
    const failed = vi.fn();
    conversations.drafts.onFailed = failed;
    vi.spyOn(Records.prototype, "write").mockRejectedValue(new Error("full"));
    session.draft = "a";
    await conversations.drafts.flush();
    expect(failed).toHaveBeenCalledTimes(1);
    expect(session.draft).toBe("a");
  });
});

describe("of a conversation that is deleted", () => {
  test("it stays for as long as that can be had back, and goes with it", async () => {
    const { conversations, session } = await open();
    const { id } = await begin(conversations, "c");
    await conversations.put(said(id, "m"));
    session.draft = "draft";
    await conversations.drafts.flush();
    await conversations.remove(id);
    expect(session.draft).toBe("");
    await conversations.undoRemoval();
    expect(session.draft).toBe("draft");
    await conversations.purge(id);
    expect(await storedDrafts()).toEqual([]);
  });

  test("nothing is stored that is written into it afterwards, here or in another tab", async () => {
    const [one, other] = [await open(), await open()];
    const { id } = await begin(one.conversations, "c");
    await vi.waitFor(() => expect(other.conversations.all.has(id)).toBe(true));
    other.conversations.openId = id;
    other.session.draft = "there";
    await one.conversations.purge(id);
    one.conversations.drafts.write(id, "here");
    await Promise.all([one.conversations.drafts.flush(), other.conversations.drafts.flush()]);
    expect(await storedDrafts()).toEqual([]);
  });

  test("what a killed tab left of it is removed at the next start", async () => {
    await openStore()(
      "readwrite",
      (s) => void s.put({ version: 1, id: "gone", text: "t", updatedAt: 1 }, "draft:gone"),
    );
    await open();
    expect(await storedDrafts()).toEqual([]);
  });

  test("by its age, the draft of a conversation that was never begun goes as well", async () => {
    const { conversations, session } = await open();
    const { id } = await begin(conversations, "c");
    session.draft = "in a conversation";
    conversations.openId = null;
    session.draft = "in none";
    await conversations.drafts.flush();
    await conversations.removeWhere((time) => time < 1000);
    expect(await storedDrafts()).toHaveLength(2);
    await conversations.removeWhere(() => true);
    expect(conversations.all.has(id)).toBe(false);
    expect(await storedDrafts()).toEqual([]);
    expect(session.draft).toBe("");
  });
});

describe("two tabs", () => {
  test("that both begin a conversation keep what each writes, and each has its own again after a crash", async () => {
    const [one, other] = [await open(), await open()];
    here = one.n;
    one.session.draft = "one";
    here = other.n;
    other.session.draft = "other";
    await Promise.all([one.conversations.drafts.flush(), other.conversations.drafts.flush()]);
    expect([one.session.draft, other.session.draft]).toEqual(["one", "other"]);
    crash(one);
    expect((await open()).session.draft).toBe("one");
    // A third tab takes none of those that are held.
    expect((await open()).session.draft).toBe("");
    crash(other);
    expect((await open()).session.draft).toBe("other");
  });

  test("show what is written in one conversation, unless a person wrote in it here", async () => {
    const [one, other] = [await open(), await open()];
    const { id } = await begin(one.conversations, "c");
    await vi.waitFor(() => expect(other.conversations.all.has(id)).toBe(true));
    other.conversations.openId = id;
    one.session.draft = "one";
    await vi.waitFor(() => expect(other.session.draft).toBe("one"));
    other.session.draft = "other";
    await other.conversations.drafts.flush();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(one.session.draft).toBe("one");
  });
});

test("while there is a vault, neither a draft nor its conversation can be read in storage", async () => {
  deriveWith(async ({ salt }) => new Uint8Array(await crypto.subtle.digest("SHA-256", salt.slice())));
  const { record, keys } = await createVault("four words nobody guesses");
  await openStore()("readwrite", (s) => void s.put(record, VAULT));
  const first = await open(new Cipher(keys));
  const { id } = await begin(first.conversations, "c");
  first.session.draft = "nobody reads this";
  await first.conversations.drafts.flush();
  const entries = await openStore()("readonly", (s) => entriesOf(s));
  const plain = entries.map(([name, value]) => name + JSON.stringify(value) + Object.values(value as object).join());
  for (const text of ["nobody reads this", "draft", id]) expect(plain.filter((t) => t.includes(text))).toEqual([]);
  crash(first);
  const { conversations, session } = await open(new Cipher(keys));
  conversations.openId = id;
  expect(session.draft).toBe("nobody reads this");
});

test.each([
  ["no object", null],
  ["no text", { version: 1, id: "a", updatedAt: 1 }],
  ["another's id", { version: 1, id: "b", text: "t", updatedAt: 1 }],
])("a stored draft that is %s is refused", (_, value) => {
  expect(forms.draft.read(value, "draft:a")).toBeUndefined();
});
