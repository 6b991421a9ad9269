/** Planes through a volume: which way they lie, where a point falls on them, and their grey values. */
import {
  applyAffine,
  column,
  norm,
  type Affine,
  type Faces,
  type Grid,
  type Point,
} from "../../corridor/geometry.ts";

export const PLANES = ["axial", "coronal", "sagittal"] as const;
export type PlaneName = (typeof PLANES)[number];

/** One plane's axes in LPS: which axis goes right, down and through, and with which sign. */
export interface Plane {
  readonly right: { readonly axis: 0 | 1 | 2; readonly sign: 1 | -1 };
  readonly down: { readonly axis: 0 | 1 | 2; readonly sign: 1 | -1 };
  readonly through: 0 | 1 | 2;
  /** Letters at the left, right, top and bottom edge. */
  readonly letters: readonly [string, string, string, string];
}

/** Radiological convention: the patient's right is on the left; from the side, the nose points left. */
export const PLANE: Readonly<Record<PlaneName, Plane>> = {
  axial: {
    right: { axis: 0, sign: 1 },
    down: { axis: 1, sign: 1 },
    through: 2,
    letters: ["R", "L", "A", "P"],
  },
  coronal: {
    right: { axis: 0, sign: 1 },
    down: { axis: 2, sign: -1 },
    through: 1,
    letters: ["R", "L", "S", "I"],
  },
  sagittal: {
    right: { axis: 1, sign: 1 },
    down: { axis: 2, sign: -1 },
    through: 0,
    letters: ["A", "P", "S", "I"],
  },
};

export interface Window {
  readonly width: number;
  readonly centre: number;
}

/** A plane's rectangle: its top left corner in mm along right and down, and its size. */
export interface Extent {
  readonly rightMm: number;
  readonly downMm: number;
  readonly widthMm: number;
  readonly heightMm: number;
}

/** A volume to look at. Values are [z, y, x], x fastest. */
export interface Voxels {
  readonly values: Int16Array | Uint8Array;
  readonly grid: Grid;
}

/** Along a plane's right and down directions, mm; down -z means that mm falls along the head's direction. */
export const alongMm = (plane: Plane, point: Point): readonly [number, number] => [
  plane.right.sign * point[plane.right.axis],
  plane.down.sign * point[plane.down.axis],
];

/** The rectangle that a box fills on a plane. */
export function extentOf(plane: Plane, faces: Faces): Extent {
  const span = ({ axis, sign }: Plane["right"]): [number, number] => {
    const [low, high] = [faces[axis * 2]!, faces[axis * 2 + 1]!];
    return sign > 0 ? [low, high] : [-high, -low];
  };
  const [left, right] = span(plane.right);
  const [top, bottom] = span(plane.down);
  return { rightMm: left, downMm: top, widthMm: right - left, heightMm: bottom - top };
}

/** The LPS point at (right, down) mm on the plane that goes through `at`. */
export function pointAt(plane: Plane, rightMm: number, downMm: number, at: Point): Point {
  const point: [number, number, number] = [at[0], at[1], at[2]];
  point[plane.right.axis] = plane.right.sign * rightMm;
  point[plane.down.axis] = plane.down.sign * downMm;
  return point;
}

/** A plane is never drawn with more pixels along a side than a screen shows of it. */
const MOST_PIXELS = 480;

/** The spacing to draw a volume at, mm: its finest one, or what a screen can show. */
export const drawnMm = (grid: Grid): number =>
  Math.max(Math.min(...grid.spacing), Math.max(...grid.bounds.size) / MOST_PIXELS);

/** The steps in voxels (i, j, k) that one mm along LPS axis `axis` makes. */
const stepOf = (inverse: Affine, axis: 0 | 1 | 2): Point => column(inverse, axis);

/** Where sampling starts and how it goes on: voxel (i, j, k) of the first pixel, steps along right and down. */
interface Walk {
  readonly start: Point;
  readonly right: Point;
  readonly down: Point;
}

function walkOf(plane: Plane, extent: Extent, stepMm: number, at: Point, inverse: Affine): Walk {
  const first = pointAt(plane, extent.rightMm + stepMm / 2, extent.downMm + stepMm / 2, at);
  const scaled = (p: Point, by: number): Point => [p[0] * by, p[1] * by, p[2] * by];
  return {
    start: applyAffine(inverse, first),
    right: scaled(stepOf(inverse, plane.right.axis), plane.right.sign * stepMm),
    down: scaled(stepOf(inverse, plane.down.axis), plane.down.sign * stepMm),
  };
}

/**
 * Sample a plane of a volume by linear interpolation, outside of the volume `outside`.
 *
 * Returns (rows, columns) float32 in `values`, row by row; pixels are squares of `stepMm`.
 */
export function samplePlane(
  volume: Voxels,
  plane: Plane,
  at: Point,
  stepMm: number,
  outside: number,
): { values: Float32Array; columns: number; rows: number; extent: Extent } {
  const extent = extentOf(plane, volume.grid.bounds.faces);
  const columns = Math.max(Math.round(extent.widthMm / stepMm), 1);
  const rows = Math.max(Math.round(extent.heightMm / stepMm), 1);
  const walk = walkOf(plane, extent, stepMm, at, volume.grid.inverse);
  const values = new Float32Array(columns * rows);
  const read = linearReader(volume, outside);
  for (let row = 0; row < rows; row++) {
    let [i, j, k] = [
      walk.start[0] + row * walk.down[0],
      walk.start[1] + row * walk.down[1],
      walk.start[2] + row * walk.down[2],
    ];
    for (let n = row * columns; n < (row + 1) * columns; n++) {
      values[n] = read(i, j, k);
      i += walk.right[0];
      j += walk.right[1];
      k += walk.right[2];
    }
  }
  const filled = { ...extent, widthMm: columns * stepMm, heightMm: rows * stepMm };
  return { values, columns, rows, extent: filled };
}

/** Read a volume at fractions of voxels (i, j, k), linearly; half a voxel beyond the centres is still inside. */
export function linearReader(volume: Voxels, outside: number): (i: number, j: number, k: number) => number {
  const { values } = volume;
  const [nz, ny, nx] = volume.grid.shape;
  const [maxI, maxJ, maxK] = [nx - 1, ny - 1, nz - 1];
  const slice = nx * ny;
  return (i, j, k) => {
    if (!(i >= -0.5 && j >= -0.5 && k >= -0.5 && i <= maxI + 0.5 && j <= maxJ + 0.5 && k <= maxK + 0.5)) {
      return outside;
    }
    const [ci, cj, ck] = [clamp(i, maxI), clamp(j, maxJ), clamp(k, maxK)];
    const [i0, j0, k0] = [Math.floor(ci), Math.floor(cj), Math.floor(ck)];
    const [fi, fj, fk] = [ci - i0, cj - j0, ck - k0];
    const base = k0 * slice + j0 * nx + i0;
    const di = i0 < maxI ? 1 : 0;
    const dj = j0 < maxJ ? nx : 0;
    const dk = k0 < maxK ? slice : 0;
    const near = lerp(
      lerp(values[base]!, values[base + di]!, fi),
      lerp(values[base + dj]!, values[base + dj + di]!, fi),
      fj,
    );
    const far = base + dk;
    return lerp(
      near,
      lerp(
        lerp(values[far]!, values[far + di]!, fi),
        lerp(values[far + dj]!, values[far + dj + di]!, fi),
        fj,
      ),
      fk,
    );
  };
}

const lerp = (from: number, to: number, by: number): number => from + by * (to - from);

const clamp = (value: number, most: number): number => (value < 0 ? 0 : value > most ? most : value);

/** Turn HU into greys 0..255 by a window. */
export function greyOf(hu: number, window: Window): number {
  const grey = ((hu - window.centre) / window.width + 0.5) * 255;
  return grey < 0 ? 0 : grey > 255 ? 255 : grey;
}

/** How far one step through the planes goes, mm: the volume's own step along that axis. */
export function throughMm(plane: Plane, grid: Grid): number {
  const steps = ([0, 1, 2] as const).map((axis) => column(grid.affine, axis));
  const along = steps.map((step) => Math.abs(step[plane.through]) / norm(step));
  const own = along.indexOf(Math.max(...along));
  return norm(steps[own]!);
}
