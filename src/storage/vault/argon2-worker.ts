// Argon2id on a thread of its own: it takes about a second of work, by design. Not for: what its result is used for (vault.ts).
import { argon2id } from "hash-wasm";
import { thrownText } from "../../platform/app-error";
import { answerProbe } from "../../platform/ways-out";

/** Memory in KiB. Salt: 16 bytes. */
export interface Argon2Order {
  passphrase: string;
  salt: Uint8Array;
  memory: number;
  iterations: number;
  parallelism: number;
}
export type Argon2Report = { hash: Uint8Array } | { error: string };

answerProbe();
self.onmessage = async ({ data }: MessageEvent<Argon2Order>) => {
  const { passphrase: password, salt, memory: memorySize, iterations, parallelism } = data;
  const report: Argon2Report = await argon2id({
    password,
    salt,
    memorySize,
    iterations,
    parallelism,
    hashLength: 32,
    outputType: "binary",
  }).then(
    (hash) => ({ hash }),
    (error: unknown) => ({ error: thrownText(error) }),
  );
  self.postMessage(report);
};
