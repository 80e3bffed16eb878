// Which screen is shown, kept in the address (its part after "#"), so that back, reload and shortcuts work.

export class Navigation {
  /** The name of a screen of `screens`; "chat" for none of them. */
  screen = $state("chat");
  /** The conversation that the address names; null for a new one. */
  conversationId = $state<string | null>(null);

  /** `screens`: the names of those besides the chat. */
  constructor(private readonly screens: () => readonly string[]) {}

  begin(): void {
    addEventListener("hashchange", () => this.read());
    this.read();
  }

  go(screen: string): void {
    location.hash = `/${screen}`;
  }

  /** Shows a conversation, or with null the start of a new one. */
  openConversation(id: string | null): void {
    location.hash = id === null ? "/new" : `/chat/${id}`;
    this.read();
  }

  private read(): void {
    const [, first = "", second] = location.hash.split("/");
    this.screen = this.screens().includes(first) ? first : "chat";
    if (this.screen === "chat") this.conversationId = first === "chat" && second ? second : null;
  }
}
