/** Small true inputs for the page's tests. */
import type { Faces } from "../../src/corridor/geometry.ts";
import type { LocateDocument, SectorFields } from "../../src/corridor/documents.ts";
import type { GraphDocument, JobDocument } from "../../src/page/results.ts";
import type { Located, Preview, SectorFile, Study } from "../../src/page/pool.ts";
import { next, START, type Event, type State } from "../../src/page/state.ts";

export const BOX: Faces = [-60, 80, -70, 50, -100, 20];

const summary: LocateDocument["series"] = {
  kind: "dicom",
  modality: "CT",
  shape_zyx: [100, 100, 100],
  spacing_xyz_mm: [4, 4, 4],
  orientation: "axial",
  bytes: 2_000_000,
};

const model = { name: "heart", version: "1", sha256: "a".repeat(64) };

/** 400 mm a side around the origin. */
export const preview: Preview = {
  hu: new Int16Array(8),
  shape: [100, 100, 100],
  affine: [
    [4, 0, 0, -198],
    [0, 4, 0, -198],
    [0, 0, 4, -198],
    [0, 0, 0, 1],
  ],
};

export const study: Study = {
  series: [{ id: 0, label: "Axial CT", summary, notices: [], refusal: null }],
  chosen: 0,
  reason: "it is the only one",
  problem: null,
};

export function located(verdict: LocateDocument["verdict"], box: Faces | null): Located {
  return {
    document: {
      schema: "heartbox.locate/1",
      verdict,
      cut_faces: verdict === "cut" ? ["superior"] : [],
      confidence: 0.9,
      heart_box_lps_mm: box,
      sector_box_lps_mm: box,
      series: summary,
      model,
      timings_ms: {},
      warnings: [],
    },
    mask: null,
  };
}

export function sector(box: Faces): SectorFile {
  const fields: SectorFields = {
    schema: "heartbox.sector/1",
    sha256: "b".repeat(64),
    shape_zyx: [2, 2, 2],
    affine_lps: preview.affine,
    heart_box_lps_mm: box,
    sector_box_lps_mm: box,
    margin_mm: [0, 0, 0, 0, 0, 0],
    verdict: "found",
    cut_faces: [],
    confidence: 0.9,
    model,
  };
  return { nrrd: new Uint8Array(8), fields, scanBytes: 2_000_000 };
}

export const job = (state: JobDocument["state"], id = "j1"): JobDocument => ({
  id,
  state,
  progress: state === "done" ? 1 : 0.5,
  step: "",
  verdict: state === "done" ? "complete" : null,
  warnings: [],
  results: [],
  created: "2026-01-01T00:00:00Z",
  attempts: 1,
});

export const graph: GraphDocument = {
  verdict: "complete",
  warnings: [],
  nodes: [],
  branches: [],
  landmarks: [],
};

export const FOUND: readonly Event[] = [
  { type: "opened", study, attribution: null },
  { type: "located", id: 0, preview, located: located("found", BOX) },
];

export const after = (...events: Event[]): State => events.reduce(next, START);
