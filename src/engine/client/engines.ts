// The models that are loaded: one, or two where memory allows, each in a worker of its own, of the runtime that its form needs. One of them is
// current, which is the one that answers. Not for: which models there are, or what is shown of them.
import type { AppError } from "../../platform/app-error";
import type { ArtifactForm, Runtime, Support } from "../contract";
import type { AnswerResult, LoadedModel, LoadProgress, ModelSource } from "../protocol";
import { runtimes } from "../runtimes";
import { EngineClient, type GenerateOptions } from "./engine-client";

const MOST_LOADED = 2;

interface Slot {
  client: EngineClient;
  /** Bytes of memory that its model needs. */
  memory: number;
  usedAt: number;
}

export class Engines {
  /** Called when the current model is gone without having been asked to go, and no answer was streaming. */
  onLost: (error: AppError) => void = () => {};
  private slots: Slot[] = [];
  private current: Slot | undefined;
  private clock = 0;

  /** What each runtime finds on this machine now, by the form of the models that it runs. Never throws. */
  async support(): Promise<ReadonlyMap<ArtifactForm, Support>> {
    const forms = Object.entries(runtimes) as [ArtifactForm, Runtime][];
    return new Map(await Promise.all(forms.map(async ([form, runtime]) => [form, await runtime.support()] as const)));
  }

  /** Whether the current engine has a model, as far as is known here. */
  get hasModel(): boolean {
    return this.current?.client.model !== undefined;
  }

  /** The ids of the models that are loaded. */
  get loadedIds(): string[] {
    return this.slots.flatMap((slot) => slot.client.model?.id ?? []);
  }

  /**
   * Makes a model of this device the current one, loading it unless it is loaded. `memory`: bytes it needs; `budget`: bytes
   * that all loaded models may need together. The one that was used longest ago makes room. `arriving`: its last files
   * are on their way. Throws AppError, or an AbortError where `signal` ended it.
   */
  async load(
    model: ModelSource,
    { memory, budget, arriving }: { memory: number; budget: number; arriving: boolean },
    onProgress: (progress: LoadProgress) => void,
    signal: AbortSignal,
  ): Promise<LoadedModel> {
    signal.throwIfAborted();
    const there = this.slots.find((slot) => slot.client.model?.id === model.id);
    if (there?.client.loaded) {
      this.use(there);
      return there.client.loaded;
    }
    const slot = await this.freeSlot(runtimes[model.form], memory, budget);
    slot.memory = memory;
    this.use(slot);
    return slot.client.load(model, { arriving, onProgress }, signal);
  }

  /** Starts an engine for a model of this form that is about to be loaded. */
  prepare(form: ArtifactForm): void {
    const runtime = runtimes[form];
    if (!this.slots.some(({ client }) => client.runtime === runtime)) this.addSlot(runtime).client.prepare();
  }

  /** Streams an answer of the current model, until `signal` ends it. Throws AppError, or an AbortError (`EngineClient`). */
  generate(options: GenerateOptions, signal: AbortSignal): Promise<AnswerResult> {
    if (!this.current) throw new Error("no model is loaded");
    return this.current.client.generate(options, signal);
  }

  /** Closes the thought of the current model's answer, so that the answer proper begins. */
  answerNow(): void {
    this.current?.client.answerNow();
  }

  /** Frees the memory of all models, or of the one with this id. */
  async unload(id?: string): Promise<void> {
    const going = this.slots.filter((slot) => id === undefined || slot.client.model?.id === id);
    await Promise.all(going.map((slot) => slot.client.unload()));
  }

  async statistics(): Promise<string> {
    return (await this.current?.client.statistics()) ?? "";
  }

  private use(slot: Slot): void {
    this.current = slot;
    slot.usedAt = ++this.clock;
  }

  /** An engine of a runtime without a model, with room for one of so many bytes beside those that stay. */
  private async freeSlot(runtime: Runtime, memory: number, budget: number): Promise<Slot> {
    const loaded = () =>
      this.slots.filter((slot) => slot.client.model !== undefined).sort((a, b) => a.usedAt - b.usedAt);
    while (loaded().length >= MOST_LOADED || (loaded().length > 0 && this.memoryOf(loaded()) + memory > budget))
      await loaded()[0]!.client.unload();
    const empty = this.slots.find(({ client }) => client.runtime === runtime && client.model === undefined);
    return empty ?? this.addSlot(runtime);
  }

  private addSlot(runtime: Runtime): Slot {
    const client: EngineClient = new EngineClient(runtime, (error) => {
      if (this.current?.client === client) this.onLost(error);
    });
    const slot = { client, memory: 0, usedAt: 0 };
    this.slots.push(slot);
    return slot;
  }

  private memoryOf(slots: readonly Slot[]): number {
    return slots.reduce((sum, slot) => sum + slot.memory, 0);
  }
}
