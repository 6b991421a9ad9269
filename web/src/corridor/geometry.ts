/**
 * Where things are: LPS millimetres, affines, voxel grids and boxes, with no voxel in sight.
 *
 * The twin of geometry.py. One frame everywhere: LPS (x to the patient's left, y to the back, z to
 * the head), in mm. Arrays are [z, y, x] with x fastest; an affine maps the voxel index
 * (i = x, j = y, k = z, 1) to the LPS position of that voxel's centre. A box is
 * [x0, x1, y0, y1, z0, z1] and reaches to the outer faces of voxels.
 */

/** LPS mm, or voxel indices (i, j, k). */
export type Point = readonly [number, number, number];
/** Counts of voxels along z, y, x; or a voxel index (k, j, i). */
export type Zyx = readonly [number, number, number];
type Row = readonly [number, number, number, number];
/** 4 x 4, voxel (i, j, k, 1) -> LPS mm. */
export type Affine = readonly [Row, Row, Row, Row];
/** [x0, x1, y0, y1, z0, z1], LPS mm. */
export type Faces = readonly [number, number, number, number, number, number];

/** Steps between slices may differ from their median by this much (mm) or share, whichever is larger. */
export const SPACING_TOLERANCE_MM = 0.02;
export const SPACING_TOLERANCE_SHARE = 0.01;
/** Two direction cosines closer than this are the same orientation (2e-3 is about 0.1 degree). */
export const ORIENTATION_TOLERANCE = 2e-3;
/** Two slices closer than this along the normal lie at one position. */
export const SAME_POSITION_MM = 0.01;
/** A slice step that leaves the slice normal by more than this angle is a gantry tilt. */
export const TILT_TOLERANCE_DEG = 0.5;

/** Names of a box's six faces, in the order of its six numbers. */
export const FACES = ["right", "left", "anterior", "posterior", "inferior", "superior"] as const;
export type Face = (typeof FACES)[number];

const AXES = [0, 1, 2] as const;

export const add = (a: Point, b: Point): Point => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
export const subtract = (a: Point, b: Point): Point => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
export const scale = (a: Point, by: number): Point => [a[0] * by, a[1] * by, a[2] * by];
export const dot = (a: Point, b: Point): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const cross = (a: Point, b: Point): Point => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];
export const norm = (a: Point): number => Math.hypot(a[0], a[1], a[2]);

/** Build an affine from the steps along i, j, k and the centre of voxel (0, 0, 0), all LPS mm. */
export function affineOf(i: Point, j: Point, k: Point, origin: Point): Affine {
  return [
    [i[0], j[0], k[0], origin[0]],
    [i[1], j[1], k[1], origin[1]],
    [i[2], j[2], k[2], origin[2]],
    [0, 0, 0, 1],
  ];
}

/** The step between neighbouring voxels along axis 0 (i), 1 (j) or 2 (k), LPS mm. */
export const column = (affine: Affine, axis: 0 | 1 | 2 | 3): Point => [
  affine[0][axis],
  affine[1][axis],
  affine[2][axis],
];

/** Turn an affine that ends in RAS mm (NIfTI) into one that ends in LPS mm, or back. */
export function lpsFromRas(affine: Affine): Affine {
  const minus = (row: Row): Row => [-row[0], -row[1], -row[2], -row[3]];
  return [minus(affine[0]), minus(affine[1]), affine[2], affine[3]];
}

/** Map one point through an affine: voxel (i, j, k) -> LPS mm. */
export function applyAffine(affine: Affine, p: Point): Point {
  const at = (r: Row): number => r[0] * p[0] + r[1] * p[1] + r[2] * p[2] + r[3];
  return [at(affine[0]), at(affine[1]), at(affine[2])];
}

/** Invert an affine: LPS mm -> voxel (i, j, k). Throws RangeError when it cannot be inverted. */
export function inverse(affine: Affine): Affine {
  const [a, b, c] = [column(affine, 0), column(affine, 1), column(affine, 2)];
  const determinant = dot(a, cross(b, c));
  if (!Number.isFinite(determinant) || Math.abs(determinant) < 1e-9) {
    throw new RangeError("a grid needs an affine that can be inverted");
  }
  const rows = [cross(b, c), cross(c, a), cross(a, b)].map((row) => scale(row, 1 / determinant));
  const origin = column(affine, 3);
  const full = rows.map((row): Row => [row[0], row[1], row[2], -dot(row, origin)]);
  return [full[0]!, full[1]!, full[2]!, [0, 0, 0, 1]];
}

/** An LPS-aligned box: six outer faces in mm. Throws RangeError when inside out or not finite. */
export class Box {
  constructor(readonly faces: Faces) {
    if ((faces as readonly number[]).length !== 6 || !faces.every(Number.isFinite)) {
      throw new RangeError(`a box needs six finite numbers, not ${String(faces)}`);
    }
    if (!(faces[0] < faces[1] && faces[2] < faces[3] && faces[4] < faces[5])) {
      throw new RangeError(`a box needs x0 < x1, y0 < y1, z0 < z1, not ${String(faces)}`);
    }
  }

  /** The box between two corners (x0, y0, z0) and (x1, y1, z1), LPS mm. */
  static between(low: Point, high: Point): Box {
    return new Box([low[0], high[0], low[1], high[1], low[2], high[2]]);
  }

  /** The smallest box around points, LPS mm. */
  static around(points: readonly Point[]): Box {
    const along = (axis: 0 | 1 | 2): number[] => points.map((point) => point[axis]);
    const low = AXES.map((axis) => Math.min(...along(axis))) as unknown as Point;
    const high = AXES.map((axis) => Math.max(...along(axis))) as unknown as Point;
    return Box.between(low, high);
  }

  get low(): Point {
    return [this.faces[0], this.faces[2], this.faces[4]];
  }

  get high(): Point {
    return [this.faces[1], this.faces[3], this.faces[5]];
  }

  get centre(): Point {
    return scale(add(this.low, this.high), 0.5);
  }

  get size(): Point {
    return subtract(this.high, this.low);
  }

  get volume(): number {
    return this.size[0] * this.size[1] * this.size[2];
  }

  get corners(): Point[] {
    const [x0, x1, y0, y1, z0, z1] = this.faces;
    return [x0, x1].flatMap((x) => [y0, y1].flatMap((y) => [z0, z1].map((z): Point => [x, y, z])));
  }

  /** The box with each face moved outwards by six margins, mm. */
  grown(marginMm: Faces): Box {
    const [x0, x1, y0, y1, z0, z1] = this.faces;
    const [r, l, a, p, i, s] = marginMm;
    return new Box([x0 - r, x1 + l, y0 - a, y1 + p, z0 - i, z1 + s]);
  }

  /** The part both boxes share, or null when they share no volume. */
  intersection(other: Box): Box | null {
    const low = AXES.map((a) => Math.max(this.low[a], other.low[a])) as unknown as Point;
    const high = AXES.map((a) => Math.min(this.high[a], other.high[a])) as unknown as Point;
    return AXES.some((a) => high[a] <= low[a]) ? null : Box.between(low, high);
  }

  /** Volume of the intersection over the volume of the union, 0..1. */
  iou(other: Box): number {
    const shared = this.intersection(other)?.volume ?? 0;
    return shared / (this.volume + other.volume - shared);
  }
}

/** A voxel grid: counts and affine, with no voxels. */
export class Grid {
  readonly inverse: Affine;

  constructor(
    readonly shape: Zyx,
    readonly affine: Affine,
  ) {
    if (shape.some((count) => !(count >= 1))) {
      throw new RangeError(`a grid needs at least one voxel along each axis, not ${String(shape)}`);
    }
    if (!affine.flat().every(Number.isFinite)) throw new RangeError("a grid needs a finite 4 x 4 affine");
    this.inverse = inverse(affine);
  }

  /** Distance between neighbouring voxel centres along i, j, k, mm. */
  get spacing(): Point {
    return [norm(column(this.affine, 0)), norm(column(this.affine, 1)), norm(column(this.affine, 2))];
  }

  /** Unit normal of the slices (row direction x column direction), LPS. */
  get sliceNormal(): Point {
    const normal = cross(column(this.affine, 0), column(this.affine, 1));
    return scale(normal, 1 / norm(normal));
  }

  /** Count of voxels. */
  get size(): number {
    return this.shape[0] * this.shape[1] * this.shape[2];
  }

  /** The smallest LPS box around the grid's outer faces. */
  get bounds(): Box {
    const [nz, ny, nx] = this.shape;
    const voxels = new Box([-0.5, nx - 0.5, -0.5, ny - 0.5, -0.5, nz - 0.5]);
    return Box.around(voxels.corners.map((corner) => applyAffine(this.affine, corner)));
  }

  /** The sub-grid of voxels start <= (k, j, i) < stop; positions stay the same. */
  cropped(start: Zyx, stop: Zyx): Grid {
    const origin = applyAffine(this.affine, [start[2], start[1], start[0]]);
    const [i, j, k] = [column(this.affine, 0), column(this.affine, 1), column(this.affine, 2)];
    const shape: Zyx = [stop[0] - start[0], stop[1] - start[1], stop[2] - start[2]];
    return new Grid(shape, affineOf(i, j, k, origin));
  }

  /** The smallest block of voxels [start, stop) as (k, j, i) that covers a box, or null outside. */
  voxelRange(box: Box): [Zyx, Zyx] | null {
    const corners = box.corners.map((corner) => applyAffine(this.inverse, corner));
    const [nz, ny, nx] = this.shape;
    const range = ([nx, ny, nz] as const).map((count, n) => {
      const along = corners.map((corner) => corner[n as 0 | 1 | 2]);
      const low = Math.floor(Math.min(...along) + 0.5 + 1e-6);
      const high = Math.ceil(Math.max(...along) + 0.5 - 1e-6);
      return [Math.max(low, 0), Math.min(high, count)] as const;
    });
    const [i, j, k] = [range[0]!, range[1]!, range[2]!];
    if ([i, j, k].some(([low, high]) => high <= low)) return null;
    return [
      [k[0], j[0], i[0]],
      [k[1], j[1], i[1]],
    ];
  }
}

/** Lay cubic voxels over a box in the canonical frame (axes along LPS, all rising), centred on it. */
export function isotropicGrid(box: Box, spacingMm: number): Grid {
  const counts = box.size.map((size) => Math.max(Math.ceil(size / spacingMm - 1e-9), 1));
  const [nx, ny, nz] = counts as [number, number, number];
  const half: Point = [((nx - 1) / 2) * spacingMm, ((ny - 1) / 2) * spacingMm, ((nz - 1) / 2) * spacingMm];
  const affine = affineOf(
    [spacingMm, 0, 0],
    [0, spacingMm, 0],
    [0, 0, spacingMm],
    subtract(box.centre, half),
  );
  return new Grid([nz, ny, nx], affine);
}
