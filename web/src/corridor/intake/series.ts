/**
 * A judged, ordered scan: slices in the order of their positions, an exact affine, and what was odd.
 *
 * The twin of series.py. Order and spacing come from Image Position (Patient) along the normal of
 * Image Orientation (Patient) alone. Spacing is judged by the median step; the affine runs from the
 * first slice to the last, so that rounding in the header does not add up.
 */
import { limit } from "../contract.ts";
import type { Kind, Orientation, SeriesSummary } from "../documents.ts";
import {
  add,
  affineOf,
  column,
  cross,
  dot,
  Grid,
  norm,
  type Point,
  SAME_POSITION_MM,
  scale,
  SPACING_TOLERANCE_MM,
  SPACING_TOLERANCE_SHARE,
  subtract,
  TILT_TOLERANCE_DEG,
} from "../geometry.ts";
import { type Notice, notice, Problem } from "../problems.ts";
import { rounded, roundHalfEven } from "../rounding.ts";
import { LazyVolume } from "../volume.ts";
import { cachedSlices } from "./cache.ts";
import type { Header } from "./headers.ts";
import { Frames } from "./pixels.ts";

/** No slice may lie farther than this from where the affine puts it. */
export const PLACE_TOLERANCE_MM = 0.1;
/** More gaps than this share of all steps are no gaps but another spacing. */
const MOST_GAPS = 0.1;
/** A plane whose normal leans less than this (30 degrees) from an axis is named after that axis. */
const NAMED_PLANE = Math.cos(Math.PI / 6);
const MOST_NAMES = 3;

/** One scan that can be used. */
export interface Series {
  /** Its voxels, decoded when asked for. */
  readonly volume: LazyVolume;
  readonly kind: Kind;
  readonly modality: string;
  /** Size of its files as handed over. */
  readonly bytes: number;
  /** What was odd and did not stop the work. */
  readonly notices: readonly Notice[];
  /** A few words for people, without identifiers. */
  readonly label: string;
  /** Base names of its files. */
  readonly names: readonly string[];
  /** False where the header calls the images derived. */
  readonly original: boolean;
}

/** Files that were handed over and are no usable scan, with the reason. */
export interface RefusedSeries {
  readonly problem: Problem;
  /** Base names of the files. */
  readonly names: readonly string[];
  /** Whether they are (or may be) slices of a CT series. */
  readonly isCt: boolean;
}

export const isRefused = (one: Series | RefusedSeries): one is RefusedSeries => "problem" in one;

/** The `series` object of the schema `locate`. */
export function summaryOf(series: Series): SeriesSummary {
  const { grid } = series.volume;
  const [i, j, k] = grid.spacing;
  return {
    kind: series.kind,
    modality: series.modality,
    shape_zyx: grid.shape,
    spacing_xyz_mm: [rounded(i, 6), rounded(j, 6), rounded(k, 6)],
    orientation: orientationOf(grid),
    bytes: series.bytes,
  };
}

/** One frame of one file and where it lies. */
interface Slice {
  readonly frames: Frames;
  readonly index: number;
  readonly place: Point;
  readonly name: string;
}

/**
 * Order the images of one series, of one size and orientation, and judge them.
 *
 * Slices rise along the normal (row direction x column direction). Problems slices-contradict,
 * too-few-slices, slice-missing, spacing-uneven, slices-too-far-apart; slice-truncated and
 * syntax-unsupported of a file.
 */
export async function orderSlices(headers: readonly Header[]): Promise<Series> {
  const opened: Slice[] = [];
  for (const header of headers) opened.push(...(await slicesOf(header)));
  const { orientation, pixelMm } = headers[0]!.planes[0]!;
  const row = pointOf(orientation.slice(0, 3));
  const down = pointOf(orientation.slice(3));
  const normal = cross(row, down);
  opened.sort((one, other) => dot(one.place, normal) - dot(other.place, normal));
  const [slices, notices] = await withoutDuplicates(opened, normal);
  const along = slices.map((one) => dot(one.place, normal));
  if (slices.length < limit("min_slices")) throw tooFew(slices.length, along.at(-1)! - along[0]!);
  requireEven(along, slices);
  const [first, last] = [slices[0]!.place, slices.at(-1)!.place];
  const step = scale(subtract(last, first), 1 / (slices.length - 1));
  requireLine(slices, step);
  const affine = affineOf(scale(row, pixelMm[1]!), scale(down, pixelMm[0]!), step, first);
  const grid = new Grid([slices.length, headers[0]!.rows, headers[0]!.columns], affine);
  requireExtent(grid);
  return {
    volume: new LazyVolume(
      grid,
      cachedSlices((k) => slices[k]!.frames.hu(slices[k]!.index)),
    ),
    kind: "dicom",
    modality: "CT",
    bytes: headers.reduce((sum, header) => sum + header.member.bytes, 0),
    notices: [...notices, ...geometryNotices(grid), ...headerNotices(headers[0]!, grid)],
    label: labelOf(grid),
    names: headers.map((header) => header.name),
    original: headers.every((header) => header.original),
  };
}

/** Refuse a grid that cannot show a heart; too-few-slices, slices-too-far-apart. */
export function requireExtent(grid: Grid): void {
  const [nz, ny, nx] = grid.shape;
  for (const [axis, count] of [nx, ny, nz].entries()) {
    const step = grid.spacing[axis]!;
    const extent = count * step;
    if (count < limit("min_slices") || extent < limit("min_extent_mm")) throw tooFew(count, extent);
    if (step > limit("max_slice_step_mm")) {
      const details = { step_mm: rounded(step, 2), limit: limit("max_slice_step_mm") };
      throw new Problem("slices-too-far-apart", details);
    }
  }
}

/** Tell of a gantry tilt and of slices that are not axial. */
export function geometryNotices(grid: Grid): Notice[] {
  const notices: Notice[] = [];
  const straight = Math.abs(dot(column(grid.affine, 2), grid.sliceNormal)) / grid.spacing[2];
  const lean = (Math.acos(Math.min(straight, 1)) * 180) / Math.PI;
  if (lean > TILT_TOLERANCE_DEG) notices.push(notice("gantry-tilt", { degrees: rounded(lean, 1) }));
  const orientation = orientationOf(grid);
  if (orientation !== "axial") notices.push(notice("orientation-unusual", { orientation }));
  return notices;
}

/** Name the plane of the slices after the axis their normal is closest to. */
export function orientationOf(grid: Grid): Orientation {
  const normal = grid.sliceNormal.map(Math.abs);
  const most = Math.max(...normal);
  if (most < NAMED_PLANE) return "oblique";
  return (["sagittal", "coronal", "axial"] as const)[normal.indexOf(most)]!;
}

/** The short label of a scan, e.g. "CT, 133 slices of 2.5 mm". */
export function labelOf(grid: Grid): string {
  const orientation = orientationOf(grid);
  const plane = orientation === "axial" ? "" : `${orientation}, `;
  const step = String(Number(grid.spacing[2].toPrecision(4)));
  return `CT, ${plane}${String(grid.shape[0])} slices of ${step} mm`;
}

/** List some names in one line. */
export function namesOf(names: readonly string[]): string {
  const more = names.length > MOST_NAMES ? ` and ${String(names.length - MOST_NAMES)} more` : "";
  return names.slice(0, MOST_NAMES).join(", ") + more;
}

async function slicesOf(header: Header): Promise<Slice[]> {
  const frames = new Frames(header);
  if (!header.member.packed) await frames.check();
  const single = header.planes.length === 1;
  return header.planes.map((plane, index) => ({
    frames,
    index,
    place: pointOf(plane.positionMm),
    name: single ? header.name : `${header.name} (frame ${String(index + 1)})`,
  }));
}

/** Keep one of several slices at one place when they show the same; else slices-contradict. */
async function withoutDuplicates(slices: readonly Slice[], normal: Point): Promise<[Slice[], Notice[]]> {
  const isAgain = (k: number): boolean =>
    k > 0 && dot(subtract(slices[k]!.place, slices[k - 1]!.place), normal) <= SAME_POSITION_MM;
  const again = slices.filter((_, k) => isAgain(k));
  for (const [k, second] of slices.entries()) {
    if (!isAgain(k)) continue;
    const first = slices[k - 1]!;
    if (norm(subtract(first.place, second.place)) > SAME_POSITION_MM || !(await showTheSame(first, second))) {
      const details = { count: again.length, first: first.name, second: second.name };
      throw new Problem("slices-contradict", details);
    }
  }
  if (again.length === 0) return [[...slices], []];
  const names = namesOf(again.map((one) => one.name));
  const told = notice("duplicate-slices", { count: again.length, names });
  return [slices.filter((_, k) => !isAgain(k)), [told]];
}

async function showTheSame(first: Slice, second: Slice): Promise<boolean> {
  const one = await first.frames.hu(first.index);
  const other = await second.frames.hu(second.index);
  return one.every((value, n) => value === other[n]);
}

/** Judge the steps against their median; a gap is a step of several medians. */
function requireEven(along: readonly number[], slices: readonly Slice[]): void {
  const steps = along.slice(1).map((place, n) => place - along[n]!);
  const step = median(steps);
  const tolerance = Math.max(SPACING_TOLERANCE_MM, SPACING_TOLERANCE_SHARE * step);
  const off = [...steps.keys()].filter((n) => Math.abs(steps[n]! - step) > tolerance);
  const at = off[0];
  if (at === undefined) return;
  const isGap = (n: number): boolean => {
    const times = roundHalfEven(steps[n]! / step);
    return times >= 2 && Math.abs(steps[n]! - times * step) <= tolerance * times;
  };
  if (!off.every(isGap) || off.length > Math.max(1, MOST_GAPS * steps.length)) {
    throw uneven(slices, at, steps);
  }
  throw new Problem("slice-missing", {
    count: roundHalfEven(steps[at]! / step) - 1,
    before: slices[at]!.name,
    after: slices[at + 1]!.name,
    gap_mm: rounded(steps[at]!, 3),
    step_mm: rounded(step, 3),
    gaps: off.length,
  });
}

/** Refuse slices that lie off the straight line from the first to the last. */
function requireLine(slices: readonly Slice[], step: Point): void {
  const first = slices[0]!.place;
  const off = slices.map((one, k) => norm(subtract(one.place, add(first, scale(step, k)))));
  const most = Math.max(...off);
  if (most <= PLACE_TOLERANCE_MM) return;
  const steps = slices.slice(1).map((one, n) => norm(subtract(one.place, slices[n]!.place)));
  throw uneven(slices, off.indexOf(most) - 1, steps);
}

function uneven(slices: readonly Slice[], at: number, steps: readonly number[]): Problem {
  return new Problem("spacing-uneven", {
    before: slices[at]!.name,
    after: slices[at + 1]!.name,
    least_mm: rounded(Math.min(...steps), 3),
    most_mm: rounded(Math.max(...steps), 3),
    step_mm: rounded(median(steps), 3),
  });
}

function headerNotices(header: Header, grid: Grid): Notice[] {
  const step = Math.abs(dot(column(grid.affine, 2), grid.sliceNormal));
  const said = header.headerStepMm;
  const tolerance = Math.max(SPACING_TOLERANCE_MM, SPACING_TOLERANCE_SHARE * step);
  if (said === null || Math.abs(Math.abs(said) - step) <= tolerance) return [];
  return [notice("spacing-disagrees", { header_mm: said, step_mm: rounded(step, 3) })];
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function tooFew(count: number, extentMm: number): Problem {
  const details = { count, extent_mm: rounded(extentMm, 1), least: limit("min_slices") };
  return new Problem("too-few-slices", details);
}

const pointOf = (numbers: readonly number[]): Point => [numbers[0]!, numbers[1]!, numbers[2]!];
