// The vault while it is open: locking it by hand or when idle, in every tab at once, and changing what opens it. Locking means
// reloading the page, so that nothing decrypted stays in memory. Not for: encrypting (storage/vault).
import { AppError } from "../../platform/app-error";
import { named } from "../../platform/deployment";
import { generatingLock } from "../../platform/locks";
import { Cipher } from "../../storage/vault/cipher";
import { makePasskey } from "../../storage/vault/passkey";
import { changeVault, readVault } from "../../storage/vault/vault-store";
import { policy } from "../current-policy";
import {
  makeBackup,
  openVault,
  withPasskey,
  withPassphrase,
  type Pieces,
  type VaultKeys,
  type VaultRecord,
} from "../../storage/vault/vault";

const CHANNEL = named("islet-vault");
/** Milliseconds between two checks for activity, and within which other tabs hear of it. */
const INTERVAL = 5_000;
/** Milliseconds that work before locking may take. */
const LOCK_PATIENCE = 1_000;
/** Milliseconds after which the other tabs are asked again to close the records. */
const LEAVE_INTERVAL = 1_000;

/** How a vault was opened. `tab`: another tab had it open. */
export type Opening = "passphrase" | "passkey" | "tab" | "new";

type Message =
  | { kind: "lock" }
  /** The way records are stored is about to change. */
  | { kind: "leave" }
  /** It has changed. */
  | { kind: "changed" }
  | { kind: "ask" }
  | { kind: "keys"; keys: VaultKeys }
  | { kind: "active" };

/** Closes the records when another tab locks the vault, or is about to change how they are stored. */
export function followOtherTabs(): void {
  new BroadcastChannel(CHANNEL).addEventListener("message", ({ data }: MessageEvent<Message>) => {
    if (data.kind === "lock" || data.kind === "leave") location.reload();
  });
}

function tellTabs(message: Message): void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage(message);
  channel.close();
}

/**
 * Changes how records are stored: the other tabs close them first, and those that show the old state reload afterwards. `signal`
 * of `change`: another tab was faster. Throws AppError "vault-changed" then.
 */
export async function whileOthersLeave<T>(change: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const faster = new AbortController();
  const unfollow = onVaultChanged(() => faster.abort(new AppError("vault-changed", "another tab was faster")));
  const ask = () => tellTabs({ kind: "leave" });
  // A tab that opens meanwhile has not heard it.
  const asking = setInterval(ask, LEAVE_INTERVAL);
  ask();
  try {
    const result = await change(faster.signal);
    unfollow();
    tellTabs({ kind: "changed" });
    return result;
  } finally {
    unfollow();
    clearInterval(asking);
  }
}

/** Calls back when another tab has changed how records are stored. Returns a function that stops this. */
export function onVaultChanged(callback: () => void): () => void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data.kind === "changed") callback();
  };
  return () => channel.close();
}

/**
 * How long nobody has done anything. The system clock can be set back, and the clock that counts from the page's start may stand still
 * while the device sleeps: whichever shows more time counts.
 */
class Rest {
  private day = 0;
  private page = 0;

  constructor() {
    this.begin();
  }

  /** Notes that somebody is active now. */
  begin(): void {
    [this.day, this.page] = [Date.now(), performance.now()];
  }

  /** In milliseconds. */
  get time(): number {
    return Math.max(Date.now() - this.day, performance.now() - this.page);
  }
}

/** Waits for the keys of another tab that has this vault open, or that opens it. Returns a function that stops waiting. */
export function awaitKeys(vault: string, onKeys: (keys: VaultKeys) => void): () => void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data.kind === "keys" && data.keys.vault === vault) onKeys(data.keys);
  };
  channel.postMessage({ kind: "ask" } satisfies Message);
  return () => channel.close();
}

export class OpenVault {
  readonly cipher: Cipher;
  /** How many passkeys open it. */
  passkeys = $state(0);
  /** Called before the page is left, and given a moment to finish. */
  onLock: (by: "hand" | "idle") => Promise<void> = async () => {};
  /** Called when what opens it was changed. */
  onChange: (change: "passphrase" | "passkey-added" | "passkeys-removed") => void = () => {};
  private readonly channel = new BroadcastChannel(CHANNEL);
  private readonly rest = new Rest();
  private toldAt = -Infinity;
  /** The page is being left: its keys are no longer handed out. */
  private locked = false;

  constructor(
    record: VaultRecord,
    private readonly keys: VaultKeys,
    readonly opening: Opening,
    /** Failed attempts before this one. */
    readonly failures: number,
  ) {
    this.cipher = new Cipher(keys);
    this.passkeys = record.passkeys.length;
    const tell = () => this.channel.postMessage({ kind: "keys", keys } satisfies Message);
    this.channel.addEventListener("message", ({ data }: MessageEvent<Message>) => {
      if (data.kind === "ask" && !this.locked) tell();
      if (data.kind === "lock") this.locked = true;
      if (data.kind === "active") this.rest.begin();
    });
    if (opening !== "tab") tell();
  }

  /** Locks when nobody has done anything for so many minutes; 0: never. */
  lockWhenIdle(minutes: () => number): void {
    const active = () => {
      this.rest.begin();
      const now = performance.now();
      if (now - this.toldAt < INTERVAL) return;
      this.toldAt = now;
      this.channel.postMessage({ kind: "active" } satisfies Message);
    };
    const events = ["pointerdown", "keydown", "wheel"] as const;
    for (const event of events) addEventListener(event, active, { capture: true, passive: true });
    setInterval(() => {
      const most = minutes() * 60_000;
      if (most === 0 || this.rest.time < most) return;
      // Someone who waits for an answer is not away.
      void navigator.locks.request(generatingLock, { ifAvailable: true }, async (free) => {
        if (free) await this.lock("idle");
        else this.rest.begin();
      });
    }, INTERVAL);
  }

  /** Locks it in every tab. */
  async lock(by: "hand" | "idle"): Promise<void> {
    this.locked = true;
    // A task that hangs must not keep it open.
    const patience = new Promise((resolve) => setTimeout(resolve, LOCK_PATIENCE));
    await Promise.race([this.onLock(by).catch(() => {}), patience]);
    this.channel.postMessage({ kind: "lock" } satisfies Message);
    location.reload();
  }

  /** Throws AppError "passphrase-wrong". */
  async changePassphrase(old: string, passphrase: string): Promise<void> {
    await this.alter((record) => withPassphrase(record, old, passphrase));
    this.onChange("passphrase");
  }

  /** Makes a passkey that opens the vault as well. Throws AppError "passphrase-wrong" or "passkey-failed". */
  async addPasskey(passphrase: string): Promise<void> {
    // Checked before a useless passkey is made.
    await openVault(await this.stored(), passphrase);
    const passkey = await makePasskey();
    await this.alter((record) => withPasskey(record, passphrase, passkey));
    this.onChange("passkey-added");
  }

  /** From now on only the passphrase opens it. */
  async removePasskeys(): Promise<void> {
    await this.alter((record) => Promise.resolve({ ...record, passkeys: [] }));
    this.onChange("passkeys-removed");
  }

  /** A backup of a text and of what belongs beside it, which the current passphrase opens. */
  async backup(text: string, pieces: Pieces): Promise<Blob> {
    return makeBackup(await this.stored(), this.keys, text, pieces);
  }

  private async alter(change: (record: VaultRecord) => Promise<VaultRecord>): Promise<void> {
    this.passkeys = (await changeVault(this.keys.vault, change)).passkeys.length;
  }

  /** The vault as it is stored now: another tab may have changed what opens it. Throws AppError "vault-changed". */
  private async stored(): Promise<VaultRecord> {
    const record = await readVault();
    if (record?.inbox.publicKey !== this.keys.vault) throw new AppError("vault-changed", "the vault is another one");
    return record;
  }
}

const DEFAULT_LOCK_MINUTES = 15;

/** Minutes after which an open vault is locked: what a person chose, or less where the policy says so; 0: never. */
export function lockMinutes(chosen = DEFAULT_LOCK_MINUTES): number {
  const most = policy.vault.lockMinutes;
  return most === null ? chosen : Math.min(chosen || Infinity, most);
}

/** The page on which encryption is turned on or off takes the place of the app in this tab. */
export function openVaultScreen(): void {
  location.hash = "/vault";
  location.reload();
}

export const isVaultScreen = (): boolean => location.hash === "#/vault";
