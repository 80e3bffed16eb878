// Keyboard shortcuts: how one is written down, recognised and shown. Written as "mod+k" or "alt+n"; "mod" is Cmd on a Mac and Ctrl elsewhere.
import { ofInputMethod } from "./typing";

const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
/** Where a person writes. */
const FIELD = `textarea, [contenteditable], input:not(${["button", "checkbox", "radio", "range", "submit"].map((t) => `[type=${t}]`).join()})`;

/** Whether a key event is the shortcut. A key that makes text is none in a field, and one of an input method is none at all. */
export function matches(keys: string, event: KeyboardEvent): boolean {
  const parts = keys.split("+");
  const key = parts.at(-1)!;
  const wants = (modifier: string) => parts.includes(modifier);
  const mod = isMac ? event.metaKey : event.ctrlKey;
  const other = isMac ? event.ctrlKey : event.metaKey;
  if (other || mod !== wants("mod") || event.altKey !== wants("alt") || event.shiftKey !== wants("shift")) return false;
  if (ofInputMethod(event) || isAltGr(event)) return false;
  if (key.length > 1) return event.key.toLowerCase() === key;
  return letterOf(event) === key && !(isInField(event) && makesText(event));
}

/** Firefox takes Option, with which a Mac's shortcuts begin, for the key of this name. */
const isAltGr = (event: KeyboardEvent) => !isMac && event.getModifierState("AltGraph");

/**
 * The letter that the person's layout has on the key: what the key writes, or would write without Option; of a layout without Latin letters, the
 * one that the key has beside its own. Browsers say the latter two in `keyCode` alone. Source: UI Events, "legacy key attributes".
 */
function letterOf({ key, keyCode, code }: KeyboardEvent): string {
  if (/^[a-z]$/i.test(key)) return key.toLowerCase();
  if (keyCode >= 65 && keyCode <= 90) return String.fromCharCode(keyCode).toLowerCase();
  // A browser that tells no more than the place of the key.
  return keyCode === 0 ? code.replace(/^Key/, "").toLowerCase() : "";
}

const isInField = ({ target }: KeyboardEvent) => target instanceof Element && target.closest(FIELD) !== null;

/** Whether what is pressed with Alt writes something: Option always does, Alt elsewhere where the letter is not the key's own. */
function makesText({ key, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  if (!altKey || ctrlKey || metaKey || (key !== "Dead" && [...key].length > 1)) return false;
  return isMac || key === "Dead" || !/^[a-z]$|(?!\p{Script=Latin})\p{L}/iu.test(key);
}

/** A shortcut as the person's keyboard has it: "Ctrl K", "⌘ K". */
export function keyNames(keys: string): string {
  const names: Record<string, string> = isMac
    ? { mod: "⌘", alt: "⌥", shift: "⇧", escape: "esc", enter: "↩" }
    : { mod: "Ctrl", alt: "Alt", shift: "Shift", escape: "Esc", enter: "Enter" };
  return keys
    .split("+")
    .map((part) => names[part] ?? (part.length === 1 ? part.toUpperCase() : part))
    .join(" ");
}
