/** Voxels with a place: a volume in memory, and one whose slices are read when asked for. */
import type { Box, Grid, Zyx } from "./geometry.ts";
import { Problem } from "./problems.ts";

/** What a voxel holds that no ray passed through. */
export const AIR_HU = -1024;

/** HU on a grid; hu is [z, y, x], x fastest. */
export interface Volume {
  readonly hu: Int16Array;
  readonly grid: Grid;
}

/** A grid whose slices are decoded one at a time, when somebody needs them. */
export class LazyVolume {
  constructor(
    readonly grid: Grid,
    /** k -> (y, x) int16 HU, x fastest; rejects with Problem when the slice cannot be read. */
    readonly readSlice: (k: number, signal?: AbortSignal) => Promise<Int16Array>,
  ) {}

  /** Read the block of voxels start <= (k, j, i) < stop and nothing else. */
  async read(start: Zyx, stop: Zyx, signal?: AbortSignal): Promise<Volume> {
    const grid = this.grid.cropped(start, stop);
    const [nz, ny, nx] = grid.shape;
    const width = this.grid.shape[2];
    const hu = new Int16Array(grid.size);
    for (let k = 0; k < nz; k++) {
      signal?.throwIfAborted();
      const slice = await this.readSlice(start[0] + k, signal);
      for (let j = 0; j < ny; j++) {
        const from = (start[1] + j) * width + start[2];
        hu.set(slice.subarray(from, from + nx), (k * ny + j) * nx);
      }
    }
    return { hu, grid };
  }

  /** Read the voxels that an LPS box needs; problem box-outside when it misses the scan. */
  async readBox(box: Box, signal?: AbortSignal): Promise<Volume> {
    const voxels = this.grid.voxelRange(box);
    if (voxels === null) throw new Problem("box-outside");
    return this.read(...voxels, signal);
  }

  /** Wrap a volume that already lies in memory. */
  static of(volume: Volume): LazyVolume {
    const [, ny, nx] = volume.grid.shape;
    return new LazyVolume(volume.grid, (k) =>
      Promise.resolve(volume.hu.subarray(k * ny * nx, (k + 1) * ny * nx)),
    );
  }
}
