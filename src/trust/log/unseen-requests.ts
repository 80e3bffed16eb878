// Requests that the service worker does not see, told to the pages, which write them into the network ledger: what the browser refused,
// and what a worker fetched that began before there was a service worker. Not for: all others (pwa/service-worker.ts).
import { named } from "../../platform/deployment";
import { bytesOf, type Asker, type NetworkEntry } from "./network-entry";

export const UNSEEN = named("islet-unseen-requests");
/** Milliseconds within which two reports of the same are one. */
const SETTLING = 300;
/** In the name of a worker that no service worker controls: it began earlier, and the browser keeps it that way. */
const ALONE = " alone";

/** What is told. The id keeps several tabs from recording it twice. */
export interface UnseenRequest extends Pick<NetworkEntry, "verdict" | "bytes" | "status" | "line" | "time" | "asker"> {
  id: string;
  url: string;
}

/** The name for a worker that begins now, which tells it whether to report its requests. */
export function workerName(name: string): string {
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  return container?.controller ? name : name + ALONE;
}

/** From now on, tells the pages which of this thread's requests the service worker does not see. */
export function tellUnseen(asker: Asker): void {
  const channel = new BroadcastChannel(UNSEEN);
  const tell = (request: Omit<UnseenRequest, "id" | "asker">) =>
    channel.postMessage({ ...request, id: crypto.randomUUID(), asker } satisfies UnseenRequest);
  tellRefusals(tell);
  if (self.name.endsWith(ALONE)) tellFetches(tell);
}

type Tell = (request: Omit<UnseenRequest, "id" | "asker">) => void;

function tellRefusals(tell: Tell): void {
  let before = "";
  addEventListener("securitypolicyviolation", (event) => {
    const { blockedURI: url, effectiveDirective: line } = event as SecurityPolicyViolationEvent;
    // The policy is in the page and in the server's headers, and both report. What has no address asked for nothing.
    const same = `${url} ${line}`;
    if (same === before || !URL.canParse(url) || !/^(https?|wss?):/.test(url)) return;
    before = same;
    setTimeout(() => (before = ""), SETTLING);
    tell({ time: Date.now(), url, verdict: "blocked", bytes: 0, status: null, line });
  });
}

function tellFetches(tell: Tell): void {
  const ownFetch = self.fetch;
  self.fetch = async (input, init) => {
    const url = input instanceof Request ? input.url : new URL(input, location.href).href;
    const time = Date.now();
    try {
      const response = await ownFetch(input, init);
      tell({ time, url, verdict: "sent", bytes: bytesOf(response.headers), status: response.status });
      return response;
    } catch (error) {
      tell({ time, url, verdict: "failed", bytes: 0, status: null });
      throw error;
    }
  };
}
