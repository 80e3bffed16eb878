// llama.cpp as a runtime: models as GGUF files, on the processor. Of its folder this file alone is part of the page.
import type { Runtime, Support } from "../contract";

async function support(): Promise<Support> {
  const detail = navigator.userAgent;
  if (!isSecureContext) return { obstacle: { code: "insecure-page", detail: location.origin, remedy: "none" } };
  return has64BitMemory() ? {} : { obstacle: { code: "wasm-missing", detail, remedy: "none" } };
}

/** Whether the browser runs the build of llama.cpp that the app has, whose memory may be larger than 4 GB. */
function has64BitMemory(): boolean {
  try {
    return !!new WebAssembly.Memory({
      initial: 1n,
      maximum: 1n,
      address: "i64",
    } as unknown as WebAssembly.MemoryDescriptor);
  } catch {
    return false;
  }
}

export const llama: Runtime = {
  name: "llama.cpp",
  support,
  start: () => new Worker(new URL("./llama-worker.ts", import.meta.url), { type: "module", name: "islet-llama" }),
};
