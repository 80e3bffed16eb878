// Whether the app can be installed here, and the browser's own prompt for it.

/** Chromium's event that carries the install prompt; not in TypeScript's DOM types. */
interface InstallEvent extends Event {
  prompt(): Promise<unknown>;
  userChoice: Promise<{ outcome: "accepted" | "dismissed" }>;
}

export class Install {
  private event = $state.raw<InstallEvent | undefined>(undefined);
  /** The browser offers its prompt. */
  readonly offered = $derived(this.event !== undefined);
  installed = $state(matchMedia("(display-mode: standalone)").matches);

  begin(): void {
    addEventListener("beforeinstallprompt", (event) => {
      event.preventDefault();
      this.event = event as InstallEvent;
    });
    addEventListener("appinstalled", () => {
      this.installed = true;
      this.event = undefined;
    });
  }

  /** Shows the browser's prompt. It can be shown once; a dismissed one comes back when the browser offers it again. */
  async prompt(): Promise<void> {
    const { event } = this;
    if (!event) return;
    await event.prompt();
    await event.userChoice;
    this.event = undefined;
  }
}
