// The records that could not be read, or not be shown: exported as they are in storage, and removed when a person says so. Not for:
// which these are (the readers of each kind).
import { createContext } from "svelte";
import { download } from "../../platform/save-file";
import { rawJson } from "../../platform/raw-json";
import type { Form, RecordKey, StoredRecord } from "../../storage/forms";
import { sameValue, type Records, type UnreadableRecord } from "../../storage/records";

export class Unreadable {
  /** What the last search found. */
  list = $state.raw<readonly UnreadableRecord[]>([]);

  constructor(
    private readonly records: Records,
    private readonly forms: (records: Records) => Promise<readonly Form<StoredRecord>[]>,
    /** Whether the policy lets people export what may contain parts of their conversations. */
    readonly mayExport: boolean,
  ) {}

  /** Looks for them. Throws AppError. */
  async look(): Promise<void> {
    this.list = await this.records.unreadable(await this.forms(this.records));
  }

  /** Hands records of the list to the person as a file: as they lie in storage, bytes in base64. */
  save(found: readonly UnreadableRecord[]): void {
    if (this.mayExport) saveRaw("islet-unreadable-records", found);
  }

  /** Removes records of the list for good, except those that have become readable or were rewritten meanwhile. Throws AppError. */
  async remove(found: readonly UnreadableRecord[]): Promise<void> {
    await this.look();
    const chosen = new Map(found.map(({ name, value }) => [name, value]));
    const still = ({ name, value }: UnreadableRecord) => chosen.has(name) && sameValue(chosen.get(name), value);
    await this.records.removeNamed(this.list.filter(still).map(({ name }) => name));
    await this.look();
  }

  /** Hands the record of a row that could not be drawn to the person. Throws AppError. */
  async saveRow(key: RecordKey): Promise<void> {
    if (this.mayExport) saveRaw("islet-record", [{ key, value: await this.records.read(key) }]);
  }
}

function saveRaw(name: string, records: readonly object[]): void {
  download(`${name}.json`, "application/json", rawJson({ format: "islet-raw-records", version: 1, records }));
}

export const [useUnreadable, provideUnreadable] = createContext<Unreadable>();
