// @vitest-environment node
// The order of the house: rooms, names and lists of which there is one. Not for: what the rooms do.
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { expect, test } from "vitest";
import { languages } from "../../src/i18n/languages";
import schema from "../../src/trust/rules/policy.schema.json" with { type: "json" };

interface Rule {
  name: string;
  from: { path?: string; pathNot?: string };
}
const { forbidden } = createRequire(import.meta.url)("../../dependency-cruiser.config.cjs") as { forbidden: Rule[] };
const rule = forbidden.find(({ name }) => name === "a-room-without-a-rule-imports-nothing")!;
const holdsFor = (file: string) => new RegExp(rule.from.path!).test(file) && !new RegExp(rule.from.pathNot!).test(file);

test("a room that no rule names may import nothing, and each room of today is named", () => {
  for (const file of ["src/library/importers/pdf.ts", "src/apps/a.ts", "src/x/y.svelte"])
    expect(holdsFor(file)).toBe(true);
  const rooms = readdirSync("src", { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name } of rooms) expect(holdsFor(`src/${name}/file.ts`), name).toBe(false);
  expect(holdsFor("src/main.ts")).toBe(false);
});

test("no two files in src have one name", () => {
  const names = readdirSync("src", { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => basename(name).toLowerCase());
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});

test("a runtime is named in its own folder and in the list of runtimes alone", () => {
  // Names that are facts: of databases on disks, and of a form of models in texts for people.
  const facts = /^src\/(engine\/(webllm\/|llama\/|gguf\/|runtimes\.ts)|platform\/deployment\.ts|i18n\/[a-z]{2}\.ts)/;
  const files = readdirSync("src", { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => `${parentPath}/${name}`)
    .filter((file) => !facts.test(file));
  expect(files.length).toBeGreaterThan(200);
  expect(files.filter((file) => /web-?llm|wllama|llama\.cpp/i.test(readFileSync(file, "utf8")))).toEqual([]);
});

test("the languages are one list, for people, for policies and for the page that does not begin", () => {
  expect(schema.properties.language.enum).toEqual([...languages, null]);
  const texts = readdirSync("src/i18n").filter((file) => /^[a-z]{2}\.ts$/.test(file));
  expect(texts.map((file) => file.slice(0, 2)).sort()).toEqual([...languages].sort());
  for (const language of languages) expect(readFileSync("vite.config.ts", "utf8")).toContain(`i18n/${language}.ts"`);
});
