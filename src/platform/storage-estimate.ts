// The browser's storage for this site: how much, and whether the browser promised to keep it.

export interface StorageFacts {
  /** Bytes used and allowed, as the browser estimates them. */
  usage: number;
  quota: number;
  persisted: boolean;
}

export async function storageFacts(): Promise<StorageFacts> {
  const [estimate, persisted] = await Promise.all([navigator.storage.estimate(), navigator.storage.persisted()]);
  return { usage: estimate.usage ?? 0, quota: estimate.quota ?? 0, persisted };
}

/** Asks the browser to keep the data when space runs short. Answers what it decided. */
export async function askToPersist(): Promise<boolean> {
  return (await navigator.storage.persisted()) || navigator.storage.persist();
}
