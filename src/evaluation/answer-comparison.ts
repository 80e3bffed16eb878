// Compares the answers of a model on this device with its reference, as a use of the engines that gives way to a person's question. Not for: the
// comparison itself (compare-answers.ts), or what is kept and said of it (models/model-actions.svelte.ts).
import type { LoadProgress } from "../engine/protocol";
import { t } from "../i18n/i18n.svelte";
import type { ModelCard } from "../models/catalogue/catalogue";
import type { Comparer } from "../models/model-actions.svelte";
import type { Comparison } from "../models/model-forms";
import type { Models } from "../models/models.svelte";
import { overtaken } from "../runs/run-queue";
import type { Runs, Turn } from "../runs/runs.svelte";
import type { Notices } from "../ui/notices.svelte";
import { compareAnswers, hasReference, referenceOf } from "./compare-answers";

type Tell = (progress: LoadProgress) => void;

export class AnswerComparison implements Comparer {
  constructor(
    private readonly runs: Runs,
    private readonly models: Models,
    private readonly notices: Notices,
  ) {}

  has(id: string): boolean {
    return hasReference(id);
  }

  get free(): boolean {
    return this.runs.idle && this.models.device.canRun();
  }

  /** A question that a person asks meanwhile ends it. The model that was chosen before is so afterwards, unless the person asked another. */
  compare(card: ModelCard, tell: Tell, signal: AbortSignal): Promise<Comparison> {
    return this.runs.use("background", signal, (turn) => this.compareInTurn(card, tell, turn));
  }

  private async compareInTurn(card: ModelCard, tell: Tell, { signal, ready, ask }: Turn): Promise<Comparison> {
    const { models } = this;
    const before = models.loader.chosen;
    // A question that is asked meanwhile waits for the model that is being loaded.
    const stop = () => {
      if (signal.reason !== overtaken && models.loader.state.phase === "loading") models.loader.cancel();
    };
    signal.addEventListener("abort", stop);
    try {
      const reference = await referenceOf(card.id);
      const { adapter } = (await ready(card)).loaded;
      return { at: Date.now(), adapter, ...(await compareAnswers(reference, ask, tell)) };
    } catch (error) {
      if (signal.reason === overtaken) this.notices.tell(() => t("storage.compareEnded"));
      throw error;
    } finally {
      signal.removeEventListener("abort", stop);
      if (before && before.id !== card.id && signal.reason !== overtaken) void models.loader.load(before);
    }
  }
}
