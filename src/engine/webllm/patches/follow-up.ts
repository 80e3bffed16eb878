// A follow-up question of a conversation that WebLLM has read already. Its chat keeps what was read and written and reads the new
// question alone; but what the template puts after an answer was never written by the model, and would be missing between the two. Here
// it is read before the question. Assumes WebLLM 0.2.86; without it, answers to follow-ups would differ from those to the whole. Not for: the first question, and what is read anew as a whole (prompt.ts).

/** What is used of WebLLM's conversation, whose class it does not export. */
export interface Conversation {
  /** The last three are the answer before, the question, and the answer that is to come. */
  messages: readonly unknown[];
  config: { seps: readonly string[] };
  getPromptArrayLastRound(...settings: unknown[]): unknown[];
  getArtifactPromptSegmentsLastRound(): unknown[];
}

const mended = new WeakSet<Conversation>();

/** Mends the class of a conversation, once for all conversations. */
export function endAnswers(conversation: Conversation): void {
  const methods = Object.getPrototypeOf(conversation) as Conversation;
  if (mended.has(methods)) return;
  mended.add(methods);
  for (const name of ["getPromptArrayLastRound", "getArtifactPromptSegmentsLastRound"] as const) {
    const questionAlone: Conversation[typeof name] = methods[name];
    methods[name] = function (this: Conversation, ...settings: unknown[]) {
      const { seps } = this.config;
      const end = seps[(this.messages.length - 3) % seps.length];
      return [...(end ? [end] : []), ...questionAlone.apply(this, settings as [])];
    };
  }
}
