// Passkeys as a way into the vault: what their PRF gives for a salt is a key. Nothing is sent; there is no server that would ask for
// them. Source: WebAuthn Level 3, 10.1.4 (prf). Not for: what the key opens (vault.ts).
import { AppError, isCancelled, thrownText } from "../../platform/app-error";
import { fromBase64, toBase64 } from "../../platform/encoding";
import type { StoredPasskey } from "./vault";

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));

/** Whether the browser has passkeys; whether one has a PRF shows only when it is made. */
export const hasPasskeys = () => "PublicKeyCredential" in globalThis;

/** What the browser says when a person turned its dialog away: the same as for several failures. */
function failure(error: unknown): Error {
  if (isCancelled(error)) return error as Error;
  return new AppError("passkey-failed", thrownText(error), "none");
}

type PrfResults = { prf?: { enabled?: boolean; results?: { first?: BufferSource } } };

async function secretFor(
  passkeys: readonly Pick<StoredPasskey, "id" | "salt">[],
): Promise<{ id: string; secret: BufferSource }> {
  const credential = (await navigator.credentials.get({
    publicKey: {
      challenge: random(32),
      allowCredentials: passkeys.map(({ id }) => ({ type: "public-key", id: fromBase64(id) })),
      userVerification: "required",
      extensions: {
        prf: {
          evalByCredential: Object.fromEntries(
            passkeys.map(({ id, salt }) => [urlSafe(id), { first: fromBase64(salt) }]),
          ),
        },
      } as AuthenticationExtensionsClientInputs,
    },
  })) as PublicKeyCredential | null;
  const secret = (credential?.getClientExtensionResults() as PrfResults | undefined)?.prf?.results?.first;
  if (!credential || !secret) throw new AppError("passkey-failed", "the passkey gave no key", "none");
  return { id: toBase64(new Uint8Array(credential.rawId)), secret };
}

/** Source: RFC 4648, 5 */
const urlSafe = (base64: string) => base64.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

/** Makes a passkey. Throws AppError "passkey-failed", also where it has no PRF. */
export async function makePasskey(): Promise<{ id: string; salt: string; secret: BufferSource }> {
  try {
    const credential = (await navigator.credentials.create({
      publicKey: {
        rp: { name: "Islet" },
        user: { id: random(16), name: "Islet", displayName: "Islet" },
        challenge: random(32),
        // Ed25519, ES256 and RS256; nothing is ever signed that somebody checks.
        pubKeyCredParams: [-8, -7, -257].map((alg) => ({ type: "public-key", alg })),
        authenticatorSelection: { residentKey: "preferred", userVerification: "required" },
        extensions: { prf: {} } as AuthenticationExtensionsClientInputs,
      },
    })) as PublicKeyCredential | null;
    if (!(credential?.getClientExtensionResults() as PrfResults | undefined)?.prf?.enabled)
      throw new Error("this passkey has no PRF");
    const made = { id: toBase64(new Uint8Array(credential!.rawId)), salt: toBase64(random(32)) };
    return { ...made, secret: (await secretFor([made])).secret };
  } catch (error) {
    throw failure(error);
  }
}

/** Asks for one of the passkeys. Throws AppError "passkey-failed". */
export async function askPasskey(passkeys: readonly StoredPasskey[]): Promise<{ id: string; secret: BufferSource }> {
  try {
    return await secretFor(passkeys);
  } catch (error) {
    throw failure(error);
  }
}
