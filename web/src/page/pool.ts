/** The worker that does everything heavy: kept between calls, killed and made anew when it must be. */
import type { Faces } from "../corridor/geometry.ts";
import {
  CorridorClient,
  Refused,
  type CutSector,
  type Located,
  type OnProgress,
  type Opened,
  type Preview,
  type SectorVerdict,
  type SeriesEntry,
} from "../worker/protocol.ts";
import type { Picked } from "./files.ts";

export type { Located, Preview };
export type Study = Opened;
export type SeriesAnswer = SeriesEntry;
export type SectorFile = CutSector;

export interface BoxToCut {
  readonly box: Faces;
  readonly margin: Faces;
  readonly verdict: SectorVerdict;
}

export class Pool {
  private worker: Worker | null = null;
  private client: CorridorClient | null = null;

  /** Start the worker before it is needed, so that its code is there when files come. */
  warm(): void {
    this.ready();
  }

  /** Read what was handed over. A cancelled reading kills the worker: a decoder cannot be asked to stop. */
  async open(files: readonly Picked[], signal: AbortSignal, onProgress: OnProgress): Promise<Opened> {
    signal.addEventListener(
      "abort",
      () => {
        this.kill();
      },
      { once: true },
    );
    return plain(this.ready().open(files, signal, onProgress));
  }

  preview(id: number, signal: AbortSignal, onProgress: OnProgress): Promise<Preview> {
    return plain(this.ready().preview(id, signal, onProgress));
  }

  locate(id: number, signal: AbortSignal, onProgress: OnProgress): Promise<Located> {
    return plain(this.ready().locate(id, signal, onProgress));
  }

  sector(id: number, cut: BoxToCut, signal: AbortSignal, onProgress: OnProgress): Promise<CutSector> {
    return plain(this.ready().sector(id, cut, signal, onProgress));
  }

  private ready(): CorridorClient {
    if (this.client) return this.client;
    const worker = new Worker(new URL("../worker/worker.ts", import.meta.url), { type: "module" });
    const client = new CorridorClient(worker);
    worker.addEventListener("error", () => {
      this.kill();
      client.fail(new Error("the worker died"));
    });
    [this.worker, this.client] = [worker, client];
    return client;
  }

  private kill(): void {
    this.worker?.terminate();
    [this.worker, this.client] = [null, null];
  }
}

/** A refusal as the plain problem document that the page shows. */
async function plain<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw error instanceof Refused ? error.problem : error;
  }
}
