/**
 * The corridor's door: from files to the heart's box, and from there to the sector. Read this file first.
 *
 * Runs in a worker, in a page and in Node.js; nothing in here knows a DOM.
 */
import type { LocateDocument } from "./documents.ts";
import { chooseSeries } from "./intake/choose.ts";
import { openStudy } from "./intake/door.ts";
import type { Handed } from "./intake/files.ts";
import type { Series } from "./intake/series.ts";
import { locateDocument, Stopwatch } from "./located.ts";
import { type Finding, findHeart } from "./locate.ts";

export { cutSector, packSector } from "./sector.ts";
export { Problem } from "./problems.ts";
export type { LocateDocument, SectorFields } from "./documents.ts";

/** Steps of the way, in words, as progress names them. */
export const STEPS = {
  headers: "reading headers",
  heart: "finding the heart",
  sector: "cutting the sector",
  preview: "drawing the preview",
} as const;

export interface Walk {
  readonly signal?: AbortSignal | undefined;
  /** Called with the step's name and its share done, 0..1. */
  readonly onProgress?: ((step: string, share: number) => void) | undefined;
}

export interface LocatedHeart {
  readonly series: Series;
  readonly finding: Finding;
  readonly document: LocateDocument;
}

/**
 * Find the heart in what was handed over: a DICOM series, a zip, a NIfTI or NRRD file.
 *
 * Rejects with a Problem for what the doors refuse; a scan without a heart is a verdict, no problem.
 */
export async function locateHeart(
  handed: readonly Handed[],
  { signal, onProgress }: Walk = {},
): Promise<LocatedHeart> {
  const watch = new Stopwatch();
  watch.begin(STEPS.headers);
  const study = await openStudy(handed, { signal, onShare: (share) => onProgress?.(STEPS.headers, share) });
  const { chosen, notices } = chooseSeries(study);
  watch.begin(STEPS.heart);
  const onShare = (share: number): void => onProgress?.(STEPS.heart, share);
  const finding = await findHeart(chosen.volume, { signal, onShare });
  const document = locateDocument(chosen, notices, finding, watch.spentMs());
  return { series: chosen, finding, document };
}
