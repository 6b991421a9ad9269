/**
 * From a scan to the heart's box: look coarsely everywhere, closely once, then say what was seen.
 *
 * The twin of locate.py, step by step. 1. An overview finds the middle of the body at each height;
 * coarse cubes are laid along it; the one that shows most heart with most conviction gives a first
 * box, and a coarse cube around it a better one. 2. A fine cube around that box gives the six faces:
 * each is the mean of the net's distribution over the planes of the cube. Where that mean lies far
 * from the cube's middle, the fine cube is laid once more. 3. A face whose distribution lies for the
 * greater part beyond the scan's end is cut, and the box ends at the scan's outer face there.
 */
import type { Model, Verdict } from "./documents.ts";
import {
  affineOf,
  applyAffine,
  Box,
  column,
  type Face,
  FACES,
  type Faces,
  Grid,
  isotropicGrid,
  norm,
  type Point,
  subtract,
} from "./geometry.ts";
import { loadManifest, type LookName, type Manifest } from "./manifest.ts";
import { infer, type Logits } from "./network.ts";
import { rounded } from "./rounding.ts";
import { ReducedScan, sampleVolume, sliceDistanceMm } from "./sample.ts";
import type { LazyVolume } from "./volume.ts";

/** Spacing of the overview in which the body is looked for, mm, and what is body, HU. */
const OVERVIEW_MM = 12;
const BODY_HU = -300;
/** Coarse cubes follow each other along z at this distance at most; the outer ones end this near the ends. */
const STRIDE_MM = 96;
const FROM_END_MM = 50;
/** The fine cube is laid again when the box's middle is further off than this, mm. */
const OFF_CENTRE_MM = 12;

/** Where the heart is. */
export interface Finding {
  readonly verdict: Verdict;
  /** 0..1, how sure the net is of the verdict. */
  readonly confidence: number;
  /** LPS mm; of a cut heart it ends at the scan's outer face; null when not found. */
  readonly heartBox: Box | null;
  /** Faces at which the scan ends inside the heart. */
  readonly cutFaces: readonly Face[];
  readonly model: Model;
  /** What the net took for heart, as evidence: 0..255 of certainty on the last fine cube's cells. */
  readonly evidence: { readonly values: Uint8Array<ArrayBuffer>; readonly grid: Grid };
}

/** What one cube shows. */
export interface Sighting {
  /** 0..1, the visible heart lies in the cube. */
  readonly presence: number;
  /** Volume of what looks like heart. */
  readonly heartMl: number;
  /** LPS mm, the box as the net sees it; beyond the scan's end where the heart is cut. */
  readonly facesMm: readonly number[];
  /** 0..1, how much of each face's distribution lies beyond the scan's end. */
  readonly beyond: readonly number[];
  readonly window: Grid;
  readonly mask: Float32Array;
}

/** What a search needs besides the scan. */
export interface Search {
  readonly signal?: AbortSignal | undefined;
  /** Called with a rising share of the work, 0..1. */
  readonly onShare?: ((share: number) => void) | undefined;
}

/** Find the heart's box in a scan of any orientation; only the slices that the net needs are read. */
export async function findHeart(volume: LazyVolume, { signal, onShare }: Search = {}): Promise<Finding> {
  const { manifest, digest } = await loadManifest();
  const counting = new ReducedScan(volume, manifest.reduced_mm);
  const counted = onShare === undefined ? undefined : counter(counting, manifest, onShare);
  const scan = new ReducedScan(volume, manifest.reduced_mm, counted, signal);
  const [coarse, fine] = await new Looker(scan, manifest, signal).lookAt();
  const model = { name: manifest.name, version: manifest.version, sha256: digest };
  const finding = judge(coarse, fine, volume.grid, manifest);
  onShare?.(1);
  return { ...finding, model, evidence: { values: certainty(fine.mask), grid: cells(fine.window) } };
}

/** Turn two sightings into a verdict, by the thresholds and offsets of the manifest. */
export function judge(
  coarse: Sighting,
  fine: Sighting,
  scan: Grid,
  { decision, face_offsets_mm: offsets }: Manifest,
): Omit<Finding, "model" | "evidence"> {
  const presence = Math.sqrt(coarse.presence * fine.presence);
  const ends = scanEndsMm(scan, centreOf(fine));
  const isCut = fine.beyond.map((share) => share > decision.cut);
  const faces = fine.facesMm.map((face, n) => {
    const place = isCut[n] === true ? ends[n]! : face + offsets[n]!;
    return n % 2 === 0 ? Math.max(place, ends[n]!) : Math.min(place, ends[n]!);
  });
  const empty = [0, 2, 4].some((n) => faces[n + 1]! <= faces[n]!);
  if (empty || presence < decision.presence || fine.heartMl < decision.heart_ml) {
    const confidence = rounded(empty ? 1 : 1 - presence, 4);
    return { verdict: "not_found", confidence, heartBox: null, cutFaces: [] };
  }
  const sure = Math.min(...fine.beyond.map((share) => Math.max(share, 1 - share)));
  const cutFaces = FACES.filter((_, n) => isCut[n]);
  return {
    verdict: cutFaces.length > 0 ? "cut" : "found",
    confidence: rounded(presence * sure, 4),
    heartBox: new Box(faces as unknown as Faces),
    cutFaces,
  };
}

/** One search: the scan, and the net's looks at it. */
class Looker {
  constructor(
    private readonly scan: ReducedScan,
    private readonly manifest: Manifest,
    private readonly signal: AbortSignal | undefined,
  ) {}

  /** Look coarsely everywhere, then closely: the last coarse and the last fine sighting. */
  async lookAt(): Promise<[Sighting, Sighting]> {
    let best: Sighting | undefined;
    for (const centre of await this.alongTheBody()) {
      const seen = await this.sight("coarse", centre);
      if (best === undefined || seen.presence * seen.heartMl > best.presence * best.heartMl) best = seen;
    }
    const coarse = await this.sight("coarse", this.within(centreOf(best!)));
    let fine = await this.sight("fine", this.within(centreOf(coarse)));
    if (norm(subtract(centreOf(fine), centreOf(coarse))) > OFF_CENTRE_MM) {
      fine = await this.sight("fine", this.within(centreOf(fine)));
    }
    return [coarse, fine];
  }

  /** Sample one cube, run the net on it and read its answer in mm. */
  private async sight(look: LookName, centre: Point): Promise<Sighting> {
    this.signal?.throwIfAborted();
    const { spacing_mm: spacing, voxels } = this.manifest.looks[look];
    const window = cubeGrid(centre, spacing, voxels);
    return readAnswer(await infer(await sampleVolume(this.scan, window), look), window, this.scan.grid);
  }

  /** The middles of the coarse cubes, from below to above, LPS mm each. */
  private async alongTheBody(): Promise<Point[]> {
    const aim = this.manifest.looks.coarse;
    const half = (aim.spacing_mm * aim.voxels) / 2;
    const body = await this.middleOfBody();
    const { bounds } = this.scan.grid;
    const reach = Math.max(bounds.size[2] / 2 - FROM_END_MM, 0);
    const count = Math.ceil((2 * reach) / STRIDE_MM) + 1;
    return Array.from({ length: count }, (_, n): Point => {
      const z = bounds.centre[2] + (count > 1 ? -reach + (2 * reach * n) / (count - 1) : 0);
      const near = body.filter((point) => Math.abs(point[2] - z) < half);
      const points = near.length > 0 ? near : body;
      const mean = (axis: 0 | 1): number =>
        points.reduce((sum, point) => sum + point[axis], 0) / points.length;
      return [mean(0) + aim.body_to_heart_mm[0], mean(1) + aim.body_to_heart_mm[1], z];
    });
  }

  /** The middle of what is denser than lung at each height, LPS mm. */
  private async middleOfBody(): Promise<Point[]> {
    const { grid, hu, inside } = await sampleVolume(
      this.scan,
      isotropicGrid(this.scan.grid.bounds, OVERVIEW_MM),
    );
    const [nz, ny, nx] = grid.shape;
    const points: Point[] = [];
    for (let k = 0; k < nz; k++) {
      let [count, sumX, sumY] = [0, 0, 0];
      for (let n = 0; n < ny * nx; n++) {
        const at = k * ny * nx + n;
        if (inside[at] !== 1 || hu[at]! <= BODY_HU) continue;
        count += 1;
        sumX += n % nx;
        sumY += Math.floor(n / nx);
      }
      if (count > 0) points.push(applyAffine(grid.affine, [sumX / count, sumY / count, k]));
    }
    return points.length > 0 ? points : [this.scan.grid.bounds.centre];
  }

  private within(point: Point): Point {
    const { low, high } = this.scan.grid.bounds;
    const clipped = (axis: 0 | 1 | 2): number => Math.min(Math.max(point[axis], low[axis]), high[axis]);
    return [clipped(0), clipped(1), clipped(2)];
  }
}

/**
 * Where the scan's outer faces lie right and left, before and behind, below and above a point.
 *
 * Six LPS mm in the order of FACES; for a point outside of the scan its bounding box answers.
 */
export function scanEndsMm(scan: Grid, point: Point): number[] {
  const counts = [scan.shape[2], scan.shape[1], scan.shape[0]];
  const index = applyAffine(scan.inverse, point);
  const ends: number[] = [...scan.bounds.faces];
  if (index.some((value, n) => value < -0.5 || value > counts[n]! - 0.5)) return ends;
  for (const axis of [0, 1, 2] as const) {
    const perMm = column(scan.inverse, axis);
    let [backwards, forwards] = [-Infinity, Infinity];
    for (const [n, step] of perMm.entries()) {
      if (Math.abs(step) <= 1e-9) continue;
      const [one, two] = [(-0.5 - index[n]!) / step, (counts[n]! - 0.5 - index[n]!) / step];
      backwards = Math.max(backwards, Math.min(one, two));
      forwards = Math.min(forwards, Math.max(one, two));
    }
    ends[2 * axis] = point[axis] + backwards;
    ends[2 * axis + 1] = point[axis] + forwards;
  }
  return ends;
}

/** Lay a look's cube around a point, LPS mm: cubic voxels, axes along LPS. */
export function cubeGrid(centre: Point, spacingMm: number, voxels: number): Grid {
  const half = ((voxels - 1) / 2) * spacingMm;
  const origin = subtract(centre, [half, half, half]);
  const affine = affineOf([spacingMm, 0, 0], [0, spacingMm, 0], [0, 0, spacingMm], origin);
  return new Grid([voxels, voxels, voxels], affine);
}

function readAnswer(logits: Logits, window: Grid, scan: Grid): Sighting {
  const spacing = window.spacing[0];
  const shares = FACES.map((_, n) => softmax(rowOf(logits.faces, n)));
  const { low } = window.bounds;
  const planeMm = (face: number, plane: number): number => low[face >> 1]! + (plane + 0.5) * spacing;
  const facesMm = shares.map((row, face) =>
    row.reduce((sum, share, plane) => sum + share * planeMm(face, plane), 0),
  );
  const ends = scanEndsMm(scan, middleOf(facesMm));
  const isBeyond = (face: number, place: number): boolean =>
    face % 2 === 1 ? place > ends[face]! : place < ends[face]!;
  const beyond = shares.map((row, face) =>
    row.reduce((sum, share, plane) => sum + (isBeyond(face, planeMm(face, plane)) ? share : 0), 0),
  );
  const cellMl = (2 * spacing) ** 3 / 1000;
  const heart = logits.mask.reduce((sum, logit) => sum + (logit > 0 ? sigmoid(logit) : 0), 0);
  return {
    presence: sigmoid(logits.presence),
    heartMl: heart * cellMl,
    facesMm,
    beyond,
    window,
    mask: logits.mask,
  };
}

const rowOf = (faces: Float32Array, face: number): Float32Array => {
  const planes = faces.length / FACES.length;
  return faces.subarray(face * planes, (face + 1) * planes);
};

function softmax(logits: Float32Array): number[] {
  const most = Math.max(...logits);
  const powers = Array.from(logits, (logit) => Math.exp(logit - most));
  const sum = powers.reduce((all, power) => all + power, 0);
  return powers.map((power) => power / sum);
}

const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit));

const middleOf = (faces: readonly number[]): Point => [
  (faces[0]! + faces[1]!) / 2,
  (faces[2]! + faces[3]!) / 2,
  (faces[4]! + faces[5]!) / 2,
];

const centreOf = (seen: Sighting): Point => middleOf(seen.facesMm);

const certainty = (mask: Float32Array): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(mask, (logit) => Math.round(255 * sigmoid(logit)));

/** The grid of a cube's cells, of two voxels each along every axis. */
function cells(window: Grid): Grid {
  const [i, j, k] = [column(window.affine, 0), column(window.affine, 1), column(window.affine, 2)];
  const twice = (step: Point): Point => [2 * step[0], 2 * step[1], 2 * step[2]];
  const origin = applyAffine(window.affine, [0.5, 0.5, 0.5]);
  const [nz, ny, nx] = window.shape;
  return new Grid([nz / 2, ny / 2, nx / 2], affineOf(twice(i), twice(j), twice(k), origin));
}

/** Turn reads into progress: every coarse slice, and the fine ones that a cube needs. */
function counter(scan: ReducedScan, { looks }: Manifest, onShare: (share: number) => void): () => void {
  const close = scan.chosenSlices(looks.fine.spacing_mm);
  const [first = 0, second = first + 1] = close;
  const stepMm = sliceDistanceMm(scan.grid) * (second - first);
  const cube = Math.ceil((looks.fine.spacing_mm * looks.fine.voxels) / stepMm);
  const expected = scan.chosenSlices(looks.coarse.spacing_mm).length + Math.min(close.length, cube);
  let done = 0;
  return () => {
    done += 1;
    onShare(Math.min(done / expected, 0.99));
  };
}
