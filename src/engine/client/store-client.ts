// The page's door to the store worker: download, check, remove, import, export. Not for: state that is shown.
import type {
  DownloadOrder,
  GivenFile,
  LoadProgress,
  ModelFile,
  ModelSource,
  PackageFacts,
  PackageSummary,
  StoredModel,
  StoreRequest,
} from "../protocol";
import { AppError } from "../../platform/app-error";
import { workerName } from "../../trust/unseen-requests";
import { WorkerDoor } from "./worker-door";

/** A store worker, as every one begins. */
export const startStoreWorker = (): Worker =>
  new Worker(new URL("../store/store-worker.ts", import.meta.url), {
    type: "module",
    name: workerName("islet-store"),
  });

type Tell = (progress: LoadProgress) => void;

/** Milliseconds in which a service worker comes to stand before a page that is new. */
const PATIENCE = 5000;

/** Whether a worker that begins now begins under the service worker, which gives it the policy of the site; waits for that a while. */
async function underServiceWorker(): Promise<boolean> {
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  if (!container) return false;
  if (!container.controller)
    await new Promise<void>((resolve) => {
      container.addEventListener("controllerchange", () => resolve(), { once: true });
      setTimeout(resolve, PATIENCE);
    });
  return container.controller !== null;
}

export class StoreClient {
  private readonly door = new WorkerDoor<StoreRequest>(startStoreWorker, () => {});

  /** Brings a model to this device, as far as it is not there. Throws AppError, or an AbortError; finished files stay. */
  async download(order: DownloadOrder, onProgress: Tell, signal: AbortSignal): Promise<StoredModel> {
    const bring = () => this.door.ask({ kind: "download", order }, { onProgress }, signal) as Promise<StoredModel>;
    try {
      return await bring();
    } catch (error) {
      // A worker that began without a policy keeps none; one that begins now may be better held.
      if (!(error instanceof AppError) || error.code !== "redirect-unchecked" || !(await underServiceWorker()))
        throw error;
      this.end(new AppError("worker-crashed", "replaced by one that the policy binds"));
      return bring();
    }
  }

  /** Ends all that is under way; it fails with `error`. What was finished stays. */
  end(error: AppError): void {
    this.door.end(error);
  }

  /** The names of files that are missing or damaged; with `repair`, the damaged ones are deleted. */
  async check(model: ModelSource, repair: boolean, onProgress: Tell): Promise<string[]> {
    return (await this.door.ask({ kind: "check", model, repair }, { onProgress })) as string[];
  }

  /** Removes everything that is kept under `baseUrl`. */
  async remove(baseUrl: string): Promise<void> {
    await this.door.ask({ kind: "remove", baseUrl });
  }

  /** The `baseUrl` of every model of which something is stored. */
  async kept(): Promise<string[]> {
    return (await this.door.ask({ kind: "kept" })) as string[];
  }

  /** Reads what given files are. Throws AppError "model-invalid". */
  async inspect(given: GivenFile[]): Promise<PackageSummary> {
    return (await this.door.ask({ kind: "inspect", given })) as PackageSummary;
  }

  /** Keeps given files as a model, all or nothing. `files`: what they must be, where that is known. Throws AppError. */
  async import(
    given: GivenFile[],
    baseUrl: string,
    files: Readonly<Record<string, ModelFile>> | undefined,
    onProgress: Tell,
    signal: AbortSignal,
  ): Promise<StoredModel> {
    const request = { kind: "import" as const, given, baseUrl, ...(files ? { files } : {}) };
    return (await this.door.ask(request, { onProgress }, signal)) as StoredModel;
  }

  /** Writes a model into a folder or, without one, gives it as a zip. Throws AppError. */
  async export(
    model: ModelSource,
    facts: PackageFacts,
    folder: FileSystemDirectoryHandle | undefined,
    onProgress: Tell,
    signal: AbortSignal,
  ): Promise<Blob | undefined> {
    const request = { kind: "export" as const, model, facts, ...(folder ? { folder } : {}) };
    return (await this.door.ask(request, { onProgress }, signal)) as Blob | undefined;
  }
}
