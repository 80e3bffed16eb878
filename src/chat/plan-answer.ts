// What is asked of a model for an answer: the turns before it, how it samples, and how much it thinks. Pure. Not for: asking it (runs/).
import type { Thinking } from "../engine/protocol";
import { samplingOf, type Sampling } from "../engine/sampling";
import type { ModelCard } from "../models/catalogue/catalogue";
import { AUTO_EFFORT, thinkingOf } from "../reasoning/effort";
import { needOf, type Need } from "../reasoning/need";
import { VOTE_TEMPERATURE } from "../reasoning/vote";
import type { RunFacts } from "../runs/run-facts";
import type { Plan, ReadyModel } from "../runs/runs.svelte";
import { contentOf, thoughtOf, type Message } from "./conversation-records";

/** What a person chose that a plan depends on. */
export interface Wishes {
  /** What is undefined is as the model recommends. */
  sampling: Partial<Record<keyof Sampling, number | undefined>>;
  /** How many answers are voted on, where the model thinks. */
  votes: number;
}

/** Plans an answer, new or resumed, to the last of `turns`. */
export function planAnswer(answer: Message, turns: readonly Message[], model: ReadyModel, wishes: Wishes): Plan {
  const { card, loaded } = model;
  const sampling = samplingOf((name) => wishes.sampling[name] ?? card.sampling?.[name] ?? loaded.sampling[name]);
  const rounds = card.thoughts ? wishes.votes : 1;
  const need = answer.run?.need ?? needIn(turns, card, answer.run);
  const [thought, text] = [thoughtOf(answer), contentOf(answer)];
  const closed = text !== "" || answer.run?.cut !== undefined;
  return {
    question: {
      turns: turns.map((turn) => ({ role: turn.role, content: contentOf(turn) })),
      sampling: rounds > 1 ? { ...sampling, temperature: Math.max(sampling.temperature, VOTE_TEMPERATURE) } : sampling,
      thinking: thinkingFor(answer.run?.effort, need, model),
      continueFrom: thought !== "" || text !== "" ? { thought, answer: text, closed } : undefined,
    },
    rounds,
    facts: need ? { need } : {},
  };
}

/** What "auto" decides for a question; nothing where the model cannot think or the person decided. */
function needIn(turns: readonly Message[], card: ModelCard, run: RunFacts | undefined): Need | undefined {
  if (!card.thoughts || run?.effort !== "auto") return undefined;
  const questions = turns.filter(({ role }) => role === "user").map(contentOf);
  return needOf(questions.pop() ?? "", questions);
}

function thinkingFor(
  effort: RunFacts["effort"] = "off",
  need: Need | undefined,
  model: ReadyModel,
): Thinking | undefined {
  const { card, loaded } = model;
  if (!card.thoughts) return undefined;
  const chosen = effort === "auto" ? (need?.think ? AUTO_EFFORT : "off") : effort;
  return thinkingOf(card.thoughts, chosen, loaded.contextSize);
}
