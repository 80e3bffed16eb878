// The machine that the page runs on, as far as it matters to models: what runtimes find here, its memory, and its free space. Not for: judging whether
// a model fits (fit.ts).
import type { Engines } from "../engine/client/engines";
import type { ArtifactForm, Support } from "../engine/contract";
import type { ErrorData } from "../platform/app-error";
import { askToPersist, storageFacts, type StorageFacts } from "../platform/storage-estimate";
import type { ModelCard } from "./catalogue/catalogue";
import { memoryBudget, readMachine, type Machine } from "./machine";

export class Device {
  /** Undefined until it is known. */
  machine = $state.raw<Machine | undefined>(undefined);
  /** What the browser said of its storage when it was last asked. */
  storage = $state.raw<StorageFacts | undefined>(undefined);
  /** What each runtime found here, by the form of the models that it runs; empty until they have looked. */
  private found = $state.raw<ReadonlyMap<ArtifactForm, Support>>(new Map());

  /** `forms`: those of the models that the app knows. */
  constructor(
    private readonly engines: Engines,
    private readonly forms: () => ReadonlySet<ArtifactForm>,
  ) {}

  /** Asks the runtimes what they find here. */
  async look(): Promise<void> {
    this.found = await this.engines.support();
    this.machine = readMachine([...this.found.values()].find(({ device }) => device)?.device);
  }

  /** Whether this machine can run models of the card's form; without a card, of any form that a known model has. */
  canRun(card?: Pick<ModelCard, "form">): boolean {
    return (card ? [this.found.get(card.form)] : this.foundForModels()).some((support) => support && !support.obstacle);
  }

  /** Why this machine can run no models at all; undefined where it can, and before that is known. */
  get obstacle(): ErrorData | undefined {
    return this.canRun() ? undefined : this.foundForModels()[0]?.obstacle;
  }

  private foundForModels(): Support[] {
    return [...this.found].flatMap(([form, support]) => (this.forms().has(form) ? [support] : []));
  }

  /** Bytes that all loaded models may need together; 0 before that is known. */
  get memoryBudget(): number {
    return this.machine ? memoryBudget(this.machine) : 0;
  }

  async lookAtStorage(): Promise<void> {
    this.storage = await storageFacts();
    const free = Math.max(0, this.storage.quota - this.storage.usage);
    if (this.machine) this.machine = { ...this.machine, free };
  }

  /** Asks the browser to keep this site's data. Its answer is in `storage`. */
  async askToKeep(): Promise<void> {
    await askToPersist();
    await this.lookAtStorage();
  }
}
