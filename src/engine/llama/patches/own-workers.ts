// wllama starts its worker from a text, by way of a blob: address, which the Content-Security-Policy does not allow. Here it gets one of the same text
// that is a file of the app (scripts/llama-workers.mjs). Assumes wllama 3.13, which makes one Worker for each model that it loads; without it, no
// model would load. Not for: the threads of that worker, which its own script starts.
import { mainScript } from "virtual:llama-workers";
// Which scripts this worker may start.
import "../../../trust/trusted-types";

/** What the script is told with its name. */
interface Settings {
  /** The address of llama.cpp's code. */
  wasm: string;
  /** 0: the worker itself does all work. */
  threads: number;
  gpu: boolean;
}

/** `settings`: those of the model that is loaded next. For a worker that starts no others. */
export function ownWorkers(settings: () => Settings): void {
  // Beside this script. Held apart, so that the build takes it for no address of a file that is there.
  const here = self.location.href;
  const RealWorker = Worker;
  globalThis.Worker = class extends RealWorker {
    constructor() {
      super(new URL(mainScript, here), { name: JSON.stringify(settings()) });
    }
  };
  URL.createObjectURL = () => "";
}
