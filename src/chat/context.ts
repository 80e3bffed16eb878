// What the components of this room share.
import { createContext } from "svelte";
import type { Conversations } from "./conversations.svelte";
import type { Session } from "./session.svelte";

export interface Chat {
  conversations: Conversations;
  session: Session;
}

export const [useChat, provideChat] = createContext<Chat>();
