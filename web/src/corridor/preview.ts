/** A whole scan, reduced for a view: never the study itself. */
import { ahead } from "./ahead.ts";
import type { Affine, Zyx } from "./geometry.ts";
import { reducedAffine, reduceInPlane } from "./sample.ts";
import type { LazyVolume } from "./volume.ts";

/** At most so many voxels along each axis. */
export const MOST_VOXELS = 160;

export interface Preview {
  /** [z, y, x] HU. */
  readonly hu: Int16Array<ArrayBuffer>;
  readonly shape: Zyx;
  /** Voxel (i, j, k, 1) -> LPS mm. */
  readonly affine: Affine;
}

export interface Previewing {
  readonly signal?: AbortSignal | undefined;
  /** The share of the slices that are read, 0..1. */
  readonly onShare?: ((share: number) => void) | undefined;
}

/** Reduce a scan: every few slices, and area means in the plane. */
export async function previewVolume(
  volume: LazyVolume,
  { signal, onShare }: Previewing = {},
): Promise<Preview> {
  const [nz, rows, columns] = volume.grid.shape;
  const step = Math.ceil(nz / MOST_VOXELS);
  const count = Math.floor((nz - 1) / step) + 1;
  const first = Math.floor((nz - 1 - (count - 1) * step) / 2);
  const pixel = Math.max(rows, columns) / Math.min(MOST_VOXELS, Math.max(rows, columns));
  const planes: Float32Array[] = [];
  let [height, width] = [0, 0];
  const wanted = Array.from({ length: count }, (_, n) => first + n * step);
  for await (const slice of ahead(wanted, (k) => volume.readSlice(k, signal))) {
    signal?.throwIfAborted();
    const plane = reduceInPlane({ values: new Float32Array(slice), rows, columns }, [1, 1], pixel);
    [height, width] = [plane.rows, plane.columns];
    planes.push(plane.values);
    onShare?.(planes.length / count);
  }
  const hu = new Int16Array(count * height * width);
  for (const [n, plane] of planes.entries()) hu.set(Int16Array.from(plane, Math.round), n * height * width);
  return {
    hu,
    shape: [count, height, width],
    affine: reducedAffine(volume.grid, [height, width], first, step),
  };
}
