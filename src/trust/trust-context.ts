// What the components of this room, and those above it, share.
import { createContext } from "svelte";
import type { AuditLog } from "./log/audit-log.svelte";
import type { NetworkLedger } from "./log/network-ledger.svelte";
import type { OpenVault } from "./vault/open-vault.svelte";

export interface Trust {
  audit: AuditLog;
  ledger: NetworkLedger;
  /** Undefined where there is none. */
  vault: OpenVault | undefined;
}

export const [useTrust, provideTrust] = createContext<Trust>();
