// Whoever opens records says so, so that nobody changes how they lie in storage meanwhile. Not for: that change (trust/vault).
import { recordsLock } from "../storage/vault/vault-store";
import { followOtherTabs } from "../trust/vault/open-vault.svelte";

/** From now on nobody changes how records lie in storage while this page lives. Waits for a tab that does. */
export async function holdRecords(): Promise<void> {
  // A page that came over plain HTTP has no locks, and no vault.
  if (!isSecureContext) return;
  await new Promise<void>((held, failed) => {
    const hold = () => {
      held();
      return new Promise<never>(() => {});
    };
    navigator.locks.request(recordsLock, { mode: "shared" }, hold).catch(failed);
  });
  followOtherTabs();
}
