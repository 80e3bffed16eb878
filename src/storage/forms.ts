// The form of a kind of record: which versions there were, and the one reader that storage, import and backup all use. Pure. Not for: the forms
// themselves, which each room has beside its records, or where records lie (records.ts).

import type { Json } from "../platform/values";

/** Kinds of records; a key is "<kind>:<id>", and ids of messages begin with the id of their conversation. */
export type RecordKind =
  | "conversation"
  | "message"
  | "draft"
  | "blob"
  | "settings"
  | "model"
  | "added-model"
  | "download"
  | "audit"
  | "audit-head"
  | "network"
  | "clock";
export type RecordKey = `${RecordKind}:${string}`;

export const kindOf = (key: RecordKey): RecordKind => key.slice(0, key.indexOf(":")) as RecordKind;

export interface StoredRecord {
  version: number;
}
export type AnyRecord = StoredRecord & Record<string, unknown>;

/** Turns a record of version n into one of version n + 1. Version numbers begin at 1. */
type Migration = (record: AnyRecord) => AnyRecord;

/** What of a type a record can hold: a vault seals JSON, in which bytes would become nothing. They are blobs (blobs/). */
export type Storable<T> = T extends Json | undefined
  ? T
  : T extends ArrayBuffer | ArrayBufferView | Blob | Date | ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>
    ? never
    : { [K in keyof T]: Storable<T[K]> };

/** As many migrations as lead from version 1 to this one: a form whose records state their version holds its `steps` to it. */
export type StepsTo<Version extends number, Steps extends readonly Migration[] = []> = [
  1,
  ...Steps,
]["length"] extends Version
  ? Steps
  : StepsTo<Version, [...Steps, Migration]>;

export interface Form<T extends StoredRecord> {
  kind: RecordKind;
  /** The migrations from version 1 on, in order; none while there is one version. */
  steps?: readonly Migration[];
  /** Makes a record of what is of the last version, within the bounds of what the app can show; undefined where it is none. Throws nothing. */
  read(record: unknown, key: RecordKey): T | undefined;
}

/** The version that records of this form have now. */
export const versionOf = ({ steps = [] }: Pick<Form<never>, "steps">): number => steps.length + 1;

/** What lies under a key, or comes in a file, as a record of the current version; undefined where it is of a later version, or of no form at all. */
export function formed<T extends StoredRecord>(form: Form<T>, key: RecordKey, stored: AnyRecord): T | undefined {
  const { steps = [] } = form;
  try {
    let current = stored;
    while (current.version >= 1 && current.version <= steps.length) current = steps[current.version - 1]!(current);
    return current.version === versionOf(form) ? form.read(current, key) : undefined;
  } catch {
    return undefined;
  }
}
