// What a text defines in one place and uses in others: where links by reference lead, and the numbers of footnotes. Not for: how a definition
// is written (lexer.ts, footnotes.ts).

/** Where a link leads, or which number a footnote has. */
export type Definition = { href: string; title?: string | undefined } | { note: number };

/** The key of a footnote among the links. */
export const noteName = (label: string) => `^${label.toLowerCase()}`;

export class Definitions {
  private readonly own = new Map<string, Definition>();

  /** How many footnotes are defined: they are numbered in the order of their definitions, so that no later one changes a number. */
  private notes: number;

  /** `before`: earlier definitions, which hold as well and no longer change. */
  constructor(private readonly before?: Definitions) {
    this.notes = before?.notes ?? 0;
  }

  get(name: string): Definition | undefined {
    return this.before?.get(name) ?? this.own.get(name);
  }

  get nextNote(): number {
    return this.notes + 1;
  }

  /** The first definition of a name holds. */
  add(name: string, definition: Definition): void {
    if (this.get(name)) return;
    if ("note" in definition) this.notes++;
    this.own.set(name, definition);
  }
}
