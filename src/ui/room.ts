// What a room brings to the app besides its views: screens, commands, and sections of the settings. Not for: showing them (app/).
import type { Component } from "svelte";
import type { MessageKey } from "../i18n/en";
import type { IconName } from "./icons";

/** A component that comes in a file of its own when it is first needed. */
export type Part = () => Promise<{ default: Component }>;

export interface Screen {
  /** As the address has it: "models" is "#/models". */
  name: string;
  title: MessageKey;
  load: Part;
  /** Its sign in the menu; without one it is reached from another screen. */
  icon?: IconName;
  /** Its shortcut, as platform/keys.ts writes it. */
  keys?: string;
  about?: readonly Subject[];
}

/** Words that people use for what a command is about (`find.*` in the catalogue). */
export type Subject = MessageKey extends infer K ? (K extends `find.${infer S}` ? S : never) : never;

/** An action, for the palette and for the keyboard. It does what its label says, and is listed only while it can be done. */
export interface Command {
  id: string;
  label: string;
  /** Its shortcut, as platform/keys.ts writes it. */
  keys?: string;
  about?: readonly Subject[];
  run(): void;
}

export interface Room {
  screens?: readonly Screen[];
  /** Its sections of the settings, in their order. */
  sections?: readonly Part[];
  commands?(): readonly Command[];
  /** One for each of what there may be many of: they come last in the list. */
  many?(): readonly Command[];
}

/** What rooms can ask of what is around them. */
export interface Shell {
  /** The name of the screen that is shown; "chat" for none of those that rooms bring. */
  readonly screen: string;
  go(screen: string): void;
  /** Shows a screen and presses the control there that waits for this name (asked.svelte.ts). */
  press(screen: string, control: string): void;
  /** Shows the menu, where the screen has no room for it beside the rest, and presses the control there that waits for this name. */
  menu(control: string): void;
  /** Shows a conversation, or with null the start of a new one. */
  open(id: string | null): void;
  /** Shows what failed of an action. */
  guard(action: Promise<unknown>): void;
}
