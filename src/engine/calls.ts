// What each worker can be asked, and what it answers: one map for the engine worker, which runs models, and one for the store worker, which
// brings them to this device. Both sides take their types from it. Not for: sending (client/worker-door.ts) or serving (serve.ts).
import type { ErrorData } from "../platform/app-error";
import type {
  AnswerResult,
  AnswerToken,
  DownloadOrder,
  GivenFile,
  LoadedModel,
  LoadProgress,
  ModelFile,
  ModelSource,
  PackageFacts,
  PackageSummary,
  Question,
  StoredModel,
} from "./protocol";

interface Call<Request, Response> {
  request: Request;
  response: Response;
}

/** Any of the maps below. */
export type Calls<Served> = { [Kind in keyof Served]: Call<unknown, unknown> };

export interface EngineCalls {
  /** `arriving`: the last files are on their way; each is verified as it comes, so that none need be hashed again. */
  load: Call<{ model: ModelSource; contextSize?: number; arriving?: boolean }, LoadedModel>;
  generate: Call<Question, AnswerResult>;
  /** One vector of length 1 for each text, in order; what does not fit the model's window is an error. */
  embed: Call<readonly string[], readonly Float32Array[]>;
  unload: Call<undefined, void>;
  /** What the runtime itself says of the loaded model's speed, as text; "" when none is loaded. */
  statistics: Call<undefined, string>;
}

export interface StoreCalls {
  download: Call<DownloadOrder, StoredModel>;
  /** Which files of the model are missing or not the recorded bytes; with `repair`, those are deleted. */
  check: Call<{ model: ModelSource; repair: boolean }, string[]>;
  /** Removes all that is kept under a `baseUrl`. */
  remove: Call<string, void>;
  /** Every model of which something is stored, by its `baseUrl`. */
  kept: Call<undefined, string[]>;
  inspect: Call<GivenFile[], PackageSummary>;
  /** `files`: what they must be, where that is known. */
  import: Call<
    { given: GivenFile[]; baseUrl: string; files: Readonly<Record<string, ModelFile>> | undefined },
    StoredModel
  >;
  /** Without a folder, gives a zip. */
  export: Call<
    { model: ModelSource; facts: PackageFacts; folder: FileSystemDirectoryHandle | undefined },
    Blob | undefined
  >;
}

/** A request of one kind as it is sent. */
export interface Request<Served extends Calls<Served>, Kind extends keyof Served> {
  kind: "call";
  id: number;
  call: Kind;
  request: Served[Kind]["request"];
}

/** What the page tells a worker and waits for no answer to. */
export type Order =
  /** Ends the request of that id. */
  | { kind: "abort"; target: number }
  /** Closes the thought that streams. */
  | { kind: "answer-now" };

/** What the page tells a worker. */
export type ToWorker<Served extends Calls<Served>> =
  Order | { [Kind in keyof Served]: Request<Served, Kind> }[keyof Served];

/** How the request of an id goes on, and how it ends. */
export type Reply<Response> =
  | { kind: "progress"; id: number; progress: LoadProgress }
  | { kind: "started"; id: number; droppedTurns: number }
  | ({ kind: "token"; id: number } & AnswerToken)
  | { kind: "done"; id: number; value: Response }
  | { kind: "failed"; id: number; error: ErrorData }
  /** The page ended the request, and all that is to be tidied up is. */
  | { kind: "cancelled"; id: number };

/** What a worker tells of itself. */
export type Sign = { kind: "ready"; lifeLock: string } | { kind: "device-lost"; detail: string; outOfMemory: boolean };

/** What a worker tells the page. */
export type FromWorker<Served extends Calls<Served>> = Sign | Reply<Served[keyof Served]["response"]>;
