// Whether the policy of the site is still the one that this page began with. A page that is open for days looks again: when it comes to the
// front, each hour, and before it brings or takes in a model. Not for: the policy at the start (current-policy.ts).
import { AppError } from "../platform/app-error";
import { canonical } from "./log/audit-chain";
import { answeredInstead, fetchPolicy, narrowPage, startedWith } from "./current-policy";
import { parsePolicy, type Policy } from "./rules/policy";
import type { Foreign } from "./rules/policy-answer";

/** Milliseconds between two looks at a page that stays in front. */
const INTERVAL = 3600_000;

class PolicyWatch {
  /** The site has another policy now. This page keeps its own until it is reloaded, and downloads nothing more under it. */
  changed = $state(false);
  /** What answers in place of the site's server, for as long as it does; the app continues with what it has. */
  foreign = $state<Foreign | undefined>(undefined);
  /** Called once, when the hosts that may be reached have changed: anything under way must end. */
  onNetworkChanged: () => void = () => {};

  /** Looks again from time to time, for as long as the page lives. `onLooked`: called after each time. */
  begin(onLooked: () => void): void {
    const look = () => void this.look().then(onLooked);
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") look();
    });
    window.addEventListener("online", look);
    setInterval(look, INTERVAL);
    this.foreign = answeredInstead;
  }

  /** Reads the policy again. What cannot be read changes nothing: a server in trouble, a login page, no network. */
  async look(): Promise<void> {
    if (this.changed || !startedWith) return;
    let now: Policy;
    try {
      now = parsePolicy(await fetchPolicy());
    } catch {
      return;
    } finally {
      this.foreign = answeredInstead;
    }
    if (this.changed || canonical(now) === canonical(startedWith)) return;
    this.changed = true;
    // The browser holds the page to both from now on.
    narrowPage(now);
    if (canonical(now.network) !== canonical(startedWith.network)) this.onNetworkChanged();
  }
}

export const policyWatch = new PolicyWatch();

/** Throws AppError "policy-changed" where the site has another policy than this page began with. */
export async function demandSamePolicy(): Promise<void> {
  await policyWatch.look();
  if (policyWatch.changed) throw new AppError("policy-changed", "policy.json is not the one of the start", "none");
}
