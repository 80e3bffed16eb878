// Requests of IndexedDB as promises, for rooms that work on databases which are not the app's own records (storage/ has those).

/** What a request gives. Throws what it failed with. */
export function finished<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB failed"));
  });
}
