// Which commands a person looks for: by the words of their names, and behind those by the words that people use for them (`find.*` in the catalogue).
// Not for: what there is (commands.svelte.ts).
import type { MessageKey } from "../i18n/en";
import { t } from "../i18n/i18n.svelte";
import { fold, holdsAll, wordsOf } from "../platform/fold";
import type { Command } from "./commands.svelte";

type Subject = MessageKey extends infer K ? (K extends `find.${infer S}` ? S : never) : never;

/** What commands are about, by the beginnings of their ids. */
const subjects: Readonly<Record<Subject, readonly string[]>> = {
  new: ["new"],
  models: ["models", "bring-", "later-", "start-", "add-address", "import-folder", "import-file"],
  storage: ["storage", "free-space", "persist"],
  trust: ["trust", "report", "probe", "check-build", "check-audit"],
  settings: ["settings"],
  print: ["report", "export-markdown"],
  password: ["encrypt", "decrypt", "lock", "change-passphrase", "add-passkey", "remove-passkeys"],
  delete: ["delete", "erase", "remove-"],
  language: ["language-"],
  theme: ["theme-"],
  quick: ["effort-off", "answer-now", "override"],
  think: ["effort-", "override", "compare"],
  copy: ["copy"],
  export: ["export-", "backup"],
  import: ["import-", "restore"],
  help: ["help"],
  search: ["search"],
  again: ["again"],
  install: ["install"],
  network: ["export-network", "probe", "delete-network"],
};

/** The words that people use for a command, in the language of the page. */
function wordsFor({ id }: Command): string {
  const about = Object.entries(subjects).filter(([, ids]) =>
    ids.some((one) => (one.endsWith("-") ? id.startsWith(one) : id === one || id.startsWith(`${one}-`))),
  );
  return about.map(([subject]) => t(`find.${subject as Subject}`)).join(" ");
}

/** French and others write small words together with what follows: l’aide, d’envoi. */
const apart = (text: string) => text.replace(/['’]/g, " ");

/** The commands that have every word of a query: first those that have them in their names. Without words all of them. */
export function findCommands(commands: readonly Command[], query: string): readonly Command[] {
  const words = wordsOf(apart(query));
  if (words.length === 0) return commands;
  const named: Command[] = [];
  const meant: Command[] = [];
  for (const command of commands) {
    const name = fold(command.label);
    if (holdsAll(words, name)) named.push(command);
    else if (holdsAll(words, `${name} ${fold(wordsFor(command))}`)) meant.push(command);
  }
  return [...named, ...meant];
}
