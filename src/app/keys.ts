// Keyboard shortcuts: how one is written down, recognised and shown. Written as "mod+k" or "alt+n"; "mod" is Cmd on a Mac and Ctrl elsewhere.

const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

/** Whether a key event is the shortcut. Letters are told by their place, since Alt changes what they write on a Mac. */
export function matches(keys: string, event: KeyboardEvent): boolean {
  const parts = keys.split("+");
  const key = parts.at(-1)!;
  const wants = (modifier: string) => parts.includes(modifier);
  const mod = isMac ? event.metaKey : event.ctrlKey;
  const other = isMac ? event.ctrlKey : event.metaKey;
  if (other || mod !== wants("mod") || event.altKey !== wants("alt") || event.shiftKey !== wants("shift")) return false;
  return key.length === 1 ? event.code === `Key${key.toUpperCase()}` : event.key.toLowerCase() === key;
}

/** A shortcut as the person's keyboard has it: "Ctrl K", "⌘ K". */
export function keyNames(keys: string): string {
  const names: Record<string, string> = isMac
    ? { mod: "⌘", alt: "⌥", shift: "⇧", escape: "esc" }
    : { mod: "Ctrl", alt: "Alt", shift: "Shift", escape: "Esc" };
  return keys
    .split("+")
    .map((part) => names[part] ?? (part.length === 1 ? part.toUpperCase() : part))
    .join(" ");
}
