/** A wire between browser and server that keeps every byte, and can be made slow. */
import { createServer, connect, type Server as Listener, type Socket } from "node:net";

export class Wire {
  /** Every byte that went from the browser to the server, one entry a connection. */
  private readonly kept: Buffer[][] = [];
  private readonly sockets = new Set<Socket>();
  /** Bytes a second towards the server; 0 is as fast as it goes. */
  bytesPerSecond = 0;

  private constructor(private readonly listener: Listener) {}

  static async between(port: number): Promise<Wire> {
    const listener = createServer();
    const wire = new Wire(listener);
    listener.on("connection", (client) => {
      wire.join(client, port);
    });
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    return wire;
  }

  get address(): string {
    return `http://127.0.0.1:${String((this.listener.address() as { port: number }).port)}`;
  }

  /** All that was sent since the record began, one entry a connection. */
  sent(): Buffer[] {
    return this.kept.map((parts) => Buffer.concat(parts));
  }

  /** How many bytes were sent since the record began. */
  count(): number {
    return this.sent().reduce((sum, bytes) => sum + bytes.length, 0);
  }

  /** Begin a new record; at this moment no request may be under way. */
  startRecord(): void {
    for (const parts of this.kept) parts.length = 0;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.listener.close(resolve));
  }

  private join(client: Socket, port: number): void {
    const server = connect(port, "127.0.0.1");
    const parts: Buffer[] = [];
    this.kept.push(parts);
    for (const socket of [client, server]) {
      this.sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        this.sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    server.pipe(client);
    client.on("data", (bytes: Buffer) => {
      parts.push(bytes);
      server.write(bytes);
      if (this.bytesPerSecond === 0) return;
      client.pause();
      setTimeout(() => client.resume(), (bytes.length / this.bytesPerSecond) * 1000);
    });
  }
}
