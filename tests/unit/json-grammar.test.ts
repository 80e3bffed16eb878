// JSON Schemas as grammars: whatever such a grammar lets a model write, the schema allows, from the beginning or from where a part of it stands.
import { Validator } from "@cfworker/json-schema";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { after, grammarOf, toGbnf, type Grammar, type Schema } from "../../src/engine/llama/json-grammar";

const person = {
  type: "object",
  properties: {
    name: { type: "string", minLength: 1, maxLength: 5 },
    age: { type: "integer" },
    tags: { type: "array", items: { enum: ["a", 'b"c', "é"] }, minItems: 1, maxItems: 3 },
    parent: { $ref: "#/$defs/parent" },
  },
  required: ["name", "tags"],
  additionalProperties: false,
  $defs: {
    parent: {
      anyOf: [{ type: "null" }, { type: "object", properties: { name: { type: "string" } }, required: ["name"] }],
    },
  },
};
const schemas: [string, Schema][] = [
  [
    "an object with one of some answers",
    { type: "object", properties: { answer: { enum: ["river", "stone"] } }, required: ["answer"] },
  ],
  ["an object with much in it", person],
  ["any number of numbers", { type: "array", items: { type: ["number", "null"] } }],
  ["a map", { type: "object", additionalProperties: { type: "boolean" } }],
  ["a fixed value", { const: { a: [1, "two"] } }],
  ["anything", {}],
];

/** A text that the grammar allows, drawn by `draw` (from 0 to below the number it is given); short ones sooner than long ones. */
function written(grammar: Grammar, draw: (below: number) => number): string {
  let text = "";
  const stack = ["root"];
  const samples = [
    '"',
    "\\",
    "a",
    "é",
    "7",
    "0",
    "1",
    "n",
    "u",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    " ",
    "-",
    ".",
    ..."abcdefghijklmnopqrstuvwxyz",
  ];
  for (let steps = 0; stack.length > 0; steps++) {
    const all = grammar.get(stack.pop()!)!;
    const alternatives = steps > 200 ? [...all].sort((a, b) => a.length - b.length).slice(0, 1) : all;
    const pending: string[] = [];
    const sequence = alternatives[draw(alternatives.length)]!;
    for (const [i, symbol] of sequence.entries()) {
      if ("rule" in symbol) {
        // The rest of this sequence comes after what the rule writes.
        const rest = `rest ${steps} ${i}`;
        (grammar as Map<string, unknown>).set(rest, [sequence.slice(i + 1)]);
        pending.push(rest, symbol.rule);
        break;
      }
      text += samples.find((one) => symbol.holds(one)) ?? "?";
    }
    stack.push(...pending);
  }
  return text;
}

describe.each(schemas)("%s", (_, schema) => {
  const validator = new Validator(schema as object, "2020-12", false);
  const allows = (text: string) => validator.validate(JSON.parse(text)).valid;

  test("whatever is written is JSON that the schema allows, and what comes after any part of it completes it", () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat(1000)), fc.nat(1000), (numbers, cut) => {
        const draw = (below: number) => numbers.next().value! % below;
        const text = written(new Map(grammarOf(schema)), draw);
        expect(allows(text), text).toBe(true);
        const begun = [...text].slice(0, cut % ([...text].length + 1)).join("");
        const rest = written(new Map(after(grammarOf(schema), begun)!), draw);
        expect(allows(begun + rest), `${begun} | ${rest}`).toBe(true);
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});

test("what no such JSON begins with is told", () => {
  expect(after(grammarOf(person), '{"age')).toBeUndefined();
  expect(after(grammarOf(person), '{"name": "x')).toBeDefined();
  expect(after(grammarOf(person), '{"name":"x')).toBeDefined();
  expect(after(grammarOf({ type: "integer" }), "7.5")).toBeUndefined();
});

test.each([
  ["a pattern", { type: "string", pattern: "^a" }, /"pattern"/],
  ["a least number", { type: "number", minimum: 3 }, /"minimum"/],
  ["a schema elsewhere", { $ref: "https://example.com/schema" }, /\$ref/],
  ["one that is not there", { $ref: "#/$defs/none" }, /\$ref/],
  ["a length without end", { type: "string", maxLength: 1e9 }, /length/],
  ["a type that there is not", { type: "date" }, /type/],
])("a schema that could not be held to is refused: %s", (_, schema, told) => {
  expect(() => grammarOf(schema)).toThrow(told);
});

test("it is written as llama.cpp reads it", () => {
  const text = toGbnf(after(grammarOf({ enum: ["a]", "b"] }), '"')!);
  expect(text).toMatch(/^root ::= \[a\] \[\\U0000005d\] \[\\U00000022\] \| \[b\] \[\\U00000022\]$/m);
  expect(text).toMatch(/^space ::= "" \| \[ \]$/m);
});
