// The server of `npm start` (vite preview), with a log of what was asked and faults that a test can put in its way.
import type { IncomingMessage, ServerResponse } from "node:http";
import { preview, type PreviewServer } from "vite";

/** Answers a request in the server's place and returns true, or returns false to let it pass. */
export type Fault = (path: string, request: IncomingMessage, response: ServerResponse) => boolean;

export class TestServer {
  /** Paths of all requests, in order. */
  requests: string[] = [];
  fault: Fault | undefined;
  private server: PreviewServer | undefined;
  private port = 0;

  /** `host`: how the browser names this machine. */
  constructor(
    private readonly host: "127.0.0.1" | "localhost" | "islet.test" = "127.0.0.1",
    /** The build to serve. */
    private readonly build = "dist",
  ) {}

  get url(): string {
    return `http://${this.host}:${this.port}/`;
  }

  /** Starts on a free port, and after a stop on the same one again. */
  async start(): Promise<void> {
    this.server = await preview({
      logLevel: "error",
      build: { outDir: this.build },
      preview: {
        host: this.host === "islet.test" ? "127.0.0.1" : this.host,
        allowedHosts: true,
        port: this.port || 4300 + Math.floor(Math.random() * 700),
        strictPort: this.port !== 0,
        open: false,
      },
      plugins: [
        {
          name: "test-log-and-faults",
          configurePreviewServer: ({ middlewares }) => {
            middlewares.use((request, response, next) => {
              const path = new URL(request.url!, "http://localhost").pathname;
              this.requests.push(path);
              if (!this.fault?.(path, request, response)) next();
            });
          },
        },
      ],
    });
    const address = this.server.httpServer.address();
    if (typeof address !== "object" || !address) throw new Error("the test server has no port");
    this.port = address.port;
  }

  async stop(): Promise<void> {
    const server = this.server;
    this.server = undefined;
    if (server && "closeAllConnections" in server.httpServer) server.httpServer.closeAllConnections();
    await server?.close();
  }

  /** Requests for files of models since `requests` was last emptied. */
  modelRequests(): string[] {
    return this.requests.filter((path) => path.includes("/models/"));
  }
}
