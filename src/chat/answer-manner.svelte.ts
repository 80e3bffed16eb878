// How answers are to be written: how much thought goes into them, and how many are voted on; for the next question, this conversation, and new
// ones. Not for: writing them.
import { isEffort, type Effort } from "../reasoning/effort";
import type { Settings } from "../storage/settings.svelte";
import type { Conversations } from "./conversations.svelte";

export class AnswerManner {
  /** The effort of the next question alone. */
  once = $state<Effort | null>(null);
  /** How much the next question is thought about. */
  readonly effort: Effort = $derived.by(() => {
    const { effort } = this.settings.current;
    return this.once ?? this.conversations.open?.effort ?? (isEffort(effort) ? effort : "auto");
  });
  /** Answers that are voted on with high effort. */
  readonly votes: number = $derived.by(() => this.conversations.open?.votes ?? this.settings.current.votes ?? 1);

  constructor(
    private readonly conversations: Conversations,
    private readonly settings: Settings,
  ) {}

  /** Sets the effort of the next question, or of the conversation and of new ones. */
  async chooseEffort(effort: Effort, once = false): Promise<void> {
    this.once = once ? effort : null;
    if (!once) await this.choose({ effort });
  }

  /** Sets how many answers are voted on with high effort. */
  async chooseVotes(votes: number): Promise<void> {
    await this.choose({ votes });
  }

  private async choose(manner: { effort?: Effort; votes?: number }): Promise<void> {
    const { open } = this.conversations;
    if (open) await this.conversations.setManner(open.id, manner);
    await this.settings.save(manner);
  }
}
