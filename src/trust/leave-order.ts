// What page and service worker say to each other when a confirmed link is opened. The page itself may connect to nothing else, so the way out is
// a page of the service worker's own (pwa/leave.ts): it is told the address in a message, and gives the address of that page, good for once.

/** Below the folder of the app. */
export const LEAVE = "leave";
/** To the service worker, with a port for its answer: the query of the page that leads on, or null where it makes none. */
export interface LeaveOrder {
  type: "LEAVE";
  url: string;
}
export type LeaveAnswer = string | null;
