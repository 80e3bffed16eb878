// Registers the service worker and tells when a new version of the app waits. A page that is open looks for one when it comes to the front,
// when the network is back, and each hour. It takes over only on request, and only when no tab is writing an answer.
import { Workbox } from "workbox-window";
import { generatingLock } from "../platform/locks";
import type { NotInstalled } from "./checked-precache";

/** Milliseconds between two looks for a new version by a page that stays open. */
const INTERVAL = 3600_000;

export class Updates {
  /** A new version is ready and waits for the person to accept it. */
  available = $state(false);
  /** It was accepted, and waits for an answer to end. */
  waiting = $state(false);
  /** The shell is stored: the page opens without a network. */
  offlineReady = $state(false);
  /** A version was not installed: something else came in place of this file. */
  refused = $state<string | undefined>(undefined);
  /** When the server was last asked for a new version and gave none that could be read, in milliseconds since 1970; undefined where the last look went well. */
  unanswered = $state<number | undefined>(undefined);
  /** Called after each look: at what, when, and whether an answer came that could be read. */
  onLooked: (url: string, time: number, answered: boolean) => void = () => {};

  /** Without service workers (an insecure origin, a private window) the app works, but only online. */
  begin(): void {
    if (!("serviceWorker" in navigator) || !import.meta.env.PROD) return;
    const look = () => void this.look();
    const workbox = new Workbox("./service-worker.js", { scope: "./" });
    navigator.serviceWorker.addEventListener("message", ({ data }: MessageEvent<NotInstalled>) => {
      if (data.type === "NOT_INSTALLED") this.refused = data.file;
    });
    workbox.addEventListener("installed", () => (this.refused = undefined));
    workbox.addEventListener("waiting", () => (this.available = true));
    workbox.addEventListener("activated", (event) => {
      if (!event.isUpdate) this.offlineReady = true;
    });
    // Another tab accepted the update: this one still runs the old version, and says so.
    workbox.addEventListener("controlling", (event) => {
      if (event.isUpdate && !this.waiting) this.available = true;
    });
    // If registration is refused, the app works as it does without a service worker.
    void workbox.register().catch(() => {});
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") look();
    });
    addEventListener("online", look);
    setInterval(look, INTERVAL);
  }

  /** Asks the server for a new version; without a network, nobody. A failure changes nothing. */
  private async look(): Promise<void> {
    if (!navigator.onLine) return;
    const registration = await navigator.serviceWorker.getRegistration();
    if (!registration?.active) return;
    const time = Date.now();
    const answered = await registration.update().then(
      () => true,
      () => false,
    );
    this.unanswered = answered ? undefined : time;
    this.onLooked(registration.active.scriptURL, time, answered);
  }

  /** Changes to the new version by reloading, as soon as no tab writes an answer. */
  async accept(): Promise<void> {
    if (this.waiting) return;
    this.waiting = true;
    await navigator.locks.request(generatingLock, reloadNewest);
  }
}

/** Reloads the page; where a new version waits, it takes over first. For a page that cannot begin with what it has, too. */
export async function reloadNewest(): Promise<void> {
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  const waiting = (await container?.getRegistration())?.waiting;
  if (container && waiting) {
    const taken = new Promise((resolve) => container.addEventListener("controllerchange", resolve, { once: true }));
    waiting.postMessage({ type: "SKIP_WAITING" });
    await taken;
  }
  location.reload();
}
