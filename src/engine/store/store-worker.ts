// The store worker: the only thread that brings, checks, hands out and removes models. It does any number of things at once, each
// of which can be ended; what was finished of a download stays. Not for: running models.
import { errorData } from "../../platform/app-error";
import type { StoreCalls } from "../calls";
import { serve } from "../serve";
import { keptModels, removeFiles } from "./artifact-store";
import { damagedFiles } from "./check";
import { download, modelLock } from "./bring-model";
import { exportPackage, importPackage, inspectPackage } from "./package-transfer";

serve<StoreCalls>(
  {
    download: (order, { signal, tell }) => download(order, signal, tell),
    check: async ({ model, repair }, { tell }) => {
      const damaged = await damagedFiles(model, tell);
      if (repair) await removeFiles(model.baseUrl, damaged);
      return damaged;
    },
    remove: (baseUrl) => navigator.locks.request(modelLock(baseUrl), () => removeFiles(baseUrl)),
    kept: keptModels,
    inspect: inspectPackage,
    import: ({ given, baseUrl, files }, { signal, tell }) => importPackage(given, baseUrl, files, signal, tell),
    export: ({ model, facts, folder }, { signal, tell }) => exportPackage(model, facts, folder, signal, tell),
  },
  { asker: "store", inTurn: false, failure: errorData },
);
