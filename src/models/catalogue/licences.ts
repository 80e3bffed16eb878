// The licences of the models: their SPDX identifier (LicenseRef- where SPDX lists none), where the text is, and which
// `licence.*` message says in a line what it allows. Facts, not legal advice.

/** `permissive`: any use; `llama`, `gemma`: commercial use under conditions; `research`: no commercial use. */
type LicenceTerms = "permissive" | "llama" | "gemma" | "research" | "unknown";

interface Licence {
  name: string;
  url: string;
  terms: LicenceTerms;
}

export const licences = {
  "Apache-2.0": { name: "Apache 2.0", url: "https://www.apache.org/licenses/LICENSE-2.0", terms: "permissive" },
  MIT: { name: "MIT", url: "https://opensource.org/license/mit", terms: "permissive" },
  "LicenseRef-Llama-2": { name: "Llama 2", url: "https://ai.meta.com/llama/license/", terms: "llama" },
  "LicenseRef-Llama-3": { name: "Llama 3", url: "https://www.llama.com/llama3/license/", terms: "llama" },
  "LicenseRef-Llama-3.1": { name: "Llama 3.1", url: "https://www.llama.com/llama3_1/license/", terms: "llama" },
  "LicenseRef-Llama-3.2": { name: "Llama 3.2", url: "https://www.llama.com/llama3_2/license/", terms: "llama" },
  "LicenseRef-Gemma": { name: "Gemma Terms of Use", url: "https://ai.google.dev/gemma/terms", terms: "gemma" },
  "LicenseRef-Qwen-Research": {
    name: "Qwen Research",
    url: "https://huggingface.co/Qwen/Qwen2.5-3B-Instruct/blob/main/LICENSE",
    terms: "research",
  },
  "LicenseRef-Stability-NC": {
    name: "Stability AI Non-Commercial Research Community",
    url: "https://huggingface.co/stabilityai/stablelm-2-zephyr-1_6b/blob/main/LICENSE",
    terms: "research",
  },
  "LicenseRef-Microsoft-Research": {
    name: "Microsoft Research",
    url: "https://huggingface.co/WizardLMTeam/WizardMath-7B-V1.1",
    terms: "research",
  },
} as const satisfies Record<string, Licence>;

export type LicenceId = keyof typeof licences;

/** What is known of a licence; undefined for one that a model names and nobody here knows. */
export function licenceOf(id: string): Licence | undefined {
  return Object.hasOwn(licences, id) ? licences[id as LicenceId] : undefined;
}
