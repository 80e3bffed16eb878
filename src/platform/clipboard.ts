// The way of texts to the clipboard.
import { AppError, thrownText } from "./app-error";

/**
 * Copies a text, while a click or a key still counts. Throws AppError "copy-refused" where the browser does not allow it, or has no way to it
 * since the page came over plain HTTP.
 */
export async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch (error) {
    throw new AppError("copy-refused", thrownText(error), "none");
  }
}
