// Names of Web Locks that more than one room uses.
import { named } from "./deployment";

/** Every tab holds this lock, shared, while it writes an answer; an update of the app waits until it can have it alone. */
export const generatingLock = named("islet-generating");
