/** The documents of the contract that the page makes: heartbox.locate/1 and heartbox.sector/1. */
import type { Face, Faces, Zyx } from "./geometry.ts";
import type { Notice } from "./problems.ts";

export type Verdict = "found" | "cut" | "not_found";
export type Kind = "dicom" | "nifti" | "nrrd";
export type Orientation = "axial" | "coronal" | "sagittal" | "oblique";

/** Which net answered: its name, version, and the digest of its manifest (hexadecimal). */
export interface Model {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
}

/** What may be said of a scan: nothing of the patient. */
export interface SeriesSummary {
  readonly kind: Kind;
  readonly modality: string;
  readonly shape_zyx: Zyx;
  readonly spacing_xyz_mm: readonly [number, number, number];
  readonly orientation: Orientation;
  /** As handed over. */
  readonly bytes: number;
}

/** The heart's box in a scan (schema `locate`). */
export interface LocateDocument {
  readonly schema: "heartbox.locate/1";
  readonly verdict: Verdict;
  readonly cut_faces: readonly Face[];
  readonly confidence: number;
  readonly heart_box_lps_mm: Faces | null;
  readonly sector_box_lps_mm: Faces | null;
  readonly series: SeriesSummary;
  readonly model: Model;
  readonly timings_ms: Readonly<Record<string, number>>;
  readonly warnings: readonly Notice[];
}

/** The closed list of fields that travels beside the voxels (schema `sector`). */
export interface SectorFields {
  readonly schema: "heartbox.sector/1";
  /** Of sector.nrrd, hexadecimal. */
  readonly sha256: string;
  readonly shape_zyx: Zyx;
  /** Voxel (i, j, k, 1) -> LPS mm. */
  readonly affine_lps: readonly (readonly number[])[];
  readonly heart_box_lps_mm: Faces;
  readonly sector_box_lps_mm: Faces;
  /** Added per face, in the box's order. */
  readonly margin_mm: Faces;
  /** `drawn` = a person gave the box. */
  readonly verdict: "found" | "cut" | "drawn";
  readonly cut_faces: readonly Face[];
  /** Of the net; null when a person drew the box. */
  readonly confidence: number | null;
  readonly model: Model | null;
}
