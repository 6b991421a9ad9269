/**
 * Where each frame of a CT image lies, and how its stored values become HU.
 *
 * PS3.3 C.7.6.2 (image plane) and, for multi-frame files, the plane groups of C.7.6.16.2.
 */
import { ORIENTATION_TOLERANCE } from "../geometry.ts";
import { Problem } from "../problems.ts";
import { DataSet } from "./dataset.ts";
import { TAG, type Keyword } from "./tags.ts";

/** Rescale types of values that are Hounsfield units, or do not say. */
const HOUNSFIELD: ReadonlySet<string> = new Set(["", "HU", "HU_MOD", "US"]);
/** Row and column direction may leave unit length and right angles by this much. */
const DIRECTION_TOLERANCE = 1e-3;
/** Pixel sizes of one series agree to this (mm). */
const PIXEL_TOLERANCE_MM = 1e-4;

/** One frame's place and scale. */
export interface Plane {
  /** Centre of the first pixel, (x, y, z) LPS mm. */
  readonly positionMm: readonly number[];
  /** Direction of a row (along rising columns), then of a column, six cosines, LPS. */
  readonly orientation: readonly number[];
  /** Distance between rows, between columns (DICOM's order), mm. */
  readonly pixelMm: readonly number[];
  /** HU = slope x stored + intercept. */
  readonly slope: number;
  readonly intercept: number;
}

/** Tell whether two frames are parallel and have pixels of one size. */
export function samePlane(one: Plane, other: Plane): boolean {
  const near = (a: readonly number[], b: readonly number[], tolerance: number): boolean =>
    a.every((value, n) => Math.abs(value - b[n]!) <= tolerance);
  return (
    near(one.orientation, other.orientation, ORIENTATION_TOLERANCE) &&
    near(one.pixelMm, other.pixelMm, PIXEL_TOLERANCE_MM)
  );
}

/** Collect the planes of all frames; geometry-missing, not-hounsfield, dicom-damaged. */
export function planesOf(data: DataSet, frames: number, hasHu: boolean, name: string): Plane[] {
  const perFrame = data.items(TAG.PerFrameFunctionalGroupsSequence);
  const shared = data.items(TAG.SharedFunctionalGroupsSequence)?.[0];
  const common = shared === undefined ? [data] : [shared, data];
  if (perFrame === null) {
    if (frames > 1) throw missing(name, "several frames without a position each");
    return [planeOf(shared === undefined ? [data] : [data, shared], hasHu, name)];
  }
  if (perFrame.length !== frames) {
    const reason = `${String(frames)} frames, but ${String(perFrame.length)} positions`;
    throw new Problem("dicom-damaged", { name, reason });
  }
  const planes = perFrame.map((own) => planeOf([own, ...common], hasHu, name));
  if (frames > 1 && new Set(planes.map((plane) => plane.positionMm.join())).size === 1) {
    throw missing(name, "all its frames lie at one place");
  }
  if (planes.some((plane) => !samePlane(plane, planes[0]!))) {
    throw missing(name, "its frames are turned against each other");
  }
  return planes;
}

/** Refuse a rescale type that is not HU; not-hounsfield. */
export function requireHounsfieldType(kind: string, name: string): void {
  if (HOUNSFIELD.has(kind.toUpperCase())) return;
  throw new Problem("not-hounsfield", { name, reason: `rescale type ${kind.slice(0, 16)}` });
}

/** Collect one frame's plane from the most special group that has each part. */
function planeOf(groups: readonly DataSet[], hasHu: boolean, name: string): Plane {
  const positionMm = grouped(groups, "PlanePositionSequence", "ImagePositionPatient");
  const orientation = grouped(groups, "PlaneOrientationSequence", "ImageOrientationPatient");
  const pixelMm = grouped(groups, "PixelMeasuresSequence", "PixelSpacing");
  const [slope, intercept] = hasHu ? [1, 0] : rescaleOf(groups, name);
  requirePlace(positionMm, orientation, pixelMm, name);
  return { positionMm, orientation, pixelMm, slope, intercept };
}

function rescaleOf(groups: readonly DataSet[], name: string): [number, number] {
  const kind = "PixelValueTransformationSequence";
  const [slope] = grouped(groups, kind, "RescaleSlope");
  const [intercept] = grouped(groups, kind, "RescaleIntercept");
  if (slope === undefined || intercept === undefined) {
    throw new Problem("not-hounsfield", { name, reason: "no rescale slope and intercept" });
  }
  if (!Number.isFinite(slope) || !Number.isFinite(intercept) || slope === 0) {
    const reason = `rescale slope ${String(slope)}, intercept ${String(intercept)}`;
    throw new Problem("not-hounsfield", { name, reason });
  }
  for (const owner of owners(groups, kind)) requireHounsfieldType(owner.text(TAG.RescaleType), name);
  return [slope, intercept];
}

function requirePlace(
  positionMm: readonly number[],
  orientation: readonly number[],
  pixelMm: readonly number[],
  name: string,
): void {
  const parts = [
    ["Image Position (Patient)", positionMm, 3],
    ["Image Orientation (Patient)", orientation, 6],
    ["Pixel Spacing", pixelMm, 2],
  ] as const;
  for (const [what, numbers, due] of parts) {
    if (numbers.length === due && numbers.every(Number.isFinite)) continue;
    throw missing(name, `${numbers.length === 0 ? "no" : "bad"} ${what}`);
  }
  const [row, column] = [orientation.slice(0, 3), orientation.slice(3)];
  const off = [product(row, row) - 1, product(column, column) - 1, product(row, column)];
  if (Math.max(...off.map(Math.abs)) > DIRECTION_TOLERANCE) {
    throw missing(name, "row and column are not unit directions at right angles");
  }
  if (Math.min(...pixelMm) <= 0) throw missing(name, "Pixel Spacing is not above 0");
}

/** The data sets that may hold a value: sequence items first, then the plain data set. */
function owners(groups: readonly DataSet[], sequence: Keyword): DataSet[] {
  return groups.map((group) => group.items(TAG[sequence])?.[0] ?? group);
}

function grouped(groups: readonly DataSet[], sequence: Keyword, keyword: Keyword): number[] {
  for (const owner of owners(groups, sequence)) {
    const numbers = owner.numbers(TAG[keyword]);
    if (numbers !== null) return numbers;
  }
  return [];
}

const product = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, n) => sum + value * b[n]!, 0);

const missing = (name: string, reason: string): Problem => new Problem("geometry-missing", { name, reason });
