// Writes an answer: runs what is planned for it, shows it as it comes, and keeps it, so that a killed tab loses next to nothing. Not for: which
// answer, or to what (session.svelte.ts), or what is asked of the model (plan-answer.ts).
import type { ModelCard } from "../models/catalogue/catalogue";
import { generatingLock } from "../platform/locks";
import type { Runs } from "../runs/runs.svelte";
import type { Settings } from "../storage/settings.svelte";
import { policy } from "../trust/current-policy";
import type { AuditLog } from "../trust/log/audit-log.svelte";
import type { Conversations } from "./conversations.svelte";
import { contentOf, thoughtOf, writingLock, type Message } from "./conversation-records";
import type { LiveAnswer } from "./live-answer.svelte";
import { planAnswer } from "./plan-answer";
import { branchTo, turnsOf } from "./tree";

/** How often an answer is saved while it streams, in milliseconds: what a killed tab can lose. */
const SAVE_INTERVAL = 500;

/** How an answer is written. */
export interface Manner {
  /** The model that writes it; undefined: the one that is chosen. */
  card?: ModelCard | undefined;
  /** How many answers are voted on, where the model thinks. */
  votes: number;
  /** Stores the message for the first time. A failure then ends it. */
  store: () => Promise<void>;
}

export class AnswerWriter {
  constructor(
    private readonly conversations: Conversations,
    private readonly runs: Runs,
    private readonly live: LiveAnswer,
    private readonly settings: Settings,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Writes an answer, new or resumed, while the locks are held that tell other tabs of it. What goes wrong with the model is stored in the
   * message. Rejects where it cannot be stored.
   */
  async write(message: Message, manner: Manner, signal: AbortSignal): Promise<void> {
    this.live.begin(message);
    try {
      // Shared: an update of the app waits until no tab holds it. Exclusive: other tabs see that this message has a writer.
      await navigator.locks.request(generatingLock, { mode: "shared" }, () =>
        navigator.locks.request(writingLock(message.id), async () => {
          await manner.store();
          await this.run(message, manner, signal);
        }),
      );
    } finally {
      this.live.end();
    }
  }

  private async run(message: Message, { card, votes }: Manner, signal: AbortSignal): Promise<void> {
    const { live, conversations, settings } = this;
    const turns = turnsOf(branchTo(conversations.messagesOf(message.conversationId), message.parentId));
    // Loading a model is not part of an answer's time.
    let began: number | undefined;
    const now = (): Message => {
      const { parts, facts, before } = live.written;
      const seconds = before.seconds + (began === undefined ? 0 : (performance.now() - began) / 1000);
      return { ...message, parts, run: { ...facts, seconds } };
    };
    let saved = live.written.parts;
    const save = setInterval(() => {
      if (saved === live.written.parts) return;
      saved = live.written.parts;
      // A save that fails is made up for by the next one; the last one, below, has to succeed.
      void conversations.save(now()).catch(() => {});
    }, SAVE_INTERVAL);
    await this.runs.start(
      {
        priority: "person",
        card,
        plan: (model) => {
          began = performance.now();
          return planAnswer(message, turns, model, { sampling: settings.current, votes });
        },
      },
      (event) => live.take(event),
      signal,
    );
    clearInterval(save);
    const finished = now();
    // Shown at once, unless it was deleted meanwhile.
    if (conversations.has(finished)) conversations.keep(finished);
    live.end();
    await conversations.save(finished);
    const question = turns.at(-1);
    this.record(finished, question ? contentOf(question) : "");
  }

  /** Writes into the audit log that an answer was generated: how, and how much; of its text only what the policy wants. */
  private record(message: Message, question: string): void {
    const { run } = message;
    if (run?.modelId === undefined) return;
    const { modelId, provenance, effort, status, stats, error } = run;
    const thought = thoughtOf(message);
    this.audit.note("generation", {
      conversation: message.conversationId,
      message: message.id,
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
      ...(policy.audit.content ? { question, ...(thought ? { thought } : {}), answer: contentOf(message) } : {}),
    });
  }
}
