// What a person chose, kept between visits. Not for: choices that belong to one conversation.
import { createContext } from "svelte";
import { AppError } from "../platform/app-error";
import { sendKeys } from "../platform/typing";
import { fieldsOf, oneOf } from "../platform/values";
import type { Form, StoredRecord } from "./forms";
import type { Records } from "./records";

export const themes = ["light", "dark"] as const;
/** Answers that are voted on at most. */
export const MOST_VOTES = 25;

/** Gives what of an unknown value is a value of a setting; undefined for none. */
type Read<T> = (value: unknown) => T | undefined;
const text: Read<string> = (value) => (typeof value === "string" ? value : undefined);
const flag: Read<boolean> = (value) => (typeof value === "boolean" ? value : undefined);
const among =
  <T>(values: readonly T[]): Read<T> =>
  (value) =>
    oneOf(values, value);
/** What is less than the least is no choice, what is more than the most is the most. */
const number =
  (least: number, most: number): Read<number> =>
  (value) =>
    typeof value === "number" && value >= least ? Math.min(value, most) : undefined;
// Records that are kept for no time would be deleted at once.
const days = number(1, 36_500);
const minutes = number(0, 1440);

/** All settings, and how each is read. One that is undefined was not chosen. */
const table = {
  /** Undefined: the browser's language. */
  language: text,
  /** The model that was loaded last. */
  modelId: text,
  /** Undefined: what the model's card recommends. */
  temperature: number(0, 2),
  /** Minutes without a question after which a model is unloaded; 0: never. Undefined: `DEFAULT_IDLE_MINUTES`. */
  idleMinutes: minutes,
  /** Minutes without use after which the vault is locked; 0: never. Undefined: what trust/vault says. */
  lockMinutes: minutes,
  /** Days without a change after which a conversation is deleted. Undefined: never. */
  keepDays: days,
  /** Days that entries of the audit log and of the network ledger are kept. Undefined: always. */
  keepAuditDays: days,
  keepNetworkDays: days,
  /** How much new conversations think, and how many answers are voted on with high effort. */
  effort: text,
  votes: number(1, MOST_VOTES),
  /** In answers, every end of a line is shown as one. Undefined: as in CommonMark, only where two spaces or an empty line say so. */
  lineBreaks: flag,
  /** Undefined: what the system has. */
  theme: among(themes),
  /** What sends a question. Undefined: what is usual for the device. */
  sendKey: among(sendKeys),
  /** Undefined: keys run commands; false: none does but Escape, which stops an answer. */
  shortcuts: flag,
  /** What this machine draws while a model writes, in watts. Undefined: a guess. */
  watts: number(0.001, 100_000),
} satisfies Record<string, Read<unknown>>;

type Chosen = { [Name in keyof typeof table]?: NonNullable<ReturnType<(typeof table)[Name]>> };
export interface SettingsRecord extends StoredRecord, Chosen {}

/** What of a record is a setting, of its type and within its bounds. */
export function readSettings(record: Readonly<Record<string, unknown>>): SettingsRecord {
  const values = Object.entries(table).map(([name, read]): [string, unknown] => [name, read(record[name])]);
  return { ...Object.fromEntries(values.filter(([, value]) => value !== undefined)), version: 1 };
}

export const settingsForm: Form<SettingsRecord> = {
  kind: "settings",
  read: (record) => {
    const from = fieldsOf(record);
    return from && readSettings(from);
  },
};

export const DEFAULT_IDLE_MINUTES = 30;

const KEY = "settings:app";

export class Settings {
  current = $state<Readonly<SettingsRecord>>({ version: 1 });

  constructor(private readonly records: Records) {
    records.onChangeElsewhere((key) => {
      if (key === KEY) void this.load();
    });
  }

  async load(): Promise<void> {
    // Settings that do not open are no reason not to begin; the records say that they are there.
    const stored = await this.records.read(KEY, settingsForm).catch(() => undefined);
    this.current = readSettings({ ...stored });
  }

  /**
   * Changes some of the settings, as they lie in storage: another tab may have changed others. An undefined value takes the setting back to
   * its default. Throws AppError.
   */
  async save(changes: { [K in keyof SettingsRecord]?: SettingsRecord[K] | undefined }): Promise<void> {
    let next = readSettings({ ...this.current, ...changes });
    this.current = next;
    const merge = (record: StoredRecord) => (next = readSettings({ ...record, ...changes }));
    await this.records.change(KEY, settingsForm, merge, next).catch((error: unknown) => {
      // What does not open, or is none, is replaced.
      if (!(error instanceof AppError && ["storage-failed", "records-unreadable"].includes(error.code))) throw error;
      return this.records.write(KEY, next);
    });
    this.current = next;
  }
}

export const [useSettings, provideSettings] = createContext<Settings>();
