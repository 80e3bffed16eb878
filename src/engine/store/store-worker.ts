// The store worker: the only thread that brings, checks, hands out and removes models. It does any number of things at once, each
// of which can be ended; what was finished of a download stays. Not for: running models (engine/worker).
import { errorData, isCancelled } from "../../platform/app-error";
import { answerProbe } from "../../platform/ways-out";
import type { LoadProgress, StoreRequest, WorkerEvent } from "../protocol";
import { tellOwnPolicy } from "../../trust/own-policy";
import { tellUnseen } from "../../trust/unseen-requests";
import { announceLife } from "../worker-life";
import { keptModels, removeFiles } from "./artifact-store";
import { damagedFiles } from "./check";
import { download, modelLock } from "./bring-model";
import { exportPackage, importPackage, inspectPackage } from "./package-transfer";

const running = new Map<number, AbortController>();
const post = (event: WorkerEvent) => self.postMessage(event);

async function answer(
  request: Exclude<StoreRequest, { kind: "abort" }>,
  signal: AbortSignal,
  tell: (progress: LoadProgress) => void,
): Promise<unknown> {
  switch (request.kind) {
    case "download":
      return download(request.order, signal, tell);
    case "check": {
      const damaged = await damagedFiles(request.model, tell);
      if (request.repair) await removeFiles(request.model.baseUrl, damaged);
      return damaged;
    }
    case "remove":
      return navigator.locks.request(modelLock(request.baseUrl), () => removeFiles(request.baseUrl));
    case "kept":
      return keptModels();
    case "inspect":
      return inspectPackage(request.given);
    case "import":
      return importPackage(request.given, request.baseUrl, request.files, signal, tell);
    case "export":
      return exportPackage(request.model, request.facts, request.folder, signal, tell);
  }
}

answerProbe();
self.onmessage = async ({ data: request }: MessageEvent<StoreRequest>) => {
  if (request.kind === "abort") {
    running.get(request.target)?.abort();
    return;
  }
  const { id } = request;
  const controller = new AbortController();
  running.set(id, controller);
  try {
    const value = await answer(request, controller.signal, (progress) => post({ kind: "progress", id, progress }));
    post({ kind: "done", id, value });
  } catch (error) {
    post(isCancelled(error) ? { kind: "cancelled", id } : { kind: "failed", id, error: errorData(error) });
  } finally {
    running.delete(id);
  }
};

tellUnseen("store");
tellOwnPolicy();
announceLife(post);
