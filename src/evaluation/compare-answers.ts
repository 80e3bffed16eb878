// Whether this device computes a model as it should: its answers here, compared with those that an independent implementation gave to
// the same questions (recipes/starter/reference.py). Not for: whether its files are sound (engine/store/check.ts).
import type { AnswerResult, ChatTurn, LoadProgress, Question } from "../engine/protocol";
import type { Comparison } from "../models/model-forms";

interface ReferenceAnswers {
  /** How many tokens of each answer are compared. */
  tokens: number;
  /** Questions of one conversation, with their answers. */
  dialogues: { prompt: string; text: string }[][];
}

/** How many answers a reference has. */
export const answersIn = ({ dialogues }: ReferenceAnswers): number => dialogues.flat().length;

const references: Readonly<Record<string, () => Promise<{ default: ReferenceAnswers }>>> = {
  "smollm2-135m-instruct": () => import("./reference-answers.json"),
};

/** Whether there are answers to compare a model's with. */
export const hasReference = (id: string): boolean => Object.hasOwn(references, id);

/** The answers to compare a model's with. Only for a model that `hasReference`. */
export const referenceOf = async (id: string): Promise<ReferenceAnswers> => (await references[id]!()).default;

/**
 * Asks every question, always taking the likeliest token. `ask` answers one; an answer that was stopped ends the comparison with an
 * AbortError. Throws what `ask` throws.
 */
export async function compareAnswers(
  reference: ReferenceAnswers,
  ask: (question: Question) => Promise<AnswerResult>,
  tell: (progress: LoadProgress) => void,
): Promise<Omit<Comparison, "at" | "adapter">> {
  const total = answersIn(reference);
  let done = 0;
  let equal = 0;
  let seconds = 0;
  let written = 0;
  let difference: Comparison["difference"];
  for (const dialogue of reference.dialogues) {
    const turns: ChatTurn[] = [];
    for (const { prompt, text } of dialogue) {
      tell({ phase: "compare", done: done++, total });
      turns.push({ role: "user", content: prompt });
      const { answer, finish, stats } = await ask({
        turns: [...turns],
        sampling: { temperature: 0, topP: 1 },
        maxTokens: reference.tokens,
      });
      if (finish === "stopped") throw new DOMException("stopped", "AbortError");
      if (answer === text) equal++;
      else difference ??= { question: prompt, expected: text, given: answer };
      // An answer of one token has no rate.
      if (stats.decodeRate > 0) {
        written += stats.answerTokens;
        seconds += stats.answerTokens / stats.decodeRate;
      }
      turns.push({ role: "assistant", content: text });
    }
  }
  return { equal, total, rate: seconds > 0 ? written / seconds : 0, ...(difference ? { difference } : {}) };
}
