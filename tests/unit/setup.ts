// What Node lacks of the browser: IndexedDB.
import "fake-indexeddb/auto";
