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
} from "../protocol";
import type { StoreCalls } from "../calls";
import { AppError } from "../../platform/app-error";
import { workerName } from "../../trust/log/unseen-requests";
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
  private readonly door = new WorkerDoor<StoreCalls>(startStoreWorker, () => {});

  /** Brings a model to this device, as far as it is not there. Throws AppError, or an AbortError; finished files stay. */
  async download(order: DownloadOrder, onProgress: Tell, signal: AbortSignal): Promise<StoredModel> {
    const bring = () => this.door.ask("download", order, { onProgress }, signal);
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
  check(model: ModelSource, repair: boolean, onProgress: Tell): Promise<string[]> {
    return this.door.ask("check", { model, repair }, { onProgress });
  }

  /** Removes everything that is kept under `baseUrl`. */
  remove(baseUrl: string): Promise<void> {
    return this.door.ask("remove", baseUrl);
  }

  /** The `baseUrl` of every model of which something is stored. */
  kept(): Promise<string[]> {
    return this.door.ask("kept", undefined);
  }

  /** Reads what given files are. Throws AppError "model-invalid". */
  inspect(given: GivenFile[]): Promise<PackageSummary> {
    return this.door.ask("inspect", given);
  }

  /** Keeps given files as a model, all or nothing. `files`: what they must be, where that is known. Throws AppError. */
  import(
    given: GivenFile[],
    baseUrl: string,
    files: Readonly<Record<string, ModelFile>> | undefined,
    onProgress: Tell,
    signal: AbortSignal,
  ): Promise<StoredModel> {
    return this.door.ask("import", { given, baseUrl, files }, { onProgress }, signal);
  }

  /** Writes a model into a folder or, without one, gives it as a zip. Throws AppError. */
  export(
    model: ModelSource,
    facts: PackageFacts,
    folder: FileSystemDirectoryHandle | undefined,
    onProgress: Tell,
    signal: AbortSignal,
  ): Promise<Blob | undefined> {
    return this.door.ask("export", { model, facts, folder }, { onProgress }, signal);
  }
}
