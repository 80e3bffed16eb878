// Whether the browser keeps anything for this site at all. Not for: how much it keeps (storage-estimate.ts).
import { AppError, thrownText } from "./app-error";
import { named } from "./deployment";

/** Throws AppError "storage-blocked" where the browser's settings refuse this site its databases, caches or locks. Leaves nothing there. */
export async function demandSiteData(): Promise<void> {
  try {
    await Promise.all([
      indexedDB.databases(),
      caches.has(named("islet-policy")),
      navigator.locks.request(named("islet-site-data"), () => {}),
    ]);
  } catch (error) {
    throw new AppError("storage-blocked", thrownText(error), "retry");
  }
}
