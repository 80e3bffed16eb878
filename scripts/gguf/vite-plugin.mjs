// Puts the shipped models as GGUF files into a build, and hands them out while the app is developed. Not for: making them (shipped.mjs).
import { constants, copyFileSync, createReadStream, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { ggufModels } from "./shipped.mjs";

const PINS = "islet-model.json";

/** The files by their paths in a build: a path to copy from, or a text. */
function filesOf({ path, file, pins }) {
  const [name] = Object.keys(pins);
  return [
    { at: path + name, from: file },
    { at: path + PINS, text: JSON.stringify({ files: pins }, null, 1) + "\n" },
  ];
}

/** @returns {import("vite").Plugin} */
export function ggufFiles() {
  const files = () => ggufModels().flatMap(filesOf);
  let out = "dist";
  return {
    name: "islet-gguf",
    configResolved: (config) => void (out = resolve(config.root, config.build.outDir)),
    // Not as assets of the bundle, which would be held in memory and compressed only to tell their size.
    writeBundle() {
      for (const { at, from, text } of files()) {
        const to = join(out, at);
        mkdirSync(join(to, ".."), { recursive: true });
        if (from) copyFileSync(from, to, constants.COPYFILE_FICLONE);
        else writeFileSync(to, text);
      }
    },
    configureServer({ middlewares }) {
      middlewares.use((request, response, next) => {
        const asked = new URL(request.url ?? "/", "http://localhost").pathname.slice(1);
        const found = files().find(({ at }) => at === asked);
        if (!found) return next();
        if (!found.from) return response.setHeader("Content-Type", "application/json").end(found.text);
        response.setHeader("Content-Type", "application/octet-stream");
        response.setHeader("Content-Length", statSync(found.from).size);
        if (request.method === "HEAD") return response.end();
        return createReadStream(found.from).pipe(response);
      });
    },
  };
}
