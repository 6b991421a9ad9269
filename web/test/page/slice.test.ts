import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Grid, affineOf, applyAffine, type Affine, type Point } from "../../src/corridor/geometry.ts";
import {
  PLANE,
  PLANES,
  alongMm,
  greyOf,
  pointAt,
  samplePlane,
  throughMm,
} from "../../src/page/view/slice.ts";

/** A volume whose value is 100 + its LPS x + 2 y + 3 z: linear, so that sampling it linearly is exact. */
function ramp(affine: Affine): { values: Int16Array; grid: Grid } {
  const grid = new Grid([20, 24, 28], affine);
  const values = new Int16Array(grid.size);
  let n = 0;
  for (let k = 0; k < 20; k++) {
    for (let j = 0; j < 24; j++) {
      for (let i = 0; i < 28; i++) values[n++] = valueAt(applyAffine(affine, [i, j, k]));
    }
  }
  return { values, grid };
}

const valueAt = (p: Point): number => 100 + p[0] + 2 * p[1] + 3 * p[2];

const AFFINES: Readonly<Record<string, Affine>> = {
  axial: affineOf([2, 0, 0], [0, 2, 0], [0, 0, 4], [-20, -10, 6]),
  "feet first": affineOf([-2, 0, 0], [0, 2, 0], [0, 0, -4], [30, -10, 80]),
  prone: affineOf([-2, 0, 0], [0, -2, 0], [0, 0, 4], [30, 30, 0]),
  coronal: affineOf([2, 0, 0], [0, 0, -2], [0, 4, 0], [-20, -40, 60]),
  sagittal: affineOf([0, 2, 0], [0, 0, -2], [4, 0, 0], [-40, -20, 60]),
};
const OUTSIDE = -9999;

describe.each(Object.entries(AFFINES))("a scan acquired %s", (_, affine) => {
  it.each(PLANES)("shows the true value at each pixel of the %s plane", (name) => {
    const volume = ramp(affine);
    const plane = PLANE[name];
    const at = volume.grid.bounds.centre;
    const { values, columns, rows, extent } = samplePlane(volume, plane, at, 2, OUTSIDE);
    let inside = 0;
    for (let row = 2; row < rows - 2; row++) {
      for (let col = 2; col < columns - 2; col++) {
        const value = values[row * columns + col]!;
        const right = extent.rightMm + (col + 0.5) * 2;
        const down = extent.downMm + (row + 0.5) * 2;
        expect(value).toBeCloseTo(valueAt(pointAt(plane, right, down, at)), 2);
        inside++;
      }
    }
    expect(inside).toBeGreaterThan(100);
  });
});

describe("the radiological convention", () => {
  it("draws the patient's left on the right of axial and coronal planes", () => {
    for (const name of ["axial", "coronal"] as const) {
      expect(alongMm(PLANE[name], [10, 0, 0])[0]).toBeGreaterThan(alongMm(PLANE[name], [-10, 0, 0])[0]);
      expect(PLANE[name].letters.slice(0, 2)).toEqual(["R", "L"]);
    }
  });

  it("draws the front on the left of the sagittal plane and on top of the axial one", () => {
    expect(alongMm(PLANE.sagittal, [0, -10, 0])[0]).toBeLessThan(alongMm(PLANE.sagittal, [0, 10, 0])[0]);
    expect(alongMm(PLANE.axial, [0, -10, 0])[1]).toBeLessThan(alongMm(PLANE.axial, [0, 10, 0])[1]);
  });

  it("draws the head on top of coronal and sagittal planes", () => {
    for (const name of ["coronal", "sagittal"] as const) {
      expect(alongMm(PLANE[name], [0, 0, 10])[1]).toBeLessThan(alongMm(PLANE[name], [0, 0, -10])[1]);
    }
  });

  it("finds back the point that it placed", () => {
    const number = fc.double({ min: -500, max: 500, noNaN: true });
    fc.assert(
      fc.property(fc.constantFrom(...PLANES), fc.tuple(number, number, number), (name, point) => {
        const [right, down] = alongMm(PLANE[name], point);
        const back = pointAt(PLANE[name], right, down, point);
        expect(back.map((one) => one + 0)).toEqual(point.map((one) => one + 0));
      }),
    );
  });
});

describe("a step through the planes", () => {
  it("is the volume's own step along that axis, whichever way it was acquired", () => {
    const axial = new Grid([20, 24, 28], AFFINES.axial!);
    const coronal = new Grid([20, 24, 28], AFFINES.coronal!);
    expect(PLANES.map((name) => throughMm(PLANE[name], axial))).toEqual([4, 2, 2]);
    expect(PLANES.map((name) => throughMm(PLANE[name], coronal))).toEqual([2, 4, 2]);
  });
});

describe("the grey window", () => {
  it("runs from black to white over its width around its centre", () => {
    const window = { width: 400, centre: 40 };
    expect([-160, 40, 240, -1000, 3000].map((hu) => greyOf(hu, window))).toEqual([0, 127.5, 255, 0, 255]);
  });
});
