// What this machine is, as far as a browser tells: graphics adapter, memory, storage, whether it is a phone.
/** Sizes in bytes. */
export interface Machine {
  /** Features of the graphics adapter that matter here. */
  halfPrecision: boolean;
  maxBufferSize: number;
  /** The adapter is a program, not a device: everything is slow. */
  software: boolean;
  /** Memory of the machine. Browsers round it and name at most a few GiB, so where `memoryIsFloor` there may be more. */
  memory: number;
  memoryIsFloor: boolean;
  phone: boolean;
  /** What the browser lets this site still store. */
  free: number;
}

const GIB = 2 ** 30;
/** Browsers name no more than this many GiB: 8 by the standard; Chrome since 2025 up to 32 on computers. */
const NAMED_CAPS = [8, 32];

/** The part of a machine's memory that models may take, all together: less on a phone, whose system ends a tab that takes too much. */
export function memoryBudget({ memory, phone }: Machine): number {
  return phone ? Math.min(0.25 * memory, 2 * GIB) : 0.75 * memory;
}

/** Asks the browser; never throws. `adapter`: the one it offers, if it does. `free` is not known yet. */
export function readMachine(adapter: GPUAdapter | undefined): Machine {
  const { deviceMemory, userAgentData } = navigator as Navigator & {
    deviceMemory?: number;
    userAgentData?: { mobile: boolean };
  };
  const phone = userAgentData?.mobile ?? /Mobi|Android|iPhone|iPad/i.test(navigator.userAgent);
  const { vendor = "", architecture = "", isFallbackAdapter = false } = adapter?.info ?? {};
  return {
    halfPrecision: adapter?.features.has("shader-f16") ?? false,
    maxBufferSize: adapter?.limits.maxBufferSize ?? 0,
    software: isFallbackAdapter || /swiftshader|llvmpipe|warp/i.test(`${vendor} ${architecture}`),
    memory: (deviceMemory ?? (phone ? 4 : 8)) * GIB,
    memoryIsFloor: deviceMemory === undefined || NAMED_CAPS.includes(deviceMemory),
    phone,
    free: Infinity,
  };
}
