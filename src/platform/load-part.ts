// Parts of the app that come in a file of their own, when they are first needed. Not for: which parts there are.
import { AppError, thrownText } from "./app-error";

/** What `load`, an `import()`, gives. Throws AppError "part-missing" where the file does not come: from a server that has a newer version, say. */
export async function loadPart<T>(load: () => Promise<T>): Promise<T> {
  return load().catch((error: unknown) => {
    throw new AppError("part-missing", thrownText(error));
  });
}
