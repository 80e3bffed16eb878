// Asking and answering: from a question to a stored answer, with stop, regenerate, edit and branches. One answer at a
// time in a tab. Not for: how a conversation is stored or shown.
import type { Engines } from "../engine/client/engines";
import type { Models } from "../models/models.svelte";
import { errorData, isCancelled } from "../platform/app-error";
import { generatingLock } from "../platform/locks";
import type { Settings } from "../storage/settings.svelte";
import type { Conversations } from "./conversations.svelte";
import { writingLock, type Message } from "./records";
import { branchTo, turnsOf } from "./tree";

/** How often an answer is saved while it streams, in milliseconds: what a killed tab can lose. */
const SAVE_INTERVAL = 500;

export class Session {
  /** The answer that is being written in this tab. */
  streamingId = $state<string | null>(null);
  /** Its text so far; apart from the message, so that a token changes nothing else. */
  streamed = $state("");
  /** The question that is being written; here so that it outlives a look at another screen. */
  draft = $state("");
  /** The question that is being changed. */
  editingId = $state<string | null>(null);
  /** The model is not ready yet. */
  waiting = $state(false);
  /** The engine was lost and is starting again. */
  recovering = $state(false);
  /** The answer that was finished last in this tab. */
  lastAnswerId = $state<string | null>(null);
  readonly busy = $derived(this.streamingId !== null);
  /** Called when a question began a new conversation. */
  onBegun: (conversationId: string) => void = () => {};
  private giveUp: (reason: DOMException) => void = () => {};

  constructor(
    private readonly conversations: Conversations,
    private readonly models: Models,
    private readonly engines: Engines,
    private readonly settings: Settings,
  ) {}

  /** Asks a question at the end of the open conversation, or in a new one. */
  async ask(content: string): Promise<void> {
    const { branch } = this.conversations;
    // Under an answer that another tab is writing there is nothing to ask yet: the question goes beside that one's question.
    const above = branch.at(-1)?.status === "streaming" ? branch.at(-3) : branch.at(-1);
    let conversation = this.conversations.open;
    if (!conversation) {
      conversation = await this.conversations.create(content);
      this.onBegun(conversation.id);
    }
    await this.askUnder(conversation.id, above?.id ?? null, content);
  }

  /** Asks a changed form of a question beside the old one, which stays. */
  async edit(question: Message, content: string): Promise<void> {
    await this.askUnder(question.conversationId, question.parentId, content);
  }

  /** Writes another answer beside one; the old one stays, unless it has no text. */
  async regenerate(answer: Message): Promise<void> {
    if (answer.parentId === null || this.busy) return;
    if (answer.content === "") await this.conversations.drop(answer);
    await this.answer(answer.conversationId, answer.parentId);
  }

  /** Ends the answer that is being written, or waited for. What was streamed stays. */
  stop(): void {
    this.giveUp(new DOMException("stopped", "AbortError"));
    this.engines.stop();
  }

  private async askUnder(conversationId: string, parentId: string | null, content: string): Promise<void> {
    if (this.busy) return;
    const question: Message = {
      version: 1,
      id: crypto.randomUUID(),
      conversationId,
      parentId,
      role: "user",
      content,
      createdAt: Date.now(),
      status: "complete",
    };
    await this.conversations.put(question);
    await this.conversations.showLeaf(conversationId, question.id);
    await this.answer(conversationId, question.id);
  }

  /** The model when it is ready, unless the person stops waiting for it. */
  private async modelReady() {
    const stopped = new Promise<never>((_, reject) => (this.giveUp = reject));
    this.waiting = true;
    try {
      return await Promise.race([this.models.ready(), stopped]);
    } finally {
      this.waiting = false;
    }
  }

  private async answer(conversationId: string, questionId: string): Promise<void> {
    if (this.busy) return;
    const turns = turnsOf(branchTo(this.conversations.messagesOf(conversationId), questionId));
    const message: Message = {
      version: 1,
      id: crypto.randomUUID(),
      conversationId,
      parentId: questionId,
      role: "assistant",
      content: "",
      createdAt: Date.now(),
      status: "streaming",
    };
    this.streamingId = message.id;
    this.streamed = "";
    try {
      // Shared: an update of the app waits until no tab holds it. Exclusive: other tabs see that this message has a writer.
      await navigator.locks.request(generatingLock, { mode: "shared" }, () =>
        navigator.locks.request(writingLock(message.id), async () => {
          await this.conversations.put(message);
          await this.conversations.showLeaf(conversationId, message.id);
          await this.write(message, turns);
        }),
      );
    } finally {
      this.streamingId = null;
    }
  }

  /** Streams the answer into `message`, saving it as it grows. What goes wrong with the model is stored in the message. */
  private async write(message: Message, turns: Message[]): Promise<void> {
    const change = (changes: Partial<Message>) => (message = { ...message, ...changes });
    const save = setInterval(() => {
      // A save that fails is made up for by the next one; the last one, below, is not let off.
      if (message.content !== this.streamed)
        void this.conversations.put(change({ content: this.streamed })).catch(() => {});
    }, SAVE_INTERVAL);
    const release = this.models.keepAwake();
    try {
      const { card, loaded } = await this.modelReady();
      const recommended = card.sampling ?? loaded.sampling;
      change({ modelId: card.id });
      const result = await this.engines.generate({
        turns: turns.map(({ role, content }) => ({ role, content })),
        sampling: { ...recommended, temperature: this.settings.current.temperature ?? recommended.temperature },
        onToken: (text) => {
          this.recovering = false;
          this.streamed += text;
        },
        onStarted: (droppedTurns) => change({ droppedTurns }),
        onRecovering: () => {
          this.recovering = true;
          change({ recovered: true });
        },
      });
      this.models.noteContextSize(result.stats.contextSize);
      change({ status: result.finish === "stop" ? "complete" : result.finish, stats: result.stats });
    } catch (error) {
      const data = errorData(error);
      if (!this.engines.hasModel) this.models.lost(data);
      change(isCancelled(error) ? { status: "stopped" } : { status: "failed", error: data });
    } finally {
      clearInterval(save);
      release();
      change({ content: this.streamed });
      this.conversations.keep(message);
      this.lastAnswerId = message.id;
      this.streamingId = null;
      this.recovering = false;
      await this.conversations.put(message);
    }
  }
}
