// Every conversation of this browser: which one is open and what is shown of it, and what can be done with a whole one. Not for: how they are stored
// (conversation-store.svelte.ts), or generating.
import { wordsOf } from "../platform/fold";
import { shortened } from "../platform/shortened";
import type { RecordKey } from "../storage/forms";
import type { Records } from "../storage/records";
import type { AuditLog } from "../trust/log/audit-log.svelte";
import { LONGEST_TITLE, conversationForm, messageForm } from "./conversation-forms";
import { conversationKey, draftKey, messageKey, type Conversation, type Message } from "./conversation-records";
import { ConversationStore } from "./conversation-store.svelte";
import { hasWords } from "./search";
import { childrenOf, newestLeaf, shownBranch } from "./tree";
import { fromJson, newOf, toJson, treesOf } from "./conversation-transfer";

const TITLE_LENGTH = 60;

export class Conversations extends ConversationStore {
  /** How long a deleted conversation can be had back, in milliseconds. */
  readonly undoTime = 10_000;
  query = $state("");
  /** What is stored has been read. */
  loaded = $state(false);
  /** The conversation that was deleted last, while it can be had back. */
  deleted = $state.raw<Conversation | null>(null);
  /** Called when a conversation was deleted for good, in this tab. */
  onDeleted: () => void = () => {};
  private undoTimer: ReturnType<typeof setTimeout> | undefined;

  readonly open = $derived.by(() => {
    const conversation = this.openId === null ? undefined : this.all.get(this.openId);
    return conversation?.deletedAt === undefined ? conversation : undefined;
  });
  readonly branch = $derived(this.open ? shownBranch(this.messagesOf(this.open.id), this.open.leafId) : []);
  /** The messages of the open conversation under each of them. */
  private readonly children = $derived(childrenOf(this.open ? this.messagesOf(this.open.id) : new Map()));
  /** The figures of every answer of the open conversation. */
  readonly stats = $derived(
    this.open ? [...this.messagesOf(this.open.id).values()].flatMap((m) => m.run?.stats ?? []) : [],
  );
  /** The models that wrote the branch that is shown. */
  readonly modelIds = $derived(new Set(this.branch.flatMap((m) => m.run?.modelId ?? [])));
  private readonly kept = $derived(
    [...this.all.values()].filter((c) => c.deletedAt === undefined).sort((a, b) => b.updatedAt - a.updatedAt),
  );
  /** Newest first; with a query only those that have its words in the title or a message. */
  readonly listed = $derived.by(() => {
    const words = wordsOf(this.query);
    if (words.length === 0) return this.kept;
    return this.kept.filter((c) => hasWords(words, c, this.messagesOf(c.id).values()));
  });

  constructor(
    records: Records,
    private readonly audit: AuditLog,
  ) {
    super(records);
  }

  /** The messages that answer the same parent, oldest first; the message itself among them. */
  siblings({ conversationId, parentId }: Message): readonly Message[] {
    return this.childrenIn(conversationId).get(parentId) ?? [];
  }

  private childrenIn(conversationId: string) {
    return conversationId === this.open?.id ? this.children : childrenOf(this.messagesOf(conversationId));
  }

  /**
   * Reads everything, marks answers whose tab is gone, and purges what was deleted when its time is over. Messages whose conversation was deleted
   * while they were written are removed.
   */
  async load(): Promise<void> {
    const [conversations, messages] = await Promise.all([
      this.records.all(conversationForm),
      this.records.all(messageForm),
    ]);
    for (const c of conversations.values()) this.all.set(c.id, c);
    for (const m of messages.values()) this.keep(m);
    this.loaded = true;
    const now = Date.now();
    for (const { id, deletedAt } of conversations.values())
      if (deletedAt !== undefined)
        // However the clock was set since.
        setTimeout(() => void this.purgeIfDeleted(id), Math.min(deletedAt, now) + this.undoTime - now);
    const orphans = [...messages.values()].filter((m) => !this.all.has(m.conversationId));
    for (const { conversationId } of orphans) this.messages.delete(conversationId);
    await this.records.removeOrphans(orphans.map((m) => [conversationKey(m.conversationId), messageKey(m)] as const));
    for (const m of messages.values()) this.watchWriter(m);
    await this.drafts.load((id) => this.all.has(id));
  }

  /** A conversation that begins now and is not stored yet. */
  drafted(title: string, manner: Pick<Conversation, "effort" | "votes">): Conversation {
    const now = Date.now();
    return {
      version: 1,
      id: crypto.randomUUID(),
      title: shortened(title.trim().replace(/\s+/g, " "), TITLE_LENGTH),
      createdAt: now,
      updatedAt: now,
      leafId: null,
      ...manner,
    };
  }

  /** Deletes a message that has no text and no message under it. */
  async drop(message: Message): Promise<void> {
    this.onGone(message.conversationId, message.id);
    await this.alter(message.conversationId, (c) => (c.leafId === message.id ? { ...c, leafId: message.parentId } : c));
    this.messages.get(message.conversationId)?.delete(message.id);
    await this.records.remove([messageKey(message)]);
  }

  /** Deletes a message for good; what was said after it follows what was said before it. */
  async cutOut(message: Message): Promise<void> {
    for (const child of this.messagesOf(message.conversationId).values())
      if (child.parentId === message.id) await this.put({ ...child, parentId: message.parentId });
    await this.drop(message);
  }

  /** Makes the branch that ends in `leafId` the one that is shown. */
  async showLeaf(conversationId: string, leafId: string): Promise<void> {
    await this.alter(conversationId, (c) => ({ ...c, leafId, updatedAt: Date.now() }));
  }

  /** Shows the branch of a sibling, to its newest end. */
  async showSibling(sibling: Message): Promise<void> {
    await this.showLeaf(sibling.conversationId, newestLeaf(this.childrenIn(sibling.conversationId), sibling.id));
  }

  async rename(id: string, title: string): Promise<void> {
    await this.alter(id, (c) => ({ ...c, title: shortened(title.trim(), LONGEST_TITLE) || c.title }));
  }

  /** Sets how much the answers of a conversation are thought about. */
  async setManner(id: string, manner: Pick<Conversation, "effort" | "votes">): Promise<void> {
    await this.alter(id, (c) => ({ ...c, ...manner }));
  }

  /** Ends a comparison: the branch of the answer that is kept is shown, the others stay beside it. */
  async keepCompared(kept: Message): Promise<void> {
    const mark = kept.run?.comparison;
    for (const { run, ...message } of this.siblings(kept)) {
      if (!run || run.comparison !== mark) continue;
      const { comparison: _, ...facts } = run;
      await this.put({ ...message, run: facts });
    }
    await this.showLeaf(kept.conversationId, kept.id);
  }

  /** Hides a conversation at once and purges it when it can no longer be had back. */
  async remove(id: string): Promise<void> {
    const conversation = this.all.get(id);
    if (!conversation) return;
    await this.finishRemoval();
    await this.alter(id, (c) => ({ ...c, deletedAt: Date.now() }));
    this.deleted = conversation;
    this.onGone(id);
    this.undoTimer = setTimeout(() => void this.finishRemoval(), this.undoTime);
  }

  async undoRemoval(): Promise<void> {
    if (!this.deleted) return;
    clearTimeout(this.undoTimer);
    const { id } = this.deleted;
    this.deleted = null;
    await this.alter(id, ({ deletedAt: _, ...c }) => c);
  }

  private async finishRemoval(): Promise<void> {
    clearTimeout(this.undoTimer);
    const gone = this.deleted;
    this.deleted = null;
    // A backup may have brought it back meanwhile.
    if (gone) await this.purgeIfDeleted(gone.id);
  }

  private async purgeIfDeleted(id: string): Promise<void> {
    await this.removeStored((c) => c.id === id && c.deletedAt !== undefined);
  }

  /** The conversations that are too old, by when they were last changed. */
  keptWhere(isOld: (time: number) => boolean): Conversation[] {
    return this.kept.filter((c) => isOld(c.updatedAt));
  }

  /** When one was last changed, in milliseconds since 1970; undefined without any. */
  get newest(): number | undefined {
    return this.kept[0]?.updatedAt;
  }

  /** Deletes those for good. Gives how many. Throws AppError. */
  async removeWhere(isOld: (time: number) => boolean): Promise<number> {
    await this.drafts.removeWhere(isOld);
    return this.removeStored((c) => c.deletedAt === undefined && isOld(c.updatedAt));
  }

  /** As they lie in storage at that moment: another tab may have resumed one, or taken it back. */
  private async removeStored(isGone: (c: Conversation) => boolean): Promise<number> {
    let gone: string[] = [];
    await this.records.settle(conversationForm, (stored) => {
      gone = [...stored.values()].filter(isGone).map(({ id }) => id);
      return { remove: gone.flatMap((id) => this.keysOf(id)) };
    });
    for (const id of gone) this.forget(id);
    return gone.length;
  }

  /** Deletes a conversation for good. */
  async purge(id: string): Promise<void> {
    const keys = this.keysOf(id);
    this.all.delete(id);
    await this.records.remove(keys);
    this.forget(id);
  }

  private keysOf(id: string): RecordKey[] {
    return [conversationKey(id), draftKey(id), ...[...this.messagesOf(id).values()].map(messageKey)];
  }

  /** It is deleted. */
  private forget(id: string): void {
    this.onGone(id);
    const messages = this.messagesOf(id).size;
    this.all.delete(id);
    this.messages.delete(id);
    this.drafts.forget(id);
    this.audit.note("conversation-deleted", { conversation: id, messages });
    this.onDeleted();
  }

  private trees(conversations: readonly Conversation[]) {
    return treesOf(
      conversations,
      conversations.flatMap(({ id }) => [...this.messagesOf(id).values()]),
    );
  }

  /** All conversations, or one, as a JSON text. */
  exportJson(id?: string): string {
    return toJson(this.trees(id === undefined ? this.kept : [this.all.get(id)!]));
  }

  /**
   * Adds what the conversations of an exported text have and those that are here do not. Gives how many brought something, and how many were here
   * as they are. Throws AppError; then nothing was added.
   */
  async importJson(json: string): Promise<{ added: number; known: number }> {
    const found = fromJson(json);
    const trees = newOf(found, this.trees(this.kept));
    const begun = trees.filter(({ conversation }) => !this.all.has(conversation.id));
    await this.records.writeAll([
      ...trees.flatMap(({ messages }) => messages.map((m): [RecordKey, Message] => [messageKey(m), m])),
      ...begun.map(({ conversation }): [RecordKey, Conversation] => [conversationKey(conversation.id), conversation]),
    ]);
    for (const { conversation } of begun) this.all.set(conversation.id, conversation);
    for (const { conversation, messages } of trees) {
      for (const m of messages) this.keep(m);
      const { leafId, updatedAt } = conversation;
      await this.alter(conversation.id, (c) => (updatedAt > c.updatedAt ? { ...c, leafId, updatedAt } : c));
    }
    const counts = { added: trees.length, known: found.length - trees.length };
    this.audit.note("conversations-imported", { conversations: counts.added, known: counts.known });
    return counts;
  }
}
