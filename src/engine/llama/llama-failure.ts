// From what wllama, llama.cpp and the browser throw to the errors a person is told. Not for: texts (i18n/).
import { classified, type ErrorPattern } from "../failure";

const patterns: readonly ErrorPattern[] = [
  [/exceeds the available context size/i, "prompt-too-long", "none"],
  [
    /out of memory|bad_alloc|cannot (enlarge|allocate)|failed to allocate|allocation failed/i,
    "out-of-memory",
    "choose-model",
  ],
  [/\(ABORT\)|RuntimeError|has crashed|model was unloaded/i, "worker-crashed", "retry"],
  [/unknown model architecture|failed to load model|invalid magic|not supported/i, "model-invalid", "none"],
];

export const failureOf = (thrown: unknown) => classified(thrown, patterns);
