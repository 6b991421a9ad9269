/**
 * The page's one state machine: four steps, what is known at each, and what may follow what.
 *
 * No DOM and no worker in here: `next(state, event)` is a pure function, and a view shows what it gave.
 */
import { Box, Grid, type Faces } from "../corridor/geometry.ts";
import type { ProblemDocument } from "../corridor/problems.ts";
import type { GraphDocument, JobDocument } from "./results.ts";
import type { Located, Preview, SectorFile, Study } from "./pool.ts";

export const STEPS = ["open", "check", "send", "read"] as const;
export type Step = (typeof STEPS)[number];

/** Something went wrong, in words: a problem of the contract, or one that only a page can have. */
export type Trouble = Pick<ProblemDocument, "title" | "detail"> & { readonly code: string };

/** What can be under way; at most one thing at a time. */
export type WorkKind = "example" | "open" | "locate" | "cut" | "upload" | "job" | "results";

export interface Work {
  readonly kind: WorkKind;
  /** What is being done right now, in the doer's words; empty when there is nothing to add. */
  readonly step: string;
  /** 0..1 */
  readonly share: number;
  /** The connection is lost and the work waits for it. */
  readonly waiting: boolean;
}

export interface Scan {
  readonly id: number;
  readonly preview: Preview;
  readonly located: Located;
  /** The outer faces of the scan, LPS mm. */
  readonly bounds: Faces;
}

/** A box with its past and its undone future. */
export interface Edits {
  readonly past: readonly Faces[];
  readonly now: Faces;
  readonly future: readonly Faces[];
  /** While a face is being dragged: the box before the drag. */
  readonly held: Faces | null;
}

export interface State {
  readonly step: Step;
  readonly work: Work | null;
  readonly problem: Trouble | null;
  readonly study: Study | null;
  /** Where the example comes from; null for the person's own files. */
  readonly attribution: string | null;
  readonly scan: Scan | null;
  readonly box: Edits | null;
  readonly sector: SectorFile | null;
  readonly job: JobDocument | null;
  readonly graph: GraphDocument | null;
}

export type Event =
  | { readonly type: "started"; readonly kind: WorkKind }
  | { readonly type: "progressed"; readonly kind: WorkKind; readonly step: string; readonly share: number }
  | { readonly type: "waited"; readonly kind: WorkKind; readonly waiting: boolean }
  | { readonly type: "stopped" }
  | { readonly type: "failed"; readonly problem: Trouble }
  | { readonly type: "opened"; readonly study: Study; readonly attribution: string | null }
  | { readonly type: "located"; readonly id: number; readonly preview: Preview; readonly located: Located }
  | { readonly type: "drawn" }
  | { readonly type: "moved"; readonly faces: Faces; readonly settled: boolean }
  | { readonly type: "undone" | "redone" | "reset" }
  | { readonly type: "cleared" }
  | { readonly type: "cut"; readonly sector: SectorFile }
  | { readonly type: "accepted" | "reported"; readonly job: JobDocument }
  | { readonly type: "read"; readonly graph: GraphDocument }
  | { readonly type: "went"; readonly step: Step };

export const START: State = {
  step: "open",
  work: null,
  problem: null,
  study: null,
  attribution: null,
  scan: null,
  box: null,
  sector: null,
  job: null,
  graph: null,
};

/** A box never gets thinner than this, mm. */
export const LEAST_SIZE_MM = 10;
/** The box that a person starts from where the net gave none: a heart's usual size, mm (x, y, z). */
const DRAWN_SIZE_MM = [140, 120, 110] as const;
const MOST_UNDO = 200;

/** Which steps a person may go to now. */
export function reachable(state: State): readonly Step[] {
  const open: Record<Step, boolean> = {
    open: true,
    check: state.scan !== null,
    send: state.sector !== null,
    read: state.job !== null,
  };
  return STEPS.filter((step) => open[step]);
}

export const isFinished = (job: JobDocument): boolean => !["waiting", "running"].includes(job.state);

/** The sector's verdict: the net's while its box stands as it was, else a person's. */
export function boxVerdict(state: State): "found" | "cut" | "drawn" {
  const document = state.scan?.located.document;
  const given = document?.heart_box_lps_mm;
  const same = given && state.box && given.every((face, n) => face === state.box?.now[n]);
  return same && document.verdict !== "not_found" ? document.verdict : "drawn";
}

/** Move one face of a box to a position, keeping the least size and the scan's bounds. */
export function withFace(faces: Faces, face: number, toMm: number, bounds: Faces): Faces {
  const opposite = face ^ 1;
  const isLow = face < opposite;
  const other = faces[opposite]!;
  const least = isLow ? bounds[face]! : other + LEAST_SIZE_MM;
  const most = isLow ? other - LEAST_SIZE_MM : bounds[face]!;
  const moved = [...faces];
  moved[face] = Math.min(Math.max(toMm, Math.min(least, most)), Math.max(least, most));
  return moved as unknown as Faces;
}

/** The answer of the machine to one event. */
export function next(state: State, event: Event): State {
  switch (event.type) {
    case "started":
      return { ...state, problem: null, work: { kind: event.kind, step: "", share: 0, waiting: false } };
    case "progressed":
    case "waited":
      return { ...state, work: worked(state.work, event) };
    case "stopped":
      return { ...state, work: null };
    case "failed":
      return { ...state, work: null, problem: event.problem };
    case "cleared":
      return START;
    case "went":
      return reachable(state).includes(event.step) ? { ...state, step: event.step, problem: null } : state;
    default:
      return isEdit(event) ? edited(state, event) : arrived(state, event);
  }
}

type Edit = Extract<Event, { type: "drawn" | "moved" | "undone" | "redone" | "reset" }>;
type Arrival = Exclude<
  Event,
  Edit | { type: "started" | "progressed" | "waited" | "stopped" | "failed" | "cleared" | "went" }
>;

const isEdit = (event: Edit | Arrival): event is Edit =>
  ["drawn", "moved", "undone", "redone", "reset"].includes(event.type);

function edited(state: State, event: Edit): State {
  const { scan, box } = state;
  if (!scan) return state;
  if (event.type === "drawn") return withBox(state, begun(centred(scan.bounds)));
  if (event.type === "reset") return withBox(state, reset(scan, box));
  if (!box) return state;
  if (event.type === "moved") return withBox(state, moved(box, event.faces, event.settled));
  return withBox(state, event.type === "undone" ? undone(box) : redone(box));
}

function arrived(state: State, event: Arrival): State {
  switch (event.type) {
    case "opened":
      return {
        ...START,
        study: event.study,
        attribution: event.attribution,
        problem: event.study.problem,
      };
    case "located":
      return located(state, event);
    case "cut":
      return state.box ? { ...state, work: null, sector: event.sector, step: "send" } : state;
    case "accepted":
      return state.sector ? { ...state, work: null, job: event.job, graph: null, step: "read" } : state;
    case "reported":
      return { ...state, job: reported(state.job, event.job) };
    case "read":
      return state.job ? { ...state, work: null, graph: event.graph } : state;
  }
}

function worked(work: Work | null, event: Extract<Event, { type: "progressed" | "waited" }>): Work | null {
  if (work?.kind !== event.kind) return work;
  if (event.type === "waited") return { ...work, waiting: event.waiting };
  return { ...work, step: event.step, share: Math.min(Math.max(event.share, 0), 1), waiting: false };
}

function located(state: State, event: Extract<Event, { type: "located" }>): State {
  if (!state.study) return state;
  const bounds = new Grid(event.preview.shape, event.preview.affine).bounds.faces;
  const box = event.located.document.heart_box_lps_mm;
  return {
    ...state,
    work: null,
    step: "check",
    scan: { id: event.id, preview: event.preview, located: event.located, bounds },
    box: box && begun(box),
    sector: null,
    job: null,
    graph: null,
  };
}

/** A finished job stays as it is, and another job's news is not this job's. */
function reported(job: JobDocument | null, news: JobDocument): JobDocument | null {
  return job?.id === news.id && !isFinished(job) ? news : job;
}

/** A new box makes what was cut, sent and read another box's: those go. */
function withBox(state: State, box: Edits | null): State {
  if (box && state.box && sameFaces(box.now, state.box.now)) return { ...state, box };
  return { ...state, box, sector: null, job: null, graph: null };
}

const sameFaces = (a: Faces, b: Faces): boolean => a.every((face, n) => face === b[n]);

const begun = (now: Faces): Edits => ({ past: [], now, future: [], held: null });

function moved(edits: Edits, faces: Faces, settled: boolean): Edits {
  const before = edits.held ?? edits.now;
  if (!settled) return { ...edits, now: faces, held: before };
  if (sameFaces(before, faces)) return { ...edits, now: faces, held: null };
  return { past: [...edits.past, before].slice(-MOST_UNDO), now: faces, future: [], held: null };
}

function undone(edits: Edits): Edits {
  const before = edits.past.at(-1);
  if (!before || edits.held) return edits;
  return { past: edits.past.slice(0, -1), now: before, future: [edits.now, ...edits.future], held: null };
}

function redone(edits: Edits): Edits {
  const after = edits.future[0];
  if (!after || edits.held) return edits;
  return { past: [...edits.past, edits.now], now: after, future: edits.future.slice(1), held: null };
}

/** Back to the net's box, as one edit that can be undone; without one, away with the drawn box. */
function reset(scan: Scan, edits: Edits | null): Edits | null {
  const given = scan.located.document.heart_box_lps_mm;
  if (!given || !edits) return given && begun(given);
  return moved({ ...edits, held: null }, given, true);
}

/** A box of a heart's usual size in the middle of a scan, never larger than the scan (LPS mm). */
function centred(bounds: Faces): Faces {
  const scan = new Box(bounds);
  const faces = DRAWN_SIZE_MM.flatMap((size, axis) => {
    const half = Math.min(size, scan.size[axis]!) / 2;
    return [scan.centre[axis]! - half, scan.centre[axis]! + half];
  });
  return faces as unknown as Faces;
}
