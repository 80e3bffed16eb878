// Tries every way out of a page towards a foreign address, and sees what the browser does about it. Nothing is sent where the policy holds:
// the browser refuses before it asks for the address. Not for: how it is shown (ProbeView.svelte).
import { ELSEWHERE } from "./network-entry";
import type { ProbeOrder, ProbeReport, WorkerWay } from "./probe-worker";

/** Milliseconds in which a browser refuses; it does so at once. */
const PATIENCE = 1200;
const SETTLING = 80;

type Place = "page" | "worker";

/**
 * `blocked`: refused, by the line of the policy that `line` names; `refused`: by a rule of the browser that no policy changes; `removed`: the
 * app took it out of the page, since no policy closes it.
 */
export interface ProbeResult {
  way: WayId;
  place: Place;
  verdict: "blocked" | "refused" | "removed" | "open";
  line?: string;
}

function append<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Record<string, string>): () => void {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  // What is hidden altogether is not always asked for.
  element.className = "hidden";
  document.body.append(element);
  return () => element.remove();
}

/** Each tries to reach `url`, and gives what tidies up after it. */
const pageWays = {
  fetch: (url: string) => void fetch(url, { mode: "no-cors" }).catch(() => {}),
  xhr: (url: string) => {
    const request = new XMLHttpRequest();
    request.open("GET", url);
    request.send();
  },
  websocket: (url: string) => {
    const socket = new WebSocket(url.replace("https:", "wss:"));
    return () => socket.close();
  },
  eventsource: (url: string) => {
    const source = new EventSource(url);
    return () => source.close();
  },
  webtransport: (url: string) => {
    const transport = new WebTransport(url);
    transport.ready.catch(() => {});
    transport.closed.catch(() => {});
  },
  ping: (url: string) => {
    const link = document.createElement("a");
    Object.assign(link, { href: location.href, ping: url });
    document.body.append(link);
    link.click();
    return () => link.remove();
  },
  beacon: (url: string) => void navigator.sendBeacon(url, "x"),
  image: (url: string) => {
    new Image().src = url;
  },
  media: (url: string) => {
    new Audio().src = url;
  },
  stylesheet: (url: string) => append("link", { rel: "stylesheet", href: url }),
  font: (url: string) => void new FontFace("islet-probe", `url("${url}")`).load().catch(() => {}),
  script: (url: string) => append("script", { src: url }),
  module: (url: string) => void import(/* @vite-ignore */ url).catch(() => {}),
  inline: () => {
    const script = document.createElement("script");
    script.textContent = "0";
    document.body.append(script);
    return () => script.remove();
  },
  evaluated: () => {
    try {
      new Function("return 0")();
    } catch {
      // That it throws is what is wanted; the browser reports it.
    }
  },
  iframe: (url: string) => append("iframe", { src: url }),
  object: (url: string) => append("object", { data: url }),
  prefetch: (url: string) => append("link", { rel: "prefetch", href: url }),
  form: (url: string) => {
    // Into a frame of its own, so that a form that is let through does not take the page along.
    const frame = document.createElement("iframe");
    frame.name = `islet-probe-${crypto.randomUUID()}`;
    frame.hidden = true;
    const form = document.createElement("form");
    Object.assign(form, { action: url, method: "post", target: frame.name });
    document.body.append(frame, form);
    form.submit();
    return () => {
      frame.remove();
      form.remove();
    };
  },
  base: (url: string) => append("base", { href: url }),
} satisfies Record<string, (url: string) => void | (() => void)>;

/** Ways that something else than the policy closes. `refused`: both want the page's own origin. `removed`: no policy closes it (harden.ts). */
const otherWays = {
  worker: (url: string) => new Worker(url).terminate(),
  serviceworker: (url: string) => navigator.serviceWorker.register(url),
  webrtc: (url: string) => {
    const connection = new RTCPeerConnection({ iceServers: [{ urls: `stun:${new URL(url).host}` }] });
    connection.createDataChannel("");
    return connection.createOffer().then((offer) => connection.setLocalDescription(offer));
  },
} satisfies Record<string, (url: string) => unknown>;

const workerWays: readonly WorkerWay[] = ["fetch", "xhr", "websocket", "eventsource", "module"];

type WayId = keyof typeof pageWays | keyof typeof otherWays;

/** What the browser reports while `attempt` runs: the line of the policy that refused it; undefined where nothing did. */
async function refusal(attempt: () => void | (() => void)): Promise<string | undefined> {
  let tidy: void | (() => void) = undefined;
  const line = await new Promise<string | undefined>((resolve) => {
    document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective), { once: true });
    setTimeout(() => resolve(undefined), PATIENCE);
    try {
      tidy = attempt();
    } catch {
      // Some report what they refuse and throw as well.
    }
  });
  // The policy stands in the page and in the server's headers, and each of both reports.
  await new Promise((resolve) => setTimeout(resolve, SETTLING));
  (tidy as void | (() => void))?.();
  return line;
}

async function fromWorker(url: string): Promise<ProbeResult[]> {
  const worker = new Worker(new URL("./probe-worker.ts", import.meta.url), { type: "module", name: "islet-probe" });
  try {
    const results: ProbeResult[] = [];
    for (const way of workerWays) {
      const line = await new Promise<string | undefined>((resolve) => {
        worker.onmessage = ({ data }: MessageEvent<ProbeReport>) => resolve(data.line);
        worker.postMessage({ way, url: `${url}${way}`, patience: PATIENCE } satisfies ProbeOrder);
      });
      results.push({ way, place: "worker", ...(line ? { verdict: "blocked", line } : { verdict: "open" }) });
    }
    return results;
  } finally {
    worker.terminate();
  }
}

/** Tries all ways, one after the other, and hands out each result as it comes. */
export async function probe(onResult: (result: ProbeResult) => void, elsewhere = ELSEWHERE): Promise<void> {
  const url = `${elsewhere}/${crypto.randomUUID()}/`;
  for (const [way, attempt] of Object.entries(pageWays)) {
    const line = await refusal(() => attempt(`${url}${way}`));
    onResult({ way: way as WayId, place: "page", ...(line ? { verdict: "blocked", line } : { verdict: "open" }) });
  }
  for (const [way, attempt] of Object.entries(otherWays)) {
    let verdict: ProbeResult["verdict"] = "open";
    try {
      await attempt(`${url}${way}`);
    } catch {
      verdict = way === "webrtc" ? "removed" : "refused";
    }
    onResult({ way: way as WayId, place: "page", verdict });
  }
  for (const result of await fromWorker(url)) onResult(result);
}
