// Records as they lie in storage while there is a vault: under names that say nothing, with contents that only the keys open. Not for: how
// the keys come about (vault.ts).
import { fromBase64, toHex } from "../../platform/encoding";
import type { VaultKeys } from "./vault";

/** A record that is encrypted. A fresh `iv` for every writing tells one writing from another. */
export interface Sealed {
  iv: Uint8Array<ArrayBuffer>;
  data: ArrayBuffer;
}
interface Content {
  key: string;
  record: unknown;
}

const text = new TextEncoder();

async function encryptBytes(key: CryptoKey, name: string, bytes: BufferSource): Promise<Sealed> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  return {
    iv,
    data: await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: text.encode(name) }, key, bytes),
  };
}

const decryptBytes = (key: CryptoKey, name: string, { iv, data }: Sealed): Promise<ArrayBuffer> =>
  crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData: text.encode(name) }, key, data);

/** In JSON bytes would become nothing. */
function noBytes(_: string, value: unknown): unknown {
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value) || value instanceof Blob)
    throw new TypeError("a record holds no bytes: they are blobs");
  return value;
}

const encrypt = async (key: CryptoKey, name: string, content: Content): Promise<Sealed> =>
  encryptBytes(key, name, text.encode(JSON.stringify(content, noBytes)));

async function decrypt(key: CryptoKey, name: string, sealed: Sealed): Promise<Content> {
  return JSON.parse(new TextDecoder().decode(await decryptBytes(key, name, sealed))) as Content;
}

export class Cipher {
  constructor(private readonly keys: VaultKeys) {}

  /** Which vault these keys are of. */
  get vault(): string {
    return this.keys.vault;
  }

  /** The name under which a record lies: its kind and its key, each as a number of 128 bits that only the keys can make. */
  async nameOf(key: string): Promise<string> {
    return `${await this.prefixOf(key.slice(0, key.indexOf(":")))}${await this.mark(key)}`;
  }

  /** What the names of a kind begin with. */
  async prefixOf(kind: string): Promise<string> {
    return `x${await this.mark(kind)}:`;
  }

  private async mark(of: string): Promise<string> {
    const bytes = new Uint8Array(await crypto.subtle.sign("HMAC", this.keys.names, text.encode(of)));
    return toHex(bytes.subarray(0, 16));
  }

  /** Bound to its name: in the place of another record it does not open. */
  async seal(key: string, record: unknown): Promise<[string, Sealed]> {
    const name = await this.nameOf(key);
    return [name, await encrypt(this.keys.records, name, { key, record })];
  }

  /** Throws a DOMException where it was changed or moved. */
  open(name: string, sealed: Sealed): Promise<Content> {
    return decrypt(this.keys.records, name, sealed);
  }

  /** The same for bytes, under a name that says nothing already. */
  sealBytes(name: string, bytes: BufferSource): Promise<Sealed> {
    return encryptBytes(this.keys.records, name, bytes);
  }

  /** Throws a DOMException where they were changed or moved. */
  openBytes(name: string, sealed: Sealed): Promise<ArrayBuffer> {
    return decryptBytes(this.keys.records, name, sealed);
  }

  /**
   * Opens what was written while the vault was locked. Anybody who can write into storage can drop something, so that only one kind of
   * record is taken from there. Throws where it is another, or does not open.
   */
  async openDropped(name: string, { from, ...sealed }: Dropped, kind: string): Promise<Content> {
    const sender = await crypto.subtle.importKey("spki", from, curve, false, []);
    const content = await decrypt(await agreedKey(this.keys.inbox, sender), name, sealed);
    if (!content.key.startsWith(`${kind}:`)) throw new Error(`dropped, but of another kind: ${content.key}`);
    return content;
  }
}

const curve = { name: "ECDH", namedCurve: "P-256" };

/** A record that was encrypted for the vault by one who cannot open it: with the public key of the sender, as SPKI. */
export interface Dropped extends Sealed {
  from: ArrayBuffer;
}

const agreedKey = (own: CryptoKey, other: CryptoKey) =>
  crypto.subtle.deriveKey({ name: "ECDH", public: other }, own, { name: "AES-GCM", length: 256 }, false, [
    "encrypt",
    "decrypt",
  ]);

/** Encrypts a record for a vault that may be locked, under a name that says only when. */
export async function drop(publicKey: string, key: string, record: unknown): Promise<[string, Dropped]> {
  const own = await crypto.subtle.generateKey(curve, false, ["deriveKey"]);
  const receiver = await crypto.subtle.importKey("spki", fromBase64(publicKey), curve, false, []);
  const name = `${DROPPED}${crypto.randomUUID()}`;
  const sealed = await encrypt(await agreedKey(own.privateKey, receiver), name, { key, record });
  return [name, { ...sealed, from: await crypto.subtle.exportKey("spki", own.publicKey) }];
}

/** What names of dropped records begin with. */
export const DROPPED = "drop:";
