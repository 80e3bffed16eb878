// Short notices at the edge of the page, and errors that belong to no other place. Not for: errors of a model or a
// message, which are shown where they happened.
import { createContext } from "svelte";
import { errorData, type ErrorData } from "../platform/app-error";

/** What a notice offers to do, for example to undo. */
interface NoticeAction {
  label: () => string;
  run: () => void;
}

export interface Notice {
  id: number;
  /** Read again when the language changes. */
  text: () => string;
  action?: NoticeAction | undefined;
}

export class Notices {
  list = $state.raw<readonly Notice[]>([]);
  error = $state.raw<ErrorData | undefined>(undefined);
  private lastId = 0;

  /** Shows a text for `time` milliseconds. */
  tell(text: () => string, action?: NoticeAction, time = 6_000): void {
    const id = ++this.lastId;
    this.list = [...this.list, { id, text, action }];
    setTimeout(() => this.dismiss(id), time);
  }

  dismiss(id: number): void {
    this.list = this.list.filter((n) => n.id !== id);
  }

  /** Waits for an action and shows its failure. */
  async guard(action: Promise<unknown>): Promise<void> {
    try {
      await action;
    } catch (error) {
      this.error = errorData(error);
    }
  }
}

export const [useNotices, provideNotices] = createContext<Notices>();
