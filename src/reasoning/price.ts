// What an answer cost: tokens, time, energy, and what a hosted API would have charged. Pure calculations. Not for: how it is shown.
import type { AnswerStats } from "../engine/protocol";
import table from "./prices.json";

/** Tokens, seconds and watt-hours of one answer or of many. */
export interface Price {
  promptTokens: number;
  thoughtTokens: number;
  answerTokens: number;
  seconds: number;
  /** Estimated watt-hours. */
  energy: number;
}

/** When the table of API prices was read, and from where. */
export const { checked: pricesChecked, source: pricesSource } = table;

/** The power that a machine draws while a model writes, in watts, where nobody has set it: an estimate by its kind. */
const WATTS = { phone: 5, computer: 40 };

export const defaultWatts = (phone: boolean): number => (phone ? WATTS.phone : WATTS.computer);

/** Of one answer. Energy is time in which the model worked, times the power that the machine draws then. */
export function priceOf(stats: AnswerStats, watts: number): Price {
  const { promptTokens, thoughtTokens, answerTokens, seconds } = stats;
  return { promptTokens, thoughtTokens, answerTokens, seconds, energy: (seconds * watts) / 3600 };
}

export function sumOf(prices: readonly Price[]): Price {
  const sum: Price = { promptTokens: 0, thoughtTokens: 0, answerTokens: 0, seconds: 0, energy: 0 };
  for (const price of prices) for (const key of Object.keys(sum) as (keyof Price)[]) sum[key] += price[key];
  return sum;
}

/** What each hosted model would charge for as many tokens, in US dollars. Thoughts are charged as output. */
export function hostedPrices(price: Price): { name: string; provider: string; dollars: number }[] {
  return table.models.map(({ name, provider, input, output }) => ({
    name,
    provider,
    dollars: (price.promptTokens * input + (price.thoughtTokens + price.answerTokens) * output) / 1e6,
  }));
}
