// Whether this device computes a model as it should: its answers here, compared with those that an independent implementation gave to
// the same questions (recipes/starter/reference.py). Not for: whether its files are sound (engine/store/check.ts).
import type { AnswerResult, LoadProgress, Question } from "../engine/protocol";

interface ReferenceAnswers {
  /** How many tokens of each answer are compared. */
  tokens: number;
  cases: { prompt: string; text: string }[];
}

/** What came of a comparison. */
export interface Comparison {
  /** Milliseconds since 1970. */
  at: number;
  /** What the browser says of the graphics adapter. */
  adapter: string;
  equal: number;
  total: number;
  /** Tokens a second, as they were written. */
  rate: number;
  /** The first answer that is another one. */
  difference?: { question: string; expected: string; given: string };
}

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
  { tokens, cases }: ReferenceAnswers,
  ask: (question: Question) => Promise<AnswerResult>,
  tell: (progress: LoadProgress) => void,
): Promise<Omit<Comparison, "at" | "adapter">> {
  const total = cases.length;
  let equal = 0;
  let seconds = 0;
  let written = 0;
  let difference: Comparison["difference"];
  for (const [done, { prompt, text }] of cases.entries()) {
    tell({ phase: "compare", done, total });
    const { answer, finish, stats } = await ask({
      turns: [{ role: "user", content: prompt }],
      sampling: { temperature: 0, topP: 1 },
      maxTokens: tokens,
    });
    if (finish === "stopped") throw new DOMException("stopped", "AbortError");
    if (answer === text) equal++;
    else difference ??= { question: prompt, expected: text, given: answer };
    written += stats.answerTokens;
    seconds += stats.answerTokens / stats.decodeRate;
  }
  return { equal, total, rate: written / seconds, ...(difference ? { difference } : {}) };
}
