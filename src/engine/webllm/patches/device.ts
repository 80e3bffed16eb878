// Watches the WebGPU devices that WebLLM opens, which it hands out to nobody: which adapter they are on, and when one is lost without being asked
// to. Assumes WebLLM 0.2.86: it asks an adapter for its device, and allocates within error scopes. Not for: what comes of a loss (client/).

/** How long the browser may take to report a lost device after something failed because of it, in milliseconds. */
const PATIENCE = 300;

export interface DeviceWatch {
  adapterName(): string;
  /** Whether the device in use is lost. What fails for that reason can fail a moment before the browser says so: this waits for it. */
  isLost(): Promise<boolean>;
  /** The next loss is ours: a model is being unloaded. */
  expectLoss(): void;
}

/** `onLost`: what the browser said, and whether the device had run out of memory before. */
export function watchDevices(onLost: (detail: string, outOfMemory: boolean) => void): DeviceWatch {
  let current: GPUDevice | undefined;
  let name = "";
  const adapters = globalThis.GPUAdapter;
  if (adapters) {
    const requestDevice = adapters.prototype.requestDevice;
    adapters.prototype.requestDevice = async function (this: GPUAdapter, descriptor?: GPUDeviceDescriptor) {
      const device = await requestDevice.call(this, descriptor);
      current = device;
      name = [this.info.vendor, this.info.architecture, this.info.description].filter(Boolean).join(" ");
      // WebLLM allocates within error scopes, and destroys the device when one of them caught an error.
      let outOfMemory = false;
      const popErrorScope = device.popErrorScope.bind(device);
      device.popErrorScope = async () => {
        const error = await popErrorScope();
        outOfMemory ||= error instanceof GPUOutOfMemoryError;
        return error;
      };
      void device.lost.then((info) => {
        if (device === current) onLost(`${info.reason}: ${info.message}`, outOfMemory);
      });
      return device;
    };
  }
  return {
    adapterName: () => name,
    isLost: async () => {
      const device = current;
      if (!device) return false;
      const notYet = new Promise<false>((resolve) => setTimeout(() => resolve(false), PATIENCE));
      return Promise.race([device.lost.then(() => true), notYet]);
    },
    expectLoss: () => {
      current = undefined;
    },
  };
}
