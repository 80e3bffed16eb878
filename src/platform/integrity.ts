// Hashes of files, in the form of subresource integrity.
import { toBase64 } from "./encoding";

/** SHA-256 as "sha256-" and base64. Source: https://www.w3.org/TR/sri-2/ */
export async function integrityOf(bytes: ArrayBuffer): Promise<string> {
  return integrityFrom(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

/** The same of a hash that is there already. */
export const integrityFrom = (digest: Uint8Array<ArrayBuffer>): string => `sha256-${toBase64(digest)}`;
