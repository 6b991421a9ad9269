import fc from "fast-check";
import { expect, test } from "vitest";
import {
  affineOf,
  applyAffine,
  Box,
  Grid,
  isotropicGrid,
  lpsFromRas,
  type Faces,
} from "../../src/corridor/geometry.ts";
import { boxes, points, rigidAffines } from "./arbitraries.ts";

const near = (a: readonly number[], b: readonly number[], by = 1e-6): boolean =>
  a.every((value, n) => Math.abs(value - b[n]!) <= by);

test("turning to LPS twice gives the affine back", () => {
  fc.assert(
    fc.property(rigidAffines, (affine) => near(lpsFromRas(lpsFromRas(affine)).flat(), affine.flat(), 0)),
  );
});

test("a point survives the way to voxels and back", () => {
  fc.assert(
    fc.property(rigidAffines, points, (affine, point) => {
      const grid = new Grid([4, 5, 6], affine);
      return near(applyAffine(affine, applyAffine(grid.inverse, point)), point);
    }),
  );
});

test.each([[[0, 0, 0, 1, 0, 1]], [[1, 0, 0, 1, 0, 1]], [[0, 1, 0, 1, 0, NaN]], [[0, 1, 0, 1, 0]]])(
  "a box inside out is refused: %j",
  (faces) => {
    expect(() => new Box(faces as unknown as Faces)).toThrow(RangeError);
  },
);

test("a box overlaps itself wholly, and others the same from both sides", () => {
  fc.assert(
    fc.property(boxes, boxes, (one, other) => {
      const share = one.iou(other);
      expect(one.iou(one)).toBeCloseTo(1);
      expect(share).toBeCloseTo(other.iou(one));
      return share >= 0 && share <= 1 + 1e-9;
    }),
  );
});

test("the voxels of a box cover the part of it that lies in the scan", () => {
  fc.assert(
    fc.property(
      rigidAffines,
      boxes,
      fc.array(
        fc.tuple(fc.double({ min: 0, max: 1 }), fc.double({ min: 0, max: 1 }), fc.double({ min: 0, max: 1 })),
      ),
      (affine, box, shares) => {
        const grid = new Grid([20, 25, 30], affine);
        const range = grid.voxelRange(box);
        for (const share of shares) {
          if (share.some(Number.isNaN)) continue;
          const point = [0, 1, 2].map((axis) => box.low[axis]! + share[axis]! * box.size[axis]!);
          const [i, j, k] = applyAffine(grid.inverse, [point[0]!, point[1]!, point[2]!]);
          const within = [i, j, k].every((value, n) => value > -0.499 && value < [30, 25, 20][n]! - 0.501);
          if (!within) continue;
          if (range === null) return false;
          const [[k0, j0, i0], [k1, j1, i1]] = range;
          const inside = (value: number, low: number, high: number): boolean =>
            value >= low - 0.5 - 1e-6 && value <= high - 0.5 + 1e-6;
          if (!inside(i, i0, i1) || !inside(j, j0, j1) || !inside(k, k0, k1)) return false;
        }
        return true;
      },
    ),
  );
});

test("cropping leaves voxels where they are", () => {
  fc.assert(
    fc.property(rigidAffines, (affine) => {
      const part = new Grid([8, 9, 10], affine).cropped([1, 2, 3], [4, 6, 10]);
      expect(part.shape).toEqual([3, 4, 7]);
      return near(applyAffine(part.affine, [0, 0, 0]), applyAffine(affine, [3, 2, 1]));
    }),
  );
});

test("an isotropic grid covers its box and sits on its centre", () => {
  fc.assert(
    fc.property(boxes, fc.double({ min: 1, max: 12, noNaN: true }), (box, spacing) => {
      const { bounds } = isotropicGrid(box, spacing);
      return (
        near(bounds.centre, box.centre) &&
        bounds.size.every((size, n) => size >= box.size[n]! - 1e-6 && size < box.size[n]! + spacing + 1e-6)
      );
    }),
  );
});

test("a grid that cannot be inverted, or without voxels, is refused", () => {
  expect(() => new Grid([3, 3, 3], affineOf([1, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 0]))).toThrow("inverted");
  expect(() => new Grid([3, 0, 3], affineOf([1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]))).toThrow("voxel");
});
