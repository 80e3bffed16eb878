// What a model's own chat template shows of what the model was made for. A template is a program in a stranger's file: it is searched for words
// here and never run. Not for: rendering a prompt.

export interface TemplateFacts {
  /** It has a place for tools, so that the model was made to call them. */
  tools: boolean;
  /** It has a place for instructions: a system message of their own. */
  system: boolean;
  /** How the model writes thoughts before its answer: what opens and what closes them. Undefined where nothing speaks of thoughts. */
  thoughts?: { open: string; close: string };
  /** Thoughts can be turned off by a switch of the template. */
  thoughtSwitch: boolean;
}

/** How models mark their thoughts, the most particular first. */
const marks: readonly (readonly [open: string, close: string])[] = [
  ["<|channel|>analysis<|message|>", "<|end|>"],
  ["<|START_THINKING|>", "<|END_THINKING|>"],
  ["<seed:think>", "</seed:think>"],
  ["[THINK]", "[/THINK]"],
  ["<thinking>", "</thinking>"],
  ["<thought>", "</thought>"],
  ["<think>", "</think>"],
];

/** Reads what a template shows; of no template, that it shows nothing. Takes time in proportion to its length. */
export function templateFacts(template: string): TemplateFacts {
  const mark = marks.find(
    ([open, close]) => template.includes(open) || (close !== "<|end|>" && template.includes(close)),
  );
  const thoughtSwitch = /\b(enable_thinking|thinking_budget|reasoning_effort)\b/.test(template);
  // Templates that only speak of thoughts by name leave the marks to the model; these are the usual ones.
  const speaks = /\breasoning_content\b|\benable_thinking\b/.test(template);
  const thoughts = mark ?? (speaks ? (["<think>", "</think>"] as const) : undefined);
  const refuses = /raise_exception\(\s*['"][^'"]{0,80}system/i.test(template);
  const names = /['"]system['"]/.test(template);
  // ChatML and its like write whatever role there is.
  const writesAnyRole = /\{\{-?[^}]{0,200}\bmessage(\.role|\[['"]role['"]\])/.test(template);
  return {
    tools: /\{%-?\s*(el)?if\b[^%]{0,200}\btools\b|\{%-?\s*for\s+\w+\s+in\s+tools\b/.test(template),
    system: !refuses && (names || writesAnyRole),
    ...(thoughts ? { thoughts: { open: thoughts[0], close: thoughts[1] } } : {}),
    thoughtSwitch,
  };
}
