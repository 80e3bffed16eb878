// Which keys are shortcuts, which send, and which belong to what a person writes, by what browsers say of real keyboards.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ofInputMethod, sends, type SendKey } from "../../src/platform/typing";

type Keys = typeof import("../../src/platform/keys");
type Init = KeyboardEventInit & { altGraph?: boolean };

async function keysOn(platform: string): Promise<Keys> {
  vi.resetModules();
  vi.stubGlobal("navigator", { ...navigator, platform });
  return import("../../src/platform/keys");
}
afterEach(() => {
  vi.unstubAllGlobals();
  document.body.replaceChildren();
});

/** A key as it arrives at the window, pressed in a field or beside all of them. */
function pressed(init: Init, where: "in a field" | "elsewhere"): KeyboardEvent {
  const element = document.createElement(where === "in a field" ? "textarea" : "button");
  document.body.append(element);
  let came: KeyboardEvent | undefined;
  addEventListener("keydown", (event) => (came = event as KeyboardEvent), { once: true });
  const { altGraph, ...rest } = init;
  element.dispatchEvent(new KeyboardEvent("keydown", { bubbles: true, modifierAltGraph: altGraph ?? false, ...rest }));
  return came!;
}

/** Those of app/commands.svelte.ts. */
const shortcuts = [..."nmstpfacrel"].map((letter) => `alt+${letter}`);
const matched = ({ matches }: Keys, event: KeyboardEvent) =>
  [...shortcuts, "mod+k", "escape"].filter((keys) => matches(keys, event));

const alt = { altKey: true };
const windowsAltGr = { altKey: true, ctrlKey: true, altGraph: true };

/** name, platform, event, what it is in a field, what it is elsewhere. */
const table: [string, string, Init, string[], string[]][] = [
  // macOS: Option writes on every letter; keyCode has the letter of the layout.
  ["Polish ć, Option C", "MacIntel", { ...alt, key: "ć", code: "KeyC", keyCode: 67 }, [], ["alt+c"]],
  ["Polish ę, Option E", "MacIntel", { ...alt, key: "ę", code: "KeyE", keyCode: 69 }, [], ["alt+e"]],
  ["Polish ń, Option N", "MacIntel", { ...alt, key: "ń", code: "KeyN", keyCode: 78 }, [], ["alt+n"]],
  ["Polish ś, Option S", "MacIntel", { ...alt, key: "ś", code: "KeyS", keyCode: 83 }, [], ["alt+s"]],
  ["ç, Option C", "MacIntel", { ...alt, key: "ç", code: "KeyC", keyCode: 67 }, [], ["alt+c"]],
  ["ß, Option S", "MacIntel", { ...alt, key: "ß", code: "KeyS", keyCode: 83 }, [], ["alt+s"]],
  ["German @, Option L", "MacIntel", { ...alt, key: "@", code: "KeyL", keyCode: 76 }, [], ["alt+l"]],
  ["€, Option E", "MacIntel", { ...alt, key: "€", code: "KeyE", keyCode: 69 }, [], ["alt+e"]],
  ["US dead ˜, Option N", "MacIntel", { ...alt, key: "Dead", code: "KeyN", keyCode: 78 }, [], ["alt+n"]],
  ["Firefox takes Option for AltGr", "MacIntel", { ...alt, key: "µ", keyCode: 77, altGraph: true }, [], ["alt+m"]],
  ["AZERTY, Option on its A", "MacIntel", { ...alt, key: "æ", code: "KeyQ", keyCode: 65 }, [], ["alt+a"]],
  ["Dvorak, Option on its N", "MacIntel", { ...alt, key: "Dead", code: "KeyL", keyCode: 78 }, [], ["alt+n"]],
  ["Cmd K", "MacIntel", { metaKey: true, key: "k", code: "KeyK", keyCode: 75 }, ["mod+k"], ["mod+k"]],
  ["Ctrl K deletes to the end of a line", "MacIntel", { ctrlKey: true, key: "k", code: "KeyK", keyCode: 75 }, [], []],
  // Windows: AltGr is Ctrl and Alt.
  ["Polish ć, AltGr C", "Win32", { ...windowsAltGr, key: "ć", code: "KeyC", keyCode: 67 }, [], []],
  ["Polish ę, AltGr E", "Win32", { ...windowsAltGr, key: "ę", code: "KeyE", keyCode: 69 }, [], []],
  ["German @, AltGr Q", "Win32", { ...windowsAltGr, key: "@", code: "KeyQ", keyCode: 81 }, [], []],
  ["€, AltGr E", "Win32", { ctrlKey: true, altKey: true, key: "€", code: "KeyE", keyCode: 69 }, [], []],
  ["AltGr told as Alt alone", "Win32", { ...alt, key: "ń", code: "KeyN", keyCode: 78, altGraph: true }, [], []],
  ["Alt that writes", "Win32", { ...alt, key: "ń", code: "KeyN", keyCode: 78 }, [], ["alt+n"]],
  ["Alt N", "Win32", { ...alt, key: "n", code: "KeyN", keyCode: 78 }, ["alt+n"], ["alt+n"]],
  ["Alt N with Caps Lock", "Win32", { ...alt, key: "N", code: "KeyN", keyCode: 78 }, ["alt+n"], ["alt+n"]],
  ["Alt Shift N", "Win32", { ...alt, shiftKey: true, key: "N", code: "KeyN", keyCode: 78 }, [], []],
  ["Ctrl K", "Win32", { ctrlKey: true, key: "k", code: "KeyK", keyCode: 75 }, ["mod+k"], ["mod+k"]],
  // Linux: AltGr is a modifier of its own.
  ["Polish ś, AltGr S", "Linux x86_64", { key: "ś", code: "KeyS", keyCode: 83, altGraph: true }, [], []],
  // Layouts: the letter counts, wherever its key is.
  ["AZERTY, Alt A", "Win32", { ...alt, key: "a", code: "KeyQ", keyCode: 65 }, ["alt+a"], ["alt+a"]],
  ["AZERTY, the key where A would be", "Win32", { ...alt, key: "q", code: "KeyA", keyCode: 81 }, [], []],
  ["AZERTY, Alt M", "Win32", { ...alt, key: "m", code: "Semicolon", keyCode: 77 }, ["alt+m"], ["alt+m"]],
  ["AZERTY, the key where M would be", "Win32", { ...alt, key: ",", code: "KeyM", keyCode: 188 }, [], []],
  ["Dvorak, Alt N", "Linux x86_64", { ...alt, key: "n", code: "KeyL", keyCode: 78 }, ["alt+n"], ["alt+n"]],
  ["Dvorak, the key where N would be", "Linux x86_64", { ...alt, key: "b", code: "KeyN", keyCode: 66 }, [], []],
  ["Dvorak, Ctrl K", "Linux x86_64", { ctrlKey: true, key: "k", code: "KeyV", keyCode: 75 }, ["mod+k"], ["mod+k"]],
  ["Cyrillic т, Alt on N", "Win32", { ...alt, key: "т", code: "KeyN", keyCode: 78 }, ["alt+n"], ["alt+n"]],
  ["Cyrillic л, Ctrl on K", "Win32", { ctrlKey: true, key: "л", code: "KeyK", keyCode: 75 }, ["mod+k"], ["mod+k"]],
  ["Greek ν, Alt on N", "Win32", { ...alt, key: "ν", code: "KeyN", keyCode: 78 }, ["alt+n"], ["alt+n"]],
  // Input methods.
  ["Escape gives up a word", "Win32", { key: "Escape", isComposing: true, keyCode: 229 }, [], []],
  ["Safari's Escape after a word", "MacIntel", { key: "Escape", code: "Escape", keyCode: 229 }, [], []],
  ["Process", "Win32", { ...alt, key: "Process", code: "KeyN", keyCode: 229 }, [], []],
  ["Escape", "Win32", { key: "Escape", code: "Escape", keyCode: 27 }, ["escape"], ["escape"]],
];

describe.each(table)("%s", (_, platform, init, inField, elsewhere) => {
  test(`on ${platform}`, async () => {
    const keys = await keysOn(platform);
    expect(matched(keys, pressed(init, "in a field"))).toEqual(inField);
    expect(matched(keys, pressed(init, "elsewhere"))).toEqual(elsewhere);
  });
});

describe("a key of an input method", () => {
  test.each<[string, KeyboardEventInit, boolean]>([
    ["Enter that chooses a word", { key: "Enter", isComposing: true, keyCode: 229 }, true],
    ["Safari's Enter, which comes after the word", { key: "Enter", isComposing: false, keyCode: 229 }, true],
    ["Enter", { key: "Enter", keyCode: 13 }, false],
    ["a letter", { key: "a", keyCode: 65 }, false],
  ])("%s", (_, init, is) => expect(ofInputMethod(new KeyboardEvent("keydown", init))).toBe(is));
});

test("no other place asks whether an input method is at work", () => {
  const sources = import.meta.glob("../../src/**/*.{ts,svelte}", { query: "?raw", import: "default", eager: true });
  const own = Object.entries(sources).filter(([, text]) => /isComposing|\b229\b/.test(String(text)));
  expect(own.map(([path]) => path)).toEqual(["../../src/platform/typing.ts"]);
});

describe("what sends", () => {
  test.each<[string, KeyboardEventInit, SendKey[]]>([
    ["Enter", { key: "Enter", keyCode: 13 }, ["enter"]],
    ["Ctrl Enter", { key: "Enter", keyCode: 13, ctrlKey: true }, ["enter", "mod+enter"]],
    ["Cmd Enter", { key: "Enter", keyCode: 13, metaKey: true }, ["enter", "mod+enter"]],
    ["Shift Enter", { key: "Enter", keyCode: 13, shiftKey: true }, []],
    ["Option Enter", { key: "Enter", keyCode: 13, altKey: true }, []],
    ["Enter of an input method", { key: "Enter", keyCode: 229, isComposing: true }, []],
    ["Safari's Enter of an input method", { key: "Enter", keyCode: 229 }, []],
    ["Ctrl Enter of an input method", { key: "Enter", keyCode: 229, ctrlKey: true }, []],
    ["a letter", { key: "m", keyCode: 77, ctrlKey: true }, []],
  ])("%s", (_, init, by) => {
    const event = new KeyboardEvent("keydown", init);
    expect((["enter", "mod+enter"] as const).filter((sendKey) => sends(event, sendKey))).toEqual(by);
  });
});

describe("where a person has chosen nothing", () => {
  beforeEach(() => vi.resetModules());
  test.each([
    ["a touch screen alone", true, "mod+enter"],
    ["a mouse", false, "enter"],
  ])("%s", async (_, touch, sendKey) => {
    vi.stubGlobal("matchMedia", (query: string) => ({ matches: touch && /coarse/.test(query) }));
    const { usualSendKey } = await import("../../src/platform/typing");
    expect(usualSendKey()).toBe(sendKey);
  });
});
