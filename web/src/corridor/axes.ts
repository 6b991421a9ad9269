/** The counts of voxels that a file's header gives, judged before anything is read. */
import { limit } from "./contract.ts";
import type { Zyx } from "./geometry.ts";
import { Problem } from "./problems.ts";

/** Take (x, y, z) counts as (z, y, x); `unfit` when they are not three, too-large beyond the limits. */
export function threeAxes(counts: readonly number[], name: string, unfit: Problem): Zyx {
  const [nx, ny, nz] = counts;
  if (nx === undefined || ny === undefined || nz === undefined || counts.length > 3) throw unfit;
  if (!counts.every((count) => Number.isInteger(count) && count >= 1)) throw unfit;
  if (Math.max(...counts) > limit("axis_voxels") || nx * ny * nz > limit("volume_voxels")) {
    throw new Problem("too-large", { name, limit: limit("volume_voxels") });
  }
  return [nz, ny, nx];
}
