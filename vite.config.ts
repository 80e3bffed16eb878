// The build: the page, the engine worker, the service worker, and the Content-Security-Policy made from the policy file.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";
import { VitePWA, type ResolvedVitePWAOptions } from "vite-plugin-pwa";
import type { ManifestEntry } from "workbox-build";
import { buildRecord, commitOf } from "./scripts/build-record.mjs";
import { llamaWorkers } from "./scripts/llama-workers.mjs";
import { unmatchedNames } from "./scripts/unmatched-names.mjs";
import { webllmModels } from "./scripts/webllm-models.mjs";
import { en, type Catalogue } from "./src/i18n/en.ts";
import { fr } from "./src/i18n/fr.ts";
import { ja } from "./src/i18n/ja.ts";
import type { Language } from "./src/i18n/languages.ts";
import { vi } from "./src/i18n/vi.ts";
import { digestOf } from "./src/trust/log/audit-chain.ts";
import { featureRemarks } from "./src/trust/rules/feature-rules.ts";
import { contentSecurityPolicy, headersFile, parsePolicy, responseHeaders } from "./src/trust/rules/policy.ts";
import { policySchema } from "./src/trust/rules/policy-schema.ts";
import { shippedPolicy } from "./src/trust/rules/shipped-policy.ts";

const { name, version, repository } = JSON.parse(readFileSync("package.json", "utf8")) as {
  name: string;
  version: string;
  repository?: string | { url: string };
};
// A copy of the sources without git can name its commit.
const commit = process.env["ISLET_COMMIT"] ?? commitOf();
// A deployment's own policy, so that an organisation need not change the sources.
const ownPolicy = process.env["ISLET_POLICY"];
const policy = ownPolicy === undefined ? shippedPolicy : parsePolicy(readFileSync(ownPolicy, "utf8"));
const { collect, record } = buildRecord({ name, version, commit, policy: await digestOf(policy) });

/** Puts the policy beside the page, and what browsers enforce of it into the page itself and into `_headers`. */
function policyFiles(): Plugin {
  const text = JSON.stringify(policy, null, 2) + "\n";
  return {
    name: "islet-policy",
    async buildStart() {
      for (const sentence of [...featureRemarks(policy), ...(await unmatchedNames(policy))]) this.warn(sentence);
    },
    transformIndexHtml: {
      handler: (_html, { server }) =>
        server
          ? []
          : [
              {
                tag: "meta",
                attrs: { "http-equiv": "Content-Security-Policy", content: contentSecurityPolicy(policy, "page") },
                injectTo: "head-prepend",
              },
            ],
    },
    generateBundle() {
      this.emitFile({ type: "asset", fileName: "policy.json", source: text });
      const schema = JSON.stringify(policySchema(3), null, 2) + "\n";
      this.emitFile({ type: "asset", fileName: "policy.schema.json", source: schema });
      this.emitFile({ type: "asset", fileName: "_headers", source: headersFile(policy) });
    },
    configureServer: ({ middlewares }) =>
      void middlewares.use("/policy.json", (_request, response) => response.end(text)),
    // Those of the folder that is handed out, as of any server: it may have got another policy since it was built.
    configurePreviewServer({ middlewares, config }) {
      const file = join(config.build.outDir, "policy.json");
      const headers = responseHeaders(parsePolicy(readFileSync(file, "utf8")));
      middlewares.use((_request, response, next) => {
        for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
        next();
      });
    },
  };
}

/** Says in each language, in the page itself, that its script did not come: nothing else can say so then. */
function notStarted(): Plugin {
  const catalogues: Record<Language, Catalogue> = { en, fr, ja, vi };
  const texts = Object.entries(catalogues).map(
    ([lang, catalogue]) => `<p lang="${lang}">${catalogue["app.notStarted"]}</p>`,
  );
  return {
    name: "islet-not-started",
    transformIndexHtml: (html) =>
      html.replace('<div id="app"></div>', `<div id="app"><div class="not-started">${texts.join("")}</div></div>`),
  };
}

/**
 * The file that a module goes into: "page", what the page needs at its start; "screens", what it needs on some screens, in one file, so that none
 * waits for a second; each language and what formats answers have one of their own.
 */
function partOf(id: string, infoOf: (id: string) => { isEntry: boolean; importers: readonly string[] } | null) {
  const seen = new Set([id]);
  let lazy: string | undefined;
  for (const one of seen) {
    const info = infoOf(one);
    if (info?.isEntry) return "page";
    if (info?.importers.length === 0) lazy = one;
    for (const importer of info?.importers ?? []) seen.add(importer);
  }
  return /i18n|markdown/.test(lazy ?? "") || !lazy?.endsWith(".svelte") ? null : "screens";
}

/** The folder that is built into. */
let outDir = "dist";

/** Gives each file that the service worker keeps the hash by which it tells that file from anything else (src/pwa/build-file.ts). */
function withIntegrity<File extends ManifestEntry>(files: File[]) {
  const hashOf = (url: string) =>
    createHash("sha256")
      .update(readFileSync(join(outDir, url)))
      .digest("base64");
  return { manifest: files.map((file) => ({ ...file, integrity: `sha256-${hashOf(file.url)}` })) };
}

/** The plugin would list icons and manifest a second time, without their hashes. */
function listOnce({ injectManifest }: ResolvedVitePWAOptions) {
  injectManifest.additionalManifestEntries = [];
  outDir = injectManifest.globDirectory;
}

export default defineConfig({
  base: "./",
  define: {
    __APP_VERSION__: JSON.stringify(version),
    __APP_COMMIT__: JSON.stringify(commit),
    __APP_REPOSITORY__: JSON.stringify((typeof repository === "string" ? repository : repository?.url) ?? ""),
    __PREBUILT_MODELS__: JSON.stringify(webllmModels()),
  },
  plugins: [
    svelte({ configFile: false }),
    policyFiles(),
    notStarted(),
    llamaWorkers(),
    collect(),
    VitePWA({
      strategies: "injectManifest",
      srcDir: "src/pwa",
      filename: "service-worker.ts",
      injectRegister: false,
      integration: { beforeBuildServiceWorker: listOnce },
      manifestFilename: "manifest.webmanifest",
      manifest: {
        id: "./",
        name: "Islet",
        short_name: "Islet",
        description: en["app.description"],
        lang: "en",
        start_url: "./",
        scope: "./",
        display: "standalone",
        background_color: "#f7f7f5",
        theme_color: "#f7f7f5",
        categories: ["productivity", "education", "utilities"],
        icons: [
          { src: "icons/icon-192.png", sizes: "192x192", type: "image/png" },
          { src: "icons/icon-512.png", sizes: "512x512", type: "image/png" },
          { src: "icons/icon-maskable-512.png", sizes: "512x512", type: "image/png", purpose: "maskable" },
          { src: "icons/icon.svg", sizes: "any", type: "image/svg+xml" },
        ],
        screenshots: [
          {
            src: "screenshots/wide.png",
            sizes: "1280x800",
            type: "image/png",
            form_factor: "wide",
            label: en["nav.chat"],
          },
          {
            src: "screenshots/narrow.png",
            sizes: "720x1280",
            type: "image/png",
            form_factor: "narrow",
            label: en["nav.chat"],
          },
        ],
        shortcuts: [
          { name: en["chat.new"], url: "./#/new", icons: [{ src: "icons/icon-192.png", sizes: "192x192" }] },
          { name: en["nav.models"], url: "./#/models", icons: [{ src: "icons/icon-192.png", sizes: "192x192" }] },
        ],
      },
      injectManifest: {
        globPatterns: ["**/*.{html,js,css,svg,png,webmanifest}"],
        // Weights and model libraries live in IndexedDB, kept there when a model is brought; screenshots are for the install prompt only.
        globIgnores: ["models/**", "screenshots/**"],
        manifestTransforms: [withIntegrity],
        maximumFileSizeToCacheInBytes: 12_000_000,
        buildPlugins: { vite: [collect()] },
      },
    }),
    record,
  ],
  worker: {
    format: "es",
    plugins: () => [llamaWorkers(), collect()],
    rolldownOptions: { output: { entryFileNames: "assets/[name]-[hash].js" } },
  },
  build: {
    target: "es2022",
    // light-dark() stays what it is: a person may choose.
    cssTarget: "chrome123",
    chunkSizeWarningLimit: 8_000,
    modulePreload: false,
    cssCodeSplit: false,
    rolldownOptions: {
      output: {
        entryFileNames: "assets/page-[hash].js",
        codeSplitting: { groups: [{ name: (id, build) => partOf(id, (one) => build.getModuleInfo(one)) }] },
      },
    },
  },
  server: { port: 5173 },
  preview: { port: 4173 },
});
