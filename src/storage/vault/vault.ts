// The keys of the vault. One random master key encrypts the records; it lies beside them, itself encrypted: by a key that Argon2id makes of
// the passphrase, and by one for each passkey. Whoever has none of these has nothing. Not for: which records are encrypted (cipher.ts).
import { AppError } from "../../platform/app-error";
import { fromBase64, toBase64 } from "../../platform/encoding";
import type { Argon2Order, Argon2Report } from "./argon2-worker";

/** What AES-GCM made of some bytes; both in base64. */
interface Box {
  iv: string;
  data: string;
}

/** How the passphrase becomes a key. Memory in KiB; the salt in base64. */
interface KdfParameters {
  name: "argon2id";
  memory: number;
  iterations: number;
  parallelism: number;
  salt: string;
}

/** A passkey that opens the vault: its id and the salt for its PRF in base64, and the master key under what the PRF gives. */
export interface StoredPasskey {
  id: string;
  salt: string;
  master: Box;
}

/** What stands in storage in the clear. Nothing in it says anything of the records. */
export interface VaultRecord {
  version: 1;
  kdf: KdfParameters;
  /** The master key, under the key of the passphrase. */
  master: Box;
  passkeys: StoredPasskey[];
  /** For what is written while the vault is locked: its public key as SPKI in base64, and the private one under the master key. */
  inbox: { publicKey: string; privateKey: Box };
}

/** The keys in memory while the vault is open; none can be read out of them. */
export interface VaultKeys {
  records: CryptoKey;
  /** Makes names of records that say nothing. */
  names: CryptoKey;
  inbox: CryptoKey;
  backup: CryptoKey;
  /** Which vault they are of: its public key, which stays the same whatever opens it. */
  vault: string;
}

/**
 * A file that only the passphrase opens which the vault had when it was made. Version 2 is one line of JSON, and after it pieces of bytes, each with its
 * length before it (4 bytes, the lowest first) and its name within (PIECE_NAME letters).
 */
export interface Backup extends Pick<VaultRecord, "kdf" | "master"> {
  format: "islet-backup";
  version: 1 | 2;
  /** ISO 8601, in UTC. */
  madeAt: string;
  content: Box;
}

/** Twice what OWASP asks for at least (19 MiB, 2 iterations), and still within the memory of a phone. Source: OWASP Password Storage */
const COST = { memory: 64 * 1024, iterations: 3, parallelism: 1 } as const;
/** Letters that a passphrase must have. */
export const SHORTEST = 10;

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));

type Derive = (order: Argon2Order) => Promise<Uint8Array>;

/** The worker of Argon2id, as every one begins. */
export const startArgon2Worker = (): Worker =>
  new Worker(new URL("./argon2-worker.ts", import.meta.url), { type: "module", name: "islet-argon2" });

/** Argon2id in a worker of its own. */
const inWorker: Derive = (order) => {
  const worker = startArgon2Worker();
  return new Promise<Uint8Array>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<Argon2Report>) =>
      "hash" in data ? resolve(data.hash) : reject(new Error(data.error));
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage(order);
  }).finally(() => worker.terminate());
};

let derive = inWorker;
/** For tests outside a browser, which have no workers. */
export function deriveWith(other: Derive): void {
  derive = other;
}

const aes = (bytes: Uint8Array<ArrayBuffer>) =>
  crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);

async function box(key: CryptoKey, bytes: BufferSource): Promise<Box> {
  const iv = random(12);
  const data = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, bytes);
  return { iv: toBase64(iv), data: toBase64(new Uint8Array(data)) };
}

/** Throws a DOMException where the key is another one or the bytes were changed. */
async function unbox(key: CryptoKey, { iv, data }: Box): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv: fromBase64(iv) }, key, fromBase64(data)));
}

async function passphraseKey(passphrase: string, { salt, memory, iterations, parallelism }: KdfParameters) {
  // The same letters can be composed in several ways, which differ from keyboard to keyboard.
  const order = { passphrase: passphrase.normalize("NFKC"), salt: fromBase64(salt), memory, iterations, parallelism };
  return aes(new Uint8Array(await derive(order)));
}

/** The master key in the clear. Throws AppError "passphrase-wrong". */
async function masterOf({ kdf, master }: Pick<VaultRecord, "kdf" | "master">, passphrase: string) {
  const wrong = () => new AppError("passphrase-wrong", "", "none");
  // The library does not take an empty one.
  if (passphrase === "") throw wrong();
  const key = await passphraseKey(passphrase, kdf);
  return unbox(key, master).catch(() => {
    throw wrong();
  });
}

async function derived(
  master: BufferSource,
  purpose: string,
  algorithm: AesKeyGenParams | HmacImportParams,
  uses: KeyUsage[],
) {
  const base = await crypto.subtle.importKey("raw", master, "HKDF", false, ["deriveKey"]);
  const salt = new Uint8Array();
  const info = new TextEncoder().encode(`islet ${purpose}`);
  return crypto.subtle.deriveKey({ name: "HKDF", hash: "SHA-256", salt, info }, base, algorithm, false, uses);
}

const masterCipher = (master: BufferSource, purpose = "vault") =>
  derived(master, purpose, { name: "AES-GCM", length: 256 }, ["encrypt", "decrypt"]);

async function keysOf({ inbox }: VaultRecord, master: Uint8Array<ArrayBuffer>): Promise<VaultKeys> {
  const privateKey = await unbox(await masterCipher(master), inbox.privateKey);
  return {
    records: await masterCipher(master, "records"),
    backup: await masterCipher(master, "backup"),
    vault: inbox.publicKey,
    names: await derived(master, "names", { name: "HMAC", hash: "SHA-256", length: 256 }, ["sign"]),
    inbox: await crypto.subtle.importKey("pkcs8", privateKey, { name: "ECDH", namedCurve: "P-256" }, false, [
      "deriveKey",
    ]),
  };
}

async function locked(master: BufferSource, passphrase: string): Promise<Pick<VaultRecord, "kdf" | "master">> {
  const kdf: KdfParameters = { name: "argon2id", ...COST, salt: toBase64(random(16)) };
  return { kdf, master: await box(await passphraseKey(passphrase, kdf), master) };
}

/** A new vault that this passphrase opens. */
export async function createVault(passphrase: string): Promise<{ record: VaultRecord; keys: VaultKeys }> {
  const master = random(32);
  const pair = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveKey"]);
  const privateKey = await box(await masterCipher(master), await crypto.subtle.exportKey("pkcs8", pair.privateKey));
  const publicKey = toBase64(new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey)));
  const record: VaultRecord = {
    version: 1,
    ...(await locked(master, passphrase)),
    passkeys: [],
    inbox: { publicKey, privateKey },
  };
  return { record, keys: await keysOf(record, master) };
}

/** The keys. Throws AppError "passphrase-wrong". */
export async function openVault(record: VaultRecord, passphrase: string): Promise<VaultKeys> {
  return keysOf(record, await masterOf(record, passphrase));
}

/** The vault as another passphrase opens it. The records need not be encrypted anew. Throws AppError "passphrase-wrong". */
export async function withPassphrase(record: VaultRecord, old: string, passphrase: string): Promise<VaultRecord> {
  return { ...record, ...(await locked(await masterOf(record, old), passphrase)) };
}

/** The vault as a passkey opens it too. `secret`: the 32 bytes of its PRF for `salt`. Throws AppError "passphrase-wrong". */
export async function withPasskey(
  record: VaultRecord,
  passphrase: string,
  { id, salt, secret }: { id: string; salt: string; secret: BufferSource },
): Promise<VaultRecord> {
  const master = await masterOf(record, passphrase);
  const passkey = { id, salt, master: await box(await masterCipher(secret), master) };
  return { ...record, passkeys: [...record.passkeys, passkey] };
}

/** The keys, by what the PRF of a passkey gave. Throws AppError "passkey-failed". */
export async function openWithPasskey(record: VaultRecord, { id, secret }: { id: string; secret: BufferSource }) {
  const passkey = record.passkeys.find((p) => p.id === id);
  if (!passkey) throw new AppError("passkey-failed", id, "none");
  const master = await unbox(await masterCipher(secret), passkey.master).catch((error: unknown) => {
    throw new AppError("passkey-failed", String(error), "none");
  });
  return keysOf(record, master);
}

/** Bytes beside the text of a backup, by names of PIECE_NAME ASCII letters. */
export type Pieces = AsyncIterable<readonly [name: string, bytes: ArrayBuffer]>;
const PIECE_NAME = 45;
/** The most bytes that a piece has: no file is to make a reader ask for more. */
const MOST_PIECE = 1 << 22;

/** A backup of a text, and of pieces of bytes beside it, as a file. */
export async function makeBackup(
  { kdf, master }: VaultRecord,
  keys: VaultKeys,
  text: string,
  pieces?: Pieces,
): Promise<Blob> {
  const content = await box(keys.backup, new TextEncoder().encode(text));
  const about = { format: "islet-backup" as const, madeAt: new Date().toISOString(), kdf, master, content };
  const parts: Blob[] = [];
  for await (const [name, bytes] of pieces ?? []) {
    const iv = random(12);
    const piece = await new Blob([name, bytes]).arrayBuffer();
    const data = await crypto.subtle.encrypt(pieceCipher(iv, content), keys.backup, piece);
    // The browser keeps a Blob outside of the page's memory.
    parts.push(new Blob([new Uint32Array([iv.length + data.byteLength]), iv, data]));
  }
  const backup: Backup = { ...about, version: parts.length > 0 ? 2 : 1 };
  const json = parts.length > 0 ? `${JSON.stringify(backup)}\n` : JSON.stringify(backup, null, 1);
  return new Blob([json, ...parts], { type: "application/json;charset=utf-8" });
}

/** A piece is bound to the text of its backup: in another one it does not open. */
const pieceCipher = (iv: Uint8Array<ArrayBuffer>, content: Box): AesGcmParams => ({
  ...{ name: "AES-GCM", iv, additionalData: new TextEncoder().encode(content.iv) },
});

const isText = (value: unknown): value is string => typeof value === "string";
const isBox = (value: unknown) => isText((value as Box | null)?.iv) && isText((value as Box | null)?.data);
const within = (value: unknown, least: number, most: number) =>
  Number.isInteger(value) && (value as number) >= least && (value as number) <= most;

/** Whether what lies in storage is a vault of the current form. */
export function isVaultRecord(value: unknown): value is VaultRecord {
  const { version, kdf, master, passkeys, inbox } = (value ?? {}) as Partial<VaultRecord>;
  return (
    version === 1 &&
    kdf?.name === "argon2id" &&
    isText(kdf.salt) &&
    isBox(master) &&
    Array.isArray(passkeys) &&
    passkeys.every((passkey) => isText(passkey?.id) && isText(passkey.salt) && isBox(passkey.master)) &&
    isText(inbox?.publicKey) &&
    isBox(inbox.privateKey)
  );
}

const invalid = (detail: string) => new AppError("backup-invalid", detail, "none");

/** Where the JSON of a backup ends: at its first line, where it has pieces. */
async function headOf(file: Blob): Promise<{ json: string; end: number }> {
  const whole = { json: await file.slice(0, 1).text(), end: file.size };
  if (whole.json !== "{") return { ...whole, json: await file.text() };
  const STEP = 1 << 20;
  const decoder = new TextDecoder();
  let json = "";
  for (let at = 0; at < file.size; at += STEP) {
    const bytes = new Uint8Array(await file.slice(at, at + STEP).arrayBuffer());
    const line = bytes.indexOf(10);
    json += decoder.decode(line < 0 ? bytes : bytes.subarray(0, line), { stream: true });
    // That of version 1 is laid out in lines.
    if (line >= 0 && json !== "{") return { json, end: at + line + 1 };
    if (line >= 0) break;
  }
  return { ...whole, json: await file.text() };
}

/**
 * The text of a backup, and what lies beside it, which is read when it is asked for and fails with AppError "backup-invalid" where it was changed. Throws
 * AppError "backup-invalid", or "passphrase-wrong".
 */
export async function readBackup(file: Blob, passphrase: string): Promise<{ text: string; pieces: Pieces }> {
  const { json, end } = await headOf(file);
  let backup: Backup;
  try {
    backup = JSON.parse(json) as Backup;
    const { format, version, kdf, master, content } = backup;
    if (format !== "islet-backup" || (version !== 1 && version !== 2))
      throw new Error('not of the format "islet-backup", version 1 or 2');
    if (!isBox(master) || !isBox(content) || kdf?.name !== "argon2id" || !isText(kdf.salt))
      throw new Error("a part is missing");
    // A file from elsewhere is not to keep this machine busy for an hour.
    if (!within(kdf.memory, 8, 1024 * 1024) || !within(kdf.iterations, 1, 20) || !within(kdf.parallelism, 1, 8))
      throw new Error("the work for the passphrase is out of bounds");
    for (const text of [kdf.salt, master.iv, master.data, content.iv, content.data]) fromBase64(text);
    if (!within(fromBase64(kdf.salt).length, 8, 64)) throw new Error("the salt is out of bounds");
  } catch (error) {
    throw invalid(String(error));
  }
  const key = await masterCipher(await masterOf(backup, passphrase), "backup");
  const bytes = await unbox(key, backup.content).catch((error: unknown) => {
    throw invalid(`the content was changed: ${String(error)}`);
  });
  return { text: new TextDecoder().decode(bytes), pieces: piecesOf(file, end, key, backup.content) };
}

async function* piecesOf(
  file: Blob,
  begin: number,
  key: CryptoKey,
  content: Box,
): AsyncGenerator<[string, ArrayBuffer]> {
  for (let at = begin; at < file.size;) {
    const length = new DataView(await file.slice(at, at + 4).arrayBuffer()).getUint32(0, true);
    if (length <= 12 + PIECE_NAME || length > MOST_PIECE || at + 4 + length > file.size)
      throw invalid("a piece is cut off");
    const sealed = await file.slice(at + 4, at + 4 + length).arrayBuffer();
    const iv = new Uint8Array(sealed.slice(0, 12));
    const piece = await crypto.subtle.decrypt(pieceCipher(iv, content), key, sealed.slice(12)).catch(() => {
      throw invalid("a piece was changed");
    });
    yield [new TextDecoder().decode(piece.slice(0, PIECE_NAME)), piece.slice(PIECE_NAME)];
    at += 4 + length;
  }
}
