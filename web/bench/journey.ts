/**
 * Times the doctor's way on one series in a real browser against a real server.
 *
 *     node bench/run.mjs SERIES [RUNS]
 *
 * Prints one JSON object a run: seconds from drop to box and from "Send" to graph, the longest task of
 * the page's main thread, its heap, the clicks it took, and bytes fetched to the first view and first box.
 */
import { gzipSync } from "node:zlib";
import { statSync } from "node:fs";
import { resolve } from "node:path";
import type { Browser, Page, Response } from "playwright-core";
import {
  busiest,
  cutSector,
  handOver,
  launch,
  readGraph,
  seeBox,
  sendSector,
  sitDown,
  watchTasks,
} from "../test/journeys/doctor.ts";
import { filesIn, missing } from "../test/journeys/places.ts";
import { Server } from "../test/journeys/server.ts";

/** "Use this box" and "Send the sector". */
const CLICKS = 2;

interface Bytes {
  raw: number;
  gzip: number;
}

/** Counts what a page fetches, raw and as gzip would send it. */
class Fetched {
  private readonly bodies: Promise<Bytes>[] = [];

  constructor(page: Page) {
    page.on("response", (response) => this.bodies.push(sizeOf(response)));
  }

  async soFar(): Promise<Bytes> {
    const sizes = await Promise.all(this.bodies);
    return sizes.reduce((sum, one) => ({ raw: sum.raw + one.raw, gzip: sum.gzip + one.gzip }), {
      raw: 0,
      gzip: 0,
    });
  }
}

async function sizeOf(response: Response): Promise<Bytes> {
  const body = await response.body().catch(() => Buffer.alloc(0));
  return { raw: body.length, gzip: gzipSync(body).length };
}

interface Journey {
  readonly drop_to_box_s: number;
  readonly send_to_graph_s: number;
  /** By the clock, as the browser observes it, and on the processor alone. */
  readonly longest_task_ms: number;
  readonly longest_task_processor_ms: number;
  readonly heap_mb: number;
  readonly clicks: number;
  readonly bytes: { readonly first_view: Bytes; readonly first_box: Bytes };
  readonly verdict: string;
}

async function journey(browser: Browser, address: string, series: string): Promise<Journey> {
  let fetched: Fetched | null = null;
  const { page } = await sitDown(browser, address, async (empty) => {
    fetched = new Fetched(empty);
    await watchTasks(browser, empty);
  });
  await page.waitForLoadState("load");
  const firstView = await fetched!.soFar();
  // The runtime of the net comes after the first view, while a person looks for the scan.
  await page.waitForLoadState("networkidle");
  const what = statSync(series).isDirectory() && filesIn(series).length > 0 ? series : [series];
  const dropped = performance.now();
  await handOver(page, what);
  await seeBox(page);
  const dropToBox = performance.now() - dropped;
  const firstBox = await fetched!.soFar();
  await cutSector(page);
  const sent = performance.now();
  await sendSector(page);
  const verdict = await readGraph(page);
  const sendToGraph = performance.now() - sent;
  const { clockMs, processorMs } = await busiest(browser, page);
  const result = {
    drop_to_box_s: seconds(dropToBox),
    send_to_graph_s: seconds(sendToGraph),
    longest_task_ms: Math.round(clockMs),
    longest_task_processor_ms: Math.round(processorMs),
    heap_mb: await heapMb(page),
    clicks: CLICKS,
    bytes: { first_view: firstView, first_box: firstBox },
    verdict,
  };
  await page.context().close();
  return result;
}

const seconds = (ms: number): number => Math.round(ms / 10) / 100;

/** The page's heap after the journey, MB; the worker's is its own. */
async function heapMb(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  // Voxels lie outside of the script's own heap; both count.
  const used = (await session.send("Runtime.getHeapUsage")) as Record<string, number>;
  return Math.round((used.usedSize! + (used.backingStorageSize ?? 0)) / 1e5) / 10;
}

/** Walk the journey on one series as often as asked, each time on a server without a memory of it. */
export async function main(series: string | undefined, runs: number): Promise<number> {
  const why = series === undefined ? "name a series: a folder or a file" : missing();
  if (why !== null) {
    process.stderr.write(`bench journey: ${why}\n`);
    return 1;
  }
  const browser = await launch();
  for (let run = 0; run < runs; run++) {
    const server = await Server.start();
    const result = await journey(browser, server.address, resolve(series!));
    process.stdout.write(`${JSON.stringify(result)}\n`);
    await server.stop();
  }
  await browser.close();
  return 0;
}
