/**
 * What the net sees: a cube of area means on an LPS-aligned grid, read from as few slices as will do.
 *
 * The twin of sample.py, whose three rules hold here word by word: (1) which slices are read,
 * (2) means in the plane, (3) resampling.
 */
import { ahead } from "./ahead.ts";
import {
  type Affine,
  affineOf,
  applyAffine,
  type Box,
  column,
  dot,
  type Grid,
  inverse,
  type Point,
  scale,
  type Zyx,
} from "./geometry.ts";
import { AIR_HU, type LazyVolume } from "./volume.ts";

/** Keeps a quotient that is a whole number but for rounding from falling one short. */
const ROUNDING = 1e-6;

/** HU on a canonical grid, and where the scan ends. */
export interface SampledVolume {
  /** [z, y, x] HU; AIR_HU outside of the scan. */
  readonly hu: Float32Array;
  /** [z, y, x], 1 where the voxel's centre lies in the scan. */
  readonly inside: Uint8Array;
  readonly grid: Grid;
}

/** Reduced slices with a place: [k, j, i] HU, index (i, j, k) in the block -> LPS mm. */
export interface Block {
  readonly hu: Float32Array;
  readonly shape: Zyx;
  readonly affine: Affine;
}

/** One reduced slice: (rows, columns), x fastest. */
interface Plane {
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

/** A scan whose slices are read once, reduced in the plane and kept (rules 1 and 2). */
export class ReducedScan {
  private readonly slices = new Map<number, Plane>();
  readonly grid: Grid;

  constructor(
    private readonly volume: LazyVolume,
    /** The finest spacing that anybody will ask for, mm. */
    private readonly reducedMm: number,
    /** Called after each slice that is read for the first time. */
    private readonly onRead: () => void = () => undefined,
    private readonly signal?: AbortSignal,
  ) {
    this.grid = volume.grid;
  }

  get slicesRead(): number {
    return this.slices.size;
  }

  /** Reduce the slices that a box (LPS mm) needs, at about a spacing; at least one slice. */
  async block(spacingMm: number, box: Box | null = null): Promise<Block> {
    const all = this.chosenSlices(spacingMm);
    const chosen = box === null ? all : this.needed(all, box);
    const planes: Plane[] = [];
    for await (const slice of ahead(chosen, (k) => this.slice(k))) {
      planes.push(reduceInPlane(slice, this.pixelMm(), spacingMm));
    }
    const { rows, columns } = planes[0]!;
    const hu = new Float32Array(planes.length * rows * columns);
    for (const [n, plane] of planes.entries()) hu.set(plane.values, n * rows * columns);
    const step = chosen.length > 1 ? chosen[1]! - chosen[0]! : 1;
    const affine = reducedAffine(this.grid, [rows, columns], chosen[0]!, step);
    return { hu, shape: [planes.length, rows, columns], affine };
  }

  /** List the slices that a spacing takes, rising k (rule 1). */
  chosenSlices(spacingMm: number): number[] {
    const count = this.grid.shape[0];
    const distance = sliceDistanceMm(this.grid);
    const base = Math.max(1, Math.floor(this.reducedMm / distance + ROUNDING));
    const reach = Math.floor((count - 1) / base) * base;
    const first = Math.floor((count - 1 - reach) / 2);
    let step = base;
    while (2 * step * distance <= spacingMm + ROUNDING) step *= 2;
    const kept = Math.floor(reach / step) + 1;
    const chosen = Array.from({ length: kept }, (_, m) => first + step * m);
    return runsDown(this.grid) ? chosen.reverse().map((k) => count - 1 - k) : chosen;
  }

  private needed(chosen: readonly number[], box: Box): number[] {
    const depth = box.corners.map((corner) => applyAffine(this.grid.inverse, corner)[2]);
    const [low, high] = [Math.min(...depth), Math.max(...depth)];
    const above = chosen.findIndex((k) => k > low);
    const first = Math.max((above < 0 ? chosen.length : above) - 1, 0);
    const beyond = chosen.findIndex((k) => k >= high);
    const last = Math.min(beyond < 0 ? chosen.length : beyond, chosen.length - 1);
    return chosen.slice(Math.min(first, last), last + 1);
  }

  /** Size of a reduced pixel along j and i. */
  private pixelMm(): [number, number] {
    const [, rows, columns] = this.grid.shape;
    const [di, dj] = this.grid.spacing;
    return [
      (rows * dj) / binsFor(rows, dj, this.reducedMm),
      (columns * di) / binsFor(columns, di, this.reducedMm),
    ];
  }

  private async slice(k: number): Promise<Plane> {
    const known = this.slices.get(k);
    if (known !== undefined) return known;
    this.signal?.throwIfAborted();
    const [, rows, columns] = this.grid.shape;
    const [di, dj] = this.grid.spacing;
    const values = new Float32Array(await this.volume.readSlice(k, this.signal));
    const plane = reduceInPlane({ values, rows, columns }, [dj, di], this.reducedMm);
    this.slices.set(k, plane);
    this.onRead();
    return plane;
  }
}

/** Bring a scan of any orientation onto a canonical grid (rules 1 to 3). */
export async function sampleVolume(scan: ReducedScan, wanted: Grid): Promise<SampledVolume> {
  const block = await scan.block(wanted.spacing[0], wanted.bounds);
  return resample(block, scan.grid, wanted);
}

/** Interpolate a block of reduced slices on a canonical grid (rule 3). */
export function resample(block: Block, scan: Grid, wanted: Grid): SampledVolume {
  const toBlock = product(inverse(block.affine), wanted.affine);
  const inside = insideOf(scan, wanted);
  const hu = new Float32Array(wanted.size);
  const [nz, ny, nx] = wanted.shape;
  const [di, dj, dk] = column(toBlock, 0);
  let at = 0;
  for (let k = 0; k < nz; k++) {
    for (let j = 0; j < ny; j++) {
      const [x, y, z] = applyAffine(toBlock, [0, j, k]);
      for (let i = 0; i < nx; i++, at++) {
        hu[at] = inside[at] === 1 ? interpolated(block, x + i * di, y + i * dj, z + i * dk) : AIR_HU;
      }
    }
  }
  return { hu, inside, grid: wanted };
}

/** Linear along all three axes; beyond the outermost centres the outermost value holds. */
function interpolated({ hu, shape }: Block, i: number, j: number, k: number): number {
  const [nz, ny, nx] = shape;
  const x = Math.min(Math.max(i, 0), nx - 1);
  const y = Math.min(Math.max(j, 0), ny - 1);
  const z = Math.min(Math.max(k, 0), nz - 1);
  const [x0, y0, z0] = [Math.floor(x), Math.floor(y), Math.floor(z)];
  const dx = x0 + 1 < nx ? 1 : 0;
  const dy = y0 + 1 < ny ? nx : 0;
  const dz = z0 + 1 < nz ? ny * nx : 0;
  const [fx, fy, fz] = [x - x0, y - y0, z - z0];
  const row = (at: number): number => hu[at]! + fx * (hu[at + dx]! - hu[at]!);
  const plane = (at: number): number => row(at) + fy * (row(at + dy) - row(at));
  const at = (z0 * ny + y0) * nx + x0;
  return plane(at) + fz * (plane(at + dz) - plane(at));
}

/** Take area means of a slice (rule 2); pixelMm is the distance along j and along i. */
export function reduceInPlane(plane: Plane, pixelMm: readonly [number, number], spacingMm: number): Plane {
  const rows = areaBins(plane.rows, binsFor(plane.rows, pixelMm[0], spacingMm));
  const columns = areaBins(plane.columns, binsFor(plane.columns, pixelMm[1], spacingMm));
  const narrow = meansAlong(plane.values, columns, [plane.columns, 1], [columns.count, 1], plane.rows);
  const values = meansAlong(narrow, rows, [1, columns.count], [1, columns.count], columns.count);
  return { values, rows: rows.count, columns: columns.count };
}

/** Means over bins along one axis; strides are those of a line and of its elements, before and after. */
function meansAlong(
  from: Float32Array,
  { count, first, start, weights }: Bins,
  [line, step]: readonly [number, number],
  [lineTo, stepTo]: readonly [number, number],
  lines: number,
): Float32Array {
  const to = new Float32Array(lines * count);
  for (let n = 0; n < lines; n++) {
    for (let bin = 0; bin < count; bin++) {
      let sum = 0;
      let at = n * line + first[bin]! * step;
      for (let w = start[bin]!; w < start[bin + 1]!; w++, at += step) sum += weights[w]! * from[at]!;
      to[n * lineTo + bin * stepTo] = sum;
    }
  }
  return to;
}

/** Give the place of a block: bins (along j, i) of every step-th slice from first on. */
export function reducedAffine(
  grid: Grid,
  bins: readonly [number, number],
  first: number,
  step: number,
): Affine {
  const [, rows, columns] = grid.shape;
  const [perI, perJ] = [columns / bins[1], rows / bins[0]];
  const origin = applyAffine(grid.affine, [perI / 2 - 0.5, perJ / 2 - 0.5, first]);
  const [i, j, k] = [column(grid.affine, 0), column(grid.affine, 1), column(grid.affine, 2)];
  return affineOf(scale(i, perI), scale(j, perJ), scale(k, step), origin);
}

/** Count the bins of a row of pixels at about a spacing. */
export const binsFor = (pixels: number, pixelMm: number, spacingMm: number): number =>
  Math.min(pixels, Math.max(1, Math.floor((pixels * pixelMm) / spacingMm + 0.5)));

/** Distance of neighbouring slices along their normal, mm (a sheared grid's step is longer). */
export const sliceDistanceMm = (grid: Grid): number =>
  Math.abs(dot(column(grid.affine, 2), grid.sliceNormal));

/** Equal bins over pixels: the first pixel of each, and where its weights begin; they sum to 1. */
interface Bins {
  readonly count: number;
  readonly first: Int32Array;
  readonly start: Int32Array;
  readonly weights: Float32Array;
}

/** Weigh pixels into equal bins by the length that each covers. */
function areaBins(pixels: number, count: number): Bins {
  const width = pixels / count;
  const first = new Int32Array(count);
  const start = new Int32Array(count + 1);
  const weights: number[] = [];
  for (let bin = 0; bin < count; bin++) {
    const [from, to] = [bin * width, (bin + 1) * width];
    first[bin] = Math.min(Math.floor(from), pixels - 1);
    for (let pixel = first[bin]!; pixel < Math.min(Math.ceil(to), pixels); pixel++) {
      const covered = Math.min(to, pixel + 1) - Math.max(from, pixel);
      weights.push(Math.max(covered, 0) / width);
    }
    start[bin + 1] = weights.length;
  }
  return { count, first, start, weights: Float32Array.from(weights) };
}

function runsDown(grid: Grid): boolean {
  const along = column(grid.affine, 2);
  const most = Math.max(...along.map(Math.abs));
  return along.find((value) => Math.abs(value) === most)! < 0;
}

function insideOf(scan: Grid, wanted: Grid): Uint8Array {
  const toScan = product(scan.inverse, wanted.affine);
  const [sz, sy, sx] = scan.shape;
  const [nz, ny, nx] = wanted.shape;
  const inside = new Uint8Array(wanted.size);
  let at = 0;
  for (let k = 0; k < nz; k++) {
    for (let j = 0; j < ny; j++) {
      for (let i = 0; i < nx; i++, at++) {
        const [x, y, z] = applyAffine(toScan, [i, j, k]);
        const within = isWithin(x, sx) && isWithin(y, sy) && isWithin(z, sz);
        inside[at] = within ? 1 : 0;
      }
    }
  }
  return inside;
}

const isWithin = (index: number, count: number): boolean => index >= -0.5 && index <= count - 0.5;

/** First `inner`, then `outer`. */
function product(outer: Affine, inner: Affine): Affine {
  const turned = (axis: 0 | 1 | 2): Point => {
    const step = column(inner, axis);
    return [dot(rowOf(outer, 0), step), dot(rowOf(outer, 1), step), dot(rowOf(outer, 2), step)];
  };
  return affineOf(turned(0), turned(1), turned(2), applyAffine(outer, column(inner, 3)));
}

const rowOf = (affine: Affine, n: 0 | 1 | 2): Point => [affine[n][0], affine[n][1], affine[n][2]];
