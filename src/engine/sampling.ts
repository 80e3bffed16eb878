// How a model draws the next token: every parameter that an answer is made with. Pure. Not for: drawing, which the runtimes do.

/** Each parameter, with what is usual where neither a person nor the model says anything. The runtimes pass all of them on. */
const usual = {
  /** 0 always takes the likeliest token. */
  temperature: 1,
  /** Sample among the likeliest tokens whose probabilities sum to this; more than 0, at most 1. */
  topP: 1,
};
type Name = keyof typeof usual;
/** A parameter that is missing has its usual value. */
export type Sampling = Partial<Record<Name, number>>;
export type WholeSampling = Required<Sampling>;

export const samplingNames = Object.keys(usual) as readonly Name[];

/** The parameters by the names that a runtime has for them. */
export const renamed = <Own extends string>(
  sampling: Sampling,
  ownNames: Readonly<Record<Name, Own>>,
): Partial<Record<Own, number>> =>
  Object.fromEntries(samplingNames.map((name) => [ownNames[name], sampling[name]])) as Partial<Record<Own, number>>;

/** All parameters, each as `valueOf` says of its name, or else as is usual. */
export const samplingOf = (valueOf: (name: Name) => number | undefined): WholeSampling =>
  Object.fromEntries(samplingNames.map((name) => [name, valueOf(name) ?? usual[name]])) as WholeSampling;
