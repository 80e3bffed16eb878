// What a person chose, kept between visits. Not for: choices that belong to one conversation.
import { AppError } from "../platform/app-error";
import { sendKeys, type SendKey } from "../platform/typing";
import { oneOf } from "../platform/values";
import type { Records, StoredRecord } from "./records";

export interface SettingsRecord extends StoredRecord {
  /** Undefined: the browser's language. */
  language?: string;
  /** The model that was loaded last. */
  modelId?: string;
  /** Undefined: what the model's card recommends. */
  temperature?: number;
  /** Minutes without a question after which a model is unloaded; 0: never. Undefined: `DEFAULT_IDLE_MINUTES`. */
  idleMinutes?: number;
  /** Days without a change after which a conversation is deleted. Undefined: never. */
  keepDays?: number;
  /** Days that entries of the audit log and of the network ledger are kept. Undefined: always. */
  keepAuditDays?: number;
  keepNetworkDays?: number;
  /** Minutes without use after which the vault is locked; 0: never. Undefined: what trust/vault says. */
  lockMinutes?: number;
  /** How much new conversations think, and how many answers are voted on with high effort. */
  effort?: string;
  votes?: number;
  /** In answers, every end of a line is shown as one. Undefined: as in CommonMark, only where two spaces or an empty line say so. */
  lineBreaks?: boolean;
  /** Undefined: what the system has. */
  theme?: Theme;
  /** What sends a question. Undefined: what is usual for the device. */
  sendKey?: SendKey;
  /** Undefined: keys run commands; false: none does but Escape, which stops an answer. */
  shortcuts?: boolean;
  /** What this machine draws while a model writes, in watts. Undefined: a guess. */
  watts?: number;
}

export const themes = ["light", "dark"] as const;
type Theme = (typeof themes)[number];

/** Answers that are voted on at most. */
export const MOST_VOTES = 25;
/** Least and most of each number; what is less is no choice, what is more is the most. */
const bounds = new Map<string, readonly [least: number, most: number]>([
  ["temperature", [0, 2]],
  ["idleMinutes", [0, 1440]],
  ["lockMinutes", [0, 1440]],
  // Records that are kept for no time would be deleted at once.
  ["keepDays", [1, 36_500]],
  ["keepAuditDays", [1, 36_500]],
  ["keepNetworkDays", [1, 36_500]],
  ["votes", [1, MOST_VOTES]],
  ["watts", [0.001, 100_000]],
]);

/** What of a record is a setting, of its type and within its bounds. */
export function readSettings(record: Readonly<Record<string, unknown>>): SettingsRecord {
  const settings = Object.entries(record).flatMap(([name, value]): [string, unknown][] => {
    if (["language", "modelId", "effort"].includes(name)) return typeof value === "string" ? [[name, value]] : [];
    if (["lineBreaks", "shortcuts"].includes(name)) return typeof value === "boolean" ? [[name, value]] : [];
    if (name === "theme") return oneOf<unknown>(themes, value) ? [[name, value]] : [];
    if (name === "sendKey") return oneOf<unknown>(sendKeys, value) ? [[name, value]] : [];
    const bound = bounds.get(name);
    if (!bound || typeof value !== "number" || !(value >= bound[0])) return [];
    return [[name, Math.min(value, bound[1])]];
  });
  return { ...Object.fromEntries(settings), version: 1 };
}

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
    const stored = await this.records.read<SettingsRecord>(KEY).catch(() => undefined);
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
    await this.records.change(KEY, merge, next).catch((error: unknown) => {
      // What does not open is replaced.
      if (!(error instanceof AppError) || error.code !== "storage-failed") throw error;
      return this.records.write(KEY, next);
    });
    this.current = next;
  }
}
