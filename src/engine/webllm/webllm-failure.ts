// From what WebLLM and the browser throw to the errors a person is told. Not for: texts (i18n/).
import { classified, type ErrorPattern } from "../failure";

const patterns: readonly ErrorPattern[] = [
  [/WebGPUNotAvailable|WebGPU is not supported|navigator\.gpu/i, "gpu-missing", "none"],
  [
    /Unable to find a compatible GPU|requestAdapter|requestDevice|Cannot initialize runtime because of requested/i,
    "adapter-refused",
    "retry",
  ],
  [
    /device was lost|device is lost|DeviceLost|external Instance reference|GPUDevice.*lost|mapAsync.*(abort|lost)/i,
    "device-lost",
    "retry",
  ],
  [
    /out of memory|OutOfMemory|allocation failed|cannot allocate|Array buffer allocation|buffer size.*(exceed|large)/i,
    "out-of-memory",
    "choose-model",
  ],
  [/ContextWindowSizeExceeded|ExceedContextWindowSize|exceeds? .*context window/i, "prompt-too-long", "none"],
];

/** The error data for anything that was thrown in the worker. */
export const classify = (thrown: unknown) => classified(thrown, patterns);
