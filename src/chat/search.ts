// Which conversations contain the words that are searched for. Pure.
import { fold } from "../platform/fold";
import { contentOf, type Conversation, type Message } from "./conversation-records";

/** Texts as they are compared, once for each record: they are looked through again at every key. */
const folded = new WeakMap<Conversation | Message, string>();

function textOf(record: Conversation | Message, text: string): string {
  let found = folded.get(record);
  if (found === undefined) folded.set(record, (found = fold(text)));
  return found;
}

/** Whether each word (`wordsOf`) stands in the title or in one of the messages. */
export function hasWords(words: readonly string[], conversation: Conversation, messages: Iterable<Message>): boolean {
  const title = textOf(conversation, conversation.title);
  let left = words.filter((word) => !title.includes(word));
  for (const message of messages) {
    if (left.length === 0) break;
    const text = textOf(message, contentOf(message));
    left = left.filter((word) => !text.includes(word));
  }
  return left.length === 0;
}
