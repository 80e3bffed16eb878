// What a policy can let people do, one row for each feature. The types, the schema, the reader, the headers, the views and the scripts are all
// made from this table. Pure data. Not for: deciding whether a policy allows one (feature-rules.ts).
import type { MessageKey } from "../../i18n/en";

/** What browsers refuse until a feature that is allowed opens it. */
export interface Opens {
  /** Names in the Permissions-Policy, such as "microphone". */
  permissions?: readonly string[];
  /** Sources in the Content-Security-Policy, such as "blob:" in "media-src". */
  sources?: Readonly<Partial<Record<"img-src" | "media-src" | "font-src", readonly string[]>>>;
}

export interface FeatureRow {
  /** For whoever writes a policy: editors show it beside the name. */
  description: string;
  /** What a file of version 2 that does not name it means. "stated": such a file must name it. */
  inVersion2: "stated" | "allowed" | "denied";
  /** Whether the policy that the project itself hands out allows it. */
  shipped: boolean;
  opens?: Opens;
}

const rows = {
  importConversations: {
    description: "Reading conversations from a file, and restoring a backup.",
    inVersion2: "stated",
    shipped: true,
  },
  exportConversations: {
    description: "Writing conversations to a file, and making a backup.",
    inVersion2: "stated",
    shipped: true,
  },
  importModels: {
    description: "Taking a model from a folder or file.",
    inVersion2: "stated",
    shipped: true,
  },
  exportModels: {
    description: "Writing a model to a folder or file.",
    inVersion2: "stated",
    shipped: true,
  },
  addModels: {
    description: "Models that are not in the catalogue: from an address, a folder or a file.",
    inVersion2: "stated",
    shipped: true,
  },
  openLinks: {
    description: "Opening a link in an answer, after a question.",
    inVersion2: "stated",
    shipped: true,
  },
} satisfies Record<string, FeatureRow>;

export type Feature = keyof typeof rows;

export const features: Readonly<Record<Feature, FeatureRow>> = rows;

/** The name of a feature as people read it. A feature without one in the catalogues is a type error here. */
export const featureText = (feature: Feature) => `policy.feature.${feature}` as const satisfies MessageKey;
