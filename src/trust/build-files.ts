// What this build says of itself (scripts/build-record.mjs), and whether the files that this browser runs are those. Not for: models,
// whose files are checked when they come and each time they are loaded.
import { toHex } from "../platform/encoding";
import { newVersionComes } from "./current-policy";

/** dist/build.json: the hash of every file of the build. */
interface BuildRecord {
  commit: string;
  /** The digest of the policy that the page was made with. */
  policy: string;
  files: Record<string, string>;
}

/** A package whose code is in the build. */
export interface Package {
  name: string;
  version: string;
  licence: string;
}

export interface BuildCheck {
  /** SHA-256 of build.json, which stands for all files. */
  hash: string;
  /** The digest of the policy that the page was made with. */
  policy: string;
  /** Files that were compared, and those that differ from the record. */
  compared: number;
  different: string[];
  /** Some are different, and a newer version of the app has arrived, to which the server's record belongs. */
  newer: boolean;
}

async function sha256(bytes: ArrayBuffer): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return toHex(digest);
}

async function read(name: string): Promise<ArrayBuffer> {
  const response = await fetch(new URL(name, document.baseURI));
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return response.arrayBuffer();
}

/** Compares the page's own files, as this browser has them, with the record of the build. Throws where one cannot be read. */
export async function checkBuild(): Promise<BuildCheck> {
  const record = await read("build.json");
  const { files, policy } = JSON.parse(new TextDecoder().decode(record)) as BuildRecord;
  // _headers is for the server alone, and many servers do not serve it.
  const names = Object.keys(files).filter((name) => !name.startsWith("models/") && name !== "_headers");
  const different: string[] = [];
  for (const name of names) if ((await sha256(await read(name))) !== files[name]) different.push(name);
  const newer = different.length > 0 && (await newVersionComes());
  return { hash: await sha256(record), policy, compared: names.length, different, newer };
}

/** The packages in the bill of materials of the build (CycloneDX). */
export async function readPackages(): Promise<Package[]> {
  const bill = JSON.parse(new TextDecoder().decode(await read("sbom.json"))) as {
    components: { name: string; version: string; licenses?: { license?: { id: string }; expression?: string }[] }[];
  };
  return bill.components.map(({ name, version, licenses }) => ({
    name,
    version,
    licence: licenses?.map((l) => l.license?.id ?? l.expression ?? "").join(", ") ?? "",
  }));
}
