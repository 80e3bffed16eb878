// Which models of a list are shown, and in which order. Pure rules over data.
import { fold, holdsAll, wordsOf } from "../platform/fold";
import type { CatalogueModel, ModelCard } from "./catalogue/catalogue";
import { licenceOf } from "./catalogue/licences";
import type { Fit } from "./fit";

export interface Filter {
  text: string;
  fits: boolean;
  reasoning: boolean;
  installed: boolean;
  /** BCP 47 code, or "" for any. */
  language: string;
  /** Terms of a licence, or "" for any. */
  terms: string;
  sort: "recommended" | "name" | "smallest" | "largest";
}

export const noFilter: Filter = {
  text: "",
  fits: false,
  reasoning: false,
  installed: false,
  language: "",
  terms: "",
  sort: "recommended",
};

/** A model with the build that stands for it. */
export interface ShownModel {
  model: CatalogueModel;
  card: ModelCard;
  fit: Fit;
  installed: boolean;
}

export const termsOf = (card: ModelCard): string => licenceOf(card.licence)?.terms ?? "unknown";

const verdicts: Fit["verdict"][] = ["fits", "tight", "no"];

const orders: Record<Filter["sort"], (a: ShownModel, b: ShownModel) => number> = {
  recommended: (a, b) => verdicts.indexOf(a.fit.verdict) - verdicts.indexOf(b.fit.verdict),
  name: (a, b) => a.card.name.localeCompare(b.card.name),
  smallest: (a, b) => a.card.size - b.card.size,
  largest: (a, b) => b.card.size - a.card.size,
};

/** The models that pass the filter, sorted; those of equal rank stay in the order of the list. */
export function filterModels(list: readonly ShownModel[], filter: Filter): ShownModel[] {
  const words = wordsOf(filter.text);
  return list
    .filter(({ card, fit, installed }) => {
      if (filter.fits && fit.verdict === "no") return false;
      if (filter.reasoning && !card.thoughts) return false;
      if (filter.installed && !installed) return false;
      if (filter.language && !card.languages.includes(filter.language)) return false;
      if (filter.terms && termsOf(card) !== filter.terms) return false;
      return holdsAll(words, fold(`${card.name} ${card.family} ${card.publisher} ${card.id} ${card.licence}`));
    })
    .sort(orders[filter.sort]);
}
