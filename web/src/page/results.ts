/** What the server says about a job and its results: the shapes of the HTTP interface and of the graph. */
import type { Point } from "../corridor/geometry.ts";
import type { Notice } from "../corridor/problems.ts";

export interface ResultFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly media_type: string;
}

export interface JobDocument {
  readonly id: string;
  readonly state: "waiting" | "running" | "done" | "refused" | "failed" | "cancelled";
  /** 0..1 */
  readonly progress: number;
  readonly step: string;
  readonly verdict: GraphDocument["verdict"] | null;
  readonly warnings: readonly Notice[];
  readonly results: readonly ResultFile[];
  readonly created: string;
  readonly attempts: number;
}

/** Schema `graph`, LPS mm. */
export interface GraphDocument {
  readonly verdict: "complete" | "degraded" | "refused";
  readonly warnings: readonly Notice[];
  readonly nodes: readonly GraphNode[];
  readonly branches: readonly Branch[];
  readonly landmarks: readonly Landmark[];
}

export interface GraphNode {
  readonly id: string;
  readonly kind: "annulus" | "ostium" | "junction" | "end" | "sector_face";
  readonly name: string;
  readonly point_mm: Point;
}

export interface Branch {
  readonly id: string;
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly length_mm: number;
  readonly points_mm: readonly Point[];
  readonly inscribed_radius_mm: readonly number[];
  readonly diameter_mm: readonly number[];
}

export interface Landmark {
  readonly name: string;
  readonly point_mm: Point;
  readonly diameter_mm: { readonly equivalent: number; readonly min: number; readonly max: number } | null;
  readonly uncertainty_mm: number;
  readonly definition: string;
}

/** The branches that together are the aorta, from the heart on; as in aorta/model.py. */
const AORTA_BRANCHES = ["ascending", "arch", "descending"];

/** One place along the aorta. */
export interface Station {
  readonly branch: string;
  /** From the first measured point on, mm. */
  readonly arcMm: number;
  readonly pointMm: Point;
  readonly diameterMm: number;
}

/** The aorta's centreline as one line in the direction of the blood; branches that do not meet leave a jump. */
export function aortaLine(graph: GraphDocument): Station[] {
  const stations: Station[] = [];
  for (const name of AORTA_BRANCHES) {
    for (const branch of graph.branches.filter((one) => one.name === name)) {
      branch.points_mm.forEach((pointMm, n) => {
        const before = stations.at(-1);
        const step = before ? distance(before.pointMm, pointMm) : 0;
        const arcMm = (before?.arcMm ?? 0) + step;
        stations.push({ branch: name, arcMm, pointMm, diameterMm: branch.diameter_mm[n]! });
      });
    }
  }
  return stations;
}

/** The number of the station nearest to a point (LPS mm), or -1 when there is none. */
export function nearestStation(stations: readonly Station[], pointMm: Point): number {
  let nearest = -1;
  let least = Infinity;
  stations.forEach((station, n) => {
    const away = distance(station.pointMm, pointMm);
    if (away < least) [nearest, least] = [n, away];
  });
  return nearest;
}

const distance = (a: Point, b: Point): number => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
