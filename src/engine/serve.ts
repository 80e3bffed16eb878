// A worker's side of its calls: hands each request to what answers it, with a signal by which the page ends it, and tells what comes of it.
// Not for: what there is to ask (calls.ts), or the page's side (client/worker-door.ts).
import { isCancelled, type ErrorData } from "../platform/app-error";
import { answerProbe } from "../platform/ways-out";
import { tellOwnPolicy } from "../trust/own-policy";
import { tellUnseen } from "../trust/log/unseen-requests";
import type { Calls, Reply, Request, Sign, ToWorker } from "./calls";
import type { AnswerToken, LoadProgress } from "./protocol";
import { announceLife } from "./worker-life";

/** What is known of a request beside what is asked. */
export interface Asked {
  /** Aborted when the page wants it no more. */
  signal: AbortSignal;
  tell(progress: LoadProgress): void;
  started(droppedTurns: number): void;
  token(token: AnswerToken): void;
}

export type Handlers<Served extends Calls<Served>> = {
  [Kind in keyof Served]: (
    request: Served[Kind]["request"],
    asked: Asked,
  ) => Promise<Served[Kind]["response"]> | Served[Kind]["response"];
};

interface Service {
  /** The name under which the ledger knows the worker. */
  asker: "engine" | "store";
  /** Requests wait for those before them. */
  inTurn: boolean;
  /** What is told of what was thrown; undefined where the page knows already. */
  failure(thrown: unknown): ErrorData | undefined | Promise<ErrorData | undefined>;
  onAnswerNow?(): void;
}

/** Tells the page of the worker itself. */
export const tellSign = (sign: Sign): void => self.postMessage(sign);

/** Takes what the page sends: begins requests, each at once or in turn, and ends them. `post` tells the page what comes of them. */
export function requestsFor<Served extends Calls<Served>>(
  handlers: Handlers<Served>,
  { inTurn, failure, onAnswerNow }: Omit<Service, "asker">,
  post: (reply: Reply<Served[keyof Served]["response"]>) => void,
): (message: ToWorker<Served>) => void {
  const running = new Map<number, AbortController>();

  async function answer<Kind extends keyof Served>(
    { id, call, request }: Request<Served, Kind>,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      const value = await handlers[call](request, {
        signal,
        tell: (progress) => post({ kind: "progress", id, progress }),
        started: (droppedTurns) => post({ kind: "started", id, droppedTurns }),
        token: (token) => post({ kind: "token", id, ...token }),
      });
      post({ kind: "done", id, value });
    } catch (error) {
      if (signal.aborted && isCancelled(error)) return post({ kind: "cancelled", id });
      const data = await failure(error);
      if (data) post({ kind: "failed", id, error: data });
    } finally {
      running.delete(id);
    }
  }

  let before: Promise<void> = Promise.resolve();
  return (message) => {
    if (message.kind === "abort")
      return running.get(message.target)?.abort(new DOMException("ended by the page", "AbortError"));
    if (message.kind === "answer-now") return onAnswerNow?.();
    const ending = new AbortController();
    running.set(message.id, ending);
    const begin = () => answer(message, ending.signal);
    if (inTurn) before = before.then(begin);
    else void begin();
  };
}

/** Answers the page from now on. */
export function serve<Served extends Calls<Served>>(handlers: Handlers<Served>, service: Service): void {
  answerProbe();
  const take = requestsFor(handlers, service, (reply) => self.postMessage(reply));
  self.onmessage = ({ data }: MessageEvent<ToWorker<Served>>) => take(data);
  tellUnseen(service.asker);
  tellOwnPolicy();
  announceLife(tellSign);
}
