// What this browser's WebGPU is. Not for: running anything on it, or what a person is told where it is missing (the runtimes in engine/).

/** What of a graphics device decides which models it can run. */
export interface GraphicsDevice {
  /** Computes in 16 bits (shader-f16). */
  halfPrecision: boolean;
  /** Bytes of the largest buffer. */
  maxBufferSize: number;
  /** A program that stands in for a device: everything is slow. */
  software: boolean;
}

/**
 * `insecure`: the page came over plain HTTP, to which browsers give no WebGPU; `no-api`: the browser has no WebGPU; `no-adapter`: it has, but
 * offers no device (old driver, blocked, turned off).
 */
type Missing = "insecure" | "no-api" | "no-adapter";

/** Asks the browser for its device, or why there is none; never throws. */
export async function probeGpu(): Promise<GraphicsDevice | Missing> {
  if (!isSecureContext) return "insecure";
  if (!navigator.gpu) return "no-api";
  const adapter = await navigator.gpu.requestAdapter().catch(() => null);
  if (!adapter) return "no-adapter";
  const { vendor = "", architecture = "", isFallbackAdapter = false } = adapter.info ?? {};
  return {
    halfPrecision: adapter.features.has("shader-f16"),
    maxBufferSize: adapter.limits.maxBufferSize,
    software: isFallbackAdapter || /swiftshader|llvmpipe|warp/i.test(`${vendor} ${architecture}`),
  };
}
