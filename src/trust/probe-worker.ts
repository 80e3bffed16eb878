// Tries the ways out of a worker, as probe.ts asks.
import { tellUnseen } from "./unseen-requests";

export type WorkerWay = "fetch" | "xhr" | "websocket" | "eventsource" | "module";

export interface ProbeOrder {
  way: WorkerWay;
  url: string;
  /** Milliseconds to wait for the browser to refuse. */
  patience: number;
}

export interface ProbeReport {
  /** The line of the policy that refused; undefined where nothing did. */
  line?: string;
}

tellUnseen("proof");

const attempts: Record<WorkerWay, (url: string) => unknown> = {
  fetch: (url) => fetch(url, { mode: "no-cors" }),
  xhr: (url) => {
    const request = new XMLHttpRequest();
    request.open("GET", url);
    request.send();
  },
  websocket: (url) => new WebSocket(url.replace("https:", "wss:")),
  eventsource: (url) => new EventSource(url),
  module: (url) => import(/* @vite-ignore */ url),
};

self.onmessage = async ({ data: { way, url, patience } }: MessageEvent<ProbeOrder>) => {
  const line = await new Promise<string | undefined>((resolve) => {
    const seen = (event: Event) => resolve((event as SecurityPolicyViolationEvent).effectiveDirective);
    self.addEventListener("securitypolicyviolation", seen, { once: true });
    setTimeout(() => resolve(undefined), patience);
    Promise.resolve()
      .then(() => attempts[way](url))
      .catch(() => {});
  });
  self.postMessage((line === undefined ? {} : { line }) satisfies ProbeReport);
};
