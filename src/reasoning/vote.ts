// Self-consistency: of several answers to one question, the one whose final answer most of them share. Pure.

/** Least temperature at which answers differ enough for a vote to say something. */
export const VOTE_TEMPERATURE = 0.7;

/** What may surround a final answer without being part of it. */
const before = /[\s"'“”«»「」『』()（）*_`$#>]/u;
const after = /[\s"'“”«»「」『』()（）*_`$.。!！,、;:]/u;

function undressed(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && before.test(text[from]!)) from++;
  while (to > from && after.test(text[to - 1]!)) to--;
  return text.slice(from, to);
}

/** What is in the last \\boxed{} that is closed; undefined without one. */
function lastBoxed(text: string): string | undefined {
  const open: number[] = [];
  let boxed: string | undefined;
  for (const { 0: brace, index } of text.matchAll(/(?:\\boxed)?\{|\}/g)) {
    if (brace !== "}") open.push(brace === "{" ? -1 : index + brace.length);
    else {
      const from = open.pop() ?? -1;
      if (from >= 0) boxed = text.slice(from, index);
    }
  }
  return boxed;
}

/** Numbers that are written differently are the same: "1,250.0" and "1250". */
function plain(text: string): string {
  const bare = undressed(text).normalize("NFKC").toLocaleLowerCase().replace(/\s+/g, " ");
  const number = bare.replace(/(?<=\d)[ ,'](?=\d{3}(?!\d))/g, "");
  return /^[-+]?\d+(?:\.\d+)?$/.test(number) ? String(Number(number)) : bare;
}

/**
 * The final answer of an answer, in a form that can be compared: what is in the last \boxed{} of it, or what follows the last "answer:", or
 * the last number, or the whole of its last line. "" where there is nothing.
 */
export function finalAnswer(answer: string): string {
  const boxed = lastBoxed(answer);
  if (boxed !== undefined) return plain(boxed);
  const named = [
    ...answer.matchAll(/(?:answer|réponse|答え|答案|đáp án|đáp số)(?:\s+(?:is|est|là))?\s*(?:[:：]|は|\*\*)\s*(.+)/giu),
  ].at(-1)?.[1];
  const where = named ?? answer;
  const number = where.match(/[-+]?\d+(?:[ ,']\d{3}(?!\d))*(?:\.\d+)?/g)?.at(-1);
  if (number !== undefined) return plain(number);
  return plain(where.trim().split("\n").at(-1) ?? "");
}

export interface Vote {
  /** The final answers in the order in which they were given. */
  finals: string[];
  /** Which of the answers is taken: the first that gives the most frequent final answer. */
  chosen: number;
  /** How many gave it. */
  votes: number;
}

/** Takes the majority of some answers. An answer without a final answer has no vote unless none has one. */
export function voteOn(answers: readonly string[]): Vote {
  const finals = answers.map(finalAnswer);
  const votes = (final: string) => finals.filter((f) => f === final && f !== "").length;
  const most = Math.max(...finals.map(votes));
  const chosen = most === 0 ? 0 : finals.findIndex((f) => votes(f) === most);
  return { finals, chosen, votes: most };
}
