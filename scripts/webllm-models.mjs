// The models that the installed WebLLM has builds of, read from its own list: for the build, the tests and the mirror.
import { ModelType, prebuiltAppConfig } from "@mlc-ai/web-llm";

/**
 * One build of a model. `memoryMB` in MiB, as WebLLM states it; `bufferSize` in bytes; `manifest`: a file that names the rest.
 * @typedef {{ id: string, form: "mlc", base: string, library: string, memoryMB: number, contextSize?: number, bufferSize?: number,
 *   halfPrecision: boolean, embedding: boolean, manifest?: string }} WebLlmModel
 */

/** @returns {WebLlmModel[]} */
export function webllmModels() {
  return prebuiltAppConfig.model_list.map((m) => ({
    id: m.model_id,
    form: /** @type {const} */ ("mlc"),
    base: `${m.model}/resolve/main/`,
    library: m.model_lib,
    memoryMB: m.vram_required_MB,
    contextSize: m.overrides?.context_window_size,
    bufferSize: m.buffer_size_required_bytes,
    // Not all builds that compute in half precision say so in their list of features; their names do.
    halfPrecision: /f16/.test(m.model_id) || (m.required_features ?? []).includes("shader-f16"),
    embedding: m.model_type === ModelType.embedding,
    manifest: m.model_manifest,
  }));
}
