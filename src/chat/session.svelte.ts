// Asking and answering: from a question to a stored answer, with stop, regenerate, edit, branches, resumption and comparison. One answer
// at a time in a tab. Not for: how an answer is written (answer-writer.ts), or how a conversation is stored or shown.
import type { ModelCard } from "../models/catalogue/catalogue";
import type { Models } from "../models/models.svelte";
import { AUTO_EFFORT, type Effort } from "../reasoning/effort";
import { partsOf } from "../runs/parts";
import type { RunFacts } from "../runs/run-facts";
import type { Runs } from "../runs/runs.svelte";
import type { Settings } from "../storage/settings.svelte";
import type { AuditLog } from "../trust/log/audit-log.svelte";
import { AnswerManner } from "./answer-manner.svelte";
import { AnswerWriter, type Manner } from "./answer-writer";
import type { Conversations } from "./conversations.svelte";
import {
  MESSAGE_VERSION,
  isBlank,
  isResumable,
  statusOf,
  type Conversation,
  type Message,
} from "./conversation-records";
import { LiveAnswer } from "./live-answer.svelte";

/** Who answers, and how. */
export interface Contestant {
  card: ModelCard;
  effort: Effort;
}

/** A question that is not stored yet, and the conversation that it belongs to, which may be new as well. */
interface Placed {
  conversation: Conversation;
  begins: boolean;
  question: Message;
}

export class Session {
  /** The answer that is being written in this tab. */
  readonly live = new LiveAnswer();
  readonly manner: AnswerManner;
  /** The question that is being changed. */
  editingId = $state<string | null>(null);
  /** The comparison that is being set up. */
  comparing = $state(false);
  /** The answers of a running comparison, of which some are still to come. */
  contestants = $state.raw<readonly Contestant[]>([]);
  /** The answer that was finished last in this tab. */
  lastAnswerId = $state<string | null>(null);
  /** What ends the answer that is being written, or all those of a comparison. */
  private ending = $state.raw<AbortController | undefined>(undefined);
  readonly busy = $derived(this.ending !== undefined);
  /** A model can be asked: without one, what is there can still be read and copied. */
  readonly canAsk = $derived.by(
    () => this.models.loader.chosen !== undefined && this.models.device.canRun(this.models.loader.chosen),
  );
  /** There is something to compare: two models, or two efforts of one. */
  readonly canCompare = $derived.by(
    () => this.canAsk && (this.models.loader.chosen?.thoughts !== undefined || this.models.usable.length > 1),
  );
  /** Called when a question began a new conversation. */
  onBegun: (conversationId: string) => void = () => {};
  private readonly writer: AnswerWriter;
  /** The message that is being written. */
  private writing: Message | undefined;

  constructor(
    private readonly conversations: Conversations,
    private readonly models: Models,
    private readonly runs: Runs,
    settings: Settings,
    audit: AuditLog,
  ) {
    this.manner = new AnswerManner(conversations, settings);
    this.writer = new AnswerWriter(conversations, runs, this.live, settings, audit);
    conversations.onGone = (conversationId, messageId) => {
      const { writing } = this;
      if (writing?.conversationId === conversationId && (messageId ?? writing.id) === writing.id) this.stop();
    };
  }

  /** What is written in the open conversation and not sent. */
  get draft(): string {
    return this.conversations.drafts.of(this.conversations.open?.id ?? null);
  }

  set draft(text: string) {
    this.conversations.drafts.write(this.conversations.open?.id ?? null, text);
  }

  /** Takes what is written as a question. Where that cannot be stored, it stays where it was written. */
  async sendDraft(ask: (question: string) => Promise<void> = (question) => this.ask(question)): Promise<void> {
    if (this.busy) return;
    const { drafts } = this.conversations;
    const question = this.draft.trim();
    const asked = this.conversations.open?.id ?? null;
    drafts.write(asked, "");
    await ask(question).catch((error: unknown) => {
      if (drafts.of(asked) === "") drafts.write(asked, question);
      throw error;
    });
  }

  /** Asks a question at the end of the open conversation, or in a new one. Nothing is done while another answer is written. */
  async ask(content: string): Promise<void> {
    await this.alone(async (ending) => {
      const { effort, votes } = this.manner;
      const placed = await this.place(content);
      this.manner.once = null;
      await this.answer(placed.question, { effort, votes, placed }, ending);
    });
  }

  /** Asks one question of several models or with several efforts, one after the other. "Stop" ends all of it. */
  async compare(content: string, contestants: readonly Contestant[]): Promise<void> {
    await this.alone(async (ending) => {
      let placed: Placed | undefined = await this.place(content);
      const { question } = placed;
      this.contestants = contestants;
      const comparison = crypto.randomUUID();
      try {
        for (const { card, effort } of contestants) {
          if (!ending.signal.aborted) await this.answer(question, { card, effort, comparison, placed }, ending);
          placed = undefined;
        }
      } finally {
        this.contestants = [];
      }
    });
  }

  /** Keeps one of the compared answers, and goes on with its model. */
  async keep(answer: Message): Promise<void> {
    await this.conversations.keepCompared(answer);
    const card = this.writerOf(answer);
    if (card && card.id !== this.models.loader.chosen?.id) await this.models.loader.load(card);
  }

  /** Asks a changed form of a question beside the old one, which stays. */
  async edit({ conversationId, parentId }: Message, content: string): Promise<void> {
    const conversation = this.conversations.all.get(conversationId);
    if (!conversation) return;
    await this.alone(async (ending) => {
      const { effort, votes } = this.manner;
      this.manner.once = null;
      const question = questionUnder(parentId, conversationId, content);
      await this.answer(question, { effort, votes, placed: { conversation, begins: false, question } }, ending);
    });
  }

  /** Writes another answer beside one, with another effort if that is said; the old one stays, unless it has no text. */
  async regenerate(answer: Message, effort = this.manner.effort): Promise<void> {
    const question = this.conversations.messagesOf(answer.conversationId).get(answer.parentId ?? "");
    if (!question) return;
    await this.alone(async (ending) => {
      if (isBlank(answer)) await this.conversations.drop(answer);
      await this.answer(question, { effort, votes: this.manner.votes }, ending);
    });
  }

  /** Whether this is the last answer of the open conversation, and broke off or was stopped in a way that it can be continued. */
  resumable(answer: Message): boolean {
    return this.live.id !== answer.id && this.conversations.branch.at(-1)?.id === answer.id && isResumable(answer);
  }

  /** The effort for the opposite of what "auto" decided. */
  otherEffort({ run }: Message): Effort {
    return run?.need?.think ? "off" : AUTO_EFFORT;
  }

  /** Continues an answer that broke off, with the model that wrote it if that is here. */
  async resume(answer: Message): Promise<void> {
    if (answer.parentId === null || !answer.run) return;
    const { error: _, vote: __, ...kept } = answer.run;
    const message: Message = { ...answer, run: { ...kept, status: "streaming", resumed: true } };
    const store = () => this.conversations.add(message.conversationId, [message]);
    await this.alone((ending) => this.write(message, { card: this.writerOf(answer), votes: 1, store }, ending));
  }

  /** Ends the answer that is being written, or waited for. What was streamed stays. */
  stop(): void {
    this.ending?.abort(new DOMException("stopped", "AbortError"));
  }

  /** Closes the thought that is being written, so that the answer begins. */
  answerNow(): void {
    this.runs.answerNow();
  }

  /** One answer at a time, from the very start: a question that cannot be answered now is not stored. */
  private async alone(work: (ending: AbortController) => Promise<void>): Promise<void> {
    if (this.ending) return;
    const ending = (this.ending = new AbortController());
    try {
      await work(ending);
    } finally {
      this.ending = undefined;
    }
  }

  /** Where a question goes: to the end of the open conversation, or into a new one. */
  private async place(content: string): Promise<Placed> {
    const { branch, open } = this.conversations;
    const { votes, once, effort } = this.manner;
    // An answer that another tab is still writing cannot be asked about yet: the question becomes a sibling of that answer's question.
    const last = branch.at(-1);
    const above = last && statusOf(last) === "streaming" ? branch.at(-3) : last;
    // Asking on from one of several compared answers keeps it.
    if (above?.run?.comparison) await this.conversations.keepCompared(above);
    const manner = { ...(once === null ? { effort } : {}), votes };
    const conversation = open ?? this.conversations.drafted(content, manner);
    const question = questionUnder(above?.id ?? null, conversation.id, content);
    return { conversation, begins: !open, question };
  }

  /** Writes an answer to a question, which is stored with it where it is new (`placed`). */
  private async answer(
    question: Message,
    how: { effort: Effort; card?: ModelCard; comparison?: string; votes?: number; placed?: Placed | undefined },
    ending: AbortController,
  ): Promise<void> {
    const { card, effort, comparison, placed, votes = 1 } = how;
    const run: RunFacts = { status: "streaming", effort, ...(comparison ? { comparison } : {}) };
    const { conversationId } = question;
    // However fast it follows, it comes after its question.
    const createdAt = Math.max(Date.now(), question.createdAt + 1);
    const message = { ...messageUnder(question.id, conversationId, "assistant"), createdAt, run };
    const store = async () => {
      if (placed?.begins) await this.conversations.begin(placed.conversation, [question, message]);
      else await this.conversations.add(conversationId, placed ? [question, message] : [message]);
      if (placed?.begins) this.onBegun(conversationId);
      if (placed) void this.conversations.drafts.flush();
    };
    await this.write(message, { card, votes: effort === "high" ? votes : 1, store }, ending);
  }

  private async write(message: Message, manner: Manner, { signal }: AbortController): Promise<void> {
    this.writing = message;
    try {
      await this.writer.write(message, manner, signal);
      this.lastAnswerId = message.id;
    } finally {
      this.writing = undefined;
    }
  }

  /** The model that wrote an answer, if it is here. */
  private writerOf({ run }: Message): ModelCard | undefined {
    return this.models.usable.find(({ id }) => id === run?.modelId);
  }
}

function messageUnder(parentId: string | null, conversationId: string, role: Message["role"]): Message {
  const version = MESSAGE_VERSION;
  return { version, id: crypto.randomUUID(), conversationId, parentId, role, parts: [], createdAt: Date.now() };
}

function questionUnder(parentId: string | null, conversationId: string, content: string): Message {
  return { ...messageUnder(parentId, conversationId, "user"), parts: partsOf(content) };
}
