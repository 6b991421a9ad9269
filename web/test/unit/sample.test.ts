import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Affine,
  affineOf,
  applyAffine,
  column,
  Grid,
  isotropicGrid,
  type Point,
  scale,
} from "../../src/corridor/geometry.ts";
import { binsFor, ReducedScan, reduceInPlane, sampleVolume } from "../../src/corridor/sample.ts";
import { AIR_HU, LazyVolume } from "../../src/corridor/volume.ts";

const AXIAL: Affine = affineOf([1.5, 0, 0], [0, 1.25, 0], [0, 0, 2], [-30, -25, 100]);
const field = ([x, y, z]: Point): number => Math.round(4 * x - 3 * y + 2 * z);

/** A scan whose HU are a plane in space. */
function ramp(grid: Grid): LazyVolume {
  const [, ny, nx] = grid.shape;
  return new LazyVolume(grid, (k) =>
    Promise.resolve(
      Int16Array.from({ length: ny * nx }, (_, n) =>
        field(applyAffine(grid.affine, [n % nx, Math.floor(n / nx), k])),
      ),
    ),
  );
}

/** The same voxels, their slices counted from the other end. */
function reversed(volume: LazyVolume): LazyVolume {
  const { shape, affine } = volume.grid;
  const step = column(affine, 2);
  const last = applyAffine(affine, [0, 0, shape[0] - 1]);
  const grid = new Grid(shape, affineOf(column(affine, 0), column(affine, 1), scale(step, -1), last));
  return new LazyVolume(grid, (k) => volume.readSlice(shape[0] - 1 - k));
}

test("a plane in space comes back as itself, whatever the orientation of the scan", async () => {
  const oblique = affineOf([0, 1.5, 0], [0.3, 0, -1.2], [1.9, 0, 0.4], [-40, -30, 20]);
  for (const affine of [AXIAL, oblique]) {
    const grid = new Grid([30, 40, 44], affine);
    const wanted = isotropicGrid(grid.bounds.grown([-12, -12, -12, -12, -12, -12]), 4);
    const { hu, inside } = await sampleVolume(new ReducedScan(ramp(grid), 3), wanted);
    const [, ny, nx] = wanted.shape;
    for (const [at, value] of hu.entries()) {
      if (inside[at] !== 1) continue;
      const place = applyAffine(wanted.affine, [at % nx, Math.floor(at / nx) % ny, Math.floor(at / nx / ny)]);
      const index = applyAffine(grid.inverse, place);
      const deep = index.every((n, axis) => n > 4 && n < [44, 40, 30][axis]! - 5);
      if (deep) expect(Math.abs(value - field(place))).toBeLessThan(1.5);
    }
  }
});

test("outside of the scan is air and not inside", async () => {
  const grid = new Grid([10, 10, 10], affineOf([2, 0, 0], [0, 2, 0], [0, 0, 2], [0, 0, 0]));
  const wanted = new Grid([1, 1, 3], affineOf([15, 0, 0], [0, 2, 0], [0, 0, 2], [-15, 8, 8]));
  const { hu, inside } = await sampleVolume(new ReducedScan(ramp(grid), 3), wanted);
  expect([...inside]).toEqual([0, 1, 1]);
  expect(hu[0]).toBe(AIR_HU);
  expect(hu[1]).not.toBe(AIR_HU);
});

test("a reversed series gives the same cube", async () => {
  const volume = ramp(new Grid([37, 20, 24], AXIAL));
  const wanted = isotropicGrid(volume.grid.bounds, 6);
  const one = await sampleVolume(new ReducedScan(volume, 3), wanted);
  const other = await sampleVolume(new ReducedScan(reversed(volume), 3), wanted);
  expect(other.inside).toEqual(one.inside);
  for (const [at, value] of one.hu.entries()) expect(Math.abs(other.hu[at]! - value)).toBeLessThan(0.01);
});

test("a coarse choice of slices is part of every finer one, which leaves as much over at both ends", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 400 }),
      fc.double({ min: 0.3, max: 6, noNaN: true }),
      (count, dz) => {
        const scan = new ReducedScan(
          ramp(new Grid([count, 2, 2], affineOf([1, 0, 0], [0, 1, 0], [0, 0, dz], [0, 0, 0]))),
          3,
        );
        const [coarse, fine] = [scan.chosenSlices(6), scan.chosenSlices(3.5)];
        const finest = scan.chosenSlices(3);
        const over = finest[0]! - (count - 1 - finest.at(-1)!);
        expect(coarse.every((k) => fine.includes(k))).toBe(true);
        return coarse.length >= 1 && Math.abs(over) <= 1;
      },
    ),
  );
});

test("only the slices that a cube needs are read, each once", async () => {
  const volume = ramp(new Grid([100, 20, 20], affineOf([3, 0, 0], [0, 3, 0], [0, 0, 1], [0, 0, 0])));
  const read: number[] = [];
  const scan = new ReducedScan(
    new LazyVolume(volume.grid, (k) => {
      read.push(k);
      return volume.readSlice(k);
    }),
    3,
  );
  const wanted = isotropicGrid(volume.grid.bounds.grown([0, 0, 0, 0, -40, -40]), 3);
  await sampleVolume(scan, wanted);
  await sampleVolume(scan, wanted);
  expect(new Set(read).size).toBe(read.length);
  expect(Math.min(...read)).toBeGreaterThan(34);
  expect(Math.max(...read)).toBeLessThan(66);
  expect(scan.slicesRead).toBe(read.length);
});

test("area means keep the mean of a slice", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 3, max: 40 }),
      fc.integer({ min: 3, max: 40 }),
      fc.double({ min: 1, max: 9, noNaN: true }),
      (rows, columns, spacing) => {
        const values = Float32Array.from({ length: rows * columns }, (_, n) => (n * 37) % 101);
        const plane = reduceInPlane({ values, rows, columns }, [1, 1], spacing);
        const mean = (all: Float32Array): number => all.reduce((sum, value) => sum + value, 0) / all.length;
        expect(plane.rows).toBe(binsFor(rows, 1, spacing));
        return Math.abs(mean(plane.values) - mean(values)) < 1e-3;
      },
    ),
  );
});
