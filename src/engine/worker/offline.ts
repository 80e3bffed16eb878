// The engine worker asks the network for nothing: all that WebLLM loads was brought by the store worker before.
import { LIBRARY, type ModelSource } from "../protocol";
import { storedFile } from "../store/artifact-store";

/**
 * Stands in for the worker's `fetch` until `restore`. WebLLM fetches for two reasons that remain: a library from "localhost",
 * which it never looks up in its own cache and is given here, and files that a model may have and this one has not.
 */
export function withoutNetwork(model: ModelSource): { restore(): void } {
  const ownFetch = self.fetch;
  self.fetch = async (input: RequestInfo | URL): Promise<Response> => {
    const url = input instanceof Request ? input.url : new URL(input, location.href).href;
    const library = url === model.baseUrl + LIBRARY ? await storedFile(model.baseUrl, LIBRARY) : undefined;
    return library ? new Response(library) : new Response(null, { status: 404 });
  };
  return {
    restore: () => {
      self.fetch = ownFetch;
    },
  };
}
