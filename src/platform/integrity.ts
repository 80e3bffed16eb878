// Hashes of files, in the form of subresource integrity.
import { toBase64 } from "./encoding";

/** SHA-256 as "sha256-" and base64. Source: https://www.w3.org/TR/sri-2/ */
export async function integrityOf(bytes: ArrayBuffer): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return `sha256-${toBase64(digest)}`;
}
