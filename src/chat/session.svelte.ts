// Asking and answering: from a question to a stored answer, with stop, regenerate, edit, branches, resumption and comparison. One answer
// at a time in a tab. Not for: how a conversation is stored or shown.
import type { Engines } from "../engine/client/engines";
import type { AnswerResult, AnswerStats, AnswerToken, LoadedModel, Question } from "../engine/protocol";
import type { ModelCard } from "../models/catalogue/catalogue";
import type { Models } from "../models/models.svelte";
import { unlessAborted } from "../platform/abort";
import { errorData, isCancelled } from "../platform/app-error";
import { generatingLock } from "../platform/locks";
import { AUTO_EFFORT, isEffort, thinkingOf, type Effort } from "../reasoning/effort";
import { needOf } from "../reasoning/need";
import { VOTE_TEMPERATURE, voteOn } from "../reasoning/vote";
import type { Settings } from "../storage/settings.svelte";
import { policy } from "../trust/current-policy";
import type { AuditLog } from "../trust/audit-log.svelte";
import type { Conversations } from "./conversations.svelte";
import { LiveAnswer } from "./live-answer.svelte";
import { isResumable, writingLock, type Message } from "./conversation-records";
import { branchTo, turnsOf } from "./tree";

/** How often an answer is saved while it streams, in milliseconds: what a killed tab can lose. */
const SAVE_INTERVAL = 500;

/** Who answers, and how. */
export interface Contestant {
  card: ModelCard;
  effort: Effort;
}

/** Figures of an answer whose text is among others that were asked for as well. */
function withOther(stats: AnswerStats, other: AnswerStats): AnswerStats {
  const sums = ["promptTokens", "thoughtTokens", "answerTokens", "seconds", "thoughtSeconds"] as const;
  return { ...stats, ...Object.fromEntries(sums.map((key) => [key, stats[key] + other[key]])) };
}

/** How one answer is asked for, where it is not as the conversation says. */
interface Manner {
  effort?: Effort | undefined;
  card?: ModelCard | undefined;
  comparison?: string;
  votes?: number;
  /** What ends it, where that ends others with it. */
  ending?: AbortController;
}

export class Session {
  /** The answer that is being written in this tab. */
  readonly live = new LiveAnswer();
  /** The question that is being changed. */
  editingId = $state<string | null>(null);
  /** The effort of the next question alone. */
  once = $state<Effort | null>(null);
  /** The comparison that is being set up. */
  comparing = $state(false);
  /** The answers of a running comparison, of which some are still to come. */
  contestants = $state.raw<readonly Contestant[]>([]);
  /** The answer that was finished last in this tab. */
  lastAnswerId = $state<string | null>(null);
  readonly busy = $derived(this.live.id !== null);
  /** A model can be asked: without one, what is there can still be read and copied. */
  readonly canAsk = $derived.by(() => this.models.chosen !== undefined && this.models.canRun(this.models.chosen));
  /** There is something to compare: two models, or two efforts of one. */
  readonly canCompare = $derived.by(
    () => this.canAsk && (this.models.chosen?.thoughts !== undefined || this.models.usable.length > 1),
  );
  /** How much the next question is thought about. */
  readonly effort: Effort = $derived.by(() => {
    const { effort } = this.settings.current;
    return this.once ?? this.conversations.open?.effort ?? (isEffort(effort) ? effort : "auto");
  });
  /** Answers that are voted on with high effort. */
  readonly votes: number = $derived.by(() => this.conversations.open?.votes ?? this.settings.current.votes ?? 1);
  /** Called when a question began a new conversation. */
  onBegun: (conversationId: string) => void = () => {};
  /** What ends the answer that is being written, or all those of a comparison. */
  private ending: AbortController | undefined;
  /** The message that is being written. */
  private writing: Message | undefined;

  constructor(
    private readonly conversations: Conversations,
    private readonly models: Models,
    private readonly engines: Engines,
    private readonly settings: Settings,
    private readonly audit: AuditLog,
  ) {
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
    const { conversations } = this;
    const { drafts } = conversations;
    const question = this.draft.trim();
    const asked = conversations.open?.id ?? null;
    drafts.write(asked, "");
    await ask(question).catch((error: unknown) => {
      // It may have begun a conversation in which there is nothing else.
      const back = asked ?? (conversations.branch.length === 0 ? conversations.open?.id : undefined) ?? null;
      if (drafts.of(back) === "") drafts.write(back, question);
      throw error;
    });
  }

  /** Sets the effort of the next question, or of the conversation and of those that will be begun. */
  async chooseEffort(effort: Effort, once = false): Promise<void> {
    this.once = once ? effort : null;
    if (!once) await this.chooseManner({ effort });
  }

  /** Sets how many answers are voted on with high effort. */
  async chooseVotes(votes: number): Promise<void> {
    await this.chooseManner({ votes });
  }

  private async chooseManner(manner: { effort?: Effort; votes?: number }): Promise<void> {
    const { open } = this.conversations;
    if (open) await this.conversations.setManner(open.id, manner);
    await this.settings.save(manner);
  }

  /** Asks a question at the end of the open conversation, or in a new one. */
  async ask(content: string): Promise<void> {
    const effort = this.effort;
    const { conversationId, questionId } = await this.place(content);
    this.once = null;
    await this.answer(conversationId, questionId, { effort });
  }

  /** Asks one question of several models or with several efforts, one after the other. "Stop" ends all of it. */
  async compare(content: string, contestants: readonly Contestant[]): Promise<void> {
    const { conversationId, questionId } = await this.place(content);
    this.contestants = contestants;
    const comparison = crypto.randomUUID();
    const ending = new AbortController();
    try {
      for (const { card, effort } of contestants) {
        if (!ending.signal.aborted) await this.answer(conversationId, questionId, { card, effort, comparison, ending });
      }
    } finally {
      this.contestants = [];
    }
  }

  /** Keeps one of the compared answers, and goes on with its model. */
  async keep(answer: Message): Promise<void> {
    await this.conversations.keepCompared(answer);
    const card = this.models.usable.find(({ id }) => id === answer.modelId);
    if (card && card.id !== this.models.chosen?.id) await this.models.load(card);
  }

  /** Asks a changed form of a question beside the old one, which stays. */
  async edit(question: Message, content: string): Promise<void> {
    if (this.busy) return;
    const { effort } = this;
    this.once = null;
    const { conversationId, parentId } = question;
    await this.answer(conversationId, await this.put(conversationId, parentId, content), { effort });
  }

  /** Writes another answer beside one, with another effort if that is said; the old one stays, unless it has no text. */
  async regenerate(answer: Message, effort?: Effort): Promise<void> {
    if (answer.parentId === null || this.busy) return;
    if (answer.content === "" && !answer.thought) await this.conversations.drop(answer);
    await this.answer(answer.conversationId, answer.parentId, { effort });
  }

  /** Whether this is the last answer of the open conversation, and broke off or was broken off with something that can be gone on with. */
  resumable(answer: Message): boolean {
    return this.live.id !== answer.id && this.conversations.branch.at(-1)?.id === answer.id && isResumable(answer);
  }

  /** The effort that would decide the other way than "auto" did. */
  otherEffort({ need }: Message): Effort {
    return need?.think ? "off" : AUTO_EFFORT;
  }

  /** Goes on with an answer that broke off, where it stands, with the model that wrote it if that is here. */
  async resume(answer: Message): Promise<void> {
    if (answer.parentId === null || this.busy) return;
    const card = this.models.usable.find(({ id }) => id === answer.modelId);
    const { error: _, vote: __, ...kept } = answer;
    await this.begin({ ...kept, status: "streaming", resumed: true }, { card, votes: 1 });
  }

  /** Ends the answer that is being written, or waited for. What was streamed stays. */
  stop(): void {
    this.ending?.abort(new DOMException("stopped", "AbortError"));
  }

  /** Closes the thought that is being written, so that the answer begins. */
  answerNow(): void {
    this.engines.answerNow();
  }

  /** Stores a question at the end of the open conversation, or in a new one. */
  private async place(content: string): Promise<{ conversationId: string; questionId: string }> {
    const { branch } = this.conversations;
    // Under an answer that another tab is writing there is nothing to ask yet: the question goes beside that one's question.
    const above = branch.at(-1)?.status === "streaming" ? branch.at(-3) : branch.at(-1);
    // Of compared answers, the one that is asked on from is kept.
    if (above?.comparison) await this.conversations.keepCompared(above);
    let conversation = this.conversations.open;
    if (!conversation) {
      const effort = this.once === null ? this.effort : undefined;
      conversation = await this.conversations.create(content, { ...(effort ? { effort } : {}), votes: this.votes });
      this.onBegun(conversation.id);
    }
    const questionId = await this.put(conversation.id, above?.id ?? null, content);
    void this.conversations.drafts.flush();
    return { conversationId: conversation.id, questionId };
  }

  private async put(conversationId: string, parentId: string | null, content: string): Promise<string> {
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
    return question.id;
  }

  /** The model when it is ready, unless the person stops waiting for it. `card`: the one it is to be. */
  private async modelReady(card: ModelCard | undefined, signal: AbortSignal) {
    this.live.waiting = true;
    try {
      if (card && card.id !== this.models.chosen?.id) await unlessAborted(this.models.load(card), signal);
      return await unlessAborted(this.models.ready(), signal);
    } finally {
      this.live.waiting = false;
    }
  }

  private async answer(conversationId: string, questionId: string, manner: Manner): Promise<void> {
    const { comparison, effort = this.effort } = manner;
    const message: Message = {
      version: 1,
      id: crypto.randomUUID(),
      conversationId,
      parentId: questionId,
      role: "assistant",
      content: "",
      createdAt: Date.now(),
      status: "streaming",
      effort,
      ...(comparison ? { comparison } : {}),
    };
    await this.begin(message, { ...manner, votes: effort === "high" && !comparison ? this.votes : 1 });
  }

  /** Writes a message, new or broken off, while the locks are held that tell other tabs of it. */
  private async begin(message: Message, manner: Manner): Promise<void> {
    if (this.busy) return;
    const turns = turnsOf(branchTo(this.conversations.messagesOf(message.conversationId), message.parentId));
    const ending = (this.ending = manner.ending ?? new AbortController());
    this.writing = message;
    this.live.begin(message.id, message.thought, message.content);
    try {
      // Shared: an update of the app waits until no tab holds it. Exclusive: other tabs see that this message has a writer.
      await navigator.locks.request(generatingLock, { mode: "shared" }, () =>
        navigator.locks.request(writingLock(message.id), async () => {
          await this.conversations.put(message);
          await this.conversations.showLeaf(message.conversationId, message.id);
          await this.write(message, turns, manner, ending.signal);
        }),
      );
    } finally {
      this.writing = undefined;
      this.live.end();
    }
  }

  /** Streams the answer into `message`, saving it as it grows. What goes wrong with the model is stored in the message. */
  private async write(
    message: Message,
    turns: Message[],
    { card: wanted, votes = 1 }: Manner,
    signal: AbortSignal,
  ): Promise<void> {
    const { live } = this;
    let began = performance.now();
    const before = { promptTokens: 0, thoughtSeconds: 0, seconds: message.seconds ?? 0, ...message.stats };
    const change = (changes: Partial<Message>) => (message = { ...message, ...changes });
    const took = () => ({ content: live.answer, ...(live.thought ? { thought: live.thought } : {}) });
    const seconds = () => before.seconds + (performance.now() - began) / 1000;
    const save = setInterval(() => {
      // A save that fails is made up for by the next one; the last one, below, is not let off.
      if (message.content !== live.answer || (message.thought ?? "") !== live.thought)
        void this.conversations.save(change({ ...took(), seconds: seconds() })).catch(() => {});
    }, SAVE_INTERVAL);
    const release = this.models.keepAwake();
    const results: AnswerResult[] = [];
    try {
      const { card, loaded } = await this.modelReady(wanted, signal);
      // What a model takes to load is not what an answer takes.
      began = performance.now();
      const recommended = card.sampling ?? loaded.sampling;
      change({ modelId: card.id, ...this.decide(message, turns, card) });
      const temperature = this.settings.current.temperature ?? recommended.temperature;
      const rounds = card.thoughts ? votes : 1;
      const question: Question = {
        turns: turns.map(({ role, content }) => ({ role, content })),
        sampling: { ...recommended, temperature: rounds > 1 ? Math.max(temperature, VOTE_TEMPERATURE) : temperature },
        thinking: this.thinking(message, card, loaded),
      };
      const digest = await this.models.installed.digest(card.id);
      change({ provenance: { digest, ...question.sampling, version: `${__APP_VERSION__} ${__APP_COMMIT__}`.trim() } });
      for (let n = 1; n <= rounds && !signal.aborted; n++) {
        if (rounds > 1) live.round = { n, of: rounds };
        if (n > 1) live.restart();
        results.push(await this.generate(question, message, change, signal));
      }
      const first = results[0];
      if (!first) throw new DOMException("stopped", "AbortError");
      this.models.noteContextSize(first.stats.contextSize);
      this.conclude(results, before, change);
    } catch (error) {
      const data = errorData(error);
      if (!isCancelled(error) && !this.engines.hasModel) this.models.lost(data);
      // Of several answers, those that were finished are not lost with the one that failed.
      if (results.length > 0) this.conclude(results, before, change);
      change(isCancelled(error) ? { status: "stopped" } : { status: "failed", error: data });
    } finally {
      clearInterval(save);
      release();
      change(took());
      // Shown at once, unless it was deleted meanwhile.
      if (this.conversations.has(message)) this.conversations.keep(message);
      this.lastAnswerId = message.id;
      live.end();
      await this.conversations.save(message);
      this.record(message, turns.at(-1)?.content ?? "");
    }
  }

  /** Writes into the audit log that an answer was generated: how, and how much; of its text only what the policy wants. */
  private record(message: Message, question: string): void {
    const { conversationId, id, modelId, provenance, effort, status, stats, error, content, thought } = message;
    if (modelId === undefined) return;
    this.audit.note("generation", {
      conversation: conversationId,
      message: id,
      model: modelId,
      digest: provenance?.digest ?? null,
      temperature: provenance?.temperature ?? null,
      effort: effort ?? null,
      status,
      error: error?.code ?? null,
      promptTokens: stats?.promptTokens ?? null,
      thoughtTokens: stats?.thoughtTokens ?? null,
      answerTokens: stats?.answerTokens ?? null,
      seconds: stats ? Math.round(stats.seconds * 1000) / 1000 : null,
      ...(policy.audit.content ? { question, ...(thought ? { thought } : {}), answer: content } : {}),
    });
  }

  /** What "auto" comes to for a question; nothing where the model cannot think or that is settled. */
  private decide(message: Message, turns: Message[], card: ModelCard): Partial<Message> {
    if (!card.thoughts || message.effort !== "auto" || message.need) return {};
    const questions = turns.filter(({ role }) => role === "user").map(({ content }) => content);
    return { need: needOf(questions.pop() ?? "", questions) };
  }

  private thinking({ effort = "off", need }: Message, { thoughts }: ModelCard, { contextSize }: LoadedModel) {
    if (!thoughts) return undefined;
    return thinkingOf(thoughts, effort === "auto" ? (need?.think ? AUTO_EFFORT : "off") : effort, contextSize);
  }

  /** One answer of the model, from where the live answer stands. */
  private generate(
    question: Question,
    message: Message,
    change: (changes: Partial<Message>) => void,
    signal: AbortSignal,
  ) {
    const { live } = this;
    const { thought, answer } = live;
    const closed = answer !== "" || message.cut !== undefined;
    // The model can still be busy with an answer that was stopped.
    live.waiting = true;
    const options = {
      ...question,
      continueFrom: thought !== "" || answer !== "" ? { thought, answer, closed } : undefined,
      onToken: (token: AnswerToken) => live.take(token),
      onStarted: (droppedTurns: number) => {
        live.waiting = false;
        change({ droppedTurns });
      },
      onRecovering: () => {
        live.recovering = true;
        change({ recovered: true });
      },
    };
    return this.engines.generate(options, signal);
  }

  /** Makes the message of one answer, or of the one that most of several agree with. */
  private conclude(
    results: readonly AnswerResult[],
    before: Pick<AnswerStats, "promptTokens" | "thoughtSeconds" | "seconds">,
    change: (changes: Partial<Message>) => void,
  ): void {
    const finished = results.filter(({ finish }) => finish !== "stopped" && finish !== "repeated");
    const counted = finished.length > 0 ? finished : results;
    const vote = voteOn(counted.map(({ answer }) => answer));
    const chosen = counted[vote.chosen]!;
    const { thought, answer, finish, cut } = chosen;
    this.live.thought = thought;
    this.live.answer = answer;
    const stats = results.reduce((sum, other) => (other === chosen ? sum : withOther(sum, other.stats)), chosen.stats);
    change({
      status: finish === "stop" ? "complete" : finish,
      // The tokens that stood before are counted in the result already.
      stats: {
        ...stats,
        promptTokens: stats.promptTokens + before.promptTokens,
        seconds: stats.seconds + before.seconds,
        thoughtSeconds: stats.thoughtSeconds + before.thoughtSeconds,
      },
      ...(cut ? { cut } : {}),
      ...(counted.length > 1 ? { vote } : {}),
    });
  }
}
