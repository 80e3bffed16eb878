// How a conversation becomes the text a model reads, and which turns fit its context window. Pure; no engine in here.
import type { ChatOptions } from "@mlc-ai/web-llm";
import type { ChatTurn } from "../protocol";

type Template = NonNullable<ChatOptions["conv_template"]>;

/** The system part of the prompt, "" where the model has none. */
function systemText(template: Template): string {
  if (template.system_message === "" && template.render_empty_system_message === false) return "";
  return template.system_template.split("{system_message}").join(template.system_message);
}

function turnText(template: Template, turn: ChatTurn, index: number): string {
  const separator = template.seps[index % template.seps.length] ?? "";
  return `${template.roles[turn.role]}${template.role_content_sep ?? ": "}${turn.content}${separator}`;
}

/** The whole prompt, up to where the model is to write the next answer. */
export function renderPrompt(template: Template, turns: readonly ChatTurn[]): string {
  const parts = turns.map((t, i) => turnText(template, t, i));
  return systemText(template) + parts.join("") + template.roles.assistant + (template.role_empty_sep ?? ": ");
}

/**
 * How many of the oldest turns must be left out so that the prompt leaves `reserve` tokens of `contextSize` for the
 * answer. Whole exchanges go first; the last question always stays. Undefined: not even that one fits.
 * `count` gives the tokens of a text.
 */
export function turnsToDrop(
  template: Template,
  turns: readonly ChatTurn[],
  contextSize: number,
  reserve: number,
  count: (text: string) => number,
): number | undefined {
  const head = count(systemText(template)) + count(template.roles.assistant + (template.role_empty_sep ?? ": "));
  const sizes = turns.map((t, i) => count(turnText(template, t, i)));
  let total = head + sizes.reduce((a, b) => a + b, 0);
  let dropped = 0;
  while (total > contextSize - reserve) {
    // Where even the last question leaves too little room, it may still be asked if there is room for a few words.
    if (dropped === turns.length - 1) return total > contextSize - 16 ? undefined : dropped;
    total -= sizes[dropped++]!;
    while (dropped < turns.length - 1 && turns[dropped]!.role !== "user") total -= sizes[dropped++]!;
  }
  return dropped;
}
