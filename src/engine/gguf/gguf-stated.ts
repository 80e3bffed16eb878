// Takes single values out of a GGUF file's metadata: what it says of itself, of the right type and within bounds, or nothing. What a model cannot
// run without is demanded and refused when wrong; what only describes it is left out then. Not for: which keys there are.
import { shortened } from "../../platform/shortened";
import { badGguf } from "./gguf-bytes";
import { quoted, type GgufMetadata, type GgufValue } from "./gguf-metadata";

/** Letters of a line that is shown: a name, a licence. */
const LONGEST_LINE = 100;
/** Signs that are no letters to see: control characters, and those that turn the direction of what follows. */
// eslint-disable-next-line no-control-regex
const unseen = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+/g;

export const isList = (value: GgufValue | undefined): value is Extract<GgufValue, object> => typeof value === "object";

/** Metadata with the model's architecture, by which most keys are called. */
export class Stated {
  readonly architecture: string;

  constructor(private readonly metadata: GgufMetadata) {
    const architecture = metadata.get("general.architecture");
    if (typeof architecture !== "string") throw badGguf("general.architecture is missing");
    if (!/^[a-z0-9][\w.-]{0,63}$/i.test(architecture))
      throw badGguf(`general.architecture is ${quoted(architecture)}, which is no name`);
    this.architecture = architecture;
  }

  /** The value of a key as it stands; "*." at its beginning stands for the architecture. */
  value(key: string): GgufValue | undefined {
    return this.metadata.get(this.keyOf(key));
  }

  private keyOf(key: string): string {
    return key.startsWith("*.") ? this.architecture + key.slice(1) : key;
  }

  /** A line of text to be shown, without what cannot be seen; undefined where there is none. */
  line(key: string): string | undefined {
    const value = this.value(key);
    if (typeof value !== "string") return undefined;
    const line = shortened(
      value
        .slice(0, 10 * LONGEST_LINE)
        .replace(unseen, " ")
        .trim(),
      LONGEST_LINE,
    );
    return line === "" ? undefined : line;
  }

  /** A whole number from 0 to `most`; undefined where the key is not there. Throws AppError "model-invalid" where it is something else. */
  whole(key: string, most: number): number | undefined {
    const value = this.value(key);
    return value === undefined ? undefined : this.checked(value, key, 0, most);
  }

  /** A whole number from 1 to `most`. Throws AppError "model-invalid" where it is missing or something else. */
  needed(key: string, most: number): number {
    const value = this.value(key);
    if (value === undefined) throw badGguf(`${this.keyOf(key)} is missing`);
    return this.checked(value, key, 1, most);
  }

  /** One whole number for each layer: a list of as many, or one for all. Undefined where the key is not there; throws as `whole`. */
  perLayer(key: string, layers: number, most: number): number[] | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    if (!isList(value)) return new Array<number>(layers).fill(this.checked(value, key, 0, most));
    if (value.values.length < layers)
      throw badGguf(`${this.keyOf(key)} has ${value.count} values for ${layers} layers`);
    return value.values.slice(0, layers).map((one) => this.checked(Number(one), key, 0, most));
  }

  /** The texts of a list, as far as they are such as `form` allows. */
  texts(key: string, form: RegExp, most: number): string[] {
    const value = this.value(key);
    if (!isList(value)) return [];
    return value.values.filter((one): one is string => typeof one === "string" && form.test(one)).slice(0, most);
  }

  private checked(value: GgufValue, key: string, least: number, most: number): number {
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
    const said = isList(value) ? `a list of ${value.count}` : quoted(String(value));
    throw badGguf(`${this.keyOf(key)} is ${said}, no whole number from ${least} to ${most}`);
  }
}
