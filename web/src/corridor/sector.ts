/** The sector: the voxels around the heart with a closed list of fields, all that ever travels. The twin of sector.py. */
import { sha256 } from "./asset.ts";
import { limit } from "./contract.ts";
import type { SectorFields } from "./documents.ts";
import { Box, type Faces, type Grid } from "./geometry.ts";
import type { Finding } from "./locate.ts";
import { writeNrrd } from "./nrrd.ts";
import { Problem } from "./problems.ts";
import { rounded } from "./rounding.ts";
import type { LazyVolume, Volume } from "./volume.ts";

/** Added to the heart's box per face (right, left, front, back, bottom, top), mm; sector.py has the evidence. */
export const MARGIN_MM: Faces = [15, 15, 10, 60, 15, 100];

/** What is cut out of a scan. */
export interface Sector {
  /** int16 HU on its own grid, LPS mm; nothing else of the scan. */
  readonly volume: Volume;
  readonly heartBox: Box;
  /** The outer faces of the voxels that were cut. */
  readonly box: Box;
  readonly marginMm: Faces;
  /** What the net found; null when a person drew the box. */
  readonly finding: Finding | null;
}

/** Grow the heart's box by the margin and clip it to the scan's bounds (LPS mm); box-outside. */
export function sectorBox(scan: Grid, heartBox: Box, marginMm: Faces = MARGIN_MM): Box {
  const box = heartBox.grown(marginMm).intersection(scan.bounds);
  if (box === null) throw new Problem("box-outside");
  return box;
}

/**
 * Cut the sector out of a scan, reading only the slices it needs.
 *
 * `found` is what findHeart gave, with a box, or a heart box that a person drew. Problems box-outside;
 * too-large above the limit sector_voxels; whatever reading rejects with.
 */
export async function cutSector(
  scan: LazyVolume,
  found: Finding | Box,
  marginMm: Faces = MARGIN_MM,
  signal?: AbortSignal,
): Promise<Sector> {
  const finding = found instanceof Box ? null : found;
  const heartBox = found instanceof Box ? found : found.heartBox;
  if (heartBox === null) throw new RangeError("a sector needs a heart box");
  const voxels = scan.grid.voxelRange(sectorBox(scan.grid, heartBox, marginMm));
  if (voxels === null) throw new Problem("box-outside");
  const grid = scan.grid.cropped(...voxels);
  if (grid.size > limit("sector_voxels")) {
    throw new Problem("too-large", { name: "The sector", limit: limit("sector_voxels") });
  }
  const volume = await scan.read(...voxels, signal);
  return { volume, heartBox, box: grid.bounds, marginMm, finding };
}

/** Write a sector as it travels: the gzip NRRD, and the closed list of fields with its digest. */
export async function packSector(
  sector: Sector,
): Promise<{ nrrd: Uint8Array<ArrayBuffer>; fields: SectorFields }> {
  const nrrd = await writeNrrd(sector.volume.hu, sector.volume.grid);
  return { nrrd, fields: sectorFields(sector, await sha256(nrrd)) };
}

/** The closed list of fields that travels beside the voxels (schema `sector`). */
export function sectorFields(sector: Sector, digest: string): SectorFields {
  const { finding } = sector;
  const { grid } = sector.volume;
  return {
    schema: "heartbox.sector/1",
    sha256: digest,
    shape_zyx: grid.shape,
    affine_lps: grid.affine,
    heart_box_lps_mm: roundedFaces(sector.heartBox, 3),
    sector_box_lps_mm: roundedFaces(sector.box, 3),
    margin_mm: sector.marginMm,
    verdict: finding === null || finding.verdict === "not_found" ? "drawn" : finding.verdict,
    cut_faces: finding?.cutFaces ?? [],
    confidence: finding === null ? null : rounded(finding.confidence, 4),
    model: finding?.model ?? null,
  };
}

/** Six faces, rounded to some decimal places of a mm. */
export const roundedFaces = (box: Box, places: number): Faces =>
  box.faces.map((face) => rounded(face, places)) as unknown as Faces;
