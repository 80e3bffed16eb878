// The models the app offers, with what a person should know of each before a download, and the bytes that are pinned.
import starterFiles from "../../public/models/smollm2-135m-instruct/resolve/main/islet-model.json";
import tinyFiles from "../../public/models/islet-tiny/resolve/main/islet-model.json";
import type { ModelSource, Sampling } from "../engine/protocol";

/** What is said of a model. `size`: bytes to download. `licence`: SPDX id. */
export interface ModelCard {
  id: string;
  name: string;
  publisher: string;
  licence: string;
  parameters: number;
  contextSize: number;
  size: number;
  /** Which `models.about.*` message describes it. */
  about: "starter" | "tiny";
  sampling: Sampling;
  source: ModelSource;
}

function source(id: string, files: ModelSource["files"]): ModelSource {
  const baseUrl = new URL(`models/${id}/resolve/main/`, document.baseURI).href;
  return { id, baseUrl, library: "library.wasm", files };
}

function card(id: string, files: ModelSource["files"], facts: Omit<ModelCard, "id" | "size" | "source">): ModelCard {
  const size = Object.values(files).reduce((sum, f) => sum + f.bytes, 0);
  return { id, size, source: source(id, files), ...facts };
}

/** The first is the one recommended to a newcomer. */
export const catalogue: readonly ModelCard[] = [
  card("smollm2-135m-instruct", starterFiles.files, {
    name: "SmolLM2 135M Instruct",
    publisher: "Hugging Face",
    licence: "Apache-2.0",
    parameters: 134_515_008,
    contextSize: 2048,
    about: "starter",
    sampling: { temperature: 0.2, topP: 0.9 },
  }),
  card("islet-tiny", tinyFiles.files, {
    name: "Islet Tiny",
    publisher: "Islet",
    licence: "Apache-2.0",
    parameters: 853_120,
    contextSize: 1024,
    about: "tiny",
    sampling: { temperature: 0, topP: 1 },
  }),
];

export function modelCard(id: string | undefined): ModelCard | undefined {
  return catalogue.find((c) => c.id === id);
}
