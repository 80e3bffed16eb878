// Controls that are pressed from elsewhere: a command that does what a button of a screen does presses that button, so that both are one.
import { createContext } from "svelte";

/** Milliseconds after which what was asked for is forgotten: its screen may not have come, or what the control needs is not there. */
const PATIENCE = 5_000;

function press(control: HTMLElement): void {
  for (let fold = control.closest("details"); fold; fold = fold.parentElement!.closest("details")) fold.open = true;
  control.scrollIntoView({ block: "center" });
  control.focus();
  if (control instanceof HTMLButtonElement) control.click();
}

export class Asked {
  /** What is to be pressed as soon as it is shown. */
  private control = $state<string>();
  private forgetting: ReturnType<typeof setTimeout> | undefined;

  press(control: string): void {
    this.control = control;
    clearTimeout(this.forgetting);
    this.forgetting = setTimeout(() => (this.control = undefined), PATIENCE);
  }

  /** For `{@attach}`: brings a control into sight and presses it when it is asked for. Of a part that is folded up, the fold opens. */
  readonly by = (name: string) => (control: HTMLElement) => {
    if (this.control !== name) return;
    this.control = undefined;
    const end = performance.now() + PATIENCE;
    // After what is drawn now. A menu that opens takes a moment to be seen, and what is hidden takes no focus.
    const look = () => {
      if (!control.matches(":disabled") && getComputedStyle(control).visibility === "visible") press(control);
      else if (performance.now() < end) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  };
}

export const [useAsked, provideAsked] = createContext<Asked>();
