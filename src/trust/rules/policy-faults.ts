// What is wrong with a policy file, in sentences that name the field, what stands there and what may stand there. Pure, for the page, the
// build and the scripts. Not for: what a policy is (policy.schema.json), or finding out that it is wrong (policy.ts).
import type { OutputUnit } from "@cfworker/json-schema";
import { en } from "../../i18n/en";
import type { Reason } from "../../platform/app-error";
import { shortened } from "../../platform/shortened";

/** A file that is no policy. Its message says why in English. */
export class PolicyError extends Error {
  override readonly name = "PolicyError";
  constructor(readonly reasons: readonly Reason[]) {
    super(`policy.json: ${reasons.map(inEnglish).join("\n")}`);
  }
}

/** The most faults that are told at once, and the most letters of what stands in a field. */
const MOST_FAULTS = 5;
const MOST_LETTERS = 60;

const inEnglish = ({ key, values }: Reason): string =>
  en[key].replace(/{{(\w+)}}/g, (_, name: string) => String(values[name]));

/** Says what a validator found in a value, by the schema that it had. */
export function faultsOf(value: unknown, found: readonly OutputUnit[], schema: Fields): Reason[] {
  const told = new Set<string>();
  const faults: Reason[] = [];
  for (const unit of found) {
    // Each missing or unknown field is found on its own; all of one object are told together.
    const about = `${unit.keyword} ${unit.instanceLocation}`;
    if (!told.has(about)) faults.push(...faultsOfUnit(value, unit, schema));
    told.add(about);
  }
  // Wrong fields come first; a field that is only misspelt is not also missing.
  const meant = new Set(faults.map(({ values }) => values["meant"]));
  const missing = faults.filter(({ key, values }) => key === "policy.fault.missing" && !meant.has(values["field"]));
  return [...faults.filter(({ key }) => key !== "policy.fault.missing"), ...missing].slice(0, MOST_FAULTS);
}

/** Says where a text stops being JSON. */
export function faultOfText(text: string, error: unknown): Reason {
  if (/^\s*</.test(text)) return { key: "policy.fault.page", values: {} };
  const message = String(error);
  const stated = /line (\d+) column (\d+)/.exec(message);
  if (stated) return { key: "policy.fault.json", values: { line: stated[1]!, column: stated[2]! } };
  const position = Number(/position (\d+)/.exec(message)?.[1] ?? text.length);
  const before = text.slice(0, position).split("\n");
  return { key: "policy.fault.json", values: { line: before.length, column: before.at(-1)!.length + 1 } };
}

type Fields = Readonly<Record<string, unknown>>;

function faultsOfUnit(value: unknown, unit: OutputUnit, schema: Fields): Reason[] {
  const { keyword, keywordLocation, instanceLocation } = unit;
  const path = partsOf(instanceLocation);
  const rules = at(schema, partsOf(keywordLocation).slice(0, -1), schema) as Fields;
  const stands = at(value, path, schema);
  const field = nameOf(path);
  const missing = () =>
    (rules["required"] as string[])
      .filter((name) => !Object.hasOwn(Object(stands) as object, name))
      .map((name): Reason => ({ key: "policy.fault.missing", values: { field: nameOf([...path, name]) } }));
  // The file itself is no group of fields: it lacks them all.
  if (path.length === 0 && keyword === "type") return missing();
  switch (keyword) {
    case "required":
      return missing();
    case "additionalProperties": {
      const known = Object.keys((rules["properties"] as Fields | undefined) ?? {});
      if (rules["additionalProperties"] !== false) return [];
      const patterns = Object.keys((rules["patternProperties"] as Fields | undefined) ?? {});
      const unknown = Object.keys(stands as object).filter(
        (name) => !known.includes(name) && !patterns.some((pattern) => new RegExp(pattern).test(name)),
      );
      return unknown.map((name) => unknownField([...path, name], known));
    }
    case "propertyNames":
    case "properties":
    case "patternProperties":
    case "items":
    case "$ref":
    case "false":
      // The fault is inside it, and found separately.
      return [];
    case "enum":
    case "const": {
      const allowed = (rules["enum"] ?? [rules["const"]]) as unknown[];
      return [{ key: "policy.fault.choice", values: { field, value: shown(stands), allowed: listed(allowed) } }];
    }
    case "minimum":
    case "maximum": {
      const { minimum: least, maximum: most } = rules as Record<string, number>;
      return [{ key: "policy.fault.range", values: { field, value: shown(stands), least: least!, most: most! } }];
    }
    case "pattern":
      if (keywordLocation.includes("/propertyNames/"))
        return [{ key: "policy.fault.tag", values: { field: nameOf(path.slice(0, -1)), value: shown(path.at(-1)) } }];
      return [wrong(field, stands, rules, schema)];
    default:
      return [wrong(field, stands, rules, schema)];
  }
}

function unknownField(path: readonly string[], known: readonly string[]): Reason {
  const name = path.at(-1)!;
  const field = nameOf(path);
  const meant = known.find((other) => distance(name.toLowerCase(), other.toLowerCase()) <= 2);
  return meant === undefined
    ? { key: "policy.fault.unknown", values: { field, allowed: known.join(", ") } }
    : { key: "policy.fault.meant", values: { field, meant: nameOf([...path.slice(0, -1), meant]) } };
}

function wrong(field: string, stands: unknown, rules: Fields, schema: Fields): Reason {
  if (rules["type"] === "boolean")
    return { key: "policy.fault.choice", values: { field, value: shown(stands), allowed: listed([true, false]) } };
  const { minimum: least, maximum: most } = rules as Record<string, number | undefined>;
  if (least !== undefined && most !== undefined)
    return { key: "policy.fault.range", values: { field, value: shown(stands), least, most } };
  const described = typeof rules["$ref"] === "string" ? (at(schema, partsOf(rules["$ref"]), schema) as Fields) : {};
  const examples = (rules["examples"] ?? described["examples"] ?? []) as unknown[];
  return { key: "policy.fault.form", values: { field, value: shown(stands), examples: listed(examples) } };
}

/** The validator writes names as in an address. */
function partsOf(pointer: string): string[] {
  const parts = pointer.split("/").slice(1);
  return parts.map((part) => decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** What stands at a path of a value or, following references, of the schema. */
function at(value: unknown, path: readonly string[], schema: Fields): unknown {
  let here = value;
  for (const part of path) {
    const next: unknown = Object.hasOwn(Object(here) as object, part) ? (here as Fields)[part] : undefined;
    here = part === "$ref" ? at(schema, partsOf(String(next)), schema) : next;
  }
  return here;
}

/** A path as a person writes it: network.modelHosts[0]. */
const nameOf = (path: readonly string[]): string =>
  path.reduce((name, part) => (/^\d+$/.test(part) ? `${name}[${part}]` : name ? `${name}.${part}` : part), "");

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "";
  return text.length > MOST_LETTERS ? `${shortened(text, MOST_LETTERS)}…` : text;
}

const listed = (values: readonly unknown[]): string => values.map((value) => JSON.stringify(value)).join(", ");

/** How many letters are to be put in, left out or changed to make one word of another (Levenshtein). */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, i) => i);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + Number(one[i - 1] !== other[j - 1])));
    row = next;
  }
  return row.at(-1)!;
}
