// Whether a build fits a machine, and why not; which build of a model to offer, and which models to recommend. Pure rules over data.
import { shippedModels, type CatalogueModel, type ModelCard } from "./catalogue/catalogue";
import { memoryBudget, type Machine } from "./machine";

/** Why a build does not simply fit: `models.fit.<reason>` says it. */
type FitReason = "half-precision" | "buffer" | "memory" | "memory-unknown" | "phone" | "storage" | "software";

export interface Fit {
  verdict: "fits" | "tight" | "no";
  reason?: FitReason;
  /** What is needed and what there is, in bytes, where the reason is one of size. */
  need?: number;
  have?: number;
}

/** Part of the budget beyond which it is tight: other tabs and programs want memory too. */
const COMFORT = 0.7;
/** Bytes beyond which a model without a graphics device is too slow to talk with. */
const SLOW_BEYOND = 0.6e9;

/** `installed`: its bytes are on this device already, so storage is no question. */
export function fitOf(card: ModelCard, machine: Machine, installed = false): Fit {
  if (card.halfPrecision && !machine.halfPrecision) return { verdict: "no", reason: "half-precision" };
  if (card.bufferSize !== undefined && card.bufferSize > machine.maxBufferSize)
    return { verdict: "no", reason: "buffer", need: card.bufferSize, have: machine.maxBufferSize };
  if (!installed && card.size > machine.free)
    return { verdict: "no", reason: "storage", need: card.size, have: machine.free };
  const budget = memoryBudget(machine);
  const sizes = { need: card.memory, have: budget };
  const tooLarge = card.memory > budget;
  if (tooLarge && machine.phone) return { verdict: "no", reason: "phone", ...sizes };
  if (machine.software && card.memory > SLOW_BEYOND)
    return tooLarge ? { verdict: "no", reason: "memory", ...sizes } : { verdict: "tight", reason: "software" };
  if (card.memory <= COMFORT * budget) return { verdict: "fits" };
  if (!tooLarge) return { verdict: "tight", reason: "memory", ...sizes };
  // A computer at the most that browsers report may well have twice as much.
  if (machine.memoryIsFloor && card.memory <= 2 * budget)
    return { verdict: "tight", reason: "memory-unknown", ...sizes };
  return { verdict: "no", reason: "memory", ...sizes };
}

const order: Fit["verdict"][] = ["fits", "tight", "no"];

/** The build of a model to offer: the first that is here, else the first of those that fit best. */
export function pickBuild(model: CatalogueModel, machine: Machine, installed: ReadonlySet<string>): ModelCard {
  const rank = (card: ModelCard) => {
    if (installed.has(card.id)) return -1;
    const { verdict, reason } = fitOf(card, machine);
    // Where none fits, the reason given is that of a build that the adapter could run.
    return order.indexOf(verdict) + (reason === "half-precision" ? 1 : 0);
  };
  return [...model.builds].sort((a, b) => rank(a) - rank(b))[0]!;
}

export type Purpose = "fast" | "balanced" | "reasoning";

/** The models to consider for each purpose, best first: the project's judgement, from published evaluations and sizes. */
const candidates: Record<Purpose, readonly string[]> = {
  fast: ["Qwen3.5-0.8B", "Llama-3.2-1B-Instruct", "Qwen2.5-0.5B-Instruct", "SmolLM2-360M-Instruct"],
  balanced: [
    "Qwen3.5-4B",
    "Ministral-3-3B-Instruct-2512-BF16",
    "Llama-3.2-3B-Instruct",
    "Qwen3.5-2B",
    "Qwen2.5-1.5B-Instruct",
    "Llama-3.2-1B-Instruct",
  ],
  reasoning: ["Qwen3.5-9B", "DeepSeek-R1-Distill-Qwen-7B", "Qwen3.5-4B", "Qwen3-4B", "Qwen3-1.7B", "Qwen3-0.6B"],
};
/** Models made for one language come first for those who use the app in it. */
const forLanguage: Partial<Record<string, Partial<Record<Purpose, string>>>> = {
  ja: { balanced: "gemma-2-2b-jpn-it" },
};

/** One model for each purpose that fits this machine, among `offered`; none where none fits. */
export function recommend(
  offered: readonly CatalogueModel[],
  machine: Machine,
  language: string,
): Partial<Record<Purpose, ModelCard>> {
  const chosen: Partial<Record<Purpose, ModelCard>> = {};
  for (const purpose of Object.keys(candidates) as Purpose[]) {
    const special = forLanguage[language]?.[purpose];
    for (const key of [...(special ? [special] : []), ...candidates[purpose]]) {
      const model = offered.find((m) => m.key === key);
      const card = model && pickBuild(model, machine, new Set());
      if (card && fitOf(card, machine).verdict === "fits") {
        chosen[purpose] = card;
        break;
      }
    }
  }
  return chosen;
}

/** Whether a model's publisher says that it writes a language (ISO 639 code). */
export const speaks = ({ languages }: ModelCard, language: string): boolean => languages.includes(language);

/** What is offered, what is here, and the machine: of `Models`. */
interface Choice {
  offered: readonly CatalogueModel[];
  usable: readonly ModelCard[];
  device: { machine: Machine | undefined };
}

/**
 * The model to begin with: one that is on the device, preferably one that speaks the language, or else the last used; without any, the
 * recommended model, where the policy allows it.
 */
export function firstModel({ offered, usable }: Choice, language: string): ModelCard | undefined {
  const starter = shippedModels[0]!;
  const here = usable.find((card) => speaks(card, language)) ?? usable[0];
  return here ?? (offered.some(({ builds }) => builds.includes(starter)) ? starter : undefined);
}

/**
 * A model that speaks the language: the smallest recommended for this machine, or else the smallest that it can run, preferring those that fit
 * well and those recommended for others. Never a demonstration. Undefined where none does.
 */
export function speakerFor({ offered, device: { machine } }: Choice, language: string): ModelCard | undefined {
  if (!machine) return undefined;
  const { fast, balanced, reasoning } = recommend(offered, machine, language);
  const recommended = [fast, balanced, reasoning].find((card) => card && speaks(card, language));
  if (recommended) return recommended;
  const known = new Set(Object.values(candidates).flat());
  const rank = (card: ModelCard) => order.indexOf(fitOf(card, machine).verdict) + (known.has(card.key) ? 0 : 0.5);
  return offered
    .map((model) => pickBuild(model, machine, new Set()))
    .filter((card) => speaks(card, language) && card.task !== "embedding" && !card.about)
    .filter((card) => fitOf(card, machine).verdict !== "no")
    .sort((a, b) => rank(a) - rank(b) || a.memory - b.memory)[0];
}
