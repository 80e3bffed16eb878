// What the configurations of MLC models, and requests to their runtime, call the parameters of sampling. Pure.
import type { Sampling } from "../sampling";

export const ownNames = { temperature: "temperature", topP: "top_p" } as const satisfies Record<keyof Sampling, string>;
