import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { affineOf, applyAffine, Box, Grid } from "../../src/corridor/geometry.ts";
import type { Finding } from "../../src/corridor/locate.ts";
import { openNrrd } from "../../src/corridor/nrrd.ts";
import { cutSector, MARGIN_MM, packSector, sectorBox } from "../../src/corridor/sector.ts";
import { LazyVolume } from "../../src/corridor/volume.ts";
import { member } from "../makers/dicom.ts";
import { boxes } from "./arbitraries.ts";

const GRID = new Grid([60, 50, 40], affineOf([4, 0, 0], [0, 4, 0], [0, 0, 3], [-80, -100, -90]));
const SCAN = new LazyVolume(GRID, (k) =>
  Promise.resolve(Int16Array.from({ length: 2000 }, (_, n) => (n % 50) - k)),
);
const HEART = new Box([-40, 50, -40, 30, -30, 20]);
const MODEL = { name: "heart", version: "1", sha256: "0".repeat(63) + "a" };
const FOUND: Finding = {
  verdict: "found",
  confidence: 0.97123,
  heartBox: HEART,
  cutFaces: [],
  model: MODEL,
  evidence: { values: new Uint8Array(1), grid: new Grid([1, 1, 1], GRID.affine) },
};

test("a sector holds the voxels of box and margin, at their places", async () => {
  const { volume, box } = await cutSector(SCAN, FOUND);
  expect(box.faces).toEqual([-58, 66, -50, 90, -46.5, 88.5]);
  expect(volume.grid.bounds.faces).toEqual(box.faces);
  const [, ny, nx] = volume.grid.shape;
  const [i, j, k] = applyAffine(GRID.inverse, applyAffine(volume.grid.affine, [1, 2, 3])).map(Math.round);
  expect(volume.hu[(3 * ny + 2) * nx + 1]).toBe(((j! * 40 + i!) % 50) - k!);
});

test("only the slices that it needs are read", async () => {
  const read: number[] = [];
  await cutSector(
    new LazyVolume(GRID, (k) => {
      read.push(k);
      return SCAN.readSlice(k);
    }),
    FOUND,
  );
  expect([Math.min(...read), Math.max(...read), read.length]).toEqual([15, 59, 45]);
});

test("every sector covers its heart's box as far as the scan goes", async () => {
  await fc.assert(
    fc.asyncProperty(boxes, async (heart) => {
      const inside = heart.intersection(GRID.bounds);
      if (inside === null) return;
      const { box } = await cutSector(SCAN, heart);
      expect(box.low.every((mm, axis) => mm <= inside.low[axis]! + 1e-6)).toBe(true);
      expect(box.high.every((mm, axis) => mm >= inside.high[axis]! - 1e-6)).toBe(true);
    }),
    { numRuns: 30 },
  );
});

test("what travels is the closed list of fields, with the digest of the voxels as written", async () => {
  const { nrrd, fields } = await packSector(await cutSector(SCAN, FOUND));
  const schema = JSON.parse(
    readFileSync(new URL("../../../contract/schemas/sector.schema.json", import.meta.url), "utf8"),
  ) as { properties: object; required: string[] };
  expect(Object.keys(fields).sort()).toEqual(Object.keys(schema.properties).sort());
  expect(Object.keys(fields)).toEqual(expect.arrayContaining(schema.required));
  expect(fields).toMatchObject({ verdict: "found", confidence: 0.9712, model: MODEL, margin_mm: MARGIN_MM });
  expect(fields.sha256).toBe(createHash("sha256").update(nrrd).digest("hex"));
  const again = await openNrrd(member("sector.nrrd", nrrd));
  expect(again.grid.shape).toEqual(fields.shape_zyx);
  expect(again.grid.affine).toEqual(fields.affine_lps);
});

test("a box that a person drew has neither confidence nor model", async () => {
  const { fields } = await packSector(await cutSector(SCAN, HEART, [0, 0, 0, 0, 0, 0]));
  expect(fields).toMatchObject({ verdict: "drawn", confidence: null, model: null, cut_faces: [] });
});

test("a box beside the scan is refused", async () => {
  expect(() => sectorBox(GRID, new Box([500, 600, 0, 1, 0, 1]))).toThrow("outside");
  await expect(cutSector(SCAN, new Box([500, 600, 0, 1, 0, 1]))).rejects.toMatchObject({
    code: "box-outside",
  });
});

test("a sector beyond the limit is refused before it is read", async () => {
  const huge = new Grid([3000, 4000, 4000], affineOf([0.1, 0, 0], [0, 0.1, 0], [0, 0, 0.1], [0, 0, 0]));
  const scan = new LazyVolume(huge, () => Promise.reject(new Error("read")));
  await expect(cutSector(scan, huge.bounds)).rejects.toMatchObject({ code: "too-large" });
});
