// Values from outside (storage, files) as the app's own: each function gives the value where it is of the form, else undefined. None throws.
// Not for: what a record is made of, which its room says.

import { shortened } from "./shortened";

export type Fields = Readonly<Record<string, unknown>>;

/** The last moment that is taken for a time, in milliseconds since 1970. Anything later cannot be when something happened. */
const LATEST = Date.UTC(9999, 11, 31);
/** An upper bound for anything counted or measured here. */
const MOST = 1e15;

export const fieldsOf = (value: unknown): Fields | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;

/** `most`: UTF-16 units from which on it is cut off, by whole characters. */
export const textOf = (value: unknown, most = Infinity): string | undefined =>
  typeof value === "string" ? shortened(value, most) : undefined;

/** A text that names something: not empty, and short. */
export const nameOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" && value.length <= 1000 ? value : undefined;

/** Milliseconds since 1970. */
export const timeOf = (value: unknown): number | undefined =>
  typeof value === "number" && value >= 0 && value <= LATEST ? value : undefined;

export const amountOf = (value: unknown): number | undefined =>
  typeof value === "number" && value >= 0 && value <= MOST ? value : undefined;

/** A number that may be below zero as well. */
export const finiteOf = (value: unknown): number | undefined =>
  typeof value === "number" && Math.abs(value) <= MOST ? value : undefined;

export const countOf = (value: unknown): number | undefined => (Number.isInteger(value) ? amountOf(value) : undefined);

export const flagOf = (value: unknown): boolean | undefined => (typeof value === "boolean" ? value : undefined);

export const oneOf = <T>(list: readonly T[], value: unknown): T | undefined => list.find((one) => one === value);

/** A list of which every part can be read. */
export function listOf<T>(value: unknown, read: (part: unknown) => T | undefined): T[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const parts = value.map(read);
  return parts.includes(undefined) ? undefined : (parts as T[]);
}

/** Of a list, the parts that can be read. */
export function readableOf<T>(value: unknown, read: (part: unknown) => T | undefined): T[] | undefined {
  return Array.isArray(value) ? value.map(read).filter((part) => part !== undefined) : undefined;
}

/** The fields that have a value. */
export function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** What JSON can say. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** A value that JSON can say, and no deeper than `depth`. */
export function jsonOf(value: unknown, depth = 50): Json | undefined {
  if (value === null || ["string", "boolean"].includes(typeof value)) return value as Json;
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value !== "object" || depth === 0) return undefined;
  if (Array.isArray(value)) return listOf(value, (part) => jsonOf(part, depth - 1));
  if (Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null) return undefined;
  const entries = Object.entries(value).map(([name, part]) => [name, jsonOf(part, depth - 1)] as const);
  return entries.some(([, part]) => part === undefined) ? undefined : (Object.fromEntries(entries) as Json);
}
