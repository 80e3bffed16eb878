// A JSON Schema as a grammar that llama.cpp holds an answer to, from its beginning or from where a part of it stands: llama.cpp itself can only begin
// anew. JSON comes in one line, with a space at most after commas and colons: where white space is free, a small model writes that for ever.
// Pure. Not for: checking JSON that is there.
import { AppError } from "../../platform/app-error";

/** One letter of a class, or a rule's name. `text`: the class as GBNF writes it. */
type Symbol = { rule: string } | { text: string; holds(letter: string): boolean };
type Sequence = readonly Symbol[];

/** What each rule may be: one of these sequences. It begins with "root". */
export type Grammar = ReadonlyMap<string, readonly Sequence[]>;

export type Schema = Readonly<Record<string, unknown>>;

/** The longest that `maxLength` and `maxItems` may say: each unit is a rule. */
const MOST = 2000;

const letter = (only: string): Symbol => ({ text: `[${escaped(only)}]`, holds: (other) => other === only });
const literal = (text: string): Symbol[] => [...text].map(letter);
const oneOf = (text: string, form: RegExp): Symbol => ({ text, holds: (other) => form.test(other) });
const rule = (name: string): Symbol => ({ rule: name });

const escaped = (text: string) =>
  [...text]
    .map((one) => (/[\w ]/.test(one) ? one : `\\U${one.codePointAt(0)!.toString(16).padStart(8, "0")}`))
    .join("");

const digit = oneOf("[0-9]", /^[0-9]$/);
const space: Symbol = rule("space");

/** Rules that every grammar has. */
const common: [string, Sequence[]][] = [
  ["space", [[], literal(" ")]],
  ["value", ["object", "array", "string", "number", "boolean", "null"].map((name) => [rule(name)])],
  ["string", [[letter('"'), rule("letters"), letter('"')]]],
  ["letters", [[], [rule("letter"), rule("letters")]]],
  [
    "letter",
    [
      // eslint-disable-next-line no-control-regex
      [oneOf('[^"\\\\\\x00-\\x1F\\x7F]', /^[^"\\\x00-\x1f\x7f]$/u)],
      [letter("\\"), oneOf('["\\\\/bfnrt]', /^["\\/bfnrt]$/)],
      [...literal("\\u"), ...Array<Symbol>(4).fill(oneOf("[0-9a-fA-F]", /^[0-9a-fA-F]$/))],
    ],
  ],
  ["integer", [[rule("whole")], [letter("-"), rule("whole")]]],
  ["whole", [literal("0"), [oneOf("[1-9]", /^[1-9]$/), rule("digits-14")]]],
  ["number", [[rule("integer")], [rule("integer"), letter("."), digit, rule("digits-14")]]],
  ...Array.from({ length: 15 }, (_, n): [string, Sequence[]] => [
    `digits-${n}`,
    n === 0 ? [[]] : [[], [digit, rule(`digits-${n - 1}`)]],
  ]),
  ["boolean", [literal("true"), literal("false")]],
  ["null", [literal("null")]],
  ["object", [literal("{}"), [letter("{"), rule("members"), letter("}")]]],
  ["members", [[rule("member")], [rule("member"), letter(","), space, rule("members")]]],
  ["member", [[rule("string"), letter(":"), space, rule("value")]]],
  ["array", [literal("[]"), [letter("["), rule("items"), letter("]")]]],
  ["items", [[rule("value")], [rule("value"), letter(","), space, rule("items")]]],
];

/** What only says something about a value, and what is heeded below. All else would be promised and not kept. */
const annotations =
  /^(\$schema|\$id|\$comment|\$defs|definitions|title|description|default|examples|deprecated|readOnly|writeOnly)$/;
const heeded =
  /^(\$ref|const|enum|anyOf|oneOf|type|properties|required|additionalProperties|items|minItems|maxItems|minLength|maxLength)$/;

const unsupported = (what: string) => new AppError("unknown", `JSON Schema: ${what} is not supported`, "none");

class Maker {
  readonly rules = new Map<string, readonly Sequence[]>(common);
  private readonly references = new Map<string, string>();

  constructor(private readonly whole: Schema) {}

  /** Adds a rule, and gives its symbol. */
  private add(alternatives: readonly Sequence[], name = `r${this.rules.size}`): Symbol {
    this.rules.set(name, alternatives);
    return rule(name);
  }

  valueOf(schema: unknown): Symbol {
    if (schema === true || schema === undefined) return rule("value");
    if (typeof schema !== "object" || schema === null) throw unsupported(JSON.stringify(schema));
    const from = schema as Schema;
    for (const key of Object.keys(from)) if (!annotations.test(key) && !heeded.test(key)) throw unsupported(`"${key}"`);
    if (from["$ref"] !== undefined) return this.referred(from["$ref"]);
    if ("const" in from) return this.add([literal(JSON.stringify(from["const"]))]);
    if (Array.isArray(from["enum"])) return this.add(from["enum"].map((one) => literal(JSON.stringify(one))));
    const any = from["anyOf"] ?? from["oneOf"];
    if (Array.isArray(any)) return this.add(any.map((one) => [this.valueOf(one)]));
    const { type } = from;
    if (Array.isArray(type)) return this.add(type.map((one) => [this.typed(from, one)]));
    return this.typed(from, type ?? ("properties" in from ? "object" : "items" in from ? "array" : undefined));
  }

  private referred(to: unknown): Symbol {
    if (typeof to !== "string" || !to.startsWith("#")) throw unsupported(`"$ref": ${JSON.stringify(to)}`);
    const known = this.references.get(to);
    if (known !== undefined) return rule(known);
    const name = `ref${this.references.size}`;
    this.references.set(to, name);
    const path = to
      .split("/")
      .slice(1)
      .map((part) => decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~"));
    const found = path.reduce<unknown>((at, part) => (at as Schema | undefined)?.[part], this.whole);
    if (found === undefined) throw unsupported(`"$ref": ${to}`);
    return this.add([[this.valueOf(found)]], name);
  }

  private typed(schema: Schema, type: unknown): Symbol {
    if (type === "object") return this.object(schema);
    if (type === "array") return this.array(schema);
    if (type === "string") return this.string(schema);
    if (type === undefined) return rule("value");
    if (typeof type !== "string" || !/^(integer|number|boolean|null)$/.test(type))
      throw unsupported(`"type": ${JSON.stringify(type)}`);
    return rule(type);
  }

  private string({ minLength = 0, maxLength = Infinity }: Schema): Symbol {
    if (minLength === 0 && maxLength === Infinity) return rule("string");
    const letters = this.times([rule("letter")], minLength as number, maxLength as number, rule("letters"));
    return this.add([[letter('"'), letters, letter('"')]]);
  }

  /** From `least` to `most` of `unit`; `endless`: any number of it. */
  private times(unit: Sequence, least: number, most: number, endless: Symbol): Symbol {
    const last = most === Infinity ? least : most;
    if (last > MOST || last < least) throw unsupported(`a length from ${least} to ${most}`);
    let rest: Symbol = most === Infinity ? endless : this.add([[]]);
    for (let n = last; n > 0; n--) rest = this.add([...(n > least ? [[]] : []), [...unit, rest]]);
    return rest;
  }

  private array({ items, minItems = 0, maxItems = Infinity }: Schema): Symbol {
    const [least, most] = [minItems as number, maxItems as number];
    const item = this.valueOf(items);
    const next: Sequence = [letter(","), space, item];
    const name = `r${this.rules.size}`;
    const endless = this.add([[], [...next, rule(name)]], name);
    const filled = [letter("["), item, this.times(next, Math.max(0, least - 1), most - 1, endless), letter("]")];
    return this.add([...(least === 0 ? [literal("[]")] : []), ...(most === 0 ? [] : [filled])]);
  }

  /** The properties that are named, in their order; those that are not required may be missing. Others only where none is named. */
  private object(schema: Schema): Symbol {
    const properties = Object.entries((schema["properties"] ?? {}) as Schema);
    const required = new Set((schema["required"] ?? []) as string[]);
    if (properties.length === 0) {
      const other = schema["additionalProperties"];
      if (other === undefined || other === true) return rule("object");
      if (other === false) return this.add([literal("{}")]);
      const member: Sequence = [rule("string"), letter(":"), space, this.valueOf(other)];
      const name = `r${this.rules.size}`;
      const more = this.add([[], [letter(","), space, ...member, rule(name)]], name);
      return this.add([literal("{}"), [letter("{"), ...member, more, letter("}")]]);
    }
    // What may follow where nothing was written yet, and where something was.
    let [first, later]: [Symbol, Symbol] = [this.add([[]]), this.add([[]])];
    for (const [name, value] of properties.reverse()) {
      const member = [...literal(`${JSON.stringify(name)}:`), space, this.valueOf(value), later];
      const skipped = (rest: Symbol) => (required.has(name) ? [] : [[rest]]);
      [first, later] = [
        this.add([member, ...skipped(first)]),
        this.add([[letter(","), space, ...member], ...skipped(later)]),
      ];
    }
    return this.add([[letter("{"), first, letter("}")]]);
  }
}

/** The grammar of JSON that a schema allows. Throws AppError where the schema demands what no grammar here can hold to. */
export function grammarOf(schema: Schema): Grammar {
  const maker = new Maker(schema);
  const root = maker.valueOf(schema);
  return maker.rules.set("root", [[root]]);
}

/** What is still to come, with the next first. */
type Stack = { symbol: Symbol; below: Stack } | undefined;

/** The grammar of what may come after `text`; undefined where no text of the grammar begins with it. */
export function after(grammar: Grammar, text: string): Grammar | undefined {
  let stacks = grammar.get("root")!.map((sequence) => stackOf(sequence, undefined));
  for (const next of text) {
    const matched: Stack[] = [];
    for (const stack of stacks.flatMap((one) => [...expanded(one, grammar)]))
      if (stack && "holds" in stack.symbol && stack.symbol.holds(next)) matched.push(stack.below);
    stacks = matched;
  }
  if (stacks.length === 0) return undefined;
  return new Map(grammar).set("root", stacks.map(sequenceOf));
}

/** A stack in each way in which a letter comes first, or nothing does. Rules here begin with no rule that begins with themselves. */
function* expanded(stack: Stack, grammar: Grammar): Generator<Stack> {
  if (!stack || "holds" in stack.symbol) return yield stack;
  for (const sequence of grammar.get(stack.symbol.rule)!) yield* expanded(stackOf(sequence, stack.below), grammar);
}

const stackOf = (sequence: Sequence, below: Stack): Stack =>
  sequence.reduceRight<Stack>((rest, symbol) => ({ symbol, below: rest }), below);

function sequenceOf(stack: Stack): Sequence {
  const symbols: Symbol[] = [];
  for (let at = stack; at; at = at.below) symbols.push(at.symbol);
  return symbols;
}

/** As llama.cpp reads it. Source: https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md */
export function toGbnf(grammar: Grammar): string {
  const symbol = (one: Symbol) => ("rule" in one ? one.rule : one.text);
  const sequence = (all: Sequence) => (all.length === 0 ? '""' : all.map(symbol).join(" "));
  return [...grammar].map(([name, alternatives]) => `${name} ::= ${alternatives.map(sequence).join(" | ")}`).join("\n");
}
