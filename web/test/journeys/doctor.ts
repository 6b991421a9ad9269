/** A person at the page: what one does, and what one sees. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";
import { BUILD, findBrowser } from "./places.ts";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
export const WIDE = { width: 1280, height: 800 };
export const NARROW = { width: 800, height: 600 };
const PATIENCE_MS = 90_000;

export const launch = (): Promise<Browser> =>
  chromium.launch({ executablePath: findBrowser()!, args: FLAGS, headless: true });

/** What the page complained about while it was watched. */
export interface Watched {
  readonly page: Page;
  /** Errors, and what the content security policy stopped. */
  readonly complaints: string[];
}

/** A page of its own, with its main thread under watch. */
export async function sitDown(
  browser: Browser,
  address: string,
  before: (page: Page) => void | Promise<void> = () => undefined,
): Promise<Watched> {
  const context = await browser.newContext({ viewport: WIDE, acceptDownloads: true });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await before(page);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    const text = message.text();
    const expected = text.includes("net::ERR_") || /status of (404|5\d\d)/.test(text);
    if (message.type() === "error" && !expected) complaints.push(text);
  });
  await page.addInitScript(() => {
    const tasks: number[] = [];
    Object.assign(window, { longTasks: tasks });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) tasks.push(entry.duration);
    }).observe({ type: "longtask", buffered: true });
  });
  await page.goto(address);
  await page.getByRole("heading", { name: "Open a chest CT" }).waitFor();
  return { page, complaints };
}

/** Main-thread tasks in a trace, with their time on the clock and on the processor. */
const TASKS = "disabled-by-default-devtools.timeline";

/** The longest task of the main thread, ms: by the clock, and by the processor alone. */
export interface Busiest {
  /** PerformanceObserver's long tasks: on a loaded computer they hold what other programs took. */
  readonly clockMs: number;
  readonly processorMs: number;
}

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}

/** Watch the main thread from now on; `busiest` ends it. */
export async function watchTasks(browser: Browser, page: Page): Promise<void> {
  // A journey that failed may have left its watch running.
  await browser.stopTracing().catch(() => undefined);
  await browser.startTracing(page, { categories: [TASKS] });
}

/** End the watch: what the main thread did at its longest. */
export async function busiest(browser: Browser, page: Page): Promise<Busiest> {
  const clockMs = await page.evaluate(() =>
    Math.max(0, ...(window as unknown as { longTasks: number[] }).longTasks),
  );
  const trace = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  const thread = ({ pid, tid }: TraceEvent): string => `${String(pid)} ${String(tid)}`;
  const named = trace.traceEvents.filter(({ name }) => name === "thread_name");
  const mains = new Set(named.filter(({ args }) => args.name === "CrRendererMain").map(thread));
  const tasks = trace.traceEvents.filter((event) => event.name === "RunTask" && mains.has(thread(event)));
  if (tasks.length === 0) throw new Error("the trace holds no task of the main thread");
  return { clockMs, processorMs: Math.max(...tasks.map(({ tdur }) => tdur ?? 0)) / 1000 };
}

export const leave = ({ page }: Watched): Promise<void> => page.context().close();

/** Drop files or folders from the desktop onto the page, as a hand does. */
export async function drop(page: Page, paths: string[]): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: paths, dragOperationsMask: 1 };
  const zone = (await page.locator(".drop").boundingBox())!;
  const [x, y] = [zone.x + zone.width / 2, zone.y + zone.height / 2];
  for (const type of ["dragEnter", "dragOver", "drop"] as const) {
    await session.send("Input.dispatchDragEvent", { type, x, y, data });
  }
}

/** Hand over files or one folder by the picker. */
export async function handOver(page: Page, what: string | string[]): Promise<void> {
  const kind = typeof what === "string" ? "folder" : "files";
  await page.locator(`input[data-pick=${kind}]`).setInputFiles(what);
}

export const heading = (page: Page, name: string): Promise<void> =>
  page.getByRole("heading", { name, level: 1 }).waitFor();

/** Wait for the box, and for the picture under it. */
export async function seeBox(page: Page): Promise<void> {
  await heading(page, "Check the heart's box");
  await page.locator(".plane-axial .heart-box").waitFor({ state: "attached" });
}

export async function cutSector(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Use this box" }).click();
  await heading(page, "Send the sector");
}

export async function sendSector(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Send the sector" }).click();
}

/** Wait until the aorta, or the reason why there is none, is there to read. */
export async function readGraph(page: Page): Promise<string> {
  const verdict = page.locator(".step-read .verdict-title");
  await verdict.waitFor();
  if ((await verdict.textContent()) !== "The aorta was not measured in this sector.") {
    await page.locator(".step-read .profile .curve").waitFor();
    await page.locator(".step-read .downloads a").first().waitFor();
  }
  return (await verdict.textContent()) ?? "";
}

/** Keep a picture of the page at both sizes. */
export async function shoot(page: Page, name: string): Promise<void> {
  const folder = process.env.HEARTBOX_SHOTS ?? join(BUILD, "shots");
  mkdirSync(folder, { recursive: true });
  for (const size of [NARROW, WIDE]) {
    await page.setViewportSize(size);
    await page.waitForTimeout(400);
    await page.screenshot({ path: join(folder, `${name}-${String(size.width)}x${String(size.height)}.png`) });
  }
}
