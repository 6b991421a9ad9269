import { describe, expect, test } from "vitest";
import { affineOf, Grid } from "../../src/corridor/geometry.ts";
import { cubeGrid, findHeart, judge, scanEndsMm, type Sighting } from "../../src/corridor/locate.ts";
import { loadManifest, loadWeights } from "../../src/corridor/manifest.ts";
import { encode } from "../../src/corridor/network.ts";
import { LazyVolume } from "../../src/corridor/volume.ts";

const SCAN = new Grid([100, 100, 100], affineOf([3, 0, 0], [0, 3, 0], [0, 0, 3], [-150, -150, -150]));
const FACES = [-60, 60, -50, 50, -40, 40];
const WINDOW = cubeGrid([0, 0, 0], 3.5, 64);

const sighting = (change: Partial<Sighting> = {}): Sighting => ({
  presence: 0.98,
  heartMl: 500,
  facesMm: FACES,
  beyond: [0, 0, 0, 0, 0, 0],
  window: WINDOW,
  mask: new Float32Array(32 ** 3),
  ...change,
});

const { manifest } = await loadManifest();
const plain = { ...manifest, face_offsets_mm: [0, 0, 0, 0, 0, 0] as const };

test("a whole heart with conviction is found where the net saw it", () => {
  const finding = judge(sighting(), sighting(), SCAN, plain);
  expect(finding).toMatchObject({ verdict: "found", cutFaces: [], confidence: 0.98 });
  expect(finding.heartBox?.faces).toEqual(FACES);
});

test("the manifest's offsets move the faces", () => {
  const finding = judge(sighting(), sighting(), SCAN, { ...plain, face_offsets_mm: [1, 2, 3, 4, 5, 6] });
  expect(finding.heartBox?.faces).toEqual([-59, 62, -47, 54, -35, 46]);
});

test("a face beyond the scan's end is cut, and the box ends at the scan", () => {
  const seen = sighting({ facesMm: [-60, 60, -50, 50, -40, 170], beyond: [0, 0, 0, 0, 0, 0.8] });
  const finding = judge(seen, seen, SCAN, plain);
  expect(finding).toMatchObject({ verdict: "cut", cutFaces: ["superior"] });
  expect(finding.confidence).toBeCloseTo(0.98 * 0.8, 4);
  expect(finding.heartBox?.faces[5]).toBeCloseTo(148.5);
});

test("too little conviction, too little heart or no room for a box is not found", () => {
  for (const change of [{ presence: 0.2 }, { heartMl: 3 }, { facesMm: [60, -60, -50, 50, -40, 40] }]) {
    const finding = judge(sighting(change), sighting(change), SCAN, plain);
    expect(finding).toMatchObject({ verdict: "not_found", heartBox: null });
  }
});

describe("the scan's ends", () => {
  test("of an axial scan are its outer faces", () => {
    expect(scanEndsMm(SCAN, [0, 0, 0])).toEqual([-151.5, 148.5, -151.5, 148.5, -151.5, 148.5]);
  });

  test("of a turned scan are nearer than its bounds", () => {
    const half = Math.SQRT1_2;
    const turned = new Grid(
      [100, 101, 101],
      affineOf([half, half, 0], [-half, half, 0], [0, 0, 1], [0, -50 / half, -50]),
    );
    const ends = scanEndsMm(turned, [0, 0, 0]);
    for (const [n, due] of [-50.5 / half, 50.5 / half].entries()) expect(ends[n]).toBeCloseTo(due, 6);
    expect(ends.slice(4)).toEqual([-50.5, 49.5]);
  });

  test("seen from outside are its bounds", () => {
    expect(scanEndsMm(SCAN, [900, 0, 0])).toEqual([...SCAN.bounds.faces]);
  });
});

test("windows run from -1 to 1 and read -1 outside of the scan", () => {
  const grid = new Grid([1, 1, 4], affineOf([1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]));
  const sampled = { hu: Float32Array.of(-2000, 0, 5000, 0), inside: Uint8Array.of(1, 1, 1, 0), grid };
  expect([...encode(sampled, [[-100, 300]])]).toEqual([-1, -0.5, 1, -1, 1, 1, 1, 0]);
});

test("the weights are those of the manifest", async () => {
  expect((await loadWeights("coarse")).length).toBeGreaterThan(1000);
  expect((await loadWeights("fine")).length).toBeGreaterThan(1000);
});

test("a scan of air shows no heart, reads each slice once and tells how far it is", async () => {
  const grid = new Grid([80, 64, 64], affineOf([5, 0, 0], [0, 5, 0], [0, 0, 3], [-160, -160, 0]));
  const read: number[] = [];
  const shares: number[] = [];
  const air = new LazyVolume(grid, (k) => {
    read.push(k);
    return Promise.resolve(new Int16Array(64 * 64).fill(-1000));
  });
  const finding = await findHeart(air, { onShare: (share) => shares.push(share) });
  expect(finding).toMatchObject({ verdict: "not_found", heartBox: null });
  expect(finding.model.sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(new Set(read).size).toBe(read.length);
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  expect(shares.at(-1)).toBe(1);
});

test("a search can be stopped", async () => {
  const grid = new Grid([80, 8, 8], affineOf([5, 0, 0], [0, 5, 0], [0, 0, 3], [0, 0, 0]));
  const stop = new AbortController();
  const volume = new LazyVolume(grid, () => {
    stop.abort();
    return Promise.resolve(new Int16Array(64));
  });
  await expect(findHeart(volume, { signal: stop.signal })).rejects.toThrow("abort");
});
