// What this machine is, as far as a browser tells: graphics device, memory, storage, whether it is a phone.
import type { GraphicsDevice } from "../platform/webgpu";

/** Sizes in bytes. */
export interface Machine extends GraphicsDevice {
  /** Memory of the machine. Browsers round it and name at most a few GiB, so where `memoryIsFloor` there may be more. */
  memory: number;
  memoryIsFloor: boolean;
  phone: boolean;
  /** How much more the browser lets this site store. */
  free: number;
}

const GIB = 2 ** 30;
/** Browsers name no more than this many GiB: 8 by the standard; Chrome since 2025 up to 32 on computers. */
const NAMED_CAPS = [8, 32];

/** The part of a machine's memory that models may take, all together: less on a phone, whose system ends a tab that takes too much. */
export function memoryBudget({ memory, phone }: Machine): number {
  return phone ? Math.min(0.25 * memory, 2 * GIB) : 0.75 * memory;
}

const noDevice: GraphicsDevice = { halfPrecision: false, maxBufferSize: 0, software: false };

/** Asks the browser; never throws. `device`: what models would run on, if there is one. `free` is not known yet. */
export function readMachine(device = noDevice): Machine {
  const { deviceMemory, userAgentData } = navigator as Navigator & {
    deviceMemory?: number;
    userAgentData?: { mobile: boolean };
  };
  const phone = userAgentData?.mobile ?? /Mobi|Android|iPhone|iPad/i.test(navigator.userAgent);
  return {
    ...device,
    memory: (deviceMemory ?? (phone ? 4 : 8)) * GIB,
    memoryIsFloor: deviceMemory === undefined || NAMED_CAPS.includes(deviceMemory),
    phone,
    free: Infinity,
  };
}
