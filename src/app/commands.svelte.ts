// The commands of all rooms: for the palette and for the keyboard. Not for: what the actions do, which their rooms say.
import { t } from "../i18n/i18n.svelte";
import type { Settings } from "../storage/settings.svelte";
import type { Command, Room, Shell } from "../ui/room";

export class Commands {
  /** Whether keys run commands. */
  readonly shortcuts: boolean = $derived.by(() => this.settings.current.shortcuts ?? true);
  readonly list: readonly Command[] = $derived.by(() => {
    if (this.shortcuts) return this.all();
    return this.all().map(({ keys, ...command }) => (keys === "escape" ? { ...command, keys } : command));
  });

  constructor(
    private readonly rooms: readonly Room[],
    private readonly settings: Settings,
    private readonly shell: Shell,
  ) {}

  private all(): Command[] {
    return [
      ...this.rooms.flatMap(({ screens = [], commands }) => [
        ...screens.map((screen) => this.opening(screen)),
        ...(commands?.() ?? []),
      ]),
      ...this.rooms.flatMap((room) => room.many?.() ?? []),
    ];
  }

  private opening({ name, title, keys, about = [] }: NonNullable<Room["screens"]>[number]): Command {
    const label = t("palette.open", { title: t(title) });
    return { id: name, label, about, ...(keys ? { keys } : {}), run: () => this.shell.go(name) };
  }
}
