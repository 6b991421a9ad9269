/** The best CT of a study, with the reason; or the most telling refusal. The twin of choose.py. */
import { type Notice, notice, Problem } from "../problems.ts";
import { isRefused, namesOf, orientationOf, type RefusedSeries, type Series } from "./series.ts";

export type Study = readonly (Series | RefusedSeries)[];

/** A chest with its heart fits into this much length; more is not better. */
const ENOUGH_MM = 250;
/** One series covers more than another from this ratio of (counted) lengths on. */
const LONGER = 1.25;
/** One series is thinner than another from this ratio of slice steps on. */
const THINNER = 0.8;

export interface Choice {
  /** The chosen one of the study, as it lies there. */
  readonly chosen: Series;
  /** Why, in words; empty when there was no choice. */
  readonly reason: string;
  /** The series' own notices, the choice, and the files that are no part of it. */
  readonly notices: readonly Notice[];
}

/** Choose the series to look for the heart in; several-series, or the problem of what was refused. */
export function chooseSeries(study: Study): Choice {
  const usable = study.filter((one): one is Series => !isRefused(one));
  const refused = study.filter(isRefused);
  const [first, ...others] = usable;
  if (first === undefined) throw mostTelling(refused);
  let [chosen, reason] = [first, ""];
  for (const other of others) [chosen, reason] = better(chosen, other);
  requireBest(chosen, usable);
  const notices = [...chosen.notices, ...asideNotices(refused)];
  if (others.length > 0) {
    const told = notice("series-chosen", { count: usable.length, chosen: chosen.label, reason });
    notices.splice(chosen.notices.length, 0, told);
  }
  return { chosen, reason, notices };
}

/** Tell of what else was handed over. */
function asideNotices(refused: readonly RefusedSeries[]): Notice[] {
  const notices = refused
    .filter((one) => one.isCt)
    .map((one) => notice("series-refused", { names: namesOf(one.names), reason: one.problem.message }));
  const aside = refused.filter((one) => !one.isCt).flatMap((one) => one.names);
  if (aside.length > 0) {
    notices.push(notice("files-left-aside", { count: aside.length, names: namesOf(aside) }));
  }
  return notices;
}

function mostTelling(refused: readonly RefusedSeries[]): Problem {
  const telling = (one: RefusedSeries): readonly number[] => [
    Number(one.isCt),
    Number(one.problem.code !== "not-an-image"),
    one.names.length,
  ];
  const sorted = [...refused].sort((a, b) => compare(telling(b), telling(a)));
  return sorted[0]?.problem ?? new Problem("no-ct-series", { reason: "there are no images" });
}

function compare(one: readonly number[], other: readonly number[]): number {
  return one.map((value, n) => value - other[n]!).find((difference) => difference !== 0) ?? 0;
}

function requireBest(best: Series, usable: readonly Series[]): void {
  const equal = usable.filter((one) => one === best || reasonFor(best, one) === "");
  if (equal.length === 1) return;
  const names = equal.map((one) => `${one.label}: ${namesOf(one.names)}`).join("; ");
  throw new Problem("several-series", { count: equal.length, names });
}

function better(one: Series, other: Series): [Series, string] {
  const reason = reasonFor(one, other);
  return reason === "" ? [other, reasonFor(other, one)] : [one, reason];
}

/** Say why `one` is clearly better than `other`; nothing when it is not. */
function reasonFor(one: Series, other: Series): string {
  const rules: readonly (readonly [(a: Series, b: Series) => boolean, string])[] = [
    [(a) => orientationOf(a.volume.grid) === "axial", "its slices are axial"],
    [(a) => a.original, "its images are original, not derived"],
    [(a, b) => coveredMm(a) >= LONGER * coveredMm(b), "it covers more of the chest"],
    [(a, b) => stepMm(a) <= THINNER * stepMm(b), "its slices are thinner"],
  ];
  for (const [holds, words] of rules) {
    const mine = holds(one, other);
    if (mine !== holds(other, one)) return mine ? words : "";
  }
  return "";
}

const coveredMm = (series: Series): number =>
  Math.min(ENOUGH_MM, series.volume.grid.shape[0] * stepMm(series));

const stepMm = (series: Series): number => series.volume.grid.spacing[2];
