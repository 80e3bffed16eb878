// WebLLM as a runtime: models compiled by MLC, on WebGPU. Of its folder this file alone is part of the page; WebLLM itself runs in its worker.
import { probeGpu } from "../../platform/webgpu";
import type { Runtime, Support } from "../contract";

async function support(): Promise<Support> {
  const found = await probeGpu();
  const detail = navigator.userAgent;
  switch (found) {
    case "insecure":
      return { obstacle: { code: "insecure-page", detail: location.origin, remedy: "none" } };
    case "no-api":
      return { obstacle: { code: "gpu-missing", detail, remedy: "none" } };
    case "no-adapter":
      return { obstacle: { code: "adapter-refused", detail, remedy: "retry" } };
    default:
      return { device: found };
  }
}

export const webllm: Runtime = {
  name: "WebLLM",
  support,
  start: () => new Worker(new URL("./engine-worker.ts", import.meta.url), { type: "module", name: "islet-engine" }),
};
