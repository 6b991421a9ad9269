/** The JSON document of a located heart. The twin of cli/located.py. */
import type { LocateDocument } from "./documents.ts";
import { type Series, summaryOf } from "./intake/series.ts";
import type { Finding } from "./locate.ts";
import type { Notice } from "./problems.ts";
import { rounded } from "./rounding.ts";
import { roundedFaces, sectorBox } from "./sector.ts";

/** Notes how long each named step took; time in a step that comes again is added to it. */
export class Stopwatch {
  private readonly spent = new Map<string, number>();
  private step = "";
  private begun = 0;

  /** Begin a step; the one before it ends. */
  begin(step: string): void {
    this.note();
    this.step = step.replaceAll(" ", "_");
  }

  /** The time of each step until now, ms. */
  spentMs(): Record<string, number> {
    this.note();
    return Object.fromEntries([...this.spent].map(([step, ms]) => [step, rounded(ms, 1)]));
  }

  private note(): void {
    const now = performance.now();
    if (this.step !== "") this.spent.set(this.step, (this.spent.get(this.step) ?? 0) + now - this.begun);
    this.begun = now;
  }
}

/** The document of `locate` (schema `locate`); boxes in LPS mm. */
export function locateDocument(
  series: Series,
  notices: readonly Notice[],
  finding: Finding,
  timingsMs: Readonly<Record<string, number>>,
): LocateDocument {
  const { heartBox } = finding;
  const { grid } = series.volume;
  return {
    schema: "heartbox.locate/1",
    verdict: finding.verdict,
    cut_faces: finding.cutFaces,
    confidence: finding.confidence,
    heart_box_lps_mm: heartBox === null ? null : roundedFaces(heartBox, 2),
    sector_box_lps_mm: heartBox === null ? null : roundedFaces(sectorBox(grid, heartBox), 2),
    series: summaryOf(series),
    model: finding.model,
    timings_ms: timingsMs,
    warnings: notices,
  };
}
