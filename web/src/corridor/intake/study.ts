/** DICOM files of a study, split into series; each is judged, and every file that is none of them is named. */
import { type ProblemCode } from "../contract.ts";
import { Problem } from "../problems.ts";
import type { Member } from "./files.ts";
import { type Header, isMediaDirectory, judgeHeader, readDicomHead, seriesOf } from "./headers.ts";
import { samePlane } from "./planes.ts";
import { orderSlices, type RefusedSeries, type Series } from "./series.ts";

/** Refusals that say "this is no slice of a CT series": such a file among images is left aside. */
const NO_SLICE: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  "file-empty",
  "not-an-image",
  "no-ct-series",
  "burnt-in-text",
]);
/** So many headers are read at once. */
const AT_ONCE = 8;

/** What a reader may be told, and how it is stopped. */
export interface Reading {
  readonly signal?: AbortSignal | undefined;
  /** The share of the headers that are read, 0..1. */
  readonly onShare?: ((share: number) => void) | undefined;
}

/** One file, looked at: its header, or why it has none; null for a DICOMDIR. */
interface Seen {
  readonly name: string;
  readonly series: string;
  readonly header: Header | Problem | null;
}

type Failure = readonly [name: string, problem: Problem];

/**
 * Read the headers of DICOM files, in any order, and judge every series among them.
 *
 * One series or refusal for each CT series, then the files that are no CT slices, together by the
 * reason. A damaged slice refuses the series that it belongs to, or all of them when it does not say.
 */
export async function readStudy(
  members: readonly Member[],
  reading: Reading = {},
): Promise<(Series | RefusedSeries)[]> {
  const headers = new Groups<Header>();
  const damaged = new Groups<Failure>();
  const aside = new Groups<Failure>();
  for (const { name, series, header } of await lookAtAll(members, reading)) {
    if (header === null) continue;
    if (!(header instanceof Problem)) headers.add(series, header);
    else if (NO_SLICE.has(header.code)) aside.add(header.code, [name, header]);
    else damaged.add(series, [name, header]);
  }
  const everywhere = damaged.take("");
  const study: (Series | RefusedSeries)[] = [];
  for (const series of new Set([...headers.keys(), ...damaged.keys()])) {
    reading.signal?.throwIfAborted();
    study.push(...(await judge(headers.get(series), [...damaged.get(series), ...everywhere])));
  }
  if (everywhere.length > 0 && headers.size === 0) study.push(refused(everywhere, true));
  return [...study, ...[...aside.keys()].map((code) => refused(aside.get(code), false))];
}

/** Lists by a key, in the order in which the keys came. */
class Groups<Item> {
  private readonly lists = new Map<string, Item[]>();

  get size(): number {
    return this.lists.size;
  }

  keys(): Iterable<string> {
    return this.lists.keys();
  }

  add(key: string, item: Item): void {
    const list = this.lists.get(key);
    if (list === undefined) this.lists.set(key, [item]);
    else list.push(item);
  }

  get(key: string): readonly Item[] {
    return this.lists.get(key) ?? [];
  }

  take(key: string): readonly Item[] {
    const list = this.get(key);
    this.lists.delete(key);
    return list;
  }
}

async function lookAtAll(members: readonly Member[], { signal, onShare }: Reading): Promise<Seen[]> {
  const seen: Seen[] = [];
  for (let at = 0; at < members.length; at += AT_ONCE) {
    signal?.throwIfAborted();
    seen.push(...(await Promise.all(members.slice(at, at + AT_ONCE).map(lookAt))));
    onShare?.(seen.length / members.length);
  }
  return seen;
}

async function lookAt(member: Member): Promise<Seen> {
  let series = "";
  try {
    const head = await readDicomHead(member);
    if (isMediaDirectory(head)) return { name: member.name, series, header: null };
    series = seriesOf(head);
    return { name: member.name, series, header: judgeHeader(member, head) };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { name: member.name, series, header: error };
  }
}

/** Judge the images of one Series Instance UID; a damaged one refuses them all. */
async function judge(headers: readonly Header[], damaged: readonly Failure[]) {
  if (damaged[0] !== undefined) {
    const [, problem] = damaged[0];
    return [refused([...damaged, ...headers.map((header): Failure => [header.name, problem])], true)];
  }
  const judged: (Series | RefusedSeries)[] = [];
  for (const stack of stacks(headers)) {
    try {
      judged.push(await orderSlices(stack));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      judged.push(
        refused(
          stack.map((header): Failure => [header.name, error]),
          true,
        ),
      );
    }
  }
  return judged;
}

/** Split images that cannot be slices of one volume: other size, pixels, orientation or frame. */
function stacks(headers: readonly Header[]): Header[][] {
  const found: Header[][] = [];
  for (const header of headers) {
    const stack = found.find((one) => fits(header, one[0]!));
    if (stack === undefined) found.push([header]);
    else stack.push(header);
  }
  return found;
}

function fits(one: Header, other: Header): boolean {
  return (
    one.rows === other.rows &&
    one.columns === other.columns &&
    one.frameOfReference === other.frameOfReference &&
    samePlane(one.planes[0]!, other.planes[0]!)
  );
}

function refused(group: readonly Failure[], isCt: boolean): RefusedSeries {
  return { problem: group[0]![1], names: group.map(([name]) => name), isCt };
}
