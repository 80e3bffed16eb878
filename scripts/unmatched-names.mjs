// What the lists of a policy name that is of no model of the catalogue, most likely a slip of the pen: for the build and `npm run policy`.
import { runnerImport } from "vite";
import { webllmModels } from "./webllm-models.mjs";

/**
 * A sentence for each.
 * @param {import("../src/trust/rules/policy.ts").Policy} policy
 * @returns {Promise<string[]>}
 */
export async function unmatchedNames(policy) {
  if (Object.values(policy.models).every((list) => list === null)) return [];
  const define = { __PREBUILT_MODELS__: JSON.stringify(webllmModels()) };
  const options = { configFile: false, define };
  const { knownCards } = (await runnerImport("./src/models/catalogue/catalogue.ts", options)).module;
  const { unmatched } = (await runnerImport("./src/trust/rules/policy.ts", options)).module;
  return unmatched(policy.models, knownCards).map(
    (name) => `policy.json: ${name}: this matches no model of the catalogue.`,
  );
}
