// Which commands a person is looking for: by the words of their names, then by other words that people use for them (`find.*` in the catalogue).
// Not for: what there is (commands.svelte.ts).
import { t } from "../i18n/i18n.svelte";
import { fold, holdsAll, wordsOf } from "../platform/fold";
import type { Command } from "../ui/room";

/** The words that people use for a command, in the language of the page. */
const wordsFor = ({ about = [] }: Command) => about.map((subject) => t(`find.${subject}`)).join(" ");

/** French and others join short words to the next one: l’aide, d’envoi. */
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
