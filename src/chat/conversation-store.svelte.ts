// The conversations and messages of this browser as they lie in storage, kept in step with it and with other tabs. Not for: what is shown of them, and
// what is done with a whole conversation (conversations.svelte.ts).
import { SvelteMap } from "svelte/reactivity";
import type { RunFacts } from "../runs/run-facts";
import type { RecordKey } from "../storage/forms";
import type { Records } from "../storage/records";
import { conversationForm, messageForm } from "./conversation-forms";
import {
  conversationKey,
  messageKey,
  statusOf,
  writingLock,
  type Conversation,
  type Message,
} from "./conversation-records";
import { Drafts } from "./drafts.svelte";
import { branchTo } from "./tree";

export class ConversationStore {
  /** By id; deleted ones that can still be had back are among them. */
  readonly all = new SvelteMap<string, Conversation>();
  /** The conversation that the address names (app/navigation); null for a new one. */
  openId = $state<string | null>(null);
  /** Called when a conversation, or a message of it, is deleted or about to be, here or in another tab. */
  onGone: (conversationId: string, messageId?: string) => void = () => {};
  /** The answer whose writer was last found to be gone. */
  interruptedId = $state<string | null>(null);
  /** Messages of every conversation, by the conversation's id, then by their own. */
  protected readonly messages = new SvelteMap<string, SvelteMap<string, Message>>();
  /** Streaming messages of other tabs whose end is waited for. */
  private readonly watched = new Set<string>();
  /** What is written and not sent. */
  readonly drafts: Drafts;

  constructor(protected readonly records: Records) {
    this.drafts = new Drafts(records);
    // What another tab, of a later version perhaps, wrote and this one cannot open is told by the records themselves.
    records.onChangeElsewhere((key) => void this.refresh(key).catch(() => {}));
  }

  messagesOf(conversationId: string): ReadonlyMap<string, Message> {
    return this.messages.get(conversationId) ?? new Map<string, Message>();
  }

  has({ conversationId, id }: Message): boolean {
    return this.messagesOf(conversationId).has(id);
  }

  /** Whoever gets the lock of a streaming message knows that its writer has ended: if not by itself, it was interrupted. */
  protected watchWriter(message: Message): void {
    if (statusOf(message) !== "streaming" || this.watched.has(message.id)) return;
    this.watched.add(message.id);
    void navigator.locks.request(writingLock(message.id), async () => {
      const now = await this.records.read(messageKey(message), messageForm);
      if (now?.run?.status === "streaming") {
        const run: RunFacts = { ...now.run, status: "interrupted" };
        if (await this.save({ ...now, run })) this.interruptedId = now.id;
      }
      this.watched.delete(message.id);
    });
  }

  /** Stores a new conversation with its first messages, and opens it. Throws AppError; then nothing was stored. */
  async begin(conversation: Conversation, messages: readonly Message[]): Promise<void> {
    await this.add(conversation.id, messages, conversation);
    this.openId = conversation.id;
  }

  /**
   * Stores messages, new or changed, each under the one before it, and shows the branch that ends in them: all in one step, or nothing. `first`: the
   * conversation, where it is new. Throws AppError, or an AbortError where it was deleted meanwhile.
   */
  async add(id: string, messages: readonly Message[], first?: Conversation): Promise<void> {
    const withLeaf = (c: Conversation) => ({ ...c, leafId: messages.at(-1)?.id ?? c.leafId, updatedAt: Date.now() });
    const undo = messages.map((m) => this.shown(m));
    try {
      const entries = messages.map((m): [RecordKey, Message] => [messageKey(m), m]);
      const there = await this.records.change(conversationKey(id), conversationForm, withLeaf, first, entries);
      if (!there && !first) throw new DOMException("the conversation was deleted", "AbortError");
    } catch (error) {
      for (const back of undo) back();
      throw error;
    }
    const conversation = this.all.get(id) ?? first;
    if (conversation) this.all.set(id, withLeaf(conversation));
  }

  /**
   * Stores a message, new or changed, and shows it. What cannot be stored is not shown either. Throws AppError, or an AbortError where the
   * conversation was deleted meanwhile.
   */
  async put(message: Message): Promise<void> {
    const undo = this.shown(message);
    try {
      const owner = conversationKey(message.conversationId);
      if (!(await this.records.writeUnder([owner], messageKey(message), message)))
        throw new DOMException("the conversation was deleted", "AbortError");
    } catch (error) {
      undo();
      throw error;
    }
  }

  /** Shows a message, new or changed. Gives what shows again what was shown before. */
  private shown(message: Message): () => void {
    const { conversationId, id } = message;
    const before = this.messagesOf(conversationId).get(id);
    this.keep(message);
    return () => {
      if (before) this.keep(before);
      else this.messages.get(conversationId)?.delete(id);
    };
  }

  /** Stores what has become of a message that is there, and shows it. Gives false where it was deleted meanwhile; then nothing is written. */
  async save(message: Message): Promise<boolean> {
    const { conversationId, id } = message;
    const key = messageKey(message);
    const there = await this.records.writeUnder([conversationKey(conversationId), key], key, message);
    if (there) this.keep(message);
    else this.messages.get(conversationId)?.delete(id);
    return there;
  }

  /** Shows a message without storing it: between two saves of an answer that streams. */
  keep(message: Message): void {
    let messages = this.messages.get(message.conversationId);
    if (!messages) this.messages.set(message.conversationId, (messages = new SvelteMap()));
    messages.set(message.id, message);
  }

  protected async alter(id: string, change: (c: Conversation) => Conversation): Promise<void> {
    const conversation = this.all.get(id);
    if (!conversation) return;
    this.all.set(id, change(conversation));
    await this.records.change(conversationKey(id), conversationForm, change);
  }

  /** What tells of a conversation can come before what tells of the messages that it shows. */
  private async readUpTo(conversationId: string, leafId: string | null): Promise<void> {
    for (let id = leafId; id !== null && !this.messagesOf(conversationId).has(id);) {
      const message = await this.records.read(messageKey({ conversationId, id }), messageForm);
      if (!message) return;
      this.keep(message);
      this.watchWriter(message);
      id = message.parentId;
    }
  }

  private async refresh(key: RecordKey): Promise<void> {
    if (key.startsWith("conversation:")) {
      const conversation = await this.records.read(key, conversationForm);
      const id = key.slice("conversation:".length);
      if (conversation) {
        // Which branch is shown is each tab's own matter, but for a message that goes on from what is shown here.
        await this.readUpTo(id, conversation.leafId);
        const mine = this.all.get(id);
        const follows = mine && branchTo(this.messagesOf(id), conversation.leafId).some((m) => m.id === mine.leafId);
        this.all.set(
          id,
          mine && mine.leafId !== null && !follows ? { ...conversation, leafId: mine.leafId } : conversation,
        );
        if (conversation.deletedAt !== undefined) this.onGone(id);
      } else {
        this.onGone(id);
        this.all.delete(id);
        this.messages.delete(id);
        this.drafts.forget(id);
      }
    } else if (key.startsWith("message:")) {
      const message = await this.records.read(key, messageForm);
      if (message) {
        this.keep(message);
        this.watchWriter(message);
      } else {
        const [conversationId = "", id = ""] = key.slice("message:".length).split("/");
        this.onGone(conversationId, id);
        this.messages.get(conversationId)?.delete(id);
      }
    }
  }
}
