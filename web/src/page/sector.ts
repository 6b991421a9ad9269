/** The cut sector's voxels, unpacked again to be looked at. */
import { Grid, type Affine } from "../corridor/geometry.ts";
import type { SectorFile } from "./pool.ts";
import type { Voxels } from "./view/slice.ts";

const NEWLINE = 10;

/** The grid of a sector's voxels, LPS mm. */
export const sectorGrid = ({ fields }: SectorFile): Grid =>
  new Grid(fields.shape_zyx, fields.affine_lps as unknown as Affine);

/** Unpack the gzip part of a sector that this page cut; for a worker: inflating takes its time. */
export async function sectorVoxels(sector: SectorFile): Promise<Voxels> {
  const { nrrd } = sector;
  const packed = nrrd.subarray(endOfHeader(nrrd));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const values = new Int16Array(await new Response(stream).arrayBuffer());
  return { values, grid: sectorGrid(sector) };
}

/** An NRRD's header ends with an empty line. */
function endOfHeader(nrrd: Uint8Array): number {
  for (let n = 1; n < nrrd.length; n++) {
    if (nrrd[n] === NEWLINE && nrrd[n - 1] === NEWLINE) return n + 1;
  }
  throw new RangeError("the sector has no end of its header");
}
