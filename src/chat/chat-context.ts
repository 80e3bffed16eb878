// What the components of this room share.
import { createContext } from "svelte";
import type { ConversationActions } from "./conversation-actions.svelte";
import type { Conversations } from "./conversations.svelte";
import type { Session } from "./session.svelte";

export interface Chat {
  conversations: Conversations;
  session: Session;
  actions: ConversationActions;
}

export const [useChat, provideChat] = createContext<Chat>();
