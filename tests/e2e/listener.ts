// Who is behind every host of the proof, for its tests: a machine that answers nothing and remembers what arrived. A browser that connects
// says the host's name in the clear before anything is encrypted (TLS server name), so that no certificate is needed.
import { createSocket, type Socket as Datagrams } from "node:dgram";
import { readFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";

/** The port of STUN, which WebRTC asks. Source: RFC 8489 */
const STUN = 3478;
/** A name that nobody has, for what is only to be looked up. Source: RFC 2606 */
const LOOKED_UP = "looked-up.invalid";

export class Listener {
  /** By the way and the place that its host is named after: "fetch-page". */
  readonly arrived = new Set<string>();
  /** "quic" or "stun" */
  readonly datagrams = new Set<string>();
  private readonly server: Server;
  private readonly sockets: Datagrams[] = [];
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
    for (const [port, kind] of [
      [this.port, "quic"],
      [STUN, "stun"],
    ] as const) {
      const socket = createSocket("udp4");
      socket.on("message", () => this.datagrams.add(kind));
      this.sockets.push(socket);
      await new Promise<void>((resolve) => socket.bind(port, "127.0.0.1", resolve));
    }
  }

  /** Switches by which a browser finds every host of the proof here. `netLog`: the file for what it looks up. */
  flags(netLog: string): string[] {
    const looked = `MAP dnsprefetch-page.islet-probe.example ${LOOKED_UP}`;
    // No port: WebRTC asks the one of STUN.
    const stun = "MAP framewebrtc-page.islet-probe.example 127.0.0.1";
    const rest = `MAP *.islet-probe.example 127.0.0.1:${this.port}`;
    return [
      `--host-resolver-rules=${looked}, ${stun}, ${rest}`,
      "--allow-loopback-in-peer-connection",
      `--log-net-log=${netLog}`,
    ];
  }

  /** Whether the browser looked up the name of the early look-up; known once it has ended. */
  lookedUp(netLog: string): boolean {
    // The browser writes its own switches before the events.
    return readFileSync(netLog, "utf8").split('"events"')[1]!.includes(LOOKED_UP);
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.close();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
