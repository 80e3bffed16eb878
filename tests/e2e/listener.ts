// Who is behind every host of the proof, for its tests: a machine that answers nothing and remembers what arrived. A browser that connects
// says the host's name in the clear before anything is encrypted (TLS server name), so that no certificate is needed.
import { createSocket, type Socket as Datagrams } from "node:dgram";
import { readFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";

/** A name that nobody has, for what is only to be looked up. Source: RFC 2606 */
const LOOKED_UP = "looked-up.invalid";

export class Listener {
  /** By the way and the place that its host is named after: "fetch-page". */
  readonly arrived = new Set<string>();
  /** Whether a datagram came: WebTransport, whose host cannot be read. */
  datagrams = false;
  private readonly server: Server;
  private readonly socket: Datagrams = createSocket("udp4");
  private port = 0;

  constructor() {
    this.server = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", (bytes) => {
        const name = /([\w-]+)\.islet-probe\.example/.exec(bytes.toString("latin1"))?.[1];
        this.arrived.add(name ?? "without a name");
        socket.destroy();
      });
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.port = (this.server.address() as AddressInfo).port;
    this.socket.on("message", () => (this.datagrams = true));
    await new Promise<void>((resolve) => this.socket.bind(this.port, "127.0.0.1", resolve));
  }

  /** Switches by which a browser finds every host of the proof here. `netLog`: the file for what it looks up. */
  flags(netLog: string): string[] {
    const looked = `MAP dnsprefetch-page.islet-probe.example ${LOOKED_UP}`;
    const rest = `MAP *.islet-probe.example 127.0.0.1:${this.port}`;
    return [`--host-resolver-rules=${looked}, ${rest}`, `--log-net-log=${netLog}`];
  }

  /** Which names the browser looked up that it connects to only later or not at all; known once it has ended. */
  lookedUp(netLog: string): string[] {
    // The browser writes its own switches before the events.
    const events = readFileSync(netLog, "utf8").split('"events"')[1]!;
    const names = { "dnsprefetch-page": LOOKED_UP, "framewebrtc-page": "framewebrtc-page.islet-probe.example" };
    return Object.entries(names).flatMap(([way, name]) => (events.includes(name) ? [way] : []));
  }

  async stop(): Promise<void> {
    this.socket.close();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
