/** What travels: nothing of the patient; and what was sent survives a killed server. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import dicomParser from "dicom-parser";
import { cutSector, handOver, launch, leave, readGraph, seeBox, sendSector, sitDown } from "./doctor.ts";
import { WHOLE, filesIn, missing, phantomSeries, realSeries } from "./places.ts";
import { Server } from "./server.ts";
import { Wire } from "./wire.ts";

const why = missing();
/** Groups of a DICOM file that say who, when, where and by whom; short values would be found by chance. */
const IDENTIFYING = /^x(0008|0010|0018|0020|0032|0040)/;
const LEAST_LENGTH = 6;
/** Values that are the standard's or the format's own words, not a patient's. */
const PUBLIC = /^(1\.2\.840\.10008\.|ISO_IR|ORIGINAL|PRIMARY|AXIAL|HEAD|CHEST|SQUARE|NONE|STANDARD)/;

/** Every text in the header of a slice that could tell who the patient is, and the file's name. */
function secretsOf(path: string): string[] {
  const data = dicomParser.parseDicom(readFileSync(path), { untilTag: "x7fe00010" });
  const texts = Object.keys(data.elements)
    .filter((tag) => IDENTIFYING.test(tag))
    .flatMap((tag) => (data.string(tag) ?? "").split("\\"))
    .map((text) => text.trim())
    .filter(
      (text) => text.length >= LEAST_LENGTH && !PUBLIC.test(text) && /[A-Za-z]|\d{6}|\d\.\d+\.\d/.test(text),
    )
    // Numbers with a fraction are positions and spacings: those travel, as the sector's place.
    .filter((text) => !/^-?\d+(\.\d+)?(e[-+]?\d+)?$/i.test(text) || /^\d{6,}$/.test(text));
  return [...new Set([...texts, basename(path)])];
}

interface Sent {
  readonly head: string;
  readonly body: Buffer;
}

/** The requests in a record of plain HTTP/1.1, connection by connection: heads and bodies. */
const requestsIn = (record: readonly Buffer[]): Sent[] => record.flatMap(requestsOn);

function requestsOn(record: Buffer): Sent[] {
  const requests: Sent[] = [];
  let at = 0;
  while (at < record.length) {
    const end = record.indexOf("\r\n\r\n", at);
    if (end < 0) break;
    const head = record.toString("latin1", at, end);
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    requests.push({ head, body: record.subarray(end + 4, end + 4 + length) });
    at = end + 4 + length;
  }
  return requests;
}

describe.skipIf(why !== null)(`what travels${why === null ? "" : ` (skipped: ${why})`}`, () => {
  let browser: Browser | undefined;
  let server: Server | undefined;
  let wire: Wire | undefined;

  beforeAll(async () => {
    server = await Server.start();
    wire = await Wire.between(server.port);
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    await wire?.close();
    await server?.stop();
  });

  const scans = [
    { name: "phantom", series: () => phantomSeries("whole", WHOLE), skip: false },
    { name: "real series", series: () => realSeries()!, skip: realSeries() === null },
  ];

  it.skipIf(scans[1]!.skip).each(scans.filter(({ skip }) => !skip))(
    "is the sector of the $name and its closed list of fields, and nothing of the patient",
    async ({ series }) => {
      wire!.startRecord();
      const watched = await sitDown(browser!, wire!.address);
      const { page } = watched;
      await handOver(page, series());
      await seeBox(page);
      const untilSend = wire!.sent();
      await cutSector(page);
      await sendSector(page);
      await readGraph(page);
      const record = wire!.sent();
      expectOnlyGets(untilSend);

      const text = Buffer.concat(record).toString("latin1");
      const slices = filesIn(series()).filter((path) => /\.dcm$|^[^.]+$/.test(basename(path)));
      const secrets = new Set([slices[0]!, slices.at(-1)!].flatMap(secretsOf));
      expect(secrets.size).toBeGreaterThan(5);
      expect([...secrets].filter((secret) => text.includes(secret))).toEqual([]);

      const requests = requestsIn(record);
      const job = requests.find(({ head }) => head.startsWith("POST /api/jobs "))!;
      const { fields } = JSON.parse(job.body.toString()) as { fields: Record<string, unknown> };
      expect(Object.keys(fields).sort()).toEqual(FIELDS);
      const bodies = requests.filter(({ head }) => head.startsWith("PATCH ")).map(({ body }) => body);
      expectOnlySector(Buffer.concat(bodies), fields);
      await expectEmptyStorage(page);
      await leave(watched);
    },
  );

  it("goes on where it was when the server is killed in the middle of an upload", async () => {
    const watched = await sitDown(browser!, wire!.address);
    const { page, complaints } = watched;
    await handOver(page, phantomSeries("large", ["--slices", "160", "--rows", "384", "--seed", "3"]));
    await seeBox(page);
    await cutSector(page);
    wire!.startRecord();
    wire!.bytesPerSecond = 3_000_000;
    await sendSector(page);
    await expect.poll(() => wire!.count(), { timeout: 60_000 }).toBeGreaterThan(3_000_000);
    await server!.kill();
    await page.getByText("The server does not answer. What has arrived is kept").waitFor();
    wire!.bytesPerSecond = 0;
    await server!.run();
    expect(await readGraph(page)).toMatch(/^The aorta was/);
    const patches = requestsIn(wire!.sent()).filter(({ head }) => head.startsWith("PATCH "));
    const offsets = patches.map(({ head }) => Number(/upload-offset: (\d+)/i.exec(head)![1]));
    expect(offsets).toContain(0);
    expect(Math.max(...offsets)).toBeGreaterThan(1_000_000);
    expect(complaints).toEqual([]);
    await leave(watched);
  });
});

const FIELDS = [
  "affine_lps",
  "confidence",
  "cut_faces",
  "heart_box_lps_mm",
  "margin_mm",
  "model",
  "schema",
  "sector_box_lps_mm",
  "sha256",
  "shape_zyx",
  "verdict",
];

/** Until "Send" the page only fetches its own files. */
function expectOnlyGets(record: readonly Buffer[]): void {
  const methods = requestsIn(record).map(({ head }) => head.split(" ")[0]!);
  expect(new Set(methods)).toEqual(new Set(["GET"]));
}

/** What was uploaded is the sector's file: its digest, its count of voxels, and no line more in its header. */
function expectOnlySector(sent: Buffer, fields: Record<string, unknown>): void {
  expect(createHash("sha256").update(sent).digest("hex")).toBe(fields.sha256);
  const end = sent.indexOf("\n\n");
  const header = sent.toString("latin1", 0, end).split("\n");
  const names = header.slice(1).map((line) => line.split(":")[0]!);
  for (const name of names) expect(NRRD_FIELDS).toContain(name);
  const [nz, ny, nx] = fields.shape_zyx as number[];
  expect(gunzipSync(sent.subarray(end + 2)).length).toBe(nz! * ny! * nx! * 2);
}

const NRRD_FIELDS = [
  "type",
  "dimension",
  "space",
  "sizes",
  "space directions",
  "kinds",
  "endian",
  "encoding",
  "space origin",
  "space units",
  "content",
];

/** Nothing of a patient is kept in the browser; a finished upload is forgotten. */
async function expectEmptyStorage(page: Page): Promise<void> {
  const kept = await page.evaluate(async () => ({
    local: Object.keys(localStorage),
    session: Object.keys(sessionStorage),
    databases: (await indexedDB.databases()).length,
    caches: (await caches.keys()).length,
    cookies: document.cookie,
  }));
  expect(kept).toEqual({ local: [], session: [], databases: 0, caches: 0, cookies: "" });
}
