// What the configurations of MLC models, and requests to their runtime, call the parameters of sampling. Pure.
import { samplingNames, type Sampling } from "../sampling";

export const ownNames = { temperature: "temperature", topP: "top_p" } as const satisfies Record<keyof Sampling, string>;

/** The parameters as a request has them. */
export const inOwnNames = (sampling: Sampling): Partial<Record<(typeof ownNames)[keyof Sampling], number>> =>
  Object.fromEntries(samplingNames.map((name) => [ownNames[name], sampling[name]]));
