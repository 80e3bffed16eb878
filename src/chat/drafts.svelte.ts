// Text that was written and not sent: kept for each conversation, encrypted like all records, and deleted with it. A question that begins a
// conversation has no conversation yet: its draft belongs to the tab that writes it, or, once that is gone, to the next one that opens. Not
// for: questions that are being changed, or what is in a backup.
import { SvelteMap } from "svelte/reactivity";
import { fieldsOf, nameOf, textOf, timeOf } from "../platform/values";
import type { Form, RecordKey, StoredRecord } from "../storage/forms";
import type { Records } from "../storage/records";
import { conversationKey, draftKey } from "./conversation-records";

interface Draft extends StoredRecord {
  version: 1;
  /** The conversation's, or for a new one: "new-…". */
  id: string;
  text: string;
  updatedAt: number;
}

/** Milliseconds between two saves of a text being written: the most that a killed tab can lose. */
const INTERVAL = 250;
const isNew = (id: string) => id.startsWith("new-");

function readDraft(value: unknown, key: RecordKey): Draft | undefined {
  const from = fieldsOf(value);
  const [id, text] = [nameOf(from?.["id"]), textOf(from?.["text"])];
  if (!from || id === undefined || text === undefined || draftKey(id) !== key) return undefined;
  return { version: 1, id, text, updatedAt: timeOf(from["updatedAt"]) ?? Date.now() };
}

export class Drafts {
  /** Called when a draft cannot be stored; what is written stays on the screen. */
  onFailed: (error: unknown) => void = () => {};
  private readonly texts = new SvelteMap<string, string>();
  /** The key for the draft of this tab's new conversation. */
  private own = $state("");
  /** Those that a person changed in this tab: another tab does not change them before their eyes. */
  private readonly touched = new Set<string>();
  private readonly unsaved = new Set<string>();
  private saving: Promise<void> = Promise.resolve();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private savedAt = -Infinity;

  constructor(private readonly records: Records) {
    records.onChangeElsewhere((key) => {
      if (key.startsWith("draft:")) void this.follow(key).catch(() => {});
    });
  }

  /** What is written in a conversation; null: in a new one. */
  of(conversationId: string | null): string {
    return this.texts.get(conversationId ?? this.own) ?? "";
  }

  /** Takes what a person writes, and stores it shortly after. */
  write(conversationId: string | null, text: string): void {
    const id = conversationId ?? this.ownId();
    if (text === this.of(id)) return;
    this.texts.set(id, text);
    this.touched.add(id);
    this.unsaved.add(id);
    // What was sent stays in storage until the question is stored (`flush`), or a moment has passed.
    const wait = text === "" ? INTERVAL : Math.max(0, this.savedAt + INTERVAL - performance.now());
    if (wait === 0) void this.flush();
    else this.timer ??= setTimeout(() => void this.flush(), wait);
  }

  /** Stores now what is not stored yet. Throws nothing. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.savedAt = performance.now();
    const ids = [...this.unsaved];
    this.unsaved.clear();
    for (const id of ids) this.saving = this.saving.then(() => this.save(id)).catch((error) => this.onFailed(error));
    return this.saving;
  }

  /** Stores what is left when the page is put away or left. */
  begin(): void {
    addEventListener("pagehide", () => void this.flush());
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) void this.flush();
    });
  }

  /** Reads what is stored. `has`: whether there is such a conversation; drafts of others are removed. Throws AppError. */
  async load(has: (conversationId: string) => boolean): Promise<void> {
    const stored = [...(await this.records.all(draftForm)).values()];
    const [ofNew, ofConversations] = [stored.filter(({ id }) => isNew(id)), stored.filter(({ id }) => !isNew(id))];
    for (const { id, text } of ofConversations) if (has(id) && !this.unsaved.has(id)) this.texts.set(id, text);
    const orphans = ofConversations.filter(({ id }) => !has(id));
    await this.records.removeOrphans(orphans.map(({ id }) => [conversationKey(id), draftKey(id)] as const));
    for (const { id, text } of ofNew.sort((a, b) => b.updatedAt - a.updatedAt)) {
      if (this.own !== "" || !(await heldByThisTab(id))) continue;
      this.texts.set(id, text);
      this.own = id;
    }
  }

  /** Deletes those of new conversations that are too old. What belongs to a conversation goes with it. Throws AppError. */
  async removeWhere(isOld: (time: number) => boolean): Promise<void> {
    await this.flush();
    let gone: string[] = [];
    await this.records.settle(draftForm, (stored) => {
      gone = [...stored.values()].filter(({ id, updatedAt }) => isNew(id) && isOld(updatedAt)).map(({ id }) => id);
      return { remove: gone.map(draftKey) };
    });
    for (const id of gone) this.forget(id);
  }

  /** It is deleted. */
  forget(id: string): void {
    this.texts.delete(id);
    this.touched.delete(id);
    this.unsaved.delete(id);
  }

  private ownId(): string {
    if (this.own === "") {
      // A page that came over plain HTTP has neither locks nor such ids.
      this.own = isSecureContext ? `new-${crypto.randomUUID()}` : "new-";
      void heldByThisTab(this.own);
    }
    return this.own;
  }

  private async save(id: string): Promise<void> {
    const text = this.texts.get(id) ?? "";
    const key = draftKey(id);
    const draft: Draft = { version: 1, id, text, updatedAt: Date.now() };
    if (text === "") await this.records.remove([key]);
    else if (isNew(id)) await this.records.write(key, draft);
    else await this.records.writeUnder([conversationKey(id)], key, draft);
  }

  /** Another tab wrote or removed it. */
  private async follow(key: RecordKey): Promise<void> {
    const id = key.slice("draft:".length);
    const text = (await this.records.read(key, draftForm))?.text ?? "";
    if (this.unsaved.has(id) || (this.touched.has(id) && !document.hidden)) return;
    if (!isNew(id) || id === this.own) this.texts.set(id, text);
  }
}

/** Whether this tab now holds a draft, which it does for as long as it lives; false where another one does. */
async function heldByThisTab(id: string): Promise<boolean> {
  const locks = navigator.locks as LockManager | undefined;
  if (!locks) return true;
  return new Promise((resolve) => {
    void locks.request(`islet-draft-${id}`, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock ? new Promise<never>(() => {}) : undefined;
    });
  });
}

export const draftForm: Form<Draft> = { kind: "draft", read: readDraft };
