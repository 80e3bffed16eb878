// Which screen is shown, kept in the address (its part after "#"), so that back, reload and shortcuts work.

/** Those besides the chat. */
export type OtherScreen = "models" | "storage" | "trust" | "settings" | "report";
export type Screen = "chat" | OtherScreen;

const screens: readonly string[] = ["models", "storage", "trust", "settings", "report"];

export class Navigation {
  screen = $state<Screen>("chat");
  /** The conversation that the address names; null for a new one. */
  conversationId = $state<string | null>(null);

  begin(): void {
    addEventListener("hashchange", () => this.read());
    this.read();
  }

  go(screen: OtherScreen): void {
    location.hash = `/${screen}`;
  }

  /** Shows a conversation, or with null the start of a new one. */
  openConversation(id: string | null): void {
    location.hash = id === null ? "/new" : `/chat/${id}`;
    this.read();
  }

  private read(): void {
    const [, first = "", second] = location.hash.split("/");
    this.screen = screens.includes(first) ? (first as Screen) : "chat";
    if (this.screen === "chat") this.conversationId = first === "chat" && second ? second : null;
  }
}
