// What this browser's WebGPU is. Not for: running anything on it (that is engine/worker).

/**
 * `insecure`: the page came over plain HTTP, to which browsers give no WebGPU; `no-api`: the browser has no WebGPU; `no-adapter`: it has, but offers no device (old driver, blocked,
 * turned off).
 */
export type GpuSupport = "available" | "insecure" | "no-api" | "no-adapter";

/** Asks the browser once; never throws. */
export async function gpuSupport(): Promise<GpuSupport> {
  if (!isSecureContext) return "insecure";
  if (!navigator.gpu) return "no-api";
  try {
    return (await navigator.gpu.requestAdapter()) ? "available" : "no-adapter";
  } catch {
    return "no-adapter";
  }
}
