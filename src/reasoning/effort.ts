// How much a model is to think: the efforts a person chooses from, and what they mean for a model.
import type { Thinking } from "../engine/protocol";
import type { ThoughtFormat } from "../engine/thoughts";

/** "auto": each question decides (need.ts). */
export type Effort = "off" | "low" | "medium" | "high" | "auto";
export const efforts: readonly Effort[] = ["off", "low", "medium", "high", "auto"];

export const isEffort = (value: unknown): value is Effort => efforts.includes(value as Effort);

/** A thought's part of the context window, and its most tokens however large the window is. */
const budgets = {
  low: { share: 1 / 16, most: 512 },
  medium: { share: 1 / 4, most: 2048 },
  high: { share: 1 / 2, most: 8192 },
};

/** The effort that "auto" uses where it decides to think. */
export const AUTO_EFFORT = "medium";

/** How many answers are voted on, where a person wants that: odd, so that two answers cannot tie. */
export const voteSizes = [1, 3, 5] as const;

/** Tokens that a thought may have; 0: none. */
export function budgetOf(effort: Exclude<Effort, "auto">, contextSize: number): number {
  if (effort === "off") return 0;
  const { share, most } = budgets[effort];
  return Math.min(most, Math.floor(contextSize * share));
}

/** What the engine is told. */
export function thinkingOf(format: ThoughtFormat, effort: Exclude<Effort, "auto">, contextSize: number): Thinking {
  const budget = budgetOf(effort, contextSize);
  return budget === 0 ? { format, think: false } : { format, think: true, budget };
}
