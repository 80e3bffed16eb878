// The contract between Islet and what runs its models. A runtime says which form of models it takes, whether this machine has what it needs, and
// how its worker starts. That worker answers `EngineCalls` (calls.ts); tests/e2e/runtime.spec.ts says what each of them must do. Not for: which
// runtimes there are (runtimes.ts).
import type { ErrorData } from "../platform/app-error";
import type { GraphicsDevice } from "../platform/webgpu";

/**
 * How the files of a model are written. "mlc": shards of weights, their list, a configuration and a compiled library; "gguf": all in one file, or in
 * several that are numbered.
 */
export type ArtifactForm = "mlc" | "gguf";

/**
 * What a loaded model can be asked for, beside an answer in words. "think": `Question.thinking` is heeded, where the model was made to think;
 * "grammar": an answer is held to `Question.schema`; "embed": vectors, and no answers.
 */
export type Ability = "think" | "grammar" | "embed";

/** What a runtime found when it looked at this machine. */
export interface Support {
  /** Why it can run nothing here, with what a person can do about it; undefined where it can. */
  obstacle?: ErrorData;
  /** What it would run on; undefined where there is no graphics device. */
  device?: GraphicsDevice;
}

export interface Runtime {
  /** As it stands in tests and figures. */
  name: string;
  /** Looks at this machine. It may find something else at another time (a driver that came back); never throws. */
  support(): Promise<Support>;
  /** Starts one of its workers, as every one begins. */
  start(): Worker;
}
