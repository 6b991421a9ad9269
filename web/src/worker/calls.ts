/** The calls of the corridor, one after the other, on the study that was opened last. */
import { Box, type Faces } from "../corridor/geometry.ts";
import { STEPS } from "../corridor/index.ts";
import { chooseSeries } from "../corridor/intake/choose.ts";
import { openStudy } from "../corridor/intake/door.ts";
import { isRefused, namesOf, type RefusedSeries, type Series, summaryOf } from "../corridor/intake/series.ts";
import { locateDocument, Stopwatch } from "../corridor/located.ts";
import { type Finding, findHeart } from "../corridor/locate.ts";
import { type Preview, previewVolume } from "../corridor/preview.ts";
import { type Notice, Problem } from "../corridor/problems.ts";
import { cutSector, packSector, roundedFaces } from "../corridor/sector.ts";
import type { Calls, CutSector, Located, OnProgress, Opened, SeriesEntry } from "./protocol.ts";

/** Boxes closer than this, mm, are the same: documents round to hundredths. */
const SAME_BOX_MM = 0.011;

/** How a call is stopped, and whom it tells how far it is. */
export interface Manner {
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
}

type CallTable = {
  readonly [Name in keyof Calls]: (
    input: Calls[Name]["input"],
    manner: Manner,
  ) => Promise<Calls[Name]["answer"]>;
};

/** The study in hand; `open` replaces it. */
export class Corridor implements CallTable {
  private study: readonly (Series | RefusedSeries)[] = [];
  private notices: readonly Notice[] = [];
  private chosen: number | null = null;
  private readonly findings = new Map<number, Finding>();

  async open({ files }: Calls["open"]["input"], { signal, onProgress }: Manner): Promise<Opened> {
    this.study = [];
    this.findings.clear();
    this.chosen = null;
    onProgress(STEPS.headers, 0);
    const onShare = (share: number): void => {
      onProgress(STEPS.headers, share);
    };
    try {
      this.study = await openStudy(files, { signal, onShare });
      const { chosen, reason, notices } = chooseSeries(this.study);
      this.chosen = this.study.indexOf(chosen);
      this.notices = notices;
      return { series: this.entries(), chosen: this.chosen, reason, problem: null };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return { series: this.entries(), chosen: null, reason: "", problem: error.asJson() };
    }
  }

  preview({ id }: Calls["preview"]["input"], { signal, onProgress }: Manner): Promise<Preview> {
    const onShare = (share: number): void => {
      onProgress(STEPS.preview, share);
    };
    return previewVolume(this.series(id).volume, { signal, onShare });
  }

  async locate({ id }: Calls["locate"]["input"], { signal, onProgress }: Manner): Promise<Located> {
    const series = this.series(id);
    const watch = new Stopwatch();
    watch.begin(STEPS.heart);
    onProgress(STEPS.heart, 0);
    const onShare = (share: number): void => {
      onProgress(STEPS.heart, share);
    };
    const finding = await findHeart(series.volume, { signal, onShare });
    this.findings.set(id, finding);
    const document = locateDocument(series, this.noticesOf(id), finding, watch.spentMs());
    return { document, mask: maskOf(finding) };
  }

  async sector(input: Calls["sector"]["input"], { signal, onProgress }: Manner): Promise<CutSector> {
    const series = this.series(input.id);
    onProgress(STEPS.sector, 0);
    const finding = input.verdict === "drawn" ? undefined : this.findings.get(input.id);
    const found = isBoxOf(finding, input.box) ? finding : boxOf(input.box);
    const sector = await cutSector(series.volume, found, marginOf(input.margin), signal);
    onProgress(STEPS.sector, 0.5);
    const { nrrd, fields } = await packSector(sector);
    onProgress(STEPS.sector, 1);
    return { nrrd, fields, scanBytes: series.bytes };
  }

  private series(id: number): Series {
    const series = this.study[id];
    if (series === undefined) throw new RangeError(`there is no series ${String(id)}`);
    if (isRefused(series)) throw series.problem;
    return series;
  }

  private noticesOf(id: number): readonly Notice[] {
    return id === this.chosen ? this.notices : this.series(id).notices;
  }

  private entries(): SeriesEntry[] {
    return this.study.map((one, id) =>
      isRefused(one)
        ? { id, label: namesOf(one.names), summary: null, notices: [], refusal: one.problem.asJson() }
        : { id, label: one.label, summary: summaryOf(one), notices: this.noticesOf(id), refusal: null },
    );
  }
}

/** What the net took for heart; nothing when it found none. */
function maskOf({ heartBox, evidence }: Finding): Located["mask"] {
  if (heartBox === null) return null;
  const { shape, affine } = evidence.grid;
  return { values: evidence.values, shape, affine };
}

/** Whether a box is the one that the net found, as its document gives it. */
function isBoxOf(finding: Finding | undefined, faces: Faces): finding is Finding {
  const box = finding?.heartBox ?? null;
  if (box === null) return false;
  return roundedFaces(box, 2).every((face, n) => Math.abs(face - faces[n]!) < SAME_BOX_MM);
}

function boxOf(faces: Faces): Box {
  try {
    return new Box(faces);
  } catch (error) {
    throw new Problem("box-malformed", { reason: error instanceof Error ? error.message : "" });
  }
}

function marginOf(margin: Faces): Faces {
  if ((margin as readonly number[]).length === 6 && margin.every((mm) => mm >= 0 && Number.isFinite(mm)))
    return margin;
  throw new Problem("box-malformed", { reason: "a margin needs six numbers of at least 0 mm" });
}
