// Closes, in the app itself, what no Content-Security-Policy closes: removes interfaces that reach other machines by themselves, and refuses
// to leave the page for another origin. Imported before everything else, by the page and by the service worker. It binds the app's own code
// and whatever might slip into it; a script could take back from a frame of its own what was removed, but no script from elsewhere can run (probe.ts).

/** The name of the error with which the app refuses. */
export const REFUSED = "RefusedByIslet";

/** By the way out that each would be (probe.ts). */
const interfaces = {
  webrtc: ["RTCPeerConnection", "webkitRTCPeerConnection"],
  speech: ["SpeechRecognition", "webkitSpeechRecognition"],
  voices: ["speechSynthesis"],
  worklet: ["Worklet.prototype.addModule"],
  payment: ["PaymentRequest"],
  presentation: ["PresentationRequest"],
  push: ["PushManager.prototype.subscribe"],
  notification: ["Notification", "ServiceWorkerRegistration.prototype.showNotification"],
  pictureinpicture: ["documentPictureInPicture"],
  auction: ["Navigator.prototype.joinAdInterestGroup", "Navigator.prototype.runAdAuction", "sharedStorage"],
  install: ["Navigator.prototype.install"],
  share: ["Navigator.prototype.share"],
  clientnavigate: ["WindowClient.prototype.navigate"],
  clientopen: ["Clients.prototype.openWindow"],
} as const satisfies Record<string, readonly string[]>;

export type TakenWay = keyof typeof interfaces;
type Holder = Record<string, unknown>;

/** The object that holds the last name of a path, and that name; undefined where the browser does not have it. */
function find(path: string): [Holder, string] | undefined {
  const names = path.split(".");
  const key = names.pop()!;
  let holder = globalThis as unknown as Holder | undefined;
  for (const name of names) holder = holder?.[name] as Holder | undefined;
  return holder && key in holder ? [holder, key] : undefined;
}

/** Whether the app removed what a way out needs, the browser never had it, or it is still there. */
export function stateOf(way: TakenWay): "removed" | "unavailable" | "open" {
  const found = interfaces[way].flatMap((path) => [find(path) ?? []].filter(([holder]) => holder));
  if (found.length === 0) return "unavailable";
  return found.every(([holder, key]) => (holder as Holder)[key as string] === undefined) ? "removed" : "open";
}

for (const path of Object.values(interfaces).flat()) {
  const [holder, key] = find(path) ?? [];
  if (holder) Reflect.defineProperty(holder, key!, { value: undefined, writable: false, configurable: false });
}

/** Whether an address is of the app's own origin; "" and about:blank open a window that nothing stands in. */
function isOwn(url: unknown): boolean {
  const address = String(url ?? "about:blank") || "about:blank";
  return URL.canParse(address, document.baseURI) && new URL(address, document.baseURI).origin === location.origin;
}

/** Chromium's; TypeScript's DOM types have it only in part. */
interface NavigateEvent extends Event {
  destination: { url: string };
}

/** Scripts, links, forms, downloads and refreshes: the browser asks here before it leaves the page, and before it looks a host up. */
function stayHere(): void {
  (globalThis as { navigation?: EventTarget }).navigation?.addEventListener("navigate", (event) => {
    const { url } = (event as NavigateEvent).destination;
    // Mail opens the mail program, where a person sees it and sends it or does not.
    if (!isOwn(url) && !url.startsWith("mailto:")) event.preventDefault();
  });
  const { open } = window;
  const guarded = (url?: string | URL, ...rest: string[]) => (isOwn(url) ? open.call(window, url, ...rest) : null);
  Object.defineProperty(window, "open", { value: guarded, writable: false, configurable: false });
}

type Asked = { publicKey?: { rpId?: string; rp?: { id?: string } } } & Record<string, unknown>;

/** Passkeys of this host alone: one of another host is looked up there, and so is whoever else could say who a person is. */
function ownCredentialsOnly(): void {
  if (!("CredentialsContainer" in globalThis)) return;
  const container = CredentialsContainer.prototype as unknown as Record<string, (options?: Asked) => Promise<unknown>>;
  const isOwnPasskey = ({ publicKey, signal: _signal, mediation: _mediation, ...others }: Asked) => {
    const host = publicKey?.rpId ?? publicKey?.rp?.id ?? location.hostname;
    return publicKey !== undefined && host === location.hostname && Object.keys(others).length === 0;
  };
  for (const name of ["get", "create"]) {
    const ask = container[name]!;
    const guarded = function (this: unknown, options: Asked = {}) {
      if (isOwnPasskey(options)) return ask.call(this, options);
      return Promise.reject(new DOMException("not a passkey of this host", REFUSED));
    };
    Object.defineProperty(container, name, { value: guarded, writable: false, configurable: false });
  }
}

if (typeof document !== "undefined") {
  stayHere();
  ownCredentialsOnly();
}
