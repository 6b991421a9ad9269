/** A real server in a process of its own on a folder of its own; it can be killed and started again. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PYTHON, ROOT } from "./places.ts";

const START_MS = 60_000;

export async function freePort(): Promise<number> {
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as { port: number };
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

export class Server {
  readonly data = mkdtempSync(join(tmpdir(), "heartbox-journey-"));
  private child: ChildProcess | null = null;
  private said = "";

  private constructor(
    readonly port: number,
    private readonly example: string | null,
  ) {}

  static async start(example: string | null = null): Promise<Server> {
    const server = new Server(await freePort(), example);
    await server.run();
    return server;
  }

  get address(): string {
    return `http://127.0.0.1:${String(this.port)}`;
  }

  async run(): Promise<void> {
    const example = this.example === null ? [] : ["--example", this.example];
    const options = ["--host", "127.0.0.1", "--port", String(this.port), "--data", this.data, ...example];
    const child = spawn(PYTHON, ["-m", "heartbox.cli.serve", ...options], { cwd: ROOT });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (text: Buffer) => (this.said += text.toString()));
    }
    this.child = child;
    await this.answers();
  }

  /** Kill the server at once, as a power cut would. */
  async kill(): Promise<void> {
    await this.end("SIGKILL");
  }

  async stop(): Promise<void> {
    await this.end("SIGTERM");
    rmSync(this.data, { recursive: true, force: true });
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await ended;
  }

  private async answers(): Promise<void> {
    const until = Date.now() + START_MS;
    while (Date.now() < until) {
      if (typeof this.child?.exitCode === "number") break;
      const ok = await fetch(`${this.address}/api/health`).then(
        (answer) => answer.ok,
        () => false,
      );
      if (ok) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`the server did not start: ${this.said}`);
  }
}
