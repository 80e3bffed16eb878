// Who wrote an audit log: the head is signed with the key of this browser, which names the installation. Pure. Not for: keeping the key
// (storage/signing-key.ts).
import { fromBase64, toHex } from "../../platform/encoding";
import type { SigningKey } from "../../storage/signing-key";
import { canonical, type AuditHead, type SignedHead } from "./audit-chain";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** What names a browser in which Islet runs: the SHA-256 of its public key (base64 of its SPKI), in hexadecimal. Throws where it is no base64. */
export async function installationOf(publicKey: string): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", fromBase64(publicKey))));
}

/** The bytes that are signed. They begin with what they are, so that a signature of something else never fits. */
const signed = ({ entries, hash }: AuditHead) =>
  new TextEncoder().encode(`islet audit head ${canonical({ entries, hash })}`);

export async function signHead(head: AuditHead, { privateKey }: Pick<SigningKey, "privateKey">): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.sign(algorithm, privateKey, signed(head))));
}

/** Whether the head is signed with the private half of this key (base64 of its SPKI). A key or signature that is none does not fit. */
export async function isSigned(head: SignedHead, publicKey: string): Promise<boolean> {
  if (!/^[0-9a-f]{128}$/.test(head.signature ?? "")) return false;
  const bytes = Uint8Array.from(head.signature!.match(/../g)!, (pair) => parseInt(pair, 16));
  try {
    const key = await crypto.subtle.importKey("spki", fromBase64(publicKey), algorithm, false, ["verify"]);
    return await crypto.subtle.verify(algorithm, key, bytes, signed(head));
  } catch {
    return false;
  }
}
