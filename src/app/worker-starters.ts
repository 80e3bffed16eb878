// How each kind of worker begins, for the proof: it tries the ways out of one of each.
import { startStoreWorker } from "../engine/client/store-client";
import { runtimes } from "../engine/runtimes";
import { startArgon2Worker } from "../storage/vault/vault";
import type { WorkerStarters } from "../trust/probe/probe";

export const workerStarters: WorkerStarters = {
  engine: runtimes.mlc.start,
  store: startStoreWorker,
  argon2: startArgon2Worker,
};
