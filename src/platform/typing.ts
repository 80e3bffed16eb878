// Which keys belong to what a person writes. Not for: which keys are shortcuts (keys.ts).

/**
 * Whether a key belongs to an input method (Japanese, Chinese, Korean, ...), which has used it already: to choose or to give up a word, not to
 * send or to close something. 229 is what Safari says of the key that ends a word, which comes after the word has ended.
 * Source: UI Events, "keyCode" 229 for keys that an input method processes.
 */
export const ofInputMethod = ({ isComposing, keyCode }: KeyboardEvent): boolean => isComposing || keyCode === 229;

/** How a question is sent: by Enter, or by Ctrl or Cmd with Enter, so that Enter alone begins a new line. */
export const sendKeys = ["enter", "mod+enter"] as const;
export type SendKey = (typeof sendKeys)[number];

/** What sends where a person has chosen nothing: a keyboard on a touch screen has no other key for a new line. */
export const usualSendKey = (): SendKey =>
  matchMedia("(hover: none) and (pointer: coarse)").matches ? "mod+enter" : "enter";

/** Whether a key sends what is written in a field of several lines. Ctrl or Cmd with Enter always does. */
export function sends(event: KeyboardEvent, sendKey: SendKey): boolean {
  if (event.key !== "Enter" || event.shiftKey || event.altKey || ofInputMethod(event)) return false;
  return sendKey === "enter" || event.ctrlKey || event.metaKey;
}
