// What is known of each model family that there are builds of, as its publisher says it: data, not code. A member is named as
// the builds name it, without quantisation and suffix. Not for: sizes and libraries of builds (prebuilt.ts).
import { thinkTags, type ThoughtFormat } from "../../engine/thoughts";
import type { LicenceId } from "./licences";

/** `base`: not trained to converse. `embedding`: turns text into vectors. */
type Task = "chat" | "base" | "embedding";

/** Facts that hold for a family, and that a member may state otherwise. */
interface FamilyFacts {
  publisher: string;
  /** ISO 3166 code of where the publisher is. */
  country: string;
  licence: LicenceId;
  /** BCP 47 codes, best known first. */
  languages: readonly string[];
  /** How many languages the publisher counts, where it names more than `languages` lists. */
  languageCount?: number;
  /** How it writes its thoughts before the answer, always or when asked to; undefined: it does not. From its chat template. */
  thoughts?: ThoughtFormat;
  /** Trained to call tools. */
  tools: boolean;
  task: Task;
  /** Tokens the model was trained to read; a build may be made for fewer. */
  contextWindow: number;
  /** Month to which its knowledge reaches (YYYY-MM), where published. */
  cutoff?: string;
}

interface Member extends Partial<FamilyFacts> {
  name: string;
  parameters: number;
  /** Of the original weights, on the hub. */
  repository: string;
}

export interface Family extends FamilyFacts {
  family: string;
  members: Readonly<Record<string, Member>>;
}

/** What is known of one model. */
export type ModelFacts = FamilyFacts & Member & { family: string };

const european = ["en", "fr", "de", "es", "it", "pt"];
const phiLanguages = [
  ...["en", "ar", "zh", "cs", "da", "nl", "fi", "fr", "de", "he", "hu", "it"],
  ...["ja", "ko", "nb", "pl", "pt", "ru", "es", "sv", "th", "tr", "uk"],
];
const qwenLanguages = ["en", "zh", "fr", "es", "pt", "de", "it", "ru", "ja", "ko", "vi", "th", "ar"];
const llamaLanguages = ["en", "de", "fr", "it", "pt", "hi", "es", "th"];

const llama: FamilyFacts = {
  publisher: "Meta",
  country: "US",
  licence: "LicenseRef-Llama-3.2",
  languages: llamaLanguages,
  tools: true,
  task: "chat",
  contextWindow: 131_072,
  cutoff: "2023-12",
};
const qwen: FamilyFacts = {
  publisher: "Alibaba (Qwen)",
  country: "CN",
  licence: "Apache-2.0",
  languages: qwenLanguages,
  tools: true,
  task: "chat",
  contextWindow: 32_768,
};
const microsoft: FamilyFacts = {
  publisher: "Microsoft",
  country: "US",
  licence: "MIT",
  languages: phiLanguages,
  tools: false,
  task: "chat",
  contextWindow: 131_072,
  cutoff: "2023-10",
};
const google: FamilyFacts = {
  publisher: "Google",
  country: "US",
  licence: "LicenseRef-Gemma",
  languages: ["en"],
  tools: false,
  task: "chat",
  contextWindow: 8192,
};
const mistral: FamilyFacts = {
  publisher: "Mistral AI",
  country: "FR",
  licence: "Apache-2.0",
  languages: ["en"],
  tools: false,
  task: "chat",
  contextWindow: 32_768,
};
const nous: FamilyFacts = {
  publisher: "Nous Research",
  country: "US",
  licence: "LicenseRef-Llama-3",
  languages: ["en"],
  tools: true,
  task: "chat",
  contextWindow: 8192,
};

export const families: readonly Family[] = [
  {
    family: "DeepSeek-R1",
    publisher: "DeepSeek",
    country: "CN",
    licence: "MIT",
    languages: ["en", "zh"],
    thoughts: thinkTags,
    tools: false,
    task: "chat",
    contextWindow: 131_072,
    members: {
      "DeepSeek-R1-Distill-Qwen-7B": {
        name: "DeepSeek R1 Distill Qwen 7B",
        parameters: 7_615_616_512,
        repository: "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",
      },
      "DeepSeek-R1-Distill-Llama-8B": {
        name: "DeepSeek R1 Distill Llama 8B",
        parameters: 8_030_261_248,
        repository: "deepseek-ai/DeepSeek-R1-Distill-Llama-8B",
      },
    },
  },
  {
    family: "Qwen3.5",
    ...qwen,
    languageCount: 201,
    thoughts: thinkTags,
    contextWindow: 262_144,
    members: {
      "Qwen3.5-0.8B": { name: "Qwen3.5 0.8B", parameters: 800_000_000, repository: "Qwen/Qwen3.5-0.8B" },
      "Qwen3.5-2B": { name: "Qwen3.5 2B", parameters: 2_000_000_000, repository: "Qwen/Qwen3.5-2B" },
      "Qwen3.5-4B": { name: "Qwen3.5 4B", parameters: 4_000_000_000, repository: "Qwen/Qwen3.5-4B" },
      "Qwen3.5-9B": { name: "Qwen3.5 9B", parameters: 9_000_000_000, repository: "Qwen/Qwen3.5-9B" },
    },
  },
  {
    family: "Qwen3",
    ...qwen,
    languageCount: 119,
    thoughts: thinkTags,
    members: {
      "Qwen3-0.6B": { name: "Qwen3 0.6B", parameters: 596_049_920, repository: "Qwen/Qwen3-0.6B" },
      "Qwen3-1.7B": { name: "Qwen3 1.7B", parameters: 1_720_574_976, repository: "Qwen/Qwen3-1.7B" },
      "Qwen3-4B": { name: "Qwen3 4B", parameters: 4_022_468_096, repository: "Qwen/Qwen3-4B" },
      "Qwen3-8B": { name: "Qwen3 8B", parameters: 8_190_735_360, repository: "Qwen/Qwen3-8B" },
    },
  },
  {
    family: "Qwen2.5",
    ...qwen,
    languageCount: 29,
    members: {
      "Qwen2.5-0.5B-Instruct": {
        name: "Qwen2.5 0.5B",
        parameters: 494_032_768,
        repository: "Qwen/Qwen2.5-0.5B-Instruct",
      },
      "Qwen2.5-1.5B-Instruct": {
        name: "Qwen2.5 1.5B",
        parameters: 1_543_714_304,
        repository: "Qwen/Qwen2.5-1.5B-Instruct",
      },
      "Qwen2.5-3B-Instruct": {
        name: "Qwen2.5 3B",
        parameters: 3_085_938_688,
        repository: "Qwen/Qwen2.5-3B-Instruct",
        licence: "LicenseRef-Qwen-Research",
      },
      "Qwen2.5-7B-Instruct": {
        name: "Qwen2.5 7B",
        parameters: 7_615_616_512,
        repository: "Qwen/Qwen2.5-7B-Instruct",
        contextWindow: 131_072,
      },
    },
  },
  {
    family: "Qwen2.5 Coder",
    ...qwen,
    languages: ["en", "zh"],
    members: {
      "Qwen2.5-Coder-0.5B-Instruct": {
        name: "Qwen2.5 Coder 0.5B",
        parameters: 494_032_768,
        repository: "Qwen/Qwen2.5-Coder-0.5B-Instruct",
      },
      "Qwen2.5-Coder-1.5B-Instruct": {
        name: "Qwen2.5 Coder 1.5B",
        parameters: 1_543_714_304,
        repository: "Qwen/Qwen2.5-Coder-1.5B-Instruct",
      },
      "Qwen2.5-Coder-3B-Instruct": {
        name: "Qwen2.5 Coder 3B",
        parameters: 3_085_938_688,
        repository: "Qwen/Qwen2.5-Coder-3B-Instruct",
        licence: "LicenseRef-Qwen-Research",
      },
      "Qwen2.5-Coder-7B-Instruct": {
        name: "Qwen2.5 Coder 7B",
        parameters: 7_615_616_512,
        repository: "Qwen/Qwen2.5-Coder-7B-Instruct",
        contextWindow: 131_072,
      },
    },
  },
  {
    family: "Qwen2 and Qwen2.5 Math",
    ...qwen,
    languages: ["en", "zh"],
    tools: false,
    contextWindow: 4096,
    members: {
      "Qwen2.5-Math-1.5B-Instruct": {
        name: "Qwen2.5 Math 1.5B",
        parameters: 1_543_714_304,
        repository: "Qwen/Qwen2.5-Math-1.5B-Instruct",
      },
      "Qwen2-Math-1.5B-Instruct": {
        name: "Qwen2 Math 1.5B",
        parameters: 1_543_714_304,
        repository: "Qwen/Qwen2-Math-1.5B-Instruct",
      },
      "Qwen2-Math-7B-Instruct": {
        name: "Qwen2 Math 7B",
        parameters: 7_615_616_512,
        repository: "Qwen/Qwen2-Math-7B-Instruct",
      },
    },
  },
  {
    family: "Qwen2",
    ...qwen,
    languageCount: 29,
    tools: false,
    members: {
      "Qwen2-0.5B-Instruct": { name: "Qwen2 0.5B", parameters: 494_032_768, repository: "Qwen/Qwen2-0.5B-Instruct" },
      "Qwen2-1.5B-Instruct": { name: "Qwen2 1.5B", parameters: 1_543_714_304, repository: "Qwen/Qwen2-1.5B-Instruct" },
      "Qwen2-7B-Instruct": {
        name: "Qwen2 7B",
        parameters: 7_615_616_512,
        repository: "Qwen/Qwen2-7B-Instruct",
        contextWindow: 131_072,
      },
    },
  },
  {
    family: "Llama 3.2",
    ...llama,
    members: {
      "Llama-3.2-1B-Instruct": {
        name: "Llama 3.2 1B",
        parameters: 1_235_814_400,
        repository: "meta-llama/Llama-3.2-1B-Instruct",
      },
      "Llama-3.2-3B-Instruct": {
        name: "Llama 3.2 3B",
        parameters: 3_212_749_824,
        repository: "meta-llama/Llama-3.2-3B-Instruct",
      },
    },
  },
  {
    family: "Llama 3.1",
    ...llama,
    licence: "LicenseRef-Llama-3.1",
    members: {
      "Llama-3.1-8B-Instruct": {
        name: "Llama 3.1 8B",
        parameters: 8_030_261_248,
        repository: "meta-llama/Llama-3.1-8B-Instruct",
      },
      "Llama-3.1-70B-Instruct": {
        name: "Llama 3.1 70B",
        parameters: 70_553_706_496,
        repository: "meta-llama/Llama-3.1-70B-Instruct",
      },
    },
  },
  {
    family: "Llama 3",
    ...llama,
    licence: "LicenseRef-Llama-3",
    languages: ["en"],
    tools: false,
    contextWindow: 8192,
    members: {
      "Llama-3-8B-Instruct": {
        name: "Llama 3 8B",
        parameters: 8_030_261_248,
        repository: "meta-llama/Meta-Llama-3-8B-Instruct",
        cutoff: "2023-03",
      },
      "Llama-3-70B-Instruct": {
        name: "Llama 3 70B",
        parameters: 70_553_706_496,
        repository: "meta-llama/Meta-Llama-3-70B-Instruct",
      },
    },
  },
  {
    family: "Llama 2",
    ...llama,
    licence: "LicenseRef-Llama-2",
    languages: ["en"],
    tools: false,
    contextWindow: 4096,
    cutoff: "2022-09",
    members: {
      "Llama-2-7b-chat-hf": {
        name: "Llama 2 7B",
        parameters: 6_738_415_616,
        repository: "meta-llama/Llama-2-7b-chat-hf",
      },
      "Llama-2-13b-chat-hf": {
        name: "Llama 2 13B",
        parameters: 13_015_864_320,
        repository: "meta-llama/Llama-2-13b-chat-hf",
      },
    },
  },
  {
    family: "Gemma 4",
    ...google,
    licence: "Apache-2.0",
    languages: [...european, "ja", "ko", "zh", "vi", "ar", "hi"],
    languageCount: 140,
    thoughts: { open: "<|channel>thought\n", close: "\n<channel|>", empty: "<|channel>thought\n<channel|>" },
    tools: true,
    contextWindow: 131_072,
    cutoff: "2025-01",
    members: {
      "gemma-4-E2B-it": { name: "Gemma 4 E2B", parameters: 5_100_000_000, repository: "google/gemma-4-E2B-it" },
    },
  },
  {
    family: "Gemma 3",
    ...google,
    contextWindow: 32_768,
    cutoff: "2024-08",
    members: { "gemma3-1b-it": { name: "Gemma 3 1B", parameters: 999_885_952, repository: "google/gemma-3-1b-it" } },
  },
  {
    family: "Gemma 2",
    ...google,
    members: {
      "gemma-2-2b-it": { name: "Gemma 2 2B", parameters: 2_614_341_888, repository: "google/gemma-2-2b-it" },
      "gemma-2-2b-jpn-it": {
        name: "Gemma 2 2B Japanese",
        parameters: 2_614_341_888,
        repository: "google/gemma-2-2b-jpn-it",
        languages: ["ja", "en"],
      },
      "gemma-2-9b-it": { name: "Gemma 2 9B", parameters: 9_241_705_984, repository: "google/gemma-2-9b-it" },
    },
  },
  {
    family: "Gemma",
    ...google,
    members: { "gemma-2b-it": { name: "Gemma 2B", parameters: 2_506_172_416, repository: "google/gemma-2b-it" } },
  },
  {
    family: "Phi",
    ...microsoft,
    members: {
      "Phi-4-mini-instruct": {
        name: "Phi-4 mini",
        parameters: 3_836_021_760,
        repository: "microsoft/Phi-4-mini-instruct",
        tools: true,
        cutoff: "2024-06",
      },
      "Phi-3.5-mini-instruct": {
        name: "Phi-3.5 mini",
        parameters: 3_821_079_552,
        repository: "microsoft/Phi-3.5-mini-instruct",
      },
      "Phi-3.5-vision-instruct": {
        name: "Phi-3.5 vision",
        parameters: 4_146_621_440,
        repository: "microsoft/Phi-3.5-vision-instruct",
        languages: ["en"],
        cutoff: "2024-03",
      },
      "Phi-3-mini-4k-instruct": {
        name: "Phi-3 mini 4k",
        parameters: 3_821_079_552,
        repository: "microsoft/Phi-3-mini-4k-instruct",
        languages: ["en"],
        contextWindow: 4096,
      },
    },
  },
  {
    family: "Phi-1.5 and Phi-2",
    publisher: "Microsoft",
    country: "US",
    licence: "MIT",
    languages: ["en"],
    tools: false,
    task: "base",
    contextWindow: 2048,
    members: {
      "phi-2": { name: "Phi-2", parameters: 2_779_683_840, repository: "microsoft/phi-2" },
      "phi-1_5": { name: "Phi-1.5", parameters: 1_418_270_720, repository: "microsoft/phi-1_5" },
    },
  },
  {
    family: "Ministral 3",
    ...mistral,
    languages: [...european, "nl", "zh", "ja", "ko", "ar"],
    tools: true,
    contextWindow: 262_144,
    members: {
      "Ministral-3-3B-Reasoning-2512": {
        name: "Ministral 3 3B Reasoning",
        parameters: 3_400_000_000,
        repository: "mistralai/Ministral-3-3B-Reasoning-2512",
        thoughts: { open: "[THINK]", close: "[/THINK]", empty: "[THINK][/THINK]" },
      },
      "Ministral-3-3B-Instruct-2512-BF16": {
        name: "Ministral 3 3B",
        parameters: 3_400_000_000,
        repository: "mistralai/Ministral-3-3B-Instruct-2512",
      },
      "Ministral-3-3B-Base-2512": {
        name: "Ministral 3 3B Base",
        parameters: 3_400_000_000,
        repository: "mistralai/Ministral-3-3B-Base-2512",
        task: "base",
        tools: false,
      },
    },
  },
  {
    family: "Mistral 7B",
    ...mistral,
    members: {
      "Mistral-7B-Instruct-v0.3": {
        name: "Mistral 7B v0.3",
        parameters: 7_248_023_552,
        repository: "mistralai/Mistral-7B-Instruct-v0.3",
        tools: true,
      },
      "Mistral-7B-Instruct-v0.2": {
        name: "Mistral 7B v0.2",
        parameters: 7_241_732_096,
        repository: "mistralai/Mistral-7B-Instruct-v0.2",
      },
    },
  },
  {
    family: "Mistral 7B, tuned by others",
    ...mistral,
    contextWindow: 8192,
    members: {
      "OpenHermes-2.5-Mistral-7B": {
        name: "OpenHermes 2.5 Mistral 7B",
        parameters: 7_241_748_480,
        repository: "teknium/OpenHermes-2.5-Mistral-7B",
        publisher: "Teknium",
        country: "US",
      },
      "NeuralHermes-2.5-Mistral-7B": {
        name: "NeuralHermes 2.5 Mistral 7B",
        parameters: 7_241_748_480,
        repository: "mlabonne/NeuralHermes-2.5-Mistral-7B",
        publisher: "Maxime Labonne",
        country: "GB",
      },
      "WizardMath-7B-V1.1": {
        name: "WizardMath 7B",
        parameters: 7_241_740_288,
        repository: "WizardLMTeam/WizardMath-7B-V1.1",
        publisher: "Microsoft (WizardLM)",
        country: "US",
        licence: "LicenseRef-Microsoft-Research",
      },
    },
  },
  {
    family: "Hermes",
    ...nous,
    members: {
      "Hermes-3-Llama-3.2-3B": {
        name: "Hermes 3 Llama 3.2 3B",
        parameters: 3_212_749_824,
        repository: "NousResearch/Hermes-3-Llama-3.2-3B",
        contextWindow: 131_072,
      },
      "Hermes-3-Llama-3.1-8B": {
        name: "Hermes 3 Llama 3.1 8B",
        parameters: 8_030_261_248,
        repository: "NousResearch/Hermes-3-Llama-3.1-8B",
        contextWindow: 131_072,
      },
      "Hermes-2-Pro-Llama-3-8B": {
        name: "Hermes 2 Pro Llama 3 8B",
        parameters: 8_030_523_392,
        repository: "NousResearch/Hermes-2-Pro-Llama-3-8B",
      },
      "Hermes-2-Theta-Llama-3-8B": {
        name: "Hermes 2 Theta Llama 3 8B",
        parameters: 8_030_523_392,
        repository: "NousResearch/Hermes-2-Theta-Llama-3-8B",
        licence: "Apache-2.0",
      },
      "Hermes-2-Pro-Mistral-7B": {
        name: "Hermes 2 Pro Mistral 7B",
        parameters: 7_241_994_240,
        repository: "NousResearch/Hermes-2-Pro-Mistral-7B",
        licence: "Apache-2.0",
        contextWindow: 32_768,
      },
    },
  },
  {
    family: "SmolLM2",
    publisher: "Hugging Face",
    country: "US",
    licence: "Apache-2.0",
    languages: ["en"],
    tools: false,
    task: "chat",
    contextWindow: 8192,
    members: {
      "SmolLM2-1.7B-Instruct": {
        name: "SmolLM2 1.7B",
        parameters: 1_711_376_384,
        repository: "HuggingFaceTB/SmolLM2-1.7B-Instruct",
        tools: true,
      },
      "SmolLM2-360M-Instruct": {
        name: "SmolLM2 360M",
        parameters: 361_821_120,
        repository: "HuggingFaceTB/SmolLM2-360M-Instruct",
      },
      "SmolLM2-135M-Instruct": {
        name: "SmolLM2 135M",
        parameters: 134_515_008,
        repository: "HuggingFaceTB/SmolLM2-135M-Instruct",
      },
    },
  },
  {
    family: "OLMo 2",
    publisher: "Ai2",
    country: "US",
    licence: "Apache-2.0",
    languages: ["en"],
    tools: false,
    task: "chat",
    contextWindow: 4096,
    cutoff: "2023-12",
    members: {
      "OLMo-2-1124-7B-Instruct": {
        name: "OLMo 2 7B",
        parameters: 7_298_617_344,
        repository: "allenai/OLMo-2-1124-7B-Instruct",
      },
      "OLMo-2-0425-1B-Instruct": {
        name: "OLMo 2 1B",
        parameters: 1_484_916_736,
        repository: "allenai/OLMo-2-0425-1B-Instruct",
      },
    },
  },
  {
    family: "StableLM 2",
    publisher: "Stability AI",
    country: "GB",
    licence: "LicenseRef-Stability-NC",
    languages: ["en"],
    tools: false,
    task: "chat",
    contextWindow: 4096,
    members: {
      "stablelm-2-zephyr-1_6b": {
        name: "StableLM 2 Zephyr 1.6B",
        parameters: 1_644_515_328,
        repository: "stabilityai/stablelm-2-zephyr-1_6b",
      },
    },
  },
  {
    family: "RedPajama",
    publisher: "Together AI",
    country: "US",
    licence: "Apache-2.0",
    languages: ["en"],
    tools: false,
    task: "chat",
    contextWindow: 2048,
    members: {
      "RedPajama-INCITE-Chat-3B-v1": {
        name: "RedPajama INCITE Chat 3B",
        parameters: 2_775_864_320,
        repository: "togethercomputer/RedPajama-INCITE-Chat-3B-v1",
      },
    },
  },
  {
    family: "TinyLlama",
    publisher: "TinyLlama",
    country: "SG",
    licence: "Apache-2.0",
    languages: ["en"],
    tools: false,
    task: "chat",
    contextWindow: 2048,
    members: {
      "TinyLlama-1.1B-Chat-v1.0": {
        name: "TinyLlama 1.1B v1.0",
        parameters: 1_100_048_384,
        repository: "TinyLlama/TinyLlama-1.1B-Chat-v1.0",
      },
      "TinyLlama-1.1B-Chat-v0.4": {
        name: "TinyLlama 1.1B v0.4",
        parameters: 1_100_048_384,
        repository: "TinyLlama/TinyLlama-1.1B-Chat-v0.4",
      },
    },
  },
  {
    family: "Snowflake Arctic Embed",
    publisher: "Snowflake",
    country: "US",
    licence: "Apache-2.0",
    languages: ["en"],
    tools: false,
    task: "embedding",
    contextWindow: 512,
    members: {
      "snowflake-arctic-embed-m": {
        name: "Snowflake Arctic Embed M",
        parameters: 108_891_648,
        repository: "Snowflake/snowflake-arctic-embed-m",
      },
      "snowflake-arctic-embed-s": {
        name: "Snowflake Arctic Embed S",
        parameters: 33_212_160,
        repository: "Snowflake/snowflake-arctic-embed-s",
      },
    },
  },
];
