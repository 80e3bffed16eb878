// A page that opens records announces it, so that nobody changes how they are stored meanwhile. Not for: that change (trust/vault).
import { recordsLock } from "../storage/vault/vault-store";
import { followOtherTabs } from "../trust/vault/open-vault.svelte";

/** From now on nobody changes how records are stored while this page lives. Waits for a tab that is doing so. */
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
