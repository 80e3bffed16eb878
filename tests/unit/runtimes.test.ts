// What runs models on this machine: what a runtime finds, and what the app makes of that. Not for: what a runtime does (tests/e2e/runtime.spec.ts).
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Engines } from "../../src/engine/client/engines";
import type { Support } from "../../src/engine/contract";
import { runtimes } from "../../src/engine/runtimes";
import { knownCard, knownCards } from "../../src/models/catalogue/catalogue";
import { Models } from "../../src/models/models.svelte";
import { Records } from "../../src/storage/records";
import { Settings } from "../../src/storage/settings.svelte";
import { AuditLog } from "../../src/trust/log/audit-log.svelte";
import { closeChannels, countChannels, provideLocks, storeOnThisThread } from "./browser";

const device = { halfPrecision: true, maxBufferSize: 2 ** 30, software: false };
let n = 0;

beforeEach(() => {
  countChannels();
  provideLocks();
  Object.defineProperty(navigator, "storage", {
    configurable: true,
    value: { estimate: async () => ({ usage: 0, quota: 1e12 }), persisted: async () => true },
  });
});
afterEach(() => {
  closeChannels();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  Reflect.deleteProperty(navigator, "gpu");
});

describe("a runtime on WebGPU", () => {
  const finds = async (secure: boolean, adapter?: object | null) => {
    vi.stubGlobal("isSecureContext", secure);
    if (adapter !== undefined)
      Object.defineProperty(navigator, "gpu", { configurable: true, value: { requestAdapter: async () => adapter } });
    return runtimes.mlc.support();
  };
  const adapter = { info: { vendor: "Acme" }, features: new Set(["shader-f16"]), limits: { maxBufferSize: 2 ** 30 } };

  test("finds the device, and whether it is one", async () => {
    expect(await finds(true, adapter)).toEqual({ device });
    const software = { ...adapter, info: { vendor: "google", architecture: "swiftshader" } };
    expect(await finds(true, software)).toEqual({ device: { ...device, software: true } });
  });
  test("or says what is in the way, with what a person can do", async () => {
    expect(await finds(false, adapter)).toMatchObject({ obstacle: { code: "insecure-page", remedy: "none" } });
    expect(await finds(true, null)).toMatchObject({ obstacle: { code: "adapter-refused", remedy: "retry" } });
    Reflect.deleteProperty(navigator, "gpu");
    expect(await finds(true)).toMatchObject({ obstacle: { code: "gpu-missing", remedy: "none" } });
  });
});

describe("a runtime on the processor", () => {
  const memory = WebAssembly.Memory;
  afterEach(() => void (WebAssembly.Memory = memory));
  const finds = (secure: boolean, wide: boolean) => {
    vi.stubGlobal("isSecureContext", secure);
    WebAssembly.Memory = function () {
      if (!wide) throw new TypeError("no memory of 64 bits");
    } as unknown as typeof WebAssembly.Memory;
    return runtimes.gguf.support();
  };

  test("needs no graphics device, but a browser of today and a page that came safely", async () => {
    expect(await finds(true, true)).toEqual({});
    expect(await finds(true, false)).toMatchObject({ obstacle: { code: "wasm-missing", remedy: "none" } });
    expect(await finds(false, true)).toMatchObject({ obstacle: { code: "insecure-page", remedy: "none" } });
  });
});

describe("the app", () => {
  /** After it has asked, where the runtime found this. */
  async function models(found: Support) {
    vi.stubGlobal("isSecureContext", true);
    vi.spyOn(runtimes.mlc, "support").mockImplementation(async () => found);
    const records = new Records(`runtimes-${++n}`);
    const store = storeOnThisThread(() => Promise.reject(new Error("no")));
    const made = new Models(new Engines(), store, records, new Settings(records), new AuditLog(records));
    expect([made.device.canRun(), made.device.obstacle]).toEqual([false, undefined]);
    await made.begin();
    return made;
  }
  const tiny = knownCard("islet-tiny")!;

  test("knows of each model the form that it has, and a runtime for that", () => {
    for (const card of knownCards) expect(runtimes[card.form], card.id).toBeDefined();
  });

  test("runs models where their runtime can, on the device that it found", async () => {
    const made = await models({ device });
    expect([made.device.canRun(tiny), made.device.canRun(), made.device.obstacle]).toEqual([true, true, undefined]);
    expect(made.device.machine).toMatchObject(device);
  });

  test("says what is in the way also where a runtime could run models of a form that none has", async () => {
    vi.spyOn(runtimes.gguf, "support").mockImplementation(async () => ({}));
    const obstacle = { code: "gpu-missing", detail: "", remedy: "none" } as const;
    const made = await models({ obstacle });
    expect([made.device.canRun(), made.device.obstacle]).toEqual([false, obstacle]);
    expect(made.device.canRun({ form: "gguf" })).toBe(true);
  });

  test("says what is in the way where none can, until that has changed", async () => {
    const obstacle = { code: "adapter-refused", detail: "", remedy: "retry" } as const;
    const made = await models({ obstacle });
    expect([made.device.canRun(tiny), made.device.canRun(), made.device.obstacle]).toEqual([false, false, obstacle]);
    vi.spyOn(runtimes.mlc, "support").mockImplementation(async () => ({ device }));
    await made.begin();
    expect([made.device.canRun(tiny), made.device.obstacle]).toEqual([true, undefined]);
  });
});
