// What this browser's WebGPU is. Not for: running anything on it (that is engine/worker).

/**
 * `insecure`: the page came over plain HTTP, to which browsers give no WebGPU; `no-api`: the browser has no WebGPU; `no-adapter`: it has, but offers no device (old driver, blocked,
 * turned off).
 */
export type GpuSupport = "available" | "insecure" | "no-api" | "no-adapter";

/** Asks the browser once; never throws. The adapter is there when the support is "available". */
export async function probeGpu(): Promise<{ support: GpuSupport; adapter?: GPUAdapter }> {
  if (!isSecureContext) return { support: "insecure" };
  if (!navigator.gpu) return { support: "no-api" };
  const adapter = await navigator.gpu.requestAdapter().catch(() => null);
  return adapter ? { support: "available", adapter } : { support: "no-adapter" };
}
