// What a person chose, kept between visits. Not for: choices that belong to one conversation.
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
  /** What this machine draws while a model writes, in watts. Undefined: a guess. */
  watts?: number;
}

/** What of a record from elsewhere is a setting and of its type. */
export function readSettings(record: Readonly<Record<string, unknown>>): SettingsRecord {
  const texts = ["language", "modelId", "effort"];
  const numbers = [
    ...["temperature", "idleMinutes", "lockMinutes", "keepDays", "keepAuditDays", "keepNetworkDays", "votes", "watts"],
  ];
  const fits = ([name, value]: [string, unknown]) =>
    (texts.includes(name) && typeof value === "string") ||
    (numbers.includes(name) && typeof value === "number" && value >= 0);
  return { ...Object.fromEntries(Object.entries(record).filter(fits)), version: 1 };
}

export const DEFAULT_IDLE_MINUTES = 30;

const KEY = "settings:app";

export class Settings {
  current = $state<Readonly<SettingsRecord>>({ version: 1 });

  constructor(private readonly records: Records) {}

  async load(): Promise<void> {
    this.current = readSettings({ ...(await this.records.read<SettingsRecord>(KEY)) });
  }

  /** Changes some of the settings; an undefined value takes the setting back to its default. */
  async save(changes: { [K in keyof SettingsRecord]?: SettingsRecord[K] | undefined }): Promise<void> {
    const merged = Object.entries({ ...this.current, ...changes }).filter(([, v]) => v !== undefined);
    this.current = Object.fromEntries(merged) as unknown as SettingsRecord;
    await this.records.write(KEY, $state.snapshot(this.current));
  }
}
