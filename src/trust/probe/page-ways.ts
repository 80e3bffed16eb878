// Every known way out of a page in Chromium, each really tried towards an address that belongs to nobody. Not for: what the browser's
// answer means (probe.ts), ways of workers (platform/ways-out.ts), or ways that are only looked for, not tried (harden.ts).
import { addressFor, workerWays, type Attempt } from "../../platform/ways-out";
import { REFUSED } from "../harden";

/** Names of errors by which an attempt says that it could not be made. */
export const UNAVAILABLE = "Unavailable";
export const UNGUARDED = "Unguarded";

interface PageWayHow {
  attempt: Attempt;
  /** It is refused before it has an address (tryWay). */
  byKeyword?: true;
  /** It would disturb other attempts. */
  alone?: true;
  /** What of the global scope it needs. */
  needs?: string;
  /** The browser looks the host up or connects to it before it asks the Content-Security-Policy, or without asking. */
  early?: true;
  /** Where Connection-Allowlist holds, the browser ends the page that tries this. */
  fatal?: true;
  /** The browser only does it for the page's own origin, whatever the policy. */
  never?: true;
}

function failed(name: string): Error {
  return Object.assign(new Error(name), { name });
}

function append(tag: string, attributes: Record<string, string>, parent: Element = document.body): () => void {
  const element = document.createElement(tag);
  // What is completely hidden is not always requested.
  element.className = "hidden";
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  // The first base address counts.
  parent.prepend(element);
  return () => element.remove();
}

const link = (rel: string, more: Record<string, string> = {}): PageWayHow => ({
  attempt: (href) => append("link", { rel, ...more, href }, document.head),
});

function svg(tag: string, href: string): () => void {
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const element = document.createElementNS(picture.namespaceURI!, tag);
  element.setAttribute("href", href);
  picture.append(element);
  document.body.append(picture);
  return () => picture.remove();
}

/** A frame of the page's own origin, with nothing in it. */
function emptyFrame(): HTMLIFrameElement {
  const frame = document.createElement("iframe");
  frame.className = "hidden";
  document.body.append(frame);
  return frame;
}

/** A script in the page, of which the browser may refuse the text. */
function script(text: string, type = ""): () => void {
  const element = document.createElement("script");
  element.type = type;
  element.textContent = text;
  document.head.append(element);
  return () => element.remove();
}

const askFor = (url: string) => `fetch(${JSON.stringify(url)}, { mode: "no-cors" }).catch(() => {})`;

/** Tries to leave the page, and stays in any case. */
function leave(go: (url: string) => void | (() => void)): PageWayHow {
  const attempt = async (url: string) => {
    const { navigation } = globalThis as { navigation?: EventTarget };
    if (!navigation) throw failed(UNGUARDED);
    let tidy: void | (() => void) = undefined;
    const stopped = await new Promise<boolean>((resolve) => {
      const seen = (event: Event) => {
        const { destination } = event as Event & { destination: { url: string } };
        if (destination.url !== url) return;
        navigation.removeEventListener("navigate", seen);
        resolve(event.defaultPrevented);
        event.preventDefault();
      };
      navigation.addEventListener("navigate", seen);
      tidy = go(url);
    });
    (tidy as void | (() => void))?.();
    if (stopped) throw failed(REFUSED);
  };
  return { attempt, alone: true };
}

function clickLink(properties: Partial<HTMLAnchorElement>): () => void {
  const anchor = Object.assign(document.createElement("a"), properties);
  document.body.append(anchor);
  anchor.click();
  return () => anchor.remove();
}

export const pageWays = {
  fetch: { attempt: workerWays.fetch },
  fetchlater: {
    attempt: (url) =>
      (globalThis as unknown as { fetchLater: (url: string, how: object) => unknown }).fetchLater(url, {
        mode: "no-cors",
        activateAfter: 0,
      }),
    needs: "fetchLater",
  },
  xhr: { attempt: workerWays.xhr },
  websocket: { attempt: workerWays.websocket },
  websocketstream: { attempt: workerWays.websocketstream, needs: "WebSocketStream" },
  eventsource: { attempt: workerWays.eventsource },
  webtransport: { attempt: workerWays.webtransport, needs: "WebTransport" },
  ping: { attempt: (url) => clickLink({ href: location.href, ping: url }) },
  beacon: { attempt: (url) => void navigator.sendBeacon(url, "x") },
  backgroundfetch: {
    attempt: async (url) => {
      const registration = await navigator.serviceWorker.getRegistration();
      if (!registration?.active) throw failed(UNAVAILABLE);
      const { backgroundFetch } = registration as unknown as {
        backgroundFetch: { fetch(id: string, urls: string[]): Promise<unknown> };
      };
      await backgroundFetch.fetch(`islet-probe-${crypto.randomUUID()}`, [url]);
    },
    needs: "BackgroundFetchManager",
  },
  image: { attempt: (url) => void (new Image().src = url) },
  svgimage: { attempt: (url) => svg("image", url) },
  svguse: { attempt: (url) => svg("use", `${url}a.svg#a`), never: true },
  media: { attempt: (url) => void (new Audio().src = url) },
  stylesheet: link("stylesheet"),
  cssurl: {
    attempt: (url) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(`.islet-probe { background-image: url("${url}"); }`);
      document.adoptedStyleSheets.push(sheet);
      const remove = append("div", { class: "hidden islet-probe" });
      return () => {
        document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet);
        remove();
      };
    },
  },
  cssimport: { attempt: (url) => new CSSStyleSheet().replace(`@import "${url}";`).then(() => {}), never: true },
  cssinline: {
    attempt: (url) => {
      const element = Object.assign(document.createElement("style"), { textContent: `@import "${url}";` });
      document.head.append(element);
      return () => element.remove();
    },
    byKeyword: true,
  },
  font: { attempt: (url) => new FontFace("islet-probe", `url("${url}")`).load().then(() => {}) },
  icon: link("icon"),
  preload: link("preload", { as: "image" }),
  modulepreload: link("modulepreload"),
  prefetch: link("prefetch"),
  preconnect: { ...link("preconnect"), early: true },
  dnsprefetch: { ...link("dns-prefetch"), early: true },
  speculation: {
    attempt: (url) =>
      script(JSON.stringify({ prefetch: [{ urls: [url], eagerness: "immediate" }] }), "speculationrules"),
    byKeyword: true,
  },
  script: { attempt: (url) => append("script", { src: url }), byKeyword: true },
  module: { attempt: workerWays.module },
  inline: { attempt: (url) => script(askFor(url)), byKeyword: true },
  evaluated: { attempt: (url) => void new Function(askFor(url))(), byKeyword: true },
  iframe: { attempt: (url) => append("iframe", { src: url }), early: true },
  framenavigation: {
    attempt: (url) => {
      const frame = emptyFrame();
      frame.contentWindow!.location.href = url;
      return () => frame.remove();
    },
    early: true,
  },
  srcdoc: { attempt: (url) => append("iframe", { srcdoc: `<img src="${url}">` }), byKeyword: true },
  framewebrtc: {
    attempt: (url) => {
      const frame = emptyFrame();
      const { RTCPeerConnection: Connection } = frame.contentWindow as unknown as typeof globalThis;
      const connection = new Connection({ iceServers: [{ urls: `stun:${new URL(url).host}` }] });
      connection.createDataChannel("");
      void connection.createOffer().then((offer) => connection.setLocalDescription(offer));
      return new Promise((resolve) => setTimeout(resolve, 1000)).then(() => () => {
        connection.close();
        frame.remove();
      });
    },
    early: true,
    fatal: true,
  },
  object: { attempt: (url) => append("object", { data: url }), byKeyword: true },
  embed: { attempt: (url) => append("embed", { src: url }), byKeyword: true },
  form: {
    attempt: (url) => {
      // Into a frame of its own, so that a form that is let through does not navigate the page itself.
      const frame = emptyFrame();
      frame.name = `islet-probe-${crypto.randomUUID()}`;
      const form = Object.assign(document.createElement("form"), { action: url, method: "post", target: frame.name });
      document.body.append(form);
      form.submit();
      return () => {
        frame.remove();
        form.remove();
      };
    },
    early: true,
  },
  base: { attempt: (url) => append("base", { href: url }, document.head), alone: true },
  worker: { attempt: (url) => new Worker(url).terminate(), byKeyword: true },
  sharedworker: { attempt: (url) => void new SharedWorker(url), needs: "SharedWorker", byKeyword: true },
  serviceworker: { attempt: (url) => navigator.serviceWorker.register(url).then(() => {}), byKeyword: true },
  blobworker: { attempt: workerWays.blobworker, byKeyword: true },
  dataworker: {
    attempt: (url) => {
      const worker = new Worker(`data:text/javascript,${encodeURIComponent(askFor(url))}`);
      return () => worker.terminate();
    },
    byKeyword: true,
  },
  navigation: leave((url) => location.assign(url)),
  refresh: leave((url) => append("meta", { "http-equiv": "refresh", content: `0;url=${url}` }, document.head)),
  download: leave((url) => clickLink({ href: url, download: "islet-probe" })),
  popup: {
    attempt: (url) => {
      const opened = window.open(url, "_blank");
      if (!opened) throw failed(REFUSED);
      return () => opened.close();
    },
  },
  passkey: {
    attempt: (url) =>
      navigator.credentials.get({
        publicKey: { challenge: new Uint8Array(16), rpId: new URL(url).hostname, timeout: 1000 },
      }),
    needs: "CredentialsContainer",
  },
  fedcm: {
    attempt: (url) =>
      navigator.credentials.get({
        identity: { providers: [{ configURL: `${url}fedcm.json`, clientId: "0" }] },
      } as CredentialRequestOptions),
    needs: "IdentityCredential",
  },
} satisfies Record<string, PageWayHow>;

export type PageWay = keyof typeof pageWays;
export const howOf = (way: PageWay): PageWayHow => pageWays[way];
export const pageAddress = (way: PageWay): string => addressFor(way, "page");
